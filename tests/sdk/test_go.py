"""Go's functions on AWS's own library, unchanged, as provided.al2023 runs them; and go1.x, which is over."""

import base64
import json
import os
import re
import shutil
import subprocess

import harness
import host
from harness import zipped
from test_awslambdaric import CACHE, HERE, ROOT

GO = shutil.which("go") or "/usr/local/go/bin/go"


def built(folder, name):
    """The program of a Go module, as a function's code."""
    program = os.path.join(CACHE, "sdk", name)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
    build = [GO, "build", "-tags", "lambda.norpc", "-o", program, "."]
    done = subprocess.run(build, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if "requires go >=" in done.stderr:
        host.skip(f"needs a newer Go: {done.stderr.strip()}")
    done.check_returncode()
    with open(program, "rb") as file:
        return zipped({"bootstrap": file.read()}, {"bootstrap": 0o755})


class Go(harness.Case):
    @classmethod
    def setUpClass(cls):
        if not os.path.exists(GO):
            host.skip("needs Go (golang.org, or apt-get install golang)")
        cls.code = built(os.path.join(HERE, "go"), "go-function")
        harness.start_shared()
        cls.addClassCleanup(harness.stop_shared)
        super().setUpClass()
        cls.function = cls().go()

    def go(self, **changes):
        same = {"Runtime": "provided.al2023", "Handler": "bootstrap", "MemorySize": 256, "Timeout": 10}
        return self.create(**{**same, "Code": {"ZipFile": self.code}, **changes})

    def ask(self, do, function=None, **parameters):
        return self.invoke(function or self.function, {"do": do, **parameters.pop("event", {})}, **parameters)

    def failure(self, do):
        response, payload = self.ask(do)
        self.assertEqual(response["FunctionError"], "Unhandled")
        return payload

    def test_the_example(self):
        code = built(os.path.join(ROOT, "examples", "hello-go"), "hello-go")
        function = self.go(Code={"ZipFile": code})
        expected = {"statusCode": 200, "headers": None, "multiValueHeaders": None, "body": "Hello from Lambda!", "cookies": None}
        self.assertEqual(self.result(function, {"rawPath": "/there"}), expected)
        self.function_log(function, r"request /there\n")

    def test_payloads(self):
        for event in [None, True, 1.5, "té☃xt", [], {"a": [1, {"b": "é"}], "c": "\u0000"}]:
            with self.subTest(event=event):
                self.assertEqual(self.ask("echo", event={"event": event})[1], event)

    def test_the_context(self):
        context = {"custom": {"k": "é"}, "client": {"app_title": "app"}}
        encoded = base64.b64encode(json.dumps(context).encode()).decode()
        response, seen = self.ask("context", ClientContext=encoded)
        self.assertRegex(seen.pop("stream"), r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        expected = {
            "id": response["ResponseMetadata"]["RequestId"], "arn": self.arn(self.function), "custom": {"k": "é"},
            "app": "app", "name": self.function, "version": "$LATEST", "memory": 256,
            "group": f"/aws/lambda/{self.function}", "remains": True, "environment": "",
        }  # fmt: skip
        self.assertEqual(seen, expected)

    def test_errors(self):
        self.assertEqual(self.failure("error"), {"errorMessage": "some error occurred", "errorType": "errorString"})
        self.assertEqual(self.failure("wrapped"), {"errorMessage": "outer: inner é", "errorType": "wrapError"})
        self.assertEqual(self.failure("own"), {"errorMessage": "two\nlines", "errorType": "ownError"})
        too_large = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
        self.assertEqual(self.failure("large"), {"errorMessage": too_large, "errorType": "Function.ResponseSizeTooLarge"})

    def test_panics_end_the_process_and_are_told(self):
        function = self.go()
        self.assertEqual([self.ask("counts", function)[1], self.ask("counts", function)[1]], [1, 2])
        response, payload = self.ask("panic", function)
        self.assertEqual(response["FunctionError"], "Unhandled")
        self.assertEqual((payload["errorMessage"], payload["errorType"]), ("it can't go on", "string"))
        self.assertTrue(any(frame["label"] == "handle" for frame in payload["stackTrace"]), payload)
        self.assertEqual(self.ask("counts", function)[1], 1)
        self.assertIn("nil pointer dereference", self.ask("nil", function)[1]["errorMessage"])

    def test_exits(self):
        response, payload = self.ask("exit")
        request_id = response["ResponseMetadata"]["RequestId"]
        message = f"RequestId: {request_id} Error: Runtime exited with error: exit status 3"
        self.assertEqual(payload, {"errorType": "Runtime.ExitError", "errorMessage": message})

    def test_logs(self):
        function = self.go()
        self.ask("logs", function)
        log = self.function_log(function, "REPORT")
        self.assertIn("on the error output\n", log)
        self.assertIn("on the output é ☃\n", log)

    def test_a_stream_is_an_answer(self):
        response = self.lambda_.invoke(FunctionName=self.function, Payload=json.dumps({"do": "stream"}))
        self.assertNotIn("FunctionError", response)
        self.assertEqual(response["Payload"].read(), b"one two")

    def test_go1x_is_over(self):
        message = (
            "The runtime parameter of go1.x is no longer supported for creating or updating AWS Lambda functions. We "
            "recommend you use a supported runtime while creating or updating functions."
        )
        parameters = self.parameters(Runtime="go1.x", Handler="main")
        self.refused(400, "InvalidParameterValueException", message, self.lambda_.create_function, **parameters)


class Others(harness.Case):
    """What this host can't run is refused when it is asked for, with what to do."""

    @classmethod
    def setUpClass(cls):
        # A host without any interpreter.
        harness.start_shared(env={"PATH": "/nonexistent", "HOME": "/nonexistent"})
        cls.addClassCleanup(harness.stop_shared)
        super().setUpClass()

    def test_dotnet_is_refused_with_what_to_do(self):
        for runtime in ["dotnet8", "dotnet10"]:
            message = re.compile(rf"The runtime {runtime} is not available on this host: .* self-contained .* provided\.al2023.*")
            refused = (400, "InvalidParameterValueException", message, self.lambda_.create_function)
            self.refused(*refused, **self.parameters(Runtime=runtime, Handler="A::B::C"))

    def test_the_list_says_what_is_missing(self):
        command = [harness.binary(), "runtimes", "--data-dir", self.server.data_dir]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for runtime in ["python3.12", "nodejs22.x", "java21", "ruby3.4", "dotnet8", "provided.al2023"]:
            self.assertIn(runtime, listed)
        self.assertRegex(listed, r"Not here: .*dotnet8.*\n  lambdad has no bootstrap for it\. Publish it self-contained")
        self.assertRegex(listed, r"Not here: .*java21.*\n  .*(lambdad runtimes add java|No Java was found)")
