//! The canonical request: the one spelling of a request that both sides hash.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, percent_encode};
use sha2::{Digest as _, Sha256};

use super::claim::CredentialScope;
use super::verify::Rules;
use super::{ALGORITHM, stamp};
use crate::message::Request;

/// Everything but RFC 3986's unreserved characters.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// What a signature covers beside the request itself.
pub(super) struct Cover<'a> {
    pub(super) rules: Rules,
    /// Lowercase, sorted, each once.
    pub(super) signed_headers: &'a [String],
    /// The hash in hexadecimal, or one of the words that stand for it.
    pub(super) payload: &'a str,
}

/// The request's canonical spelling. `X-Amz-Signature` in the query never is part of it.
pub(super) fn request(request: &Request, cover: &Cover<'_>) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    for part in [request.method.as_str(), &path(&request.path, cover.rules), &query(&request.query)] {
        text.extend_from_slice(part.as_bytes());
        text.push(b'\n');
    }
    for name in cover.signed_headers {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        header_values(&request.headers, name, &mut text);
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(cover.signed_headers.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(cover.payload.as_bytes());
    text
}

/// What is signed for a canonical request.
pub(super) fn string_to_sign(at: base::Timestamp, scope: &CredentialScope, canonical: &[u8]) -> String {
    format!("{ALGORITHM}\n{}\n{scope}\n{}", stamp::basic(at), sha256(canonical))
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// S3 keeps a path as it is and encodes it once; all others normalise it and encode what was encoded already.
fn path(sent: &str, rules: Rules) -> String {
    match rules {
        Rules::S3 if sent.is_empty() => "/".to_owned(),
        Rules::S3 => sent.split('/').map(encoded_once).collect::<Vec<_>>().join("/"),
        Rules::General => percent_encode(without_dots(sent).as_bytes(), PATH).to_string(),
    }
}

/// By segment, so that an encoded slash stays one.
fn encoded_once(segment: &str) -> String {
    encoded(&Cow::from(percent_decode_str(segment))).to_string()
}

/// Without empty and dot segments, as RFC 3986 section 5.2.4 has it.
fn without_dots(path: &str) -> String {
    let mut kept = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    let open = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    let mut normal = String::with_capacity(path.len() + 1);
    for segment in &kept {
        normal.push('/');
        normal.push_str(segment);
    }
    if open || kept.is_empty() {
        normal.push('/');
    }
    normal
}

/// Decoded, encoded anew, and sorted by name and then by value.
fn query(sent: &str) -> String {
    let mut pairs: Vec<_> = pairs(sent)
        .filter(|(name, _)| name != b"X-Amz-Signature".as_slice())
        .map(|(name, value)| (encoded(&name).to_string(), encoded(&value).to_string()))
        .collect();
    pairs.sort_unstable();
    let mut text = String::with_capacity(sent.len());
    for (at, (name, value)) in pairs.iter().enumerate() {
        let between = if at == 0 { "" } else { "&" };
        write!(text, "{between}{name}={value}").expect("a string takes everything");
    }
    text
}

pub(super) fn encoded(bytes: &[u8]) -> PercentEncode<'_> {
    percent_encode(bytes, QUERY)
}

/// The query's names and values, decoded: a plus is a space, an absent value is an empty one.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

fn decoded(text: &str) -> Vec<u8> {
    let spaced = if text.contains('+') { Cow::from(text.replace('+', " ")) } else { Cow::from(text) };
    percent_decode_str(&spaced).collect()
}

/// A header that came more than once is its values in the order in which they came.
fn header_values(headers: &HeaderMap, name: &str, text: &mut Vec<u8>) {
    for (at, value) in headers.get_all(name).iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        folded(value, text);
    }
}

/// Trimmed, and each run of blanks one space.
fn folded(value: &HeaderValue, text: &mut Vec<u8>) {
    let words = value.as_bytes().split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    for (at, word) in words.enumerate() {
        if at > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_normalised_for_all_but_s3() {
        let cases = [
            ("", "/", "/"),
            ("/example/..", "/", "/example/.."),
            ("/a/./b//c/", "/a/b/c/", "/a/./b//c/"),
            ("/../../a", "/a", "/../../a"),
            ("/a/b/..", "/a/", "/a/b/.."),
            ("/f%3Ag", "/f%253Ag", "/f%3Ag"),
            ("/f%2fg", "/f%252fg", "/f%2Fg"),
            ("/a:b(c)", "/a%3Ab%28c%29", "/a%3Ab%28c%29"),
        ];
        for (sent, general, s3) in cases {
            assert_eq!(path(sent, Rules::General), general, "{sent}");
            assert_eq!(path(sent, Rules::S3), s3, "{sent}");
        }
    }

    #[test]
    fn the_query_is_sorted_by_what_is_encoded() {
        assert_eq!(query("b=2&a=&b=1&&c&X-Amz-Signature=f00"), "a=&b=1&b=2&c=");
        assert_eq!(query("a=b+c&a=b%2bc&a=b%2Fc"), "a=b%20c&a=b%2Bc&a=b%2Fc");
        assert_eq!(query("%E1%88%B4=bar&\u{1234}=foo"), "%E1%88%B4=bar&%E1%88%B4=foo");
    }

    proptest! {
        #[test]
        fn hostile_queries_have_a_canonical_form_that_stays(sent in ".{0,80}") {
            let once = query(&sent);
            prop_assert_eq!(query(&once), once);
        }

        #[test]
        fn hostile_paths_have_no_dots_left(sent in "[/.a%\u{fe}]{0,40}") {
            let normal = without_dots(&sent);
            prop_assert!(normal.starts_with('/'));
            prop_assert!(!normal.split('/').any(|segment| segment == "." || segment == ".."));
            prop_assert_eq!(without_dots(&normal), normal.clone());
        }
    }
}
