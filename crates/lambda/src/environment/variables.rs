//! The environment variables of a process: AWS's set, in AWS's order of precedence (the oracle's section 2.4).

use std::net::SocketAddr;

use crate::credentials::Credentials;
use crate::telemetry::LogStyle;

use super::Launch;

/// Where a bootstrap writes framed log records; it takes the variable away before the handler is loaded.
pub(super) const TELEMETRY_FD: i32 = 62;

pub(super) const TASK_ROOT: &str = "/var/task";
pub(super) const RUNTIME_API: &str = "169.254.100.1:9001";
/// Of the AWS endpoint.
pub(super) const ENDPOINT_ADDRESS: &str = "169.254.100.1:4566";

/// What the host's root has; an image says for itself where its programs are.
const SYSTEM: [(&str, &str); 4] = [
    ("LANG", "en_US.UTF-8"),
    ("TZ", ":UTC"),
    (
        "LD_LIBRARY_PATH",
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    ),
    ("PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
];
/// As container engines have it, for an image without one.
const IMAGE_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// An image may lay its code elsewhere.
const PLACES: [(&str, &str); 2] = [("LAMBDA_TASK_ROOT", TASK_ROOT), ("LAMBDA_RUNTIME_DIR", "/var/runtime")];

/// Later ones win: what a customer may change, the customer's, credentials, the platform's. `listening` is where the
/// Runtime API and the endpoint are, as the process sees it.
pub(super) fn all(
    launch: &Launch,
    credentials: &Credentials,
    stream: &str,
    listening: &[SocketAddr; 2],
) -> Vec<(String, String)> {
    let [runtime_api, endpoint] = listening;
    let mut all = Variables::default();
    match launch.is_image() {
        true => all.add(PLACES.into_iter().chain([("PATH", IMAGE_PATH)])),
        false => all.add(SYSTEM),
    }
    all.add([
        ("AWS_ENDPOINT_URL", format!("http://{endpoint}").as_str()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
        ("AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1:2000"),
    ]);
    all.add(launch.interpreter.variables.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    all.add(launch.variables.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    all.add([
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.as_str()),
        ("AWS_SESSION_TOKEN", credentials.session_token.as_str()),
    ]);
    platform(&mut all, launch, stream, &runtime_api.to_string());
    if launch.interpreter.managed {
        all.add([("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", launch.runtime).as_str())]);
        all.add([("_LAMBDA_TELEMETRY_LOG_FD", TELEMETRY_FD.to_string().as_str())]);
    }
    all.0
}

/// What an extension has of them: nothing that is the runtime's alone.
pub(super) fn of_extension(all: &[(String, String)]) -> Vec<(String, String)> {
    const RUNTIMES: [&str; 3] = ["AWS_XRAY_CONTEXT_MISSING", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"];
    let theirs = |(key, _): &&(String, String)| !key.starts_with('_') && !RUNTIMES.contains(&key.as_str());
    all.iter().filter(theirs).cloned().collect()
}

fn platform(all: &mut Variables, launch: &Launch, stream: &str, runtime_api: &str) {
    let region = launch.scope.region.as_str();
    all.add([
        ("AWS_DEFAULT_REGION", region),
        ("AWS_REGION", region),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", launch.memory_mb.to_string().as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", &launch.function_name),
        ("AWS_LAMBDA_FUNCTION_VERSION", &launch.version),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &launch.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", stream),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("_AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1"),
        ("_AWS_XRAY_DAEMON_PORT", "2000"),
        ("_HANDLER", &launch.handler),
    ]);
    if !launch.is_image() {
        all.add(PLACES);
    }
    if let LogStyle::Json { application, .. } = launch.log_style {
        all.add([("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", application.as_str())]);
    }
}

#[derive(Default)]
struct Variables(Vec<(String, String)>);

impl Variables {
    fn add<'a>(&mut self, variables: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (key, value) in variables {
            self.0.retain(|(present, _)| present != key);
            self.0.push((key.to_owned(), value.to_owned()));
        }
    }
}
