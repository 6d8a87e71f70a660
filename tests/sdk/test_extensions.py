"""Extensions from layers: the Extensions, Telemetry and Logs APIs, and wrappers (oracle, sections 2.2 to 2.5)."""

import json
import os
import re
import subprocess
import textwrap

import harness
from harness import zipped

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.abspath(os.environ.get("LAMBDAD_CACHE", os.path.join(HERE, "../../.cache")))

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

# What the extensions below begin with.
CLIENT = """#!/usr/bin/python3 -u
import http.client, http.server, json, os, socket, sys, threading, time
NAME = os.path.basename(sys.argv[0])

def call(method, path, body=None, **headers):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    headers = {"Lambda-Extension-" + key.replace("_", "-"): value for key, value in headers.items()}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return answer, answer.read().decode()

def register(*events, **headers):
    answer, told = call("POST", "/2020-01-01/extension/register", {"events": events}, Name=NAME, **headers)
    print("REGISTERED", told)
    return answer.getheader("Lambda-Extension-Identifier")

def next(id):
    answer, event = call("GET", "/2020-01-01/extension/event/next", Identifier=id)
    return json.loads(event)

def subscribe(id, api, types, destination, **more):
    path = {"telemetry": "/2022-07-01/telemetry", "logs": "/2020-08-15/logs"}[api]
    asked = {"types": types, "destination": destination, "buffering": {"timeoutMs": 25}, **more}
    answer, told = call("PUT", path, asked, Identifier=id)
    print("SUBSCRIBED", answer.status, told)

HEARD = []

class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        HEARD.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

def serve(port):
    server = http.server.HTTPServer(("sandbox.localdomain", port), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()

def until_the_end(id):
    while True:
        event = next(id)
        print("EVENT", json.dumps(event))
        if event["eventType"] == "SHUTDOWN":
            return

def tell_heard():
    for record in HEARD:
        print("HEARD", json.dumps(record))

"""

HANDLER = """
    import json, os, time
    def handler(event, context):
        if event == "exit":
            os._exit(3)
        if event == "sleep":
            time.sleep(60)
        print("handled", json.dumps(event))
        return event
"""


class Extended(harness.Case):
    def layer(self, files):
        content = zipped(files, {name: 0o755 for name in files})
        return self.lambda_.publish_layer_version(LayerName=self.name("l"), Content={"ZipFile": content})["LayerVersionArn"]

    def extended(self, extensions, source=HANDLER, files=(), **changes):
        """A function with these extensions in a layer."""
        programs = {f"extensions/{name}": CLIENT + textwrap.dedent(text) for name, text in extensions.items()}
        layer = self.layer({**programs, **dict(files)})
        return self.create(source, Layers=[layer], **{"Timeout": 10, **changes})

    def end(self, name):
        """The environment goes; what its log says when it is gone."""
        self.lambda_.update_function_configuration(FunctionName=name, Description="another revision")
        self.wait_updated(name)

    def heard(self, log):
        return [json.loads(line.removeprefix("HEARD ")) for line in log.splitlines() if line.startswith("HEARD ")]

    def events(self, log):
        return [json.loads(line.removeprefix("EVENT ")) for line in log.splitlines() if line.startswith("EVENT ")]


class Lifecycle(Extended):
    def test_an_extension_hears_of_events_and_of_the_end(self):
        name = self.extended({"outer": "until_the_end(register('INVOKE', 'SHUTDOWN', Accept_Feature='accountId'))"})
        ids = []
        for event in [1, 2]:
            # Who wants the log's tail waits for the extensions, too.
            response, payload = self.invoke(name, event, LogType="Tail")
            self.assertEqual(payload, event)
            ids.append(response["ResponseMetadata"]["RequestId"])
        self.end(name)
        log = self.function_log(name, '"eventType": "SHUTDOWN"')
        told = {"functionName": name, "functionVersion": "$LATEST", "handler": "app.handler", "accountId": self.account}
        self.assertIn(f"REGISTERED {json.dumps(told, separators=(',', ':'))}\n", log)
        self.assertIn("EXTENSION\tName: outer\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n", log)
        first, second, end = self.events(log)
        self.assertEqual(list(first), ["eventType", "deadlineMs", "requestId", "invokedFunctionArn", "tracing"])
        self.assertEqual([first["requestId"], second["requestId"]], ids)
        self.assertEqual(first["invokedFunctionArn"], self.arn(name))
        self.assertEqual(first["tracing"]["type"], "X-Amzn-Trace-Id")
        self.assertEqual((end["eventType"], end["shutdownReason"]), ("SHUTDOWN", "spindown"))

    def test_its_variables_are_those_of_the_function_but_not_the_runtimes(self):
        source = "print('VARIABLES', json.dumps(dict(os.environ)))\nuntil_the_end(register())"
        name = self.extended({"outer": source}, Environment={"Variables": {"MINE": "1"}})
        self.result(name, 1)
        log = self.function_log(name, "VARIABLES")
        variables = json.loads(re.search("VARIABLES (.*)", log).group(1))
        self.assertEqual(variables["MINE"], "1")
        self.assertEqual(variables["AWS_LAMBDA_FUNCTION_NAME"], name)
        self.assertIn("AWS_SESSION_TOKEN", variables)
        self.assertEqual([key for key in variables if key.startswith("_") and key != "_"], [])
        for absent in ["AWS_XRAY_CONTEXT_MISSING", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"]:
            self.assertNotIn(absent, variables)

    def test_a_failure_and_a_timeout_are_told(self):
        name = self.extended({"outer": "until_the_end(register('SHUTDOWN'))"}, Timeout=2)
        for event, reason in [("exit", "failure"), ("sleep", "timeout")]:
            response, _ = self.invoke(name, event)
            self.assertEqual(response["FunctionError"], "Unhandled")
            log = self.function_log(name, f'"shutdownReason": "{reason}"')
        self.assertEqual([event["shutdownReason"] for event in self.events(log)], ["failure", "timeout"])

    def test_a_crash_of_an_extension_is_the_functions(self):
        name = self.extended({"outer": "sys.exit(2)"})
        response, payload = self.invoke(name, 1)
        id = response["ResponseMetadata"]["RequestId"]
        message = f"RequestId: {id} Error: exit status 2"
        self.assertEqual(payload, {"errorType": "Extension.Crash", "errorMessage": message})
        log = self.function_log(name, "REPORT RequestId")
        self.assertIn("EXTENSION\tName: outer\tState: Started\tEvents: []\n", log)
        self.assertRegex(log, r"INIT_REPORT .*Phase: init\tStatus: error\tError Type: Extension\.Crash\n")
        self.assertRegex(log, r"INIT_REPORT .*Phase: invoke\tStatus: error\tError Type: Extension\.Crash\n")
        self.assertRegex(log, r"REPORT RequestId.*Status: error\tError Type: Extension\.Crash\n")

    def test_an_event_is_over_when_the_extension_has_done_with_it(self):
        slow = "id = register('INVOKE')\nwhile True:\n    next(id)\n    time.sleep(1)\n    print('done with it')"
        name = self.extended({"slow": slow})
        self.result(name, 1)
        # The caller has its answer before that.
        self.assertNotIn("REPORT RequestId", self.function_log(name, "handled 1"))
        log = self.function_log(name, "REPORT RequestId")
        self.assertRegex(log, r"handled 1\n(.|\n)*done with it\n(.|\n)*END RequestId")
        self.assertGreaterEqual(float(re.search("\tDuration: ([0-9.]+) ms", log).group(1)), 1000)


# Answers, and asks for nothing any more.
SILENT = """#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
id=$(curl -sD - -o /dev/null "$api/invocation/next" | tr -d '\r' | sed -n 's/^lambda-runtime-aws-request-id: //Ip')
curl -s -d '"answered"' "$api/invocation/$id/response"
sleep 60
"""


class Silence(Extended):
    def test_a_runtime_that_asks_for_no_further_event_runs_out_of_time(self):
        code = {"ZipFile": zipped({"bootstrap": SILENT}, {"bootstrap": 0o755})}
        name = self.create(Runtime="provided.al2023", Handler="a.b", Code=code, Timeout=2)
        response, payload = self.invoke(name, 1)
        self.assertEqual(payload["errorType"], "Sandbox.Timedout")
        self.assertTrue(payload["errorMessage"].endswith("Error: Task timed out after 2.00 seconds"))
        self.function_log(name, r"REPORT RequestId.*Status: timeout\n")


class Subscribers(Extended):
    def test_telemetry_comes_by_http_in_order(self):
        source = """
            serve(4243)
            id = register("INVOKE", "SHUTDOWN")
            to = {"protocol": "HTTP", "URI": "http://sandbox.localdomain:4243"}
            subscribe(id, "telemetry", ["platform", "function"], to, schemaVersion="2022-12-13")
            until_the_end(id)
            tell_heard()
        """
        name = self.extended({"listener": source}, LoggingConfig={"LogFormat": "JSON"})
        self.result(name, {"a": 1})
        self.end(name)
        log = self.function_log(name, "HEARD .*platform.report")
        self.assertIn('SUBSCRIBED 200 "OK"\n', log)
        heard = self.heard(log)
        self.assertEqual(
            [record["type"] for record in heard],
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
        )
        self.assertEqual(heard[3]["record"], {"name": "listener", "state": "Ready", "events": ["INVOKE", "SHUTDOWN"]})

    def test_a_json_line_comes_as_an_object_where_the_schema_says_so(self):
        handler = """
            import logging
            def handler(event, context):
                logging.getLogger().error("structured")
        """
        for version, kind in [("2022-12-13", dict), ("2022-07-01", str)]:
            source = f"""
                serve(4243)
                id = register("SHUTDOWN")
                to = {{"protocol": "HTTP", "URI": "http://sandbox.localdomain:4243"}}
                subscribe(id, "telemetry", ["function"], to, schemaVersion="{version}")
                until_the_end(id)
                tell_heard()
            """
            name = self.extended({"listener": source}, handler, LoggingConfig={"LogFormat": "JSON"})
            self.invoke(name, 1)
            self.end(name)
            [record] = self.heard(self.function_log(name, "HEARD"))
            self.assertIsInstance(record["record"], kind)
            self.assertIn("structured", json.dumps(record))

    def test_the_logs_api_comes_by_tcp_line_by_line(self):
        source = """
            server = socket.create_server(("0.0.0.0", 4244))
            def listen():
                while True:
                    connection, _ = server.accept()
                    HEARD.extend(json.loads(line) for line in connection.makefile())
            threading.Thread(target=listen, daemon=True).start()
            id = register("SHUTDOWN")
            subscribe(id, "logs", ["platform", "function"], {"protocol": "TCP", "port": 4244}, schemaVersion="2020-08-15")
            until_the_end(id)
            # TCP has no acknowledgement: the last lines may still be on their way to the thread above.
            deadline = time.monotonic() + 1
            while not any(record["type"] == "platform.report" for record in HEARD) and time.monotonic() < deadline:
                time.sleep(0.01)
            tell_heard()
        """
        name = self.extended({"listener": source})
        response, _ = self.invoke(name, "exit")
        self.result(name, 1, LogType="Tail")
        log = self.function_log(name, "handled 1(.|\n)*REPORT RequestId")
        self.assertIn("LOGS\tName: listener\tState: Subscribed\tTypes: [Platform, Function]\n", log)
        heard = self.heard(self.function_log(name, "HEARD .*platform.report"))
        types = [record["type"] for record in heard]
        for expected in ["platform.logsSubscription", "platform.start", "platform.fault", "platform.end", "platform.report"]:
            self.assertIn(expected, types)
        self.assertNotIn("platform.initStart", types)
        [end] = [record for record in heard if record["type"] == "platform.end"]
        self.assertEqual(end["record"], {"requestId": response["ResponseMetadata"]["RequestId"]})

    def test_a_late_or_wrong_subscription_is_refused(self):
        source = """
            id = register("INVOKE", "SHUTDOWN")
            subscribe(id, "telemetry", ["function"], {"protocol": "TCP", "port": 9001})
            subscribe(id, "telemetry", ["odd"], {"protocol": "TCP", "port": 4244})
            next(id)
            for api in ["telemetry", "logs"]:
                subscribe(id, api, ["function"], {"protocol": "TCP", "port": 4244})
            until_the_end(id)
        """
        name = self.extended({"late": source})
        self.result(name, 1)
        log = self.function_log(name, "SUBSCRIBED(.|\n)*SUBSCRIBED(.|\n)*SUBSCRIBED(.|\n)*SUBSCRIBED")
        self.assertEqual(re.findall(r"SUBSCRIBED (\d+) ", log), ["400", "400", "403", "403"])
        for error_type in ["Telemetry.SubscriptionClosed", "Logs.SubscriptionClosed"]:
            self.assertIn(f'"errorType":"{error_type}"', log)


class Wrappers(Extended):
    def test_a_wrapper_of_a_layer_starts_the_runtime(self):
        wrapper = '#!/bin/sh\necho "wrapping $(basename "$1")"\nexport SEEN=yes\nexec "$@"\n'
        source = "import os\ndef handler(event, context):\n    return os.environ.get('SEEN')\n"
        layer = self.layer({"wrapper": wrapper})
        variables = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}}
        name = self.create(source, Layers=[layer], Environment=variables)
        self.assertEqual(self.result(name, 1), "yes")
        self.function_log(name, "wrapping python3")

    def test_a_wrapper_of_the_code_starts_node(self):
        code = zipped(
            {
                "wrapper": '#!/bin/bash\nexport SEEN=yes\nexec "$@"\n',
                "app.js": "exports.handler = async () => process.env.SEEN",
            },
            {"wrapper": 0o755},
        )
        variables = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}}
        name = self.create(Runtime="nodejs20.x", Code={"ZipFile": code}, Environment=variables)
        self.assertEqual(self.result(name, 1), "yes")

    def test_a_missing_wrapper_fails_as_in_lambda(self):
        name = self.create(HANDLER, Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/missing"}})
        _, payload = self.invoke(name, 1)
        self.assertEqual(payload["errorType"], "Runtime.ExitError")
        self.assertTrue(payload["errorMessage"].endswith("Error: Runtime exited with error: exit status 127"))
        self.function_log(name, "/opt/missing: does not exist\n")


class WithAwssCrate(Extended):
    """An extension that was made with AWS's Rust crate."""

    def program(self):
        target = os.path.join(CACHE, "hello-rust")
        build = ["cargo", "build", "--locked", "--quiet", "--target-dir", target]
        subprocess.run(build, check=True, cwd=os.path.join(HERE, "rust-extension"))
        with open(os.path.join(target, "debug", "rust-extension"), "rb") as program:
            return program.read()

    def test_it_hears_events_and_telemetry(self):
        layer = self.layer({"extensions/rust": self.program()})
        name = self.create(HANDLER, Layers=[layer], Timeout=10)
        response, _ = self.invoke(name, 1)
        self.end(name)
        log = self.function_log(name, "SHUTDOWN")
        self.assertIn("TELEMETRY\tName: rust\tState: Subscribed\tTypes: [Platform, Function]\n", log)
        self.assertIn(f"INVOKE {response['ResponseMetadata']['RequestId']} {self.arn(name)}\n", log)
        for record in ["PlatformInitStart", "PlatformStart", 'Function("handled 1', "PlatformRuntimeDone", "PlatformReport"]:
            self.assertRegex(log, rf"HEARD {re.escape(record)}")
