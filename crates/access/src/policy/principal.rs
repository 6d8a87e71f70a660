//! The principals that a trust policy names, and whether a caller is one of them.

use base::caller::Principal;
use base::{Account, Arn, Caller};

use super::json::Json;

/// One principal of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// `*` or `{"AWS": "*"}`.
    Everybody,
    /// An account, by its number or its root's ARN: whoever the account's own policies let.
    Account(Account),
    /// A user, a role or one session of a role, by ARN.
    Arn(String),
    /// `{"Service": "lambda.amazonaws.com"}`.
    Service(String),
    /// `Federated` and `CanonicalUser`: read and kept, matched by nobody here.
    Foreign { kind: String, name: String },
}

/// All principals of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principals {
    pub named: Vec<Named>,
    /// `NotPrincipal`.
    pub all_but: bool,
}

/// How closely a statement names a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// By its account: the account's own policies decide on.
    Account,
    /// Itself, or everybody.
    Direct,
}

impl Principals {
    /// `None` if the statement doesn't speak of this caller.
    pub fn names(&self, caller: &Caller) -> Option<Match> {
        let closest = self.named.iter().filter_map(|named| named.names(caller)).max();
        match (self.all_but, closest) {
            (false, closest) => closest,
            (true, None) => Some(Match::Direct),
            (true, Some(_)) => None,
        }
    }

    /// Whether a `Deny` for these principals strikes the caller. Here `*` means services too; in an `Allow` it means
    /// whoever can sign, so that no service comes in by a name that nobody wrote.
    pub fn strikes(&self, caller: &Caller) -> bool {
        self.names(caller).is_some() || (!self.all_but && self.named.contains(&Named::Everybody))
    }

    /// `Principal` or `NotPrincipal` with its value.
    pub(super) fn to_member(&self) -> (String, Json) {
        let mut kinds: Vec<(String, Json)> = Vec::new();
        for named in &self.named {
            let (kind, name) = named.written();
            let name = Json::Text(name);
            match kinds.iter_mut().find(|(key, _)| *key == kind) {
                Some((_, Json::List(names))) => names.push(name),
                _ => kinds.push((kind, Json::List(vec![name]))),
            }
        }
        (if self.all_but { "NotPrincipal" } else { "Principal" }.to_owned(), Json::Object(kinds))
    }
}

impl Named {
    /// Reads one value of `AWS`; `None` if it can be no principal.
    pub(super) fn aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everybody);
        }
        if let Some(account) = Account::parse(text) {
            return Some(Self::Account(account));
        }
        let arn = Arn::parse(text).filter(|arn| matches!(arn.service.as_str(), "iam" | "sts"))?;
        let account = Account::parse(&arn.account)?;
        match arn.resource.split('/').next()? {
            "root" if arn.resource == "root" => Some(Self::Account(account)),
            "user" | "role" | "assumed-role" | "federated-user" if !text.contains(['*', '?']) => {
                Some(Self::Arn(text.to_owned()))
            }
            _ => None,
        }
    }

    fn names(&self, caller: &Caller) -> Option<Match> {
        // Services stand for no account, and the anonymous for nobody.
        let signs = !matches!(caller.principal, Principal::Service(_) | Principal::Anonymous);
        let matched = match self {
            Self::Everybody => signs,
            Self::Account(account) => return (signs && *account == caller.account).then_some(Match::Account),
            Self::Arn(arn) => *arn == caller.arn || is_session_of(caller, arn),
            Self::Service(name) => matches!(&caller.principal, Principal::Service(service) if service == name),
            Self::Foreign { .. } => false,
        };
        matched.then_some(Match::Direct)
    }

    fn written(&self) -> (String, String) {
        let (kind, name) = match self {
            Self::Everybody => ("AWS", "*"),
            Self::Account(account) => ("AWS", account.as_str()),
            Self::Arn(arn) => ("AWS", arn.as_str()),
            Self::Service(name) => ("Service", name.as_str()),
            Self::Foreign { kind, name } => (kind.as_str(), name.as_str()),
        };
        (kind.to_owned(), name.to_owned())
    }
}

fn is_session_of(caller: &Caller, arn: &str) -> bool {
    matches!(&caller.principal, Principal::AssumedRole { role_arn, .. } if role_arn == arn)
}

#[cfg(test)]
mod tests {
    use base::caller::Identity;

    use super::*;

    fn account(text: &str) -> Account {
        Account::parse(text).expect("digits")
    }

    fn identity(principal: Principal, arn: &str) -> Caller {
        Caller::new(Identity {
            account: account("111111111111"),
            principal,
            arn: arn.to_owned(),
            user_id: "AIDA".to_owned(),
            access_key: None,
            session_policies: Vec::new(),
            unchecked: false,
        })
    }

    fn user() -> Caller {
        identity(Principal::User { name: "ann".to_owned() }, "arn:aws:iam::111111111111:user/ann")
    }

    fn session() -> Caller {
        let role_arn = "arn:aws:iam::111111111111:role/r".to_owned();
        let principal = Principal::AssumedRole { role_arn, role_id: "AROA".to_owned(), session: "s".to_owned() };
        identity(principal, "arn:aws:sts::111111111111:assumed-role/r/s")
    }

    #[test]
    fn a_caller_is_named_as_closely_as_can_be() {
        let lambda = Caller::service(account("111111111111"), "lambda.amazonaws.com");
        let rows = [
            ("*", user(), Some(Match::Direct)),
            ("*", lambda.clone(), None),
            ("111111111111", user(), Some(Match::Account)),
            ("111111111111", lambda, None),
            ("arn:aws:iam::111111111111:root", session(), Some(Match::Account)),
            ("arn:aws:iam::222222222222:root", user(), None),
            ("arn:aws:iam::111111111111:user/ann", user(), Some(Match::Direct)),
            ("arn:aws:iam::111111111111:user/bob", user(), None),
            ("arn:aws:iam::111111111111:role/r", session(), Some(Match::Direct)),
            ("arn:aws:sts::111111111111:assumed-role/r/s", session(), Some(Match::Direct)),
            ("arn:aws:sts::111111111111:assumed-role/r/t", session(), None),
        ];
        for (text, caller, expect) in rows {
            let named = vec![Named::aws(text).expect("a principal")];
            let here = Principals { named: named.clone(), all_but: false }.names(&caller);
            assert_eq!(here, expect, "{text} {}", caller.arn);
            let not = Principals { named, all_but: true }.names(&caller);
            assert_eq!(not.is_some(), expect.is_none(), "not {text} {}", caller.arn);
        }
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        for text in
            ["", "12", "ann", "arn:aws:s3:::b", "arn:aws:iam::111111111111:user/*", "arn:aws:iam::111111111111:x"]
        {
            assert_eq!(Named::aws(text), None, "{text}");
        }
    }
}
