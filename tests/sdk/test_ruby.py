"""Ruby's functions on the host's Ruby: handlers of every form, errors in AWS's shape, and logs; over frames, as our bootstrap is
started, and the same over AWS's HTTP Runtime API.

AWS's own client is on rubygems.org alone, and so it isn't here to be compared with: shapes and words are the oracle's.
"""

import base64
import json
import os
import re
import shutil
import subprocess

import harness
import host
from harness import zipped
from test_awslambdaric import HERE, ROOT, files, settle

# The bootstrap as a custom runtime. The port says the same in other digits: it speaks HTTP then. It has no descriptor for whole
# records there, as on AWS, so that loggers are Ruby's own: `logs` is not compared.
BOOTSTRAP = """#!/bin/sh
export AWS_LAMBDA_RUNTIME_API=169.254.100.1:09001 AWS_EXECUTION_ENV=AWS_Lambda_ruby3.4
ruby -e 'exit RUBY_VERSION < "3.2"' && quiet=--disable=did_you_mean,error_highlight
exec ruby $quiet /var/task/runtime/bootstrap.rb
"""

HANDLERS = ["echo", "values", "nothing", "an_object", "not_a_number", "bytes", "fields", "raises", "raises_own", "raises_name",
            "raises_deep", "prints", "logs_own", "counts", "takes_no_context"]  # fmt: skip
EVENTS = [None, True, 1.5, "", "té☃xt", [], {"a": [1, {"b": "é"}], "c": "\u0000☃"}, 12345678901234567890]
OWN_HANDLERS = ["app.Typed.handler", "app.Deep::Handler.run", "nested/helper.handler", "app.missing", "app.Missing.handler",
                "missing.handler", "handler", "a.b.c.d", "broken_syntax.handler", "broken_import.handler",
                "broken_raise.handler", "broken_exit.handler"]  # fmt: skip

# One function for most handlers: `do` says which.
DISPATCH = """
require 'app'

def handler(event:, context:)
  __send__(event['do'], event: event['event'], context: context)
end
"""


class Ruby(harness.Case):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("ruby"):
            host.skip("needs Ruby: apt-get install ruby")
        harness.start_shared()
        cls.addClassCleanup(harness.stop_shared)
        super().setUpClass()
        words = "puts RUBY_VERSION"
        cls.version = subprocess.run(["ruby", "-e", words], check=True, capture_output=True, text=True).stdout.strip()
        cls.own_files = {**dict(files(os.path.join(HERE, "ruby"))), "dispatch.rb": DISPATCH}
        cls.code = zipped(cls.own_files)
        runtime = {f"runtime/{name}": text for name, text in files(os.path.join(ROOT, "runtimes", "ruby"))}
        cls.carried = zipped({**cls.own_files, **runtime, "bootstrap": BOOTSTRAP}, {"bootstrap": 0o755})
        cls.pair = cls().both("dispatch.handler")

    def ruby(self, handler, **changes):
        changes = {"Runtime": "ruby3.4", "MemorySize": 256, "Timeout": 20, "Code": {"ZipFile": self.code}, **changes}
        return self.create(Handler=handler, **changes)

    def both(self, handler):
        return self.ruby(handler), self.ruby(handler, Runtime="provided.al2023", Code={"ZipFile": self.carried})

    def observe(self, function, event, **parameters):
        response = self.lambda_.invoke(FunctionName=function, Payload=json.dumps(event), LogType="Tail", **parameters)
        payload = response["Payload"].read().decode("utf8", "surrogateescape")
        log = base64.b64decode(response["LogResult"]).decode("utf8", "surrogateescape")
        observed = (settled(payload, function), sorted(settled(log, function).splitlines()))
        return response.get("FunctionError"), *observed

    def compare(self, functions, event, **parameters):
        ours, http = (self.observe(function, event, **parameters) for function in functions)
        self.assertEqual(ours, http)

    def test_the_same_over_http(self):
        # Warm, so that INIT's lines are in nobody's tail.
        self.compare(self.pair, {"do": "nothing"})
        for handler in HANDLERS:
            with self.subTest(handler):
                self.compare(self.pair, {"do": handler, "event": {"size": 1}})
        for event in EVENTS:
            with self.subTest(event=event):
                self.compare(self.pair, {"do": "echo", "event": event})
                self.assertEqual(self.result(self.pair[0], {"do": "echo", "event": event}), event)
        context = base64.b64encode(json.dumps({"custom": {"k": "é"}}).encode()).decode()
        self.compare(self.pair, {"do": "fields"}, ClientContext=context)

    def test_handlers_that_are_found_otherwise_or_not_at_all(self):
        for handler in OWN_HANDLERS:
            with self.subTest(handler):
                self.compare(self.both(handler), {"an": "event"})

    def test_the_example(self):
        code = zipped(dict(files(os.path.join(ROOT, "examples", "hello-ruby"))))
        function = self.ruby("lambda_function.lambda_handler", Code={"ZipFile": code})
        self.assertEqual(self.result(function, {"rawPath": "/there"}), {"statusCode": 200, "body": "Hello from Lambda!"})
        self.function_log(function, r"INFO [0-9a-f-]{36} -- : request /there\n")

    def test_handlers_have_awss_forms(self):
        event = {"an": "event"}
        self.assertEqual(self.result(self.ruby("app.Typed.handler"), event), {"typed": event})
        self.assertEqual(self.result(self.ruby("app.Deep::Handler.run"), event), {"helped": event})
        self.assertEqual(self.result(self.ruby("nested/helper.handler"), event), {"helped": event})

    def failure(self, handler, event=None, **changes):
        response, payload = self.invoke(self.ruby(handler, **changes), event or {})
        self.assertEqual(response["FunctionError"], "Unhandled")
        return payload, response["ResponseMetadata"]["RequestId"]

    def test_errors_have_awss_shape(self):
        payload, _ = self.failure("app.raises")
        self.assertEqual(list(payload), ["errorMessage", "errorType", "stackTrace"])
        self.assertEqual(payload["errorMessage"], "some error occurred")
        self.assertEqual(payload["errorType"], "Function<RuntimeError>")
        self.assertEqual(len(payload["stackTrace"]), 1)
        self.assertRegex(payload["stackTrace"][0], r"^/var/task/app\.rb:\d+:in [`'].*raises'$")
        for handler, kind in [
            ("app.raises_own", "Function<Custom>"),
            ("app.raises_name", "Function<NameError>"),
            ("app.missing", "Function<NoMethodError>"),
            ("app.takes_no_context", "Function<ArgumentError>"),
            ("app.overflows", "Function<SystemStackError>"),
            ("missing.handler", "Init<LoadError>"),
            ("broken_syntax.handler", "Init<SyntaxError>"),
            ("broken_raise.handler", "Init<ArgumentError>"),
        ]:
            with self.subTest(handler):
                self.assertEqual(self.failure(handler)[0]["errorType"], kind)

    def test_ends_are_told_in_awss_words(self):
        for handler, event, kind, message in [
            ("app.exits_at_once", {"code": 5}, "Runtime.ExitError", "Runtime exited with error: exit status 5"),
            ("app.exits_at_once", {"code": 0}, "Runtime.ExitError", "Runtime exited without providing a reason"),
            ("app.sleeps", {}, "Sandbox.Timedout", "Task timed out after 3.00 seconds"),
        ]:
            with self.subTest(handler, event=event):
                payload, request_id = self.failure(handler, event, Timeout=3)
                self.assertEqual(payload, {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"})
        # AWS's client takes `exit` for an exception.
        self.assertEqual(self.failure("app.exits", {"code": 3})[0]["errorType"], "Function<SystemExit>")
        too_large = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
        payload, _ = self.failure("app.large", {"size": 7 << 20})
        self.assertEqual(payload, {"errorMessage": too_large, "errorType": "Function.ResponseSizeTooLarge"})

    def test_a_process_outlives_an_error_and_not_a_missing_name(self):
        function = self.ruby("dispatch.handler")
        ask = lambda do: self.invoke(function, {"do": do})[1]
        self.assertEqual([ask("counts"), ask("counts")], [1, 2])
        self.assertEqual(ask("raises")["errorType"], "Function<RuntimeError>")
        self.assertEqual(ask("counts"), 3)
        self.assertEqual(ask("raises_name")["errorType"], "Function<NameError>")
        self.assertEqual(ask("counts"), 1)

    def test_the_environment_is_awss(self):
        function = self.ruby("app.environment")
        api = ".".join(self.version.split(".")[:2]) + ".0"
        self.assertEqual(
            self.result(function, {}),
            {
                "GEM_HOME": "/var/runtime",
                "GEM_PATH": f"/var/task/vendor/bundle/ruby/{api}:/opt/ruby/gems/{api}:/var/runtime:/var/runtime/ruby/{api}",
                "RUBYLIB": "/var/task:/var/runtime/lib:/opt/ruby/lib", "AWS_EXECUTION_ENV": "AWS_Lambda_ruby3.4",
                "_HANDLER": "app.environment", "_LAMBDA_TELEMETRY_LOG_FD": None, "directory": "/var/task",
                "ruby": self.version, "net": "constant",
            },
        )  # fmt: skip
        exact = self.version.startswith("3.4.")
        label = "ruby:3.4.v1" if exact else rf"ruby:3\.4\.v1 \(nearest on this host: {re.escape(self.version)}\)"
        self.function_log(function, rf"INIT_START Runtime Version: {label}\t")

    def events(self, function):
        self.function_log(function, "REPORT")
        found = self.logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        return [event["message"] for event in found]

    def test_what_is_put_or_logged_is_one_event(self):
        function = self.ruby("app.prints")
        self.invoke(function, {})
        for event in ["one\ntwo\n3\n", "é ☃\n", "raw\n", "raw too\n"]:
            self.assertIn(event, self.events(function))
        function = self.ruby("app.logs")
        response, _ = self.invoke(function, {})
        request_id = response["ResponseMetadata"]["RequestId"]
        log = "".join(self.events(function))
        time = r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} #\d+\]"
        self.assertRegex(log, rf"(?m)^I, {time}  INFO {request_id} -- : told é$")
        self.assertRegex(log, rf"(?m)^W, {time}  WARN {request_id} -- mine: an exception \(Custom\)$")
        self.assertNotIn("not told", log)

    def test_json(self):
        logging = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN"}
        function = self.ruby("app.logs", LoggingConfig=logging)
        response, _ = self.invoke(function, {})
        log = self.function_log(function, '"an exception"')
        self.assertNotIn("told é", log)
        records = [json.loads(line) for line in log.splitlines() if line.startswith('{"timestamp"')]
        self.assertEqual([record["message"] for record in records], ["two\nlines", "an exception"])
        expected = {"level": "WARN", "message": "an exception", "requestId": response["ResponseMetadata"]["RequestId"],
                    "logger": "mine", "errorType": "Custom", "errorMessage": "an exception", "stackTrace": []}  # fmt: skip
        self.assertEqual({name: value for name, value in records[1].items() if name != "timestamp"}, expected)


def settled(text, function):
    """As in test_awslambdaric; beside that, where the runtime lies and what differs between two processes."""
    text = re.sub(r"#\d+\]", "#PID]", settle(text, function))
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}", "TIME", text)
    return re.sub(r"#<LambdaHandler[^>]*>", "#<LambdaHandler>", text)
