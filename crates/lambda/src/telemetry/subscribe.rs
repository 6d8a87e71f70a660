//! What a subscriber asks for: the body of `PUT /2022-07-01/telemetry` and of `PUT /2020-08-15/logs`.
//!
//! Source: the oracle's section 2.3. The words of a refusal are ours where AWS's are not known.

use std::time::Duration;

use base::limits::telemetry::{MAX_BYTES, MAX_ITEMS, TIMEOUT_MS};
use serde::Deserialize;

use super::hub::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Telemetry,
    Logs,
}

impl Api {
    /// As error types begin.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Telemetry => "Telemetry",
            Self::Logs => "Logs",
        }
    }

    const fn schemas(self) -> &'static [&'static str] {
        match self {
            Self::Telemetry => &["2022-07-01", "2022-12-13", "2025-01-29"],
            Self::Logs => &["2020-08-15", "2021-03-18"],
        }
    }
}

/// A subscription, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) api: Api,
    pub(crate) types: Vec<Kind>,
    /// Not the API's first schema: lines that are JSON objects come as objects, and the Logs API has more records.
    pub(crate) later_schema: bool,
    pub(crate) max_items: usize,
    pub(crate) max_bytes: usize,
    pub(crate) timeout: Duration,
    pub(crate) destination: Destination,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A batch is the body of a POST to this path.
    Http { port: u16, path: String },
    /// A record is a line.
    Tcp { port: u16 },
}

impl Destination {
    pub(crate) const fn port(&self) -> u16 {
        match self {
            Self::Http { port, .. } | Self::Tcp { port } => *port,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    schema_version: Option<String>,
    types: Vec<String>,
    #[serde(default)]
    buffering: Buffering,
    destination: BodyDestination,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Buffering {
    max_items: Option<u64>,
    max_bytes: Option<u64>,
    timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
struct BodyDestination {
    protocol: String,
    #[serde(rename = "URI", alias = "uri")]
    uri: Option<String>,
    port: Option<u64>,
    method: Option<String>,
    encoding: Option<String>,
}

/// Ports inside that are the platform's own.
const RESERVED: [u16; 2] = [9001, 4566];
/// The names of the environment's own address.
const HOSTS: [&str; 2] = ["sandbox.localdomain", "sandbox"];

impl Request {
    /// `Err` says what is wrong with the body.
    pub(crate) fn parse(api: Api, body: &[u8]) -> Result<Self, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let later_schema = schema(api, body.schema_version.as_deref())?;
        let Buffering { max_items, max_bytes, timeout_ms } = body.buffering;
        let types = body.types.iter().map(|name| kind(name)).collect::<Result<Vec<_>, _>>()?;
        if types.is_empty() {
            return Err("types: at least one is needed".to_owned());
        }
        Ok(Self {
            api,
            types,
            later_schema,
            max_items: within("maxItems", max_items, MAX_ITEMS, *MAX_ITEMS.end())? as usize,
            max_bytes: within("maxBytes", max_bytes, MAX_BYTES, *MAX_BYTES.start())? as usize,
            timeout: Duration::from_millis(within("timeoutMs", timeout_ms, TIMEOUT_MS, 1_000)?),
            destination: destination(&body.destination)?,
        })
    }

    /// As they were asked for.
    pub(crate) fn type_names(&self) -> Vec<&'static str> {
        self.types.iter().map(|kind| kind.name()).collect()
    }
}

/// Whether this is not the API's first version.
fn schema(api: Api, version: Option<&str>) -> Result<bool, String> {
    let known = api.schemas();
    let version = version.unwrap_or(known[0]);
    if !known.contains(&version) {
        return Err(format!("schemaVersion: {version} is none of {}", known.join(", ")));
    }
    Ok(version != known[0])
}

fn kind(name: &str) -> Result<Kind, String> {
    let all = [Kind::Platform, Kind::Function, Kind::Extension];
    all.into_iter()
        .find(|kind| kind.name() == name)
        .ok_or_else(|| format!("types: {name} is none of platform, function, extension"))
}

fn within(name: &str, given: Option<u64>, range: std::ops::RangeInclusive<u64>, default: u64) -> Result<u64, String> {
    let given = given.unwrap_or(default);
    let refused = || format!("buffering.{name}: {given} is not between {} and {}", range.start(), range.end());
    range.contains(&given).then_some(given).ok_or_else(refused)
}

fn destination(given: &BodyDestination) -> Result<Destination, String> {
    let port = |port: Option<u64>| {
        let port = port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
        let port = port.ok_or("destination: a port from 1 to 65535 is needed")?;
        if RESERVED.contains(&port) { Err(format!("destination: port {port} is reserved")) } else { Ok(port) }
    };
    match given.protocol.as_str() {
        "TCP" => Ok(Destination::Tcp { port: port(given.port)? }),
        "HTTP" => {
            check_http(given)?;
            let uri: http::Uri =
                given.uri.as_deref().unwrap_or_default().parse().map_err(|_| "destination: the URI cannot be read")?;
            let is_ours = uri.host().is_some_and(|host| HOSTS.contains(&host)) && uri.scheme_str() == Some("http");
            if !is_ours {
                return Err("destination: the URI must be http://sandbox.localdomain:<port>".to_owned());
            }
            let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
            Ok(Destination::Http { port: port(Some(u64::from(uri.port_u16().unwrap_or(80))))?, path })
        }
        other => Err(format!("destination: the protocol {other} is neither HTTP nor TCP")),
    }
}

/// POST and JSON may be named, since the Logs API knows the names; there is nothing else to choose.
fn check_http(given: &BodyDestination) -> Result<(), String> {
    let is = |given: &Option<String>, only: &str| given.as_deref().is_none_or(|given| given == only);
    match (is(&given.method, "POST"), is(&given.encoding, "JSON")) {
        (false, _) => Err("destination: the method must be POST".to_owned()),
        (_, false) => Err("destination: the encoding must be JSON".to_owned()),
        (true, true) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(body: serde_json::Value) -> Result<Request, String> {
        Request::parse(Api::Telemetry, body.to_string().as_bytes())
    }

    fn body() -> serde_json::Value {
        serde_json::json!({
            "schemaVersion": "2022-12-13",
            "types": ["platform", "extension"],
            "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:4243/path"},
        })
    }

    #[test]
    fn what_is_not_said_has_awss_defaults() {
        let request = parse(body()).expect("a good one");
        assert_eq!(
            request,
            Request {
                api: Api::Telemetry,
                types: vec![Kind::Platform, Kind::Extension],
                later_schema: true,
                max_items: 10_000,
                max_bytes: 262_144,
                timeout: Duration::from_millis(1_000),
                destination: Destination::Http { port: 4243, path: "/path".to_owned() },
            }
        );
    }

    #[test]
    fn each_member_has_its_limits() {
        for (pointer, value) in [
            ("/schemaVersion", serde_json::json!("2020-08-15")),
            ("/types", serde_json::json!([])),
            ("/types", serde_json::json!(["metrics"])),
            ("/buffering", serde_json::json!({"maxItems": 999})),
            ("/buffering", serde_json::json!({"maxBytes": 1_048_577})),
            ("/buffering", serde_json::json!({"timeoutMs": 24})),
            ("/destination", serde_json::json!({"protocol": "UDP", "port": 1})),
            ("/destination", serde_json::json!({"protocol": "TCP", "port": 65_536})),
            ("/destination", serde_json::json!({"protocol": "TCP", "port": 9001})),
            ("/destination", serde_json::json!({"protocol": "HTTP", "URI": "http://example.com:80"})),
            ("/destination", serde_json::json!({"protocol": "HTTP", "URI": "https://sandbox.localdomain:80"})),
        ] {
            let mut asked = body();
            asked[&pointer[1..]] = value.clone();
            assert!(parse(asked).is_err(), "{pointer}: {value}");
        }
    }

    /// A value for a member: what it may have, or something else.
    fn values(good: &'static [&'static str]) -> impl Strategy<Value = serde_json::Value> {
        let good: Vec<_> = good.iter().map(|text| serde_json::from_str(text).expect("it is JSON")).collect();
        let number = any::<u64>().prop_map(serde_json::Value::from);
        prop_oneof![6 => prop::sample::select(good), 1 => number, 1 => ".{0,20}".prop_map(serde_json::Value::from)]
    }

    fn bodies() -> impl Strategy<Value = serde_json::Value> {
        let uri = values(&[
            r#""http://sandbox:80/x?y""#,
            r#""http://sandbox.localdomain:4243""#,
            r#""http://sandbox.localdomain""#,
            r#""http://user@sandbox:9001/""#,
            r#""http://169.254.169.254:80""#,
            "null",
        ]);
        (
            values(&[r#""2022-12-13""#, r#""2021-03-18""#, "null"]),
            values(&[r#"["platform","function"]"#, r#"["extension"]"#, "[]"]),
            values(&[r#"{"maxItems":1000,"maxBytes":262144,"timeoutMs":25}"#, r#"{"maxItems":-1}"#, "{}"]),
            (values(&[r#""HTTP""#, r#""TCP""#]), uri, values(&["80", "0", "9001", "4566", "65535", "65536", "1e3"])),
        )
            .prop_map(|(schema, types, buffering, (protocol, uri, port))| {
                let destination = serde_json::json!({"protocol": protocol, "URI": uri, "port": port});
                serde_json::json!({
                    "schemaVersion": schema, "types": types, "buffering": buffering, "destination": destination
                })
            })
    }

    proptest! {
        #[test]
        fn hostile_subscriptions_are_refused_or_within_their_limits(body in bodies(), noise: Vec<u8>, logs: bool) {
            let api = if logs { Api::Logs } else { Api::Telemetry };
            prop_assert!(Request::parse(api, &noise).is_err());
            if let Ok(asked) = Request::parse(api, body.to_string().as_bytes()) {
                prop_assert!(MAX_ITEMS.contains(&(asked.max_items as u64)) && MAX_BYTES.contains(&(asked.max_bytes as u64)));
                prop_assert!(TIMEOUT_MS.contains(&(asked.timeout.as_millis() as u64)));
                prop_assert!(asked.destination.port() != 0 && !RESERVED.contains(&asked.destination.port()));
                if let Destination::Http { path, .. } = asked.destination {
                    prop_assert!(path.starts_with('/') && !path.contains(['\r', '\n', ' ']), "{path:?}");
                }
            }
        }
    }
}
