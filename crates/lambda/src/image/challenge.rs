//! What a registry asks of who it doesn't know: the header `WWW-Authenticate`.

/// A challenge that we can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    /// Get a token there first.
    Bearer {
        realm: String,
        service: Option<String>,
    },
}

impl Challenge {
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, parameters) = header.trim().split_once(' ').unwrap_or_else(|| (header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let find = |name: &str| pairs(parameters).into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
        Some(Self::Bearer { realm: find("realm")?, service: find("service") })
    }
}

/// `key="value"`, divided by commas; values may have commas in them.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((key.trim_matches([',', ' ']).to_ascii_lowercase(), value.to_owned()));
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn challenges_are_read() {
        let bearer = r#"Bearer realm="https://a/token",service="r",scope="repository:x:pull,push""#;
        let expected = Challenge::Bearer { realm: "https://a/token".to_owned(), service: Some("r".to_owned()) };
        assert_eq!(Challenge::parse(bearer), Some(expected));
        assert_eq!(Challenge::parse("Basic realm=x"), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Bearer service=x"), None);
        assert_eq!(Challenge::parse("Negotiate"), None);
    }

    proptest! {
        #[test]
        fn hostile_challenges_are_survived(text in ".{0,60}|((realm|service|[a-z,]{0,3})=?\"?[a-z,=]{0,5}\"?,? ?){0,5}") {
            let _whatever = Challenge::parse(&text);
            let _whatever = Challenge::parse(&format!("Bearer {text}"));
        }
    }
}
