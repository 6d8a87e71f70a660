//! The rules of environment variables.

use base::Fault;
use base::limits::lambda::ENVIRONMENT_BYTES;
use indexmap::IndexMap;

use super::fault::invalid;

/// What Lambda sets itself, and what no function may set.
/// Source: "Defined runtime environment variables" in Lambda's guide; oracle 2.4.
pub const RESERVED: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

const UNABLE: &str = "Lambda was unable to configure your environment variables because the environment variables you \
                      have provided";

/// Reserved names first, then the size: 4 KB of the variables as JSON, as AWS measures it.
pub fn check(variables: &IndexMap<String, String>) -> Result<(), Fault> {
    let reserved: Vec<&str> = variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "{UNABLE} contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        )));
    }
    // A process can't be given a variable with a NUL in it; AWS has no words for it.
    if let Some((name, _)) = variables.iter().find(|(_, value)| value.contains('\0')) {
        return Err(invalid(format!("{UNABLE} contain a NUL character in the value of {name}")));
    }
    let measured = serde_json::to_string(variables).map_err(Fault::internal)?;
    if measured.len() > ENVIRONMENT_BYTES {
        return Err(invalid(format!("{UNABLE} exceeded the 4KB limit. String measured: {measured}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn four_kilobytes_of_json_are_the_limit() {
        // {"V":""} are 8 bytes of it.
        assert!(check(&variables(&[("V", &"x".repeat(4088))])).is_ok());
        let fault = check(&variables(&[("S", "ok"), ("V", &"x".repeat(4080))])).expect_err("4097 bytes");
        assert_eq!(fault.code, "InvalidParameterValueException");
        assert_eq!(
            fault.message,
            format!(
                "Lambda was unable to configure your environment variables because the environment variables you have \
                 provided exceeded the 4KB limit. String measured: {{\"S\":\"ok\",\"V\":\"{}\"}}",
                "x".repeat(4080)
            )
        );
    }

    #[test]
    fn reserved_names_are_refused_by_name() {
        let fault = check(&variables(&[("AWS_REGION", "x"), ("A_B", "y"), ("_HANDLER", "z")])).expect_err("reserved");
        assert!(fault.message.ends_with("Reserved keys used in this request: AWS_REGION, _HANDLER"), "{fault}");
    }

    #[test]
    fn a_nul_is_refused() {
        assert!(check(&variables(&[("AB", "x\0y")])).is_err());
    }
}
