"""Invocations: answers, headers, logs, errors and what an environment is like (oracle, sections 2 and 3)."""

import base64
import concurrent.futures
import json
import math
import re
import shutil
import unittest

import harness
from harness import REGION, python_zip, zipped

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

# Answers what the event asks for, so that one function serves many tests.
TOOLBOX = """
    import json, os, signal, sys, time

    print("module loaded")
    COUNT = 0

    def handler(event, context):
        global COUNT
        COUNT += 1
        return globals()["do_" + event["do"]](event, context)

    def do_count(event, context):
        return COUNT

    def do_environment(event, context):
        return dict(os.environ)

    def do_context(event, context):
        client = context.client_context
        return {
            "function_name": context.function_name,
            "function_version": context.function_version,
            "invoked_function_arn": context.invoked_function_arn,
            "memory_limit_in_mb": context.memory_limit_in_mb,
            "aws_request_id": context.aws_request_id,
            "log_group_name": context.log_group_name,
            "log_stream_name": context.log_stream_name,
            "remaining": context.get_remaining_time_in_millis(),
            "client": client and {"custom": client.custom, "env": client.env},
        }

    def do_print(event, context):
        print(event["text"])
        return len(event["text"])

    def do_raise(event, context):
        raise ValueError(event["text"])

    def do_exit(event, context):
        os._exit(event["status"])

    def do_kill(event, context):
        os.kill(os.getpid(), signal.SIGKILL)

    def do_sleep(event, context):
        started = time.time()
        time.sleep(event["seconds"])
        return [started, time.time()]

    def do_big(event, context):
        return "x" * event["bytes"]

    def do_unserializable(event, context):
        return {1, 2}

    def do_nothing(event, context):
        pass

    def do_write(event, context):
        with open(event["path"], "a") as file:
            file.write("x")
        return os.path.getsize(event["path"])

    def do_try(event, context):
        outcomes = {}
        for code in event["codes"]:
            try:
                outcomes[code] = repr(eval(code, {"os": os, "open": open}))
            except Exception as error:
                outcomes[code] = type(error).__name__
        return outcomes

    def do_eat(event, context):
        blocks = []
        while True:
            blocks.append(b"x" * (8 << 20))
"""


class Toolbox(harness.Case):
    """A case with a function of its own made of TOOLBOX; CONFIGURATION is its further parameters."""

    CONFIGURATION = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.function = cls().create(TOOLBOX, **{"Timeout": 10, **cls.CONFIGURATION})

    def do(self, what, **event):
        return self.result(self.function, {"do": what, **event})

    def failure(self, what, **event):
        """The error object of an invocation that fails; the call itself succeeds."""
        response, payload = self.invoke(self.function, {"do": what, **event})
        self.assertEqual(response["StatusCode"], 200)
        self.assertEqual(response.get("FunctionError"), "Unhandled", payload)
        return response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"], payload


class Answers(Toolbox):
    def test_a_request_gets_its_response(self):
        response, payload = self.invoke(self.function, {"do": "context"})
        self.assertEqual((response["StatusCode"], response["ExecutedVersion"]), (200, "$LATEST"))
        self.assertNotIn("FunctionError", response)
        self.assertNotIn("LogResult", response)
        request_id = response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
        self.assertRegex(request_id, f"^{UUID}$")
        self.assertEqual(payload["aws_request_id"], request_id)

    def test_a_dry_run_runs_nothing(self):
        before = self.do("count")
        response, payload = self.invoke(self.function, {"do": "count"}, InvocationType="DryRun")
        self.assertEqual((response["StatusCode"], payload), (204, None))
        self.assertNotIn("content-type", response["ResponseMetadata"]["HTTPHeaders"])
        self.assertNotIn("ExecutedVersion", response)
        self.assertEqual(self.do("count"), before + 1)

    def test_an_event_is_accepted_and_then_runs(self):
        marker = self.name("marker")
        response, payload = self.invoke(self.function, {"do": "print", "text": marker}, InvocationType="Event")
        self.assertEqual((response["StatusCode"], payload), (202, None))
        self.assertNotIn("content-type", response["ResponseMetadata"]["HTTPHeaders"])
        self.assertNotIn("ExecutedVersion", response)
        log = self.function_log(self.function, marker)
        request_id = response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
        self.assertIn(f"START RequestId: {request_id} Version: $LATEST\n", log)

    def test_no_payload_is_an_empty_event(self):
        name = self.create("def handler(event, context): return event")
        self.assertEqual(self.result(name), {})

    def test_every_kind_of_json_goes_in_and_out(self):
        name = self.create("def handler(event, context): return event")
        for event in [None, True, 0, -1.5, "", "é\u2028\U0001f600", [], [1, [2]], {"a": {"b": []}}, "x" * 100_000]:
            response = self.lambda_.invoke(FunctionName=name, Payload=json.dumps(event))
            self.assertEqual(json.loads(response["Payload"].read()), event)

    def test_nothing_returned_is_null(self):
        response = self.lambda_.invoke(FunctionName=self.function, Payload=json.dumps({"do": "nothing"}))
        self.assertEqual(response["Payload"].read(), b"null")

    def test_the_tail_of_the_log_comes_on_request(self):
        response, _ = self.invoke(self.function, {"do": "print", "text": "a line"}, LogType="Tail")
        log = base64.b64decode(response["LogResult"]).decode()
        request_id = response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
        self.assertIn(f"START RequestId: {request_id} Version: $LATEST\na line\nEND RequestId: {request_id}\n", log)
        report = (
            rf"REPORT RequestId: {request_id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
            r"Memory Size: 128 MB\tMax Memory Used: \d+ MB\t"
        )
        self.assertRegex(log, report)

    def test_the_tail_is_four_kilobytes(self):
        response, _ = self.invoke(self.function, {"do": "print", "text": "y" * 10_000}, LogType="Tail")
        log = base64.b64decode(response["LogResult"])
        self.assertLessEqual(len(log), 4096)
        self.assertIn(b"\nREPORT RequestId: ", log)

    def test_a_cold_start_bills_its_init(self):
        name = self.create("import time\ntime.sleep(0.3)\ndef handler(event, context): pass")
        logs = []
        for _ in range(2):
            response, _ = self.invoke(name, LogType="Tail")
            logs.append(base64.b64decode(response["LogResult"]).decode())
        cold, warm = logs
        number = {
            field: float(re.search(rf"{field}: ([0-9.]+) ms", cold).group(1))
            for field in ["Init Duration", "\tDuration", "Billed Duration"]
        }
        self.assertGreaterEqual(number["Init Duration"], 300)
        self.assertEqual(number["Billed Duration"], math.ceil(number["\tDuration"] + number["Init Duration"]))
        self.assertNotIn("Init Duration", warm)

    def test_the_init_log_says_which_runtime(self):
        name = self.create()
        self.result(name)
        log = self.function_log(name, "REPORT RequestId")
        self.assertRegex(
            log, rf"^INIT_START Runtime Version: [^\t]+\tRuntime Version ARN: arn:aws:lambda:{REGION}::runtime:\w+\s*\n"
        )

    def test_a_line_printed_in_init_is_logged(self):
        self.do("count")
        self.function_log(self.function, r"module loaded")


class Context(Toolbox):
    CONFIGURATION = {"MemorySize": 256, "Timeout": 20}

    def test_it_says_what_the_function_is(self):
        context = self.do("context")
        self.assertEqual(context["function_name"], self.function)
        self.assertEqual(context["function_version"], "$LATEST")
        self.assertEqual(context["memory_limit_in_mb"], "256")
        self.assertEqual(context["log_group_name"], f"/aws/lambda/{self.function}")
        self.assertRegex(context["log_stream_name"], r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        self.assertIsNone(context["client"])

    def test_time_runs_out_from_the_timeout_on(self):
        self.assertTrue(18_000 < self.do("context")["remaining"] <= 20_000)

    def test_the_arn_has_the_qualifier_that_the_caller_used(self):
        event = {"do": "context"}
        arn = self.arn(self.function)
        self.assertEqual(self.result(self.function, event)["invoked_function_arn"], arn)
        self.assertEqual(self.result(arn, event)["invoked_function_arn"], arn)
        latest = f"{arn}:$LATEST"
        self.assertEqual(self.result(self.function, event, Qualifier="$LATEST")["invoked_function_arn"], latest)
        self.assertEqual(self.result(f"{self.function}:$LATEST", event)["invoked_function_arn"], latest)

    def test_the_clients_context_goes_through(self):
        client = {"custom": {"a": "é"}, "env": {"locale": "de"}, "client": {"app_title": "t"}}
        encoded = base64.b64encode(json.dumps(client).encode()).decode()
        context = self.result(self.function, {"do": "context"}, ClientContext=encoded)
        self.assertEqual(context["client"], {"custom": {"a": "é"}, "env": {"locale": "de"}})


class Errors(Toolbox):
    def test_an_exception_is_told(self):
        request_id, payload = self.failure("raise", text="as you wish")
        self.assertEqual((payload["errorMessage"], payload["errorType"]), ("as you wish", "ValueError"))
        self.assertEqual(payload["requestId"], request_id)
        self.assertRegex(payload["stackTrace"][-1], r'File "/var/task/app\.py", line \d+, in do_raise\n')
        self.assertEqual(set(payload), {"errorMessage", "errorType", "requestId", "stackTrace"})

    def test_an_exception_is_logged(self):
        marker = self.name("marker")
        self.failure("raise", text=marker)
        log = self.function_log(self.function, marker)
        self.assertIn(f"[ERROR] ValueError: {marker}\nTraceback (most recent call last):\n", log)

    def test_after_an_exception_the_environment_goes_on(self):
        before = self.do("count")
        self.failure("raise", text="x")
        self.assertEqual(self.do("count"), before + 2)

    def test_an_exit_without_an_answer(self):
        request_id, payload = self.failure("exit", status=0)
        message = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
        self.assertEqual(payload, {"errorType": "Runtime.ExitError", "errorMessage": message})

    def test_an_exit_with_a_status(self):
        request_id, payload = self.failure("exit", status=127)
        message = f"RequestId: {request_id} Error: Runtime exited with error: exit status 127"
        self.assertEqual(payload, {"errorType": "Runtime.ExitError", "errorMessage": message})

    def test_a_kill(self):
        request_id, payload = self.failure("kill")
        message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
        self.assertEqual(payload, {"errorType": "Runtime.ExitError", "errorMessage": message})

    def test_after_a_crash_the_function_starts_anew(self):
        self.failure("exit", status=1)
        self.assertEqual(self.do("count"), 1)

    def test_a_response_that_is_too_big(self):
        self.assertEqual(len(self.do("big", bytes=6_291_000)), 6_291_000)
        _, payload = self.failure("big", bytes=6_300_000)
        message = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
        self.assertEqual(payload, {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"})

    def test_a_response_that_is_no_json(self):
        _, payload = self.failure("unserializable")
        self.assertEqual(payload["errorType"], "Runtime.MarshalError")
        self.assertIn("Unable to marshal response", payload["errorMessage"])

    def load_failure(self, handler, source="def handler(event, context): pass"):
        response, payload = self.invoke(self.create(source, Handler=handler))
        self.assertEqual(response.get("FunctionError"), "Unhandled")
        return payload

    def test_a_missing_module(self):
        payload = self.load_failure("nothing.handler")
        self.assertEqual(payload["errorType"], "Runtime.ImportModuleError")
        self.assertEqual(payload["errorMessage"], "Unable to import module 'nothing': No module named 'nothing'")

    def test_a_missing_handler(self):
        payload = self.load_failure("app.nothing")
        self.assertEqual(payload["errorType"], "Runtime.HandlerNotFound")
        self.assertEqual(payload["errorMessage"], "Handler 'nothing' missing on module 'app'")

    def test_code_that_does_not_parse(self):
        self.assertEqual(self.load_failure("app.handler", "def handler(")["errorType"], "Runtime.UserCodeSyntaxError")

    def test_code_that_fails_to_load(self):
        payload = self.load_failure("app.handler", "raise RuntimeError('at load')")
        self.assertEqual((payload["errorType"], payload["errorMessage"]), ("RuntimeError", "at load"))
        self.assertEqual(payload["requestId"], "")


class Initialization(harness.Case):
    def test_an_init_of_more_than_ten_seconds_is_tried_again_inside_of_the_event(self):
        source = """
import os, time
if not os.path.exists("/tmp/tried"):
    open("/tmp/tried", "w").close()
    time.sleep(60)
def handler(event, context):
    return "ready"
"""
        name = self.create(source, Timeout=15)
        response = self.lambda_.invoke(FunctionName=name, LogType="Tail")
        self.assertEqual(json.loads(response["Payload"].read()), "ready")
        log = self.function_log(name, "REPORT ")
        self.assertRegex(log, r"INIT_REPORT Init Duration: 10000\.00 ms\tPhase: init\tStatus: timeout")
        self.assertNotIn("\tInit Duration", log)


class Timeouts(Toolbox):
    CONFIGURATION = {"Timeout": 1}

    def test_a_function_that_takes_too_long(self):
        request_id, payload = self.failure("sleep", seconds=30)
        message = f"RequestId: {request_id} Error: Task timed out after 1.00 seconds"
        self.assertEqual(payload, {"errorType": "Sandbox.Timedout", "errorMessage": message})
        log = self.function_log(self.function, rf"REPORT RequestId: {request_id}.*Status: timeout")
        self.assertIn(f"{request_id} Task timed out after 1.00 seconds", log)

    def test_after_it_files_are_left_and_variables_are_not(self):
        path = f"/tmp/{self.name()}"
        self.do("write", path=path)
        self.failure("sleep", seconds=30)
        self.assertEqual(self.do("write", path=path), 2)
        self.assertEqual(self.do("count"), 2)

    def test_a_busy_loop_is_ended_too(self):
        name = self.create("def handler(event, context):\n    while True: pass", Timeout=1)
        _, payload = self.invoke(name)
        self.assertEqual(payload["errorType"], "Sandbox.Timedout")


class Memory(Toolbox):
    CONFIGURATION = {"MemorySize": 128, "Timeout": 30}

    def test_the_report_tells_the_most_there_ever_was(self):
        source = """
            import os
            def handler(event, context):
                held = bytearray(120 << 20)
                for at in range(0, len(held), 4096):
                    held[at] = 1
                del held
                if event["die"]:
                    os._exit(1)
        """
        for die in (False, True):
            with self.subTest(die=die):
                name = self.create(source, MemorySize=256, Timeout=30)
                self.invoke(name, {"die": die})
                used = int(re.search(r"Max Memory Used: (\d+) MB", self.function_log(name, "REPORT RequestId"))[1])
                self.assertTrue(120 <= used <= 160, used)

    def test_too_much_memory_ends_the_environment(self):
        request_id, payload = self.failure("eat")
        self.assertEqual(payload["errorType"], "Runtime.OutOfMemory")
        message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
        self.assertEqual(payload["errorMessage"], message)

    def test_the_function_recovers(self):
        self.failure("eat")
        self.assertEqual(self.do("count"), 1)

    def test_with_more_memory_the_same_succeeds(self):
        """The control: it is the limit that kills, not the allocation."""
        source = "def handler(event, context): return len(b'x' * (200 << 20))"
        self.assertEqual(self.result(self.create(source, MemorySize=512)), 200 << 20)
        _, payload = self.invoke(self.create(source, MemorySize=128))
        self.assertEqual(payload["errorType"], "Runtime.OutOfMemory")


class Environments(Toolbox):
    CONFIGURATION = {"Environment": {"Variables": {"MINE": "é = value", "EMPTY": ""}}}

    def test_an_environment_serves_one_event_after_another(self):
        first = self.do("count")
        self.assertEqual([self.do("count") for _ in range(3)], [first + 1, first + 2, first + 3])

    def test_tmp_stays(self):
        path = f"/tmp/{self.name()}"
        self.assertEqual([self.do("write", path=path) for _ in range(3)], [1, 2, 3])

    def test_events_at_the_same_time_have_environments_of_their_own(self):
        name = self.create(TOOLBOX, Timeout=30)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            spans = list(pool.map(lambda _: self.result(name, {"do": "sleep", "seconds": 2}), range(4)))
        self.assertLess(max(start for start, _ in spans), min(end for _, end in spans))

    def test_the_variables_are_lambdas_and_mine(self):
        found = self.do("environment")
        expected = {
            "MINE": "é = value",
            "EMPTY": "",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_LAMBDA_FUNCTION_NAME": self.function,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.function}",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{harness.PYTHON}",
            "LAMBDA_TASK_ROOT": "/var/task",
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_HANDLER": "app.handler",
        }
        self.assertEqual({name: found.get(name) for name in expected}, expected)
        self.assertRegex(found["AWS_LAMBDA_LOG_STREAM_NAME"], r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        self.assertIn("AWS_LAMBDA_RUNTIME_API", found)
        self.assertIn("_X_AMZN_TRACE_ID", found)

    def test_the_programs_own_secrets_stay_outside(self):
        found = self.do("environment")
        self.assertEqual([name for name in found if name.startswith("LAMBDAD_")], [])
        self.assertNotIn(harness.ROOT_SECRET, found.values())

    def test_the_credentials_are_the_roles(self):
        found = self.do("environment")
        self.assertTrue(found["AWS_ACCESS_KEY_ID"].startswith("ASIA"))
        sts = self.server.client(
            "sts", found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"]
        )
        arn = f"arn:aws:sts::{self.account}:assumed-role/execution/{self.function}"
        self.assertEqual(sts.get_caller_identity()["Arn"], arn)

    def test_what_it_may_not_touch(self):
        codes = [
            "os.getuid() != 0",
            "os.getcwd()",
            "open('/var/task/app.py', 'a')",
            "open('/etc/passwd', 'a')",
            "open('/opt/file', 'w')",
            "os.chmod('/var/task/app.py', 0o777)",
            "os.setuid(0)",
            f"os.listdir({self.server.data_dir!r})",
            "sorted(pid for pid in os.listdir('/proc') if pid.isdigit() and int(pid) > 1000)",
        ]
        outcomes = self.do("try", codes=codes)
        self.assertEqual(outcomes[codes[0]], "True")
        self.assertEqual(outcomes[codes[1]], "'/var/task'")
        for code in codes[2:8]:
            self.assertIn(outcomes[code], ["OSError", "PermissionError", "FileNotFoundError"], code)
        self.assertEqual(outcomes[codes[8]], "[]", "other processes are seen")


BOOTSTRAP = """#!/bin/sh
set -eu
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
. "$LAMBDA_TASK_ROOT/$(echo "$_HANDLER" | cut -d. -f1).sh"
while :; do
    headers=$(mktemp)
    event=$(curl -sS -D "$headers" "$api/invocation/next")
    id=$(grep -i '^lambda-runtime-aws-request-id:' "$headers" | tr -d '\\r' | cut -d' ' -f2)
    if answer=$("$(echo "$_HANDLER" | cut -d. -f2)" "$event"); then
        curl -sS -o /dev/null -d "$answer" "$api/invocation/$id/response"
    else
        curl -sS -o /dev/null -H 'Lambda-Runtime-Function-Error-Type: Function.Shell' \\
            -d '{"errorType": "Function.Shell", "errorMessage": "refused"}' "$api/invocation/$id/error"
    fi
done
"""
SHELL = """
handler() {
    case "$1" in
    *refuse*) return 1 ;;
    *) echo "a line from the shell" >&2; printf '{"shell": %s}' "$1" ;;
    esac
}
"""


class Provided(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        code = zipped({"bootstrap": BOOTSTRAP, "function.sh": SHELL}, {"bootstrap": 0o755})
        parameters = {"Runtime": "provided.al2023", "Handler": "function.handler", "Code": {"ZipFile": code}}
        cls.function = cls().create(Timeout=10, **parameters)

    def test_a_shell_script_is_a_runtime(self):
        self.assertEqual(self.result(self.function, {"a": [1]}), {"shell": {"a": [1]}})
        self.assertEqual(self.result(self.function, 2), {"shell": 2})
        self.function_log(self.function, "a line from the shell")

    def test_its_errors_are_the_callers(self):
        response, payload = self.invoke(self.function, "refuse")
        self.assertEqual(response["FunctionError"], "Unhandled")
        self.assertEqual(payload, {"errorType": "Function.Shell", "errorMessage": "refused"})

    def test_a_bootstrap_that_ends_at_once(self):
        code = zipped({"bootstrap": "#!/bin/sh\nexit 3\n"}, {"bootstrap": 0o755})
        name = self.create(Runtime="provided.al2023", Code={"ZipFile": code})
        _, payload = self.invoke(name)
        self.assertEqual(payload["errorType"], "Runtime.ExitError")
        self.assertRegex(payload["errorMessage"], r"^RequestId: \S+ Error: Runtime exited with error: exit status 3$")

    def test_a_zip_without_a_bootstrap(self):
        name = self.create(Runtime="provided.al2023", Code={"ZipFile": zipped({"readme": "x"})})
        _, payload = self.invoke(name)
        self.assertEqual(payload["errorType"], "Runtime.InvalidEntrypoint")


NODE = """
let count = 0;
exports.handler = async (event, context) => {
    count += 1;
    if (event.fail) throw new TypeError(event.fail);
    console.log("a line from node");
    return { count, event, name: context.functionName, left: context.getRemainingTimeInMillis() };
};
"""


@unittest.skipUnless(shutil.which("node"), "this host has no Node.js for functions to run on")
class Node(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        parameters = {"Runtime": "nodejs22.x", "Handler": "index.handler"}
        cls.function = cls().create(Code={"ZipFile": zipped({"index.js": NODE})}, **parameters)

    def test_a_handler_in_node(self):
        first, second = (self.result(self.function, {"n": n}) for n in (1, 2))
        self.assertEqual((second["event"], second["name"]), ({"n": 2}, self.function))
        self.assertEqual(second["count"], first["count"] + 1)
        self.assertTrue(0 < second["left"] <= 3000)
        self.assertRegex(
            self.function_log(self.function, "a line from node"),
            rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{UUID}\tINFO\ta line from node\n",
        )

    def test_an_exception_in_node(self):
        response, payload = self.invoke(self.function, {"fail": "as you wish"})
        self.assertEqual(response["FunctionError"], "Unhandled")
        self.assertEqual((payload["errorType"], payload["errorMessage"]), ("TypeError", "as you wish"))
        self.assertEqual(payload["trace"][0], "TypeError: as you wish")

    def test_an_es_module(self):
        code = zipped({"index.mjs": "export const handler = async (event) => ({ esm: event });"})
        name = self.create(Runtime="nodejs22.x", Handler="index.handler", Code={"ZipFile": code})
        self.assertEqual(self.result(name, 1), {"esm": 1})


class Updates(harness.Case):
    def test_code_and_configuration_change_under_a_warm_function(self):
        name = self.create("import os\ndef handler(event, context): return ['old', os.environ.get('NAME')]")
        self.assertEqual(self.result(name), ["old", None])
        code = python_zip("import os\ndef handler(event, context): return ['new', os.environ.get('NAME')]")
        self.lambda_.update_function_code(FunctionName=name, ZipFile=code)
        self.wait_updated(name)
        self.assertEqual(self.result(name), ["new", None])
        self.lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": {"NAME": "n"}})
        self.wait_updated(name)
        self.assertEqual(self.result(name), ["new", "n"])
