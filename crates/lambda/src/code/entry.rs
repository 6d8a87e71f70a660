//! The name of an archive's entry as a path below the tree, or the reason why it can't be one.

/// The longest path below the tree: with the tree's own path it stays below PATH_MAX.
const PATH_BYTES: usize = 3_500;
const COMPONENT_BYTES: usize = 255;
const DEPTH: usize = 128;

/// Relative, with `/` between plain names: nothing empty, no `.`, no `..`. Empty for the tree itself.
pub(super) fn path(name: &str) -> Result<String, String> {
    let refuse = |why: &str| Err(format!("entry {:?}: {why}", shortened(name)));
    if name.starts_with('/') {
        return refuse("an absolute path");
    }
    if name.contains('\\') {
        return refuse("a backslash");
    }
    if name.contains('\0') {
        return refuse("a NUL");
    }
    if has_drive_letter(name) {
        return refuse("a drive letter");
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return refuse("a way out of the tree");
    }
    if name.len() > PATH_BYTES || parts.len() > DEPTH || parts.iter().any(|part| part.len() > COMPONENT_BYTES) {
        return refuse("a path that is too long");
    }
    Ok(parts.join("/"))
}

/// The directory that a path lies in; `None` for what lies in the tree itself.
pub(super) fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}

fn has_drive_letter(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
}

fn shortened(name: &str) -> String {
    name.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_plain_paths() {
        for (name, expected) in [
            ("a", "a"),
            ("a/b.py", "a/b.py"),
            ("./a//b/", "a/b"),
            ("./", ""),
            ("a/.hidden", "a/.hidden"),
            ("a..b", "a..b"),
        ] {
            assert_eq!(path(name).as_deref(), Ok(expected), "{name}");
        }
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        let long = "x".repeat(256);
        let deep = "d/".repeat(129);
        for name in ["/etc/passwd", "..", "a/../../b", "a/..", "..\\a", "a\\b", "C:\\a", "c:a", "a\0b", &long, &deep] {
            assert!(path(name).is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn hostile_names_stay_below_the_tree(name in "[a./\\\\:C]{0,20}|.{0,40}") {
            if let Ok(path) = path(&name) {
                let joined = std::path::Path::new("/tree").join(&path);
                prop_assert!(joined.starts_with("/tree"));
                let plain = joined.components().skip(2).all(|part| matches!(part, std::path::Component::Normal(_)));
                prop_assert!(plain);
            }
        }
    }
}
