//! The rules of a function's tags.

use base::Fault;
use base::limits::lambda::TAGS;
use indexmap::IndexMap;

use super::fault::invalid;

/// The tags of a resource after more were put on it.
pub fn add(
    mut tags: IndexMap<String, String>,
    more: IndexMap<String, String>,
) -> Result<IndexMap<String, String>, Fault> {
    if let Some(key) = more.keys().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(invalid(format!("Tag keys that begin with aws: are reserved for AWS: {key}")));
    }
    tags.extend(more);
    if tags.len() > TAGS {
        return Err(invalid("Number of tags exceeds resource tag limit."));
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(from: usize, to: usize) -> IndexMap<String, String> {
        (from..to).map(|number| (format!("k{number}"), "v".to_owned())).collect()
    }

    #[test]
    fn fifty_tags_are_the_limit() {
        assert_eq!(add(many(0, 30), many(20, 50)).map(|tags| tags.len()).expect("fifty"), 50);
        let fault = add(many(0, 50), many(50, 51)).expect_err("too many");
        assert_eq!(fault.message, "Number of tags exceeds resource tag limit.");
    }

    #[test]
    fn aws_keeps_its_own_tags() {
        let tags = [("AWS:x".to_owned(), String::new())].into_iter().collect();
        assert!(add(IndexMap::new(), tags).is_err());
    }
}
