//! Whether a symbolic link stays inside the tree, decided without following anything.

/// The longest target; the kernel takes no longer one.
pub(super) const TARGET_BYTES: u64 = 4_095;

/// `at` is the link's path below the tree, `target` what it holds.
///
/// Taken: a relative target whose `..` all stand at its beginning and don't climb above the tree. Then every step of
/// its resolution ends inside: the link's own directory is a real one (nothing may lie below a link), and what
/// follows the `..` only goes down, through links for which the same holds. A `..` after a name is refused, since the
/// name may be a link, and then `..` is not where it seems to be.
pub(super) fn check(at: &str, target: &[u8]) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("symbolic link {at:?}: {why}"));
    let Ok(target) = std::str::from_utf8(target) else { return refuse("its target is not UTF-8") };
    if target.is_empty() || target.contains('\0') || target.starts_with('/') {
        return refuse("its target is empty, absolute, or has a NUL");
    }
    let depth = at.matches('/').count();
    let parts: Vec<&str> = target.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let climbs = parts.iter().take_while(|part| **part == "..").count();
    if climbs > depth {
        return refuse("its target leads out of the tree");
    }
    if parts[climbs..].contains(&"..") {
        return refuse("its target has `..` after a name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_inside_the_tree_are_taken() {
        for (at, target) in [
            ("a", "b"),
            ("a", "b/c"),
            ("lib/x.so", "x.so.1"),
            ("a/b/c", "../../d"),
            ("a/b", ".."),
            ("a", "."),
            ("a/b", "./.././c"),
        ] {
            assert_eq!(check(at, target.as_bytes()), Ok(()), "{at} -> {target}");
        }
    }

    #[test]
    fn links_that_lead_out_or_may_do_so_are_refused() {
        for (at, target) in [
            ("a", "/etc/passwd"),
            ("a", ".."),
            ("a/b", "../.."),
            ("a/b", "c/../../.."),
            ("a/b", "c/.."),
            ("a", ""),
            ("a", "b\0"),
        ] {
            assert!(check(at, target.as_bytes()).is_err(), "{at} -> {target}");
        }
        assert!(check("a", b"\xff").is_err());
    }
}
