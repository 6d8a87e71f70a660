"""Java's functions on the host's JVMs: handlers of every form, and the same ones on AWS's own client as a custom runtime.

lambdad runs them on AWS's runtime client, which `lambdad runtimes add java` puts into the data directory; the tests fetch it
once, by Maven, into $LAMBDAD_CACHE.
"""

import base64
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import tempfile

import harness
import host
from harness import zipped
from test_awslambdaric import CACHE, HERE, ROOT, files, settle

KEPT = os.path.join(CACHE, "sdk", "java")
LAMBDAD = harness.binary()

# AWS's client as people bring it: its jars and a script.
BOOTSTRAP = """#!/bin/sh
export _LAMBDA_TELEMETRY_LOG_FD= AWS_EXECUTION_ENV=AWS_Lambda_java17
exec java --add-opens=java.base/java.io=ALL-UNNAMED -XX:+UseSerialGC -XX:MaxHeapSize=256m -XX:TieredStopAtLevel=1 \\
    -cp "/var/task/client/*" com.amazonaws.services.lambda.runtime.api.client.AWSLambda "$_HANDLER"
"""

ORDER = {"name": "n", "count": 2, "tags": ["a"], "inner": {"name": "i", "unknown": 1}}
# A pair of JVMs each: only what could differ by how the client is started.
COMPARED = [
    ("Handlers::pojo", ORDER), ("Handlers::integer", {"not": "one"}), ("Handlers::any", "é ☃"), ("Handlers::logs", {}),
    ("Handlers::raisesCause", {}), ("Handlers::raisesNothing", {}), ("Handlers::overflows", 1), ("Handlers::threads", {}),
    ("Handlers::large", 7 << 20), ("Handlers::exits", {"code": 0}), ("Handlers::exits", {"code": 3}), ("Handlers::halts", {}),
    ("Handlers$Stream", {"a": 1}), ("Handlers$BadStart", {}), ("Handlers$ExitsAtOnce", {}), ("Handlers::missing", {}),
    ("Missing::handler", {}), ("Handlers", {}),
]  # fmt: skip
ANSWERS = [
    ("Handlers::pojo", ORDER, {"text": "n é ☃", "total": 3.0, "paid": True, "extra": {"inner": "i"}}),
    # AWS's serializer leaves out what is null.
    ("Handlers::map", {"a": [1, {"b": "é"}], "n": None}, {"a": [1, {"b": "é"}]}),
    ("Handlers::list", [1, 2], [2, 4]),
    ("Handlers::string", "text", "text!"),
    ("Handlers::integer", 41, 42),
    ("Handlers::bool", True, False),
    ("Handlers::any", 1.5, 1.5),
    ("Handlers::nothing", {}, None),
    ("Handlers::streams", {"a": 1}, {"a": 1}),
    ("Handlers$Typed", {"name": "n"}, {"text": "n é ☃", "total": 0.0, "paid": False, "extra": {}}),
    ("Handlers$Stream", [1], {"streamed": [1]}),
]


def run(*command, **parameters):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **parameters).stdout


def together(do, cases):
    """Several at a time, since a JVM takes its time to start."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(do, cases))


def client():
    """The folder of AWS's client, fetched by the command that an operator uses."""
    if not shutil.which("java") or not shutil.which("javac"):
        host.skip("needs a JDK: apt-get install default-jdk-headless")
    if not shutil.which("mvn"):
        host.skip("needs Maven for AWS's Java client: apt-get install maven")
    os.makedirs(KEPT, exist_ok=True)
    said = run(LAMBDAD, "runtimes", "add", "java", "--data-dir", KEPT)
    return os.path.join(said.strip().split(": ", 1)[1], "lib")


def compiled(library):
    """The test's classes, and a jar beside them, by their names in a zip."""
    with tempfile.TemporaryDirectory() as folder:
        sources = os.path.join(HERE, "java")
        for source in ("Handlers", "Helper"):
            into = os.path.join(folder, source)
            run("javac", "-encoding", "UTF-8", "-nowarn", "--release", "11", "-cp", os.path.join(library, "*"), "-d", into,
                os.path.join(sources, f"{source}.java"))  # fmt: skip
        helper = zipped(dict(files(os.path.join(folder, "Helper"))))
        return {**dict(files(os.path.join(folder, "Handlers"))), "lib/helper.jar": helper}


class Java(harness.Case):
    @classmethod
    def setUpClass(cls):
        library = client()
        harness.start_shared()
        cls.addClassCleanup(harness.stop_shared)
        super().setUpClass()
        missing = "The runtime java17 is not available on this host: AWS's runtime client for Java"
        cls.before = cls().fault(cls.lambda_.create_function, **cls().parameters(Runtime="java17"))["Error"]["Message"]
        assert cls.before.startswith(missing) and "lambdad runtimes add java" in cls.before, cls.before
        # Found at once, by a lambdad that runs.
        run(LAMBDAD, "runtimes", "add", "java", "--from", library, "--data-dir", cls.server.data_dir)
        cls.classes = compiled(library)
        cls.code = zipped(cls.classes)
        jars = {f"client/{name}": content for name, content in files(library) if name.endswith(".jar")}
        cls.carried = zipped({**cls.classes, **jars, "bootstrap": BOOTSTRAP}, {"bootstrap": 0o755})

    def java(self, handler, runtime="java17", **changes):
        changes = {"MemorySize": 512, "Timeout": 20, **changes}
        return self.create(Runtime=runtime, Handler=f"example.{handler}", Code={"ZipFile": self.code}, **changes)

    def observe(self, function, event, **parameters):
        response = self.lambda_.invoke(FunctionName=function, Payload=json.dumps(event), LogType="Tail", **parameters)
        payload = response["Payload"].read().decode()
        tail = base64.b64decode(response["LogResult"]).decode()
        lines = settled(tail, function).splitlines()
        # A full tail begins anywhere; the output and the error output are two pipes.
        log = sorted(lines[1:] if len(tail) >= 4096 else lines)
        return {"error": response.get("FunctionError"), "answer": settled(payload, function), "log": log}

    def test_the_same_as_on_awss_client_as_a_custom_runtime(self):
        def both(case):
            handler, event = case
            same = {"Handler": f"example.{handler}", "MemorySize": 512, "Timeout": 20}
            ours = self.create(Runtime="java17", Code={"ZipFile": self.code}, **same)
            theirs = self.create(Runtime="provided.al2023", Code={"ZipFile": self.carried}, **same)
            return [self.observe(function, event) for function in (ours, theirs)]

        for case, (ours, theirs) in zip(COMPARED, together(both, COMPARED)):
            with self.subTest(case):
                self.assertEqual(ours, theirs)

    def test_the_example(self):
        source = os.path.join(ROOT, "examples", "hello-java", "src", "hello", "Hello.java")
        with tempfile.TemporaryDirectory() as folder:
            run("javac", "--release", "17", "-d", folder, source)
            code = zipped(dict(files(folder)))
        function = self.create(
            Runtime="java21", Handler="hello.Hello::handle", Code={"ZipFile": code}, MemorySize=512, Timeout=20
        )
        self.assertEqual(self.result(function, {"rawPath": "/there"}), {"statusCode": 200, "body": "Hello from Lambda!"})
        self.function_log(function, r"request /there\n")

    def test_answers(self):
        answers = together(lambda case: self.result(self.java(case[0]), case[1]), ANSWERS)
        for (handler, _, expected), answer in zip(ANSWERS, answers):
            with self.subTest(handler):
                self.assertEqual(answer, expected)

    def test_errors_have_awss_shape(self):
        response, payload = self.invoke(self.java("Handlers::raises"), {})
        self.assertEqual(response["FunctionError"], "Unhandled")
        self.assertEqual(list(payload), ["errorMessage", "errorType", "stackTrace"])
        self.assertEqual(payload["errorMessage"], "some error occurred")
        self.assertEqual(payload["errorType"], "java.lang.IllegalArgumentException")
        self.assertRegex(payload["stackTrace"][0], r"^example\.Handlers\.raises\(Handlers\.java:\d+\)$")

    def test_ends_are_told_in_awss_words(self):
        for method, event, kind, message in [
            ("exits", {"code": 3}, "Runtime.ExitError", "Runtime exited with error: exit status 3"),
            ("exits", {"code": 0}, "Runtime.ExitError", "Runtime exited without providing a reason"),
            ("sleeps", {}, "Sandbox.Timedout", "Task timed out after 5.00 seconds"),
        ]:
            with self.subTest(method, event=event):
                function = self.java(f"Handlers::{method}", Timeout=5)
                response, payload = self.invoke(function, event)
                expected = {"errorType": kind, "errorMessage": f"RequestId: {request_id(response)} Error: {message}"}
                self.assertEqual(payload, expected)

    def test_a_full_heap_ends_the_process(self):
        _, payload = self.invoke(self.java("Handlers::fillsTheHeap", Timeout=30), {})
        self.assertIn(payload["errorType"], ("java.lang.OutOfMemoryError", "Runtime.OutOfMemory", "Runtime.ExitError"))

    def test_a_process_keeps_what_it_knows(self):
        function = self.java("Handlers::counts")
        self.assertEqual([self.result(function, {}) for _ in range(3)], [1, 2, 3])

    def test_the_context(self):
        function = self.java("Handlers::context")
        context = {"custom": {"k": "v"}, "client": {"app_title": "app"}, "env": {}}
        encoded = base64.b64encode(json.dumps(context).encode()).decode()
        response, seen = self.invoke(function, {}, ClientContext=encoded)
        self.assertEqual(seen["id"], request_id(response))
        self.assertRegex(seen.pop("stream"), r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        expected = {
            "id": seen["id"], "group": f"/aws/lambda/{function}", "name": function, "version": "$LATEST", "memory": 512,
            "arn": self.arn(function), "remains": True, "custom": {"k": "v"}, "app": "app",
        }  # fmt: skip
        self.assertEqual(seen, expected)

    def test_logs(self):
        function = self.java("Handlers::logs")
        self.invoke(function, {})
        log = self.function_log(function, "REPORT")
        for line in ["on the output\n", "on the error output: é ☃\n", "two\nlines\n", "with a level\n"]:
            self.assertIn(line, log)
        events = self.logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        # A record is one event, however many lines it has.
        self.assertIn("two\nlines\n", [event["message"] for event in events])

    def test_logs_in_json(self):
        logging = {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"}
        function = self.java("Handlers::logs", LoggingConfig=logging)
        self.invoke(function, {})
        log = self.function_log(function, '"message":"with a level"')
        record = json.loads(re.search(r'\{.*"message":"with a level".*\}', log)[0])
        self.assertEqual(record["level"], "ERROR")
        self.assertRegex(record["AWSRequestId"], r"^[0-9a-f-]{36}$")

    def test_options_of_the_jvm_and_jars(self):
        variables = {"Variables": {"JAVA_TOOL_OPTIONS": "-Dtold=so"}}
        function = self.java("Handlers::machine", Environment=variables)
        seen = self.result(function, {})
        self.assertEqual(seen["property"], "so")
        self.assertEqual(seen["environment"], "AWS_Lambda_java17")
        self.assertEqual((seen["library"], seen["directory"]), ("from a jar", "/var/task"))
        # 85 % of 512 MB, less what the collector keeps for itself.
        self.assertAlmostEqual(seen["heap"], 435, delta=20)
        self.function_log(function, r"Picked up JAVA_TOOL_OPTIONS: -Dtold=so\n")

    def test_the_clients_classes_come_from_an_archive(self):
        # The option makes the JVM tell where it takes each class from.
        variables = {"Variables": {"JAVA_TOOL_OPTIONS": "-Xlog:class+load:stdout:none"}}
        function = self.java("Handlers::machine", runtime="java25", Environment=variables)
        if self.result(function, {})["version"] < 19:
            host.skip("needs a JVM of 19 or later: older ones want an archive's files where they were")
        log = self.function_log(function, "REPORT")
        self.assertRegex(log, r"api\.client\.AWSLambda source: shared objects file")
        # Its control: the function's own are in none.
        self.assertRegex(log, r"example\.Handlers source: file:/var/task/")

    def test_every_runtime_of_java_runs_on_the_nearest_jvm(self):
        for runtime in ["java8.al2", "java11", "java17", "java17.al2023", "java21", "java25"]:
            with self.subTest(runtime):
                function = self.java("Handlers::machine", runtime=runtime)
                seen = self.result(function, {})
                log = self.function_log(function, "REPORT")
                started = re.search(r"INIT_START Runtime Version: java:(\S+) ?(.*?)\t", log)
                self.assertEqual(started[1], runtime.removeprefix("java") + ".v1")
                nearest = re.search(r"\(nearest on this host: (\d+)\.", started[2])
                exact = int(re.match(r"java(\d+)", runtime)[1])
                self.assertEqual(seen["version"], int(nearest[1]) if nearest else exact)
                # Nothing is complained of at the start.
                self.assertNotIn("WARNING", log)


def request_id(response):
    return response["ResponseMetadata"]["RequestId"]


def settled(text, function):
    """As in test_awslambdaric; beside that, the times in the client's own complaints."""
    return re.sub(r"\[\d{13}\] LAMBDA_RUNTIME", "[MILLISECONDS] LAMBDA_RUNTIME", settle(text, function))
