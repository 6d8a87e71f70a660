//! Extensions in an environment: programs at /opt/extensions, and what they hear.

use std::sync::Arc;
use std::time::Duration;

use super::House;
use crate::environment::Launch;
use crate::pool::Keeping;

/// What the programs below begin with.
const CLIENT: &str = r#"#!/usr/bin/python3 -u
import http.client, http.server, json, os, socket, sys, threading
NAME = os.path.basename(sys.argv[0])

def call(method, path, body=None, **headers):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    headers = {"Lambda-Extension-" + key: value for key, value in headers.items()}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Lambda-Extension-Identifier"), answer.read().decode()

def register(*events):
    return call("POST", "/2020-01-01/extension/register", {"events": events}, Name=NAME)[1]

def next(id):
    return json.loads(call("GET", "/2020-01-01/extension/event/next", Identifier=id)[2])

"#;

const HANDLER: &str = "
import os, time
def handler(event, context):
    if event == 'exit':
        os._exit(3)
    if event == 'sleep':
        time.sleep(60)
    print('handled', event)
    return event
";

fn with(house: &House, extensions: &[(&str, &str)]) -> Arc<Launch> {
    let mut launch = house.python(HANDLER);
    launch.timeout = Duration::from_secs(5);
    house.extend(&mut launch, extensions.iter().map(|(name, source)| (*name, format!("{CLIENT}{source}"))));
    Arc::new(launch)
}

fn in_order(log: &str, parts: &[&str]) {
    let mut rest = log;
    for part in parts {
        let at = rest.find(part);
        let Some(at) = at else { panic!("{part:?} is not where it should be in:\n{log}") };
        rest = &rest[at + part.len()..];
    }
}

/// Prints all events.
const EVENTS: &str = "
id = register('INVOKE', 'SHUTDOWN')
while True:
    event = next(id)
    print(NAME, json.dumps(event))
    if event['eventType'] == 'SHUTDOWN':
        break
";

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_hears_of_events_and_of_the_end() {
    let Some(house) = House::open().await else { return };
    let launch = with(&house, &[("outer", EVENTS)]);
    for event in ["1", "2"] {
        assert_eq!(super::payload(&house.run(&launch, event).await), event, "{}", house.seen.log());
    }
    let log = house.shut().await;
    let invoke = r#"outer {"eventType": "INVOKE", "deadlineMs": "#;
    in_order(
        &log,
        &[
            "INIT_START",
            "EXTENSION\tName: outer\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n",
            "START RequestId",
            "REPORT RequestId",
            "START RequestId",
            "REPORT RequestId",
            r#"outer {"eventType": "SHUTDOWN", "deadlineMs": "#,
            r#""shutdownReason": "spindown"}"#,
        ],
    );
    assert_eq!(log.matches(invoke).count(), 2, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_over_when_extensions_have_done_with_it() {
    let Some(house) = House::open().await else { return };
    let slow = "
import time
id = register('INVOKE')
next(id)
time.sleep(0.7)
print('done with it')
next(id)
";
    let launch = with(&house, &[("slow", slow)]);
    house.run(&launch, "1").await;
    let log = house.shut().await;
    in_order(&log, &["handled 1", "done with it", "END RequestId", "REPORT RequestId"]);
    let report = log.split("\tDuration: ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a duration");
    assert!(report.parse::<f64>().expect("a number") >= 700.0, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_a_runtime_is_told_to_its_extensions() {
    let Some(house) = House::open().await else { return };
    let launch = with(&house, &[("outer", EVENTS)]);
    for (event, reason, status) in
        [("\"exit\"", "failure", "Runtime.ExitError"), ("\"sleep\"", "timeout", "Status: timeout")]
    {
        let failed = super::payload(&house.run(&launch, event).await);
        assert!(failed.contains("errorType"), "{failed}");
        let log = house.seen.log();
        in_order(&log, &[status, &format!("\"shutdownReason\": \"{reason}\"")]);
    }
    assert_eq!(super::payload(&house.run(&launch, "4").await), "4", "it goes on");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_that_ends_takes_the_environment_with_it() {
    let Some(house) = House::open().await else { return };
    for (source, error_type, why, state) in [
        ("sys.exit(2)", "Extension.Crash", "exit status 2", "State: Started\tEvents: []\n"),
        (
            "id = register()\ncall('POST', '/2020-01-01/extension/init/error', Identifier=id, **{'Function-Error-Type': 'Extension.Mine'})\nsys.exit(1)",
            "Extension.InitError",
            "exit status 1",
            "State: InitError\tEvents: []\tError Type: Extension.Mine\n",
        ),
        (
            "id = register('INVOKE')\nnext(id)\nsys.exit(0)",
            "Extension.Crash",
            "exit code 0",
            "State: Ready\tEvents: [INVOKE]\n",
        ),
    ] {
        let launch = with(&house, &[("outer", source)]);
        let failed = super::payload(&house.run(&launch, "\"sleep\"").await);
        let expected = format!(r#"{{"errorType":"{error_type}","errorMessage":"RequestId: r Error: {why}"}}"#);
        assert_eq!(failed, expected, "{}", house.seen.log());
        let log = house.seen.log();
        in_order(&log, &[state, &format!("Error: {why}\n{error_type}\n"), &format!("Error Type: {error_type}\n")]);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_launched_is_told() {
    let Some(house) = House::open().await else { return };
    let mut launch = house.python(HANDLER);
    let source = "not a program".to_owned();
    house.extend(&mut launch, [("odd", source)].into_iter());
    let failed = super::payload(&house.run(&Arc::new(launch), "1").await);
    assert!(failed.contains(r#""errorType":"Extension.LaunchError""#), "{failed}");
    assert!(failed.contains("fork/exec /opt/extensions/odd: exec format error"), "{failed}");
    let many: Vec<_> = (0..11).map(|n| (format!("e{n:02}"), "next(register())")).collect();
    let many: Vec<_> = many.iter().map(|(name, source)| (name.as_str(), *source)).collect();
    let failed = super::payload(&house.run(&with(&house, &many), "1").await);
    assert!(failed.contains(r#""errorType":"Extension.LaunchError""#), "{failed}");
    in_order(&house.seen.log(), &["Name: e10\tState: LaunchError\tEvents: []\tError Type: TooManyExtensions"]);
    house.close().await;
}

/// Subscribes to everything, and prints what it hears, a line each.
const LISTENER: &str = "
class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        for record in json.loads(self.rfile.read(int(self.headers['Content-Length']))):
            with open('/tmp/heard', 'a') as file:
                file.write(json.dumps(record) + '\\n')
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass

server = http.server.HTTPServer(('sandbox.localdomain', 4243), Listener)
threading.Thread(target=server.serve_forever, daemon=True).start()
id = register('INVOKE', 'SHUTDOWN')
asked = {
    'schemaVersion': '2022-12-13', 'types': ['platform', 'function', 'extension'], 'buffering': {'timeoutMs': 25},
    'destination': {'protocol': 'HTTP', 'URI': 'http://sandbox.localdomain:4243'},
}
print('subscribed', call('PUT', '/2022-07-01/telemetry', asked, Identifier=id))
while True:
    event = next(id)
    if event['eventType'] == 'SHUTDOWN':
        break
server.shutdown()
for line in open('/tmp/heard'):
    print('HEARD', line, end='')
";

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_hears_what_happens_and_what_is_said() {
    let Some(house) = House::open().await else { return };
    let launch = with(&house, &[("listener", LISTENER)]);
    house.run(&launch, "\"hello\"").await;
    let log = house.shut().await;
    assert!(
        log.contains("TELEMETRY\tName: listener\tState: Subscribed\tTypes: [Platform, Function, Extension]"),
        "{log}"
    );
    let heard: Vec<serde_json::Value> = log
        .lines()
        .filter_map(|line| line.strip_prefix("HEARD "))
        .map(|line| serde_json::from_str(line).expect("a record"))
        .collect();
    let types: Vec<_> = heard.iter().filter_map(|record| record["type"].as_str()).collect();
    let mut known = types.clone();
    known.retain(|kind| *kind != "extension");
    assert_eq!(
        known,
        [
            "platform.initStart",
            "platform.telemetrySubscription",
            "platform.initRuntimeDone",
            "platform.extension",
            "platform.initReport",
            "platform.start",
            "function",
            "platform.runtimeDone",
            "platform.report",
        ],
        "{log}"
    );
    let said = heard.iter().find(|record| record["type"] == "function").expect("it was said");
    assert_eq!(said["record"], "handled hello\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_takes_nothing_holds_up_nobody() {
    let Some(house) = House::keeping(Keeping::default()).await else { return };
    let deaf = LISTENER
        .replace("('sandbox.localdomain', 4243)", "('127.0.0.1', 4243)")
        .replace("for line in open('/tmp/heard'):\n    print('HEARD', line, end='')\n", "");
    let mut launch =
        house.python("def handler(event, context):\n    for _ in range(event):\n        print('x' * 1000)\n");
    launch.timeout = Duration::from_secs(20);
    house.extend(&mut launch, [("deaf", format!("{CLIENT}{deaf}"))].into_iter());
    let launch = Arc::new(launch);
    let finished = house.run(&launch, "10000").await;
    assert!(finished.outcome.is_success(), "{}", super::payload(&finished));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapper_starts_the_runtime() {
    let Some(house) = House::open().await else { return };
    let wrapper = "#!/bin/sh\necho \"wrapping $(basename \"$1\")\"\nexport SEEN=yes\nexec \"$@\"\n";
    for (path, expected, said) in [
        ("/opt/extensions/../wrapper", "\"yes\"", "wrapping python3"),
        ("/opt/missing", "exit status 127", "/opt/missing: does not exist"),
        ("/var/task/app.py", "exit status 126", "/var/task/app.py: is not an executable"),
    ] {
        let mut launch = house.python("import os\ndef handler(event, context):\n    return os.environ.get('SEEN')\n");
        house.extend(&mut launch, std::iter::empty());
        house.put(&launch, "wrapper", wrapper);
        launch.variables.push(("AWS_LAMBDA_EXEC_WRAPPER".to_owned(), path.to_owned()));
        let answer = super::payload(&house.run(&Arc::new(launch), "1").await);
        assert!(answer.contains(expected), "{answer} {}", house.seen.log());
        assert!(house.seen.log().contains(said), "{}", house.seen.log());
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_extensions_live_in_the_runtime() {
    let Some(house) = House::open().await else { return };
    let source = "
import http.client, json, os, threading
def call(method, path, body=None, **headers):
    connection = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
    connection.request(method, path, body, {'Lambda-Extension-' + key: value for key, value in headers.items()})
    answer = connection.getresponse()
    return answer.getheader('Lambda-Extension-Identifier'), answer.read().decode()
id, told = call('POST', '/2020-01-01/extension/register', json.dumps({'events': ['INVOKE']}), Name='inner', **{'Accept-Feature': 'accountId'})
refused = call('POST', '/2020-01-01/extension/register', json.dumps({'events': ['SHUTDOWN']}), Name='other')[1]
def listen():
    while True:
        print('inner', call('GET', '/2020-01-01/extension/event/next', Identifier=id)[1])
threading.Thread(target=listen, daemon=True).start()
def handler(event, context):
    late = call('POST', '/2020-01-01/extension/register', json.dumps({'events': []}), Name='late')[1]
    return [json.loads(told), json.loads(refused)['errorType'], json.loads(late)['errorType']]
";
    let launch = Arc::new(house.python(source));
    assert_eq!(
        super::payload(&house.run(&launch, "1").await),
        r#"[{"functionName": "f", "functionVersion": "$LATEST", "handler": "app.handler", "accountId": "000000000000"}, "Extension.InvalidEventType", "Extension.RegistrationClosed"]"#,
        "{}",
        house.seen.log()
    );
    let log = house.shut().await;
    in_order(&log, &["EXTENSION\tName: inner\tState: Ready\tEvents: [INVOKE]\n", "inner {\"eventType\":\"INVOKE\""]);
}
