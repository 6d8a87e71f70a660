"""The same handlers on our python runtime and, as a custom runtime, on AWS's own client: the same answers and logs.

Taken out before the comparison are ids, times and places in the runtimes' own files (RULES). What differs and is meant to stands
in one table, DIFFERS, with its reason.

Below them: other runtimes that people bring, AWS's for Rust and a shell script. Java's is in test_java, Go's in test_go.
"""

import base64
import json
import os
import re
import subprocess

import harness
import host
from harness import zipped

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CACHE = os.path.abspath(os.environ.get("LAMBDAD_CACHE", os.path.join(ROOT, ".cache")))
RIC = os.path.join(CACHE, "sdk", "ric")
FUNCTIONS = os.path.join(ROOT, "runtimes", "python", "tests", "functions")
PYTHON = "/usr/bin/python3"

# One function for most handlers: `do` says which.
DISPATCH = """
import app

def handler(event, context):
    do = event["do"].replace("exits_well", "exits")
    return getattr(app, do)(event.get("event"), context)
"""

# A custom runtime finds neither variable; in AWS's managed runtime, the same client has them.
BOOTSTRAP = """#!/bin/sh
export AWS_EXECUTION_ENV=AWS_Lambda_%s
exec /usr/bin/python3 -m awslambdaric "$_HANDLER"
"""

HANDLERS = """constant nothing scalars not_numbers decimals named_tuple keys nested_bytes broken_bytes raw_bytes enums a_set
a_date a_decimal_key a_tuple_key circular circular_with_decimal an_object raises raises_lines raises_nothing raises_chained
raises_deep recursion wrong_arguments not_callable an_instance a_lambda a_coroutine awaits context_fields remaining prints logs
logs_levels logs_extra logs_exception logs_badly logs_context own_formatter warns environment counts search_path
almost_oversized oversized exits exits_well calls_exit interrupted os_exits""".split()

# What the handlers above are given, where it is not nothing.
GIVEN = {"exits": {"code": 3}, "exits_well": {"code": 0}}


def as_lines(seen):
    return {**seen, "log": sorted(seen["log"])}


def without_log(seen):
    return {**seen, "log": None}


def kind_alone(seen):
    return {"error": seen["error"], "kind": json.loads(seen["answer"])["errorType"]}


def size_alone(seen):
    return {**seen, "answer": len(seen["answer"])}


def members_alone(seen):
    return {**seen, "answer": sorted(json.loads(seen["answer"]))}


# What differs and is meant to: how the two are looked at all the same, and why.
DIFFERS = {
    "prints": (as_lines, "the output and the error output are two pipes, whose order is nobody's"),
    "os_exits": (as_lines, "an unfinished last line is cut where its pipe ends"),
    "recursion": (kind_alone, "the handler is called two frames deeper, so that the trace begins elsewhere"),
    "oversized": (without_log, "frames have no acknowledgement: AWS's client hears 413 over HTTP, and complains of it in the log"),
    "almost_oversized": (size_alone, "it is the same, and too long to be shown if it were not"),
    "a_coroutine": (without_log, "Python's warning shows the line of the runtime that let the coroutine go"),
    "interrupted": (without_log, "the trace begins in the runtime's own files"),
    "search_path": (members_alone, "ours are sys.path and sys.argv of AWS's managed runtime, theirs those of python3 -m awslambdaric"),
}

# Handlers that can't be loaded, or are called by a name of their own.
OWN_HANDLERS = ["nested/inner.handler", "nested.inner.handler", "missing.handler", "app.missing", "handler", "sys.handler",
                "broken/syntax.handler", "broken/imports.handler", "broken/raises_plainly.handler", "app.an_instance"]  # fmt: skip

EVENTS = [None, True, 0, 1.5, "", "text", [], {}, {"a": [1, {"b": "é"}], "c": "\u0000☃"}, 12345678901234567890, -0.0]

RULES = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r"\[\$LATEST\][0-9a-f]{32}", "STREAM"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", "TIME"),
    (r"0x[0-9a-f]{6,}", "ADDRESS"),
    (r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16}", "TRACE"),
    (r"\d{4}/\d\d/\d\d/", "DAY/"),
    (r"(lambda_deadline_ms|_epoch_deadline_time_in_ms)=\d+", r"\1=N"),
    (r"(Init )?Duration: [\d.]+ ms|Billed Duration: \d+ ms|Max Memory Used: \d+ MB", "FIGURE"),
    (r'File \\*"[^"]*/(awslambdaric|importlib)/([^"]*)", line \d+', r"File \1"),
    (r"Runtime Version: [^\t]+", "Runtime Version: RUNTIME"),
    (r":runtime:[0-9a-f]{64}", ":runtime:HASH"),
    (r"\r\n?", "\n"),
    (r"(?<!\n)END RequestId", "\nEND RequestId"),
]


def settle(text, function):
    text = text.replace(function, "FUNCTION")
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    return text


def minor():
    words = "import sys; print('python%d.%d' % sys.version_info[:2])"
    return subprocess.run([PYTHON, "-c", words], check=True, capture_output=True, text=True).stdout.strip()


def files(folder, prefix=""):
    """A folder's files by their names in a zip, with their modes."""
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if "__pycache__" not in path:
                with open(path, "rb") as file:
                    yield os.path.join(prefix, os.path.relpath(path, folder)), file.read()


class Python(harness.Case):
    @classmethod
    def setUpClass(cls):
        if not os.path.exists(PYTHON) or not os.path.isdir(RIC):
            host.skip(f"needs {PYTHON} and awslambdaric for it (tests/sdk/prepare.sh)")
        # The interpreter that a custom runtime finds, and no other, is ours too.
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "PYENV_ROOT": "/nonexistent"}
        harness.start_shared(env=environment)
        cls.addClassCleanup(harness.stop_shared)
        super().setUpClass()
        cls.runtime = minor()
        cls.own_files = {**dict(files(FUNCTIONS)), "dispatch.py": DISPATCH}
        cls.ours, cls.theirs = cls().both("dispatch.handler")

    def both(self, handler):
        ric = {**dict(files(RIC)), **self.own_files, "bootstrap": BOOTSTRAP % self.runtime}
        theirs = zipped(ric, {"bootstrap": 0o755})
        same = {"Handler": handler, "MemorySize": 256, "Timeout": 20}
        return (
            self.create(Runtime=self.runtime, Code={"ZipFile": zipped(self.own_files)}, **same),
            self.create(Runtime="provided.al2023", Code={"ZipFile": theirs}, **same),
        )

    def observe(self, function, event, **parameters):
        response = self.lambda_.invoke(
            FunctionName=function, Payload=json.dumps(event), LogType="Tail", **parameters
        )
        # Bytes as they are: not every answer is JSON.
        payload = response["Payload"].read().decode("utf8", "surrogateescape")
        log = base64.b64decode(response["LogResult"]).decode("utf8", "surrogateescape")
        error = response.get("FunctionError")
        return {"error": error, "answer": settle(payload, function), "log": settle(log, function).splitlines()}

    def compare(self, functions, event, look=dict, **parameters):
        ours, theirs = (self.observe(function, event, **parameters) for function in functions)
        self.assertEqual(look(ours), look(theirs))

    def test_handlers(self):
        for handler in HANDLERS:
            with self.subTest(handler):
                # Warm, so that INIT's lines are in nobody's tail: some handlers end one process or both.
                self.compare((self.ours, self.theirs), {"do": "nothing"}, without_log)
                look, _ = DIFFERS.get(handler, (dict, ""))
                self.compare((self.ours, self.theirs), {"do": handler, "event": GIVEN.get(handler)}, look)

    def test_payloads(self):
        for event in EVENTS:
            with self.subTest(event=event):
                self.compare((self.ours, self.theirs), {"do": "echo", "event": event})

    def test_the_clients_context(self):
        context = {"custom": {"k": "é"}, "env": {"locale": "de"}, "client": {"app_title": "app", "unknown": 1}}
        encoded = base64.b64encode(json.dumps(context).encode()).decode()
        self.compare((self.ours, self.theirs), {"do": "context_fields"}, ClientContext=encoded)

    def test_handlers_that_are_found_otherwise_or_not_at_all(self):
        for handler in OWN_HANDLERS:
            with self.subTest(handler):
                self.compare(self.both(handler), {})


class Others(harness.Case):
    @classmethod
    def setUpClass(cls):
        harness.start_shared()
        cls.addClassCleanup(harness.stop_shared)
        super().setUpClass()

    def example(self, name, code, handler):
        """The function, deployed, answers and writes its log."""
        parameters = {"Runtime": "provided.al2023", "Handler": handler, "Code": {"ZipFile": code}, "Timeout": 10}
        function = self.create(name=self.name(name), **parameters)
        expected = {"statusCode": 200, "body": "Hello from Lambda!"}
        self.assertEqual(self.result(function, {"rawPath": "/there"}), expected)
        self.assertEqual(self.result(function, {}), expected)
        return function

    def test_the_rust_example_with_awss_runtime(self):
        target = os.path.join(CACHE, "hello-rust")
        build = ["cargo", "build", "--locked", "--quiet", "--target-dir", target]
        subprocess.run(build, check=True, cwd=os.path.join(ROOT, "examples", "hello-rust"))
        with open(os.path.join(target, "debug", "bootstrap"), "rb") as program:
            code = zipped({"bootstrap": program.read()}, {"bootstrap": 0o755})
        function = self.example("rust", code, "bootstrap")
        self.function_log(function, r"request /there\n")

    def test_the_shell_example(self):
        folder = os.path.join(ROOT, "examples", "hello-shell")
        code = zipped(dict(files(folder)), {"bootstrap": 0o755})
        function = self.example("shell", code, "function.handler")
        self.function_log(function, r"an event of 21 characters\n")
        failing = self.create(Runtime="provided.al2023", Handler="function.fails", Code={"ZipFile": code}, Timeout=10)
        response, payload = self.invoke(failing, {})
        self.assertEqual(response["FunctionError"], "Unhandled")
        self.assertEqual(payload, {"errorType": "Function.Failed", "errorMessage": "fails ended with status 3"})
