//! A function as AWS shows it. Source of what is there and what is not: oracle 6.

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::record::{Code, Config, FunctionRecord, ImageConfig, Logging, Vpc};
use super::runtime;
use crate::api::{
    DeadLetterConfig, EnvironmentResponse, EphemeralStorage, FunctionConfiguration, ImageConfigResponse, LogFormat,
    LoggingConfig, RuntimeVersionConfig, SnapStartOptimizationStatus, SnapStartResponse, TracingConfigResponse,
    VpcConfigResponse,
};

/// In full, as create, get and update answer it; `arn` is the ARN as the caller named the function.
pub fn in_full(record: &FunctionRecord, arn: String) -> FunctionConfiguration {
    let status = record.status.clone();
    let version = record.settings.config.runtime.as_deref().map(|name| runtime::version_arn(name, &record.region));
    FunctionConfiguration {
        state: Some(status.state),
        state_reason: status.reason,
        state_reason_code: status.reason_code,
        last_update_status: status.update,
        last_update_status_reason: status.update_reason,
        last_update_status_reason_code: status.update_reason_code,
        runtime_version_config: version.map(|arn| RuntimeVersionConfig { runtime_version_arn: Some(arn), error: None }),
        ..in_list(record, arn)
    }
}

/// As the lists show it: without its states and the runtime's version.
pub fn in_list(record: &FunctionRecord, arn: String) -> FunctionConfiguration {
    let code = &record.settings.code;
    FunctionConfiguration {
        function_name: Some(record.name.clone()),
        function_arn: Some(arn),
        code_size: Some(i64::try_from(code.size).unwrap_or(i64::MAX)),
        code_sha256: Some(code_sha256(code)),
        last_modified: Some(last_modified(record.last_modified_ms)),
        version: Some(record.version.clone()),
        revision_id: Some(record.revision_id.clone()),
        package_type: Some(record.package_type()),
        vpc_config: record.settings.config.vpc.as_ref().map(|vpc| vpc_config(vpc, record)),
        ..of_config(&record.settings.config)
    }
}

/// Of an archive in base64, of an image in hex, as AWS has it.
pub(crate) fn code_sha256(code: &Code) -> String {
    if code.image.is_some() { code.sha256.to_string() } else { STANDARD.encode(code.sha256.0) }
}

/// `None` if the image is started as it says itself.
fn image_config(image: &ImageConfig) -> Option<ImageConfigResponse> {
    let list = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let shown = crate::api::ImageConfig {
        entry_point: list(&image.entry_point),
        command: list(&image.command),
        working_directory: Some(image.working_directory.clone()).filter(|directory| !directory.is_empty()),
    };
    (*image != ImageConfig::default()).then_some(ImageConfigResponse { image_config: Some(shown), error: None })
}

fn of_config(config: &Config) -> FunctionConfiguration {
    FunctionConfiguration {
        runtime: config.runtime.clone(),
        role: Some(config.role.clone()),
        handler: config.handler.clone(),
        description: Some(config.description.clone()),
        timeout: Some(config.timeout_seconds),
        memory_size: Some(config.memory_mb),
        dead_letter_config: config.dead_letter_arn.clone().map(|arn| DeadLetterConfig { target_arn: Some(arn) }),
        environment: config
            .environment
            .clone()
            .map(|variables| EnvironmentResponse { variables: Some(variables), error: None }),
        kms_key_arn: config.kms_key_arn.clone(),
        tracing_config: Some(TracingConfigResponse { mode: Some(config.tracing) }),
        layers: (!config.layers.is_empty()).then(|| config.layers.iter().map(layer).collect()),
        architectures: Some(vec![config.architecture]),
        ephemeral_storage: Some(EphemeralStorage { size: config.ephemeral_storage_mb }),
        snap_start: Some(SnapStartResponse {
            apply_on: Some(config.snap_start),
            // On is for published versions with a snapshot.
            optimization_status: Some(SnapStartOptimizationStatus::Off),
        }),
        image_config_response: image_config(&config.image),
        logging_config: Some(logging(&config.logging)),
        ..FunctionConfiguration::default()
    }
}

fn layer(layer: &super::record::Layer) -> crate::api::Layer {
    crate::api::Layer {
        arn: Some(layer.arn.clone()),
        code_size: Some(i64::try_from(layer.code.size).unwrap_or(i64::MAX)),
        signing_profile_version_arn: None,
        signing_job_arn: None,
    }
}

fn logging(logging: &Logging) -> LoggingConfig {
    LoggingConfig {
        log_format: Some(logging.format),
        application_log_level: logging.application_level.filter(|_| logging.format == LogFormat::Json),
        system_log_level: logging.system_level.filter(|_| logging.format == LogFormat::Json),
        log_group: Some(logging.group.clone()),
    }
}

fn vpc_config(vpc: &Vpc, record: &FunctionRecord) -> VpcConfigResponse {
    let outside = vpc.subnet_ids.is_empty() && vpc.security_group_ids.is_empty();
    VpcConfigResponse {
        subnet_ids: Some(vpc.subnet_ids.clone()),
        security_group_ids: Some(vpc.security_group_ids.clone()),
        vpc_id: Some(if outside { String::new() } else { vpc_id(record) }),
        ipv6_allowed_for_dual_stack: Some(vpc.ipv6_allowed_for_dual_stack),
    }
}

/// The one network of an account in a region, by a name that stays.
fn vpc_id(record: &FunctionRecord) -> String {
    let digest = hex::encode(Sha256::digest(format!("{}/{}", record.account, record.region)));
    format!("vpc-{}", &digest[..17])
}

/// `2025-11-25T02:26:54.000+0000`. Source: oracle 1.2.
pub fn last_modified(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let millis = ms.rem_euclid(1000);
    format!("{}.{millis:03}+0000", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_an_offset() {
        assert_eq!(last_modified(1_764_037_614_000), "2025-11-25T02:26:54.000+0000");
        assert_eq!(last_modified(1_764_037_614_042), "2025-11-25T02:26:54.042+0000");
    }
}
