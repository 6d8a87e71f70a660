//! Log groups.
pub(crate) fn name_in_arn(arn: &str) -> Option<&str> {
    let arn = arn.strip_suffix(":*").unwrap_or(arn);
    arn.splitn(7, ':').nth(6)
}
