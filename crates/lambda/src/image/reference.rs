//! The name of an image: registry, repository, and a tag or a digest.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use store::BlobId;

const LONGEST: usize = 1024;

/// Source: the distribution specification, "Pulling manifests".
static REPOSITORY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$").expect("it compiles")
});
static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$").expect("it compiles"));
static REGISTRY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?$").expect("it compiles"));

/// An image's name, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The host, with its port if it has one.
    pub registry: String,
    pub repository: String,
    pub which: Which,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    Tag(String),
    Digest(BlobId),
}

impl Reference {
    /// `registry/repository[:tag][@sha256:digest]`; `None` for anything else. A digest outweighs a tag.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(parse_digest(digest)?)),
            None => (text, None),
        };
        let (registry, path) = name.split_once('/')?;
        let (repository, tag) = path.rsplit_once(':').map_or((path, "latest"), |(path, tag)| (path, tag));
        let is_host = registry.contains(['.', ':']) || registry == "localhost";
        let is_name =
            text.len() <= LONGEST && is_host && REGISTRY.is_match(registry) && REPOSITORY.is_match(repository);
        if !is_name || !TAG.is_match(tag) {
            return None;
        }
        let which = digest.map_or_else(|| Which::Tag(tag.to_owned()), Which::Digest);
        Some(Self { registry: registry.to_owned(), repository: repository.to_owned(), which })
    }

    /// The same repository's image of that digest.
    pub fn at(&self, digest: BlobId) -> Self {
        Self { which: Which::Digest(digest), ..self.clone() }
    }
}

/// `sha256:` and 64 digits; no other algorithm is in use.
pub(super) fn parse_digest(text: &str) -> Option<BlobId> {
    BlobId::parse(text.strip_prefix("sha256:")?)
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => write!(f, "sha256:{digest}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if matches!(self.which, Which::Tag(_)) { ':' } else { '@' };
        write!(f, "{}/{}{sign}{}", self.registry, self.repository, self.which)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn names_are_read_as_every_tool_reads_them() {
        for (text, expected) in [
            ("public.ecr.aws/lambda/python:3.12", "public.ecr.aws/lambda/python:3.12".to_owned()),
            ("localhost/a", "localhost/a:latest".to_owned()),
            ("127.0.0.1:5000/a/b_c", "127.0.0.1:5000/a/b_c:latest".to_owned()),
            (&format!("h.x:5/a:t@{DIGEST}"), format!("h.x:5/a@{DIGEST}")),
        ] {
            assert_eq!(Reference::parse(text).map(|reference| reference.to_string()), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_names_no_image_is_refused() {
        let long = format!("h.x/{}", "a".repeat(2000));
        for text in [
            "",
            "python:3.12",
            "lambda/python",
            "h.x/",
            "h.x/A",
            "h.x/a:",
            "h.x/a@sha256:12",
            "h.x/../a",
            "h x.y/a",
            "u@h.x/a",
            &long,
        ] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn hostile_names_are_refused_or_written_the_same(text in "[a-c.:/@A-Z0-9_-]{0,40}|h\\.x(:[0-9]{0,6})?/.{0,40}|.{0,40}") {
            if let Some(reference) = Reference::parse(&text) {
                prop_assert_eq!(Reference::parse(&reference.to_string()), Some(reference));
            }
        }
    }
}
