"""The Python runtime against a platform made for the test, over both transports.

Runs on the interpreter that it is started with; so does the runtime. `python3 test_runtime.py`
"""

import json
import os
import socket
import sys
import tempfile
import time
import unittest

import fake_platform
from cases import CASES, CLIENT_CONTEXT, FULL, JSON_LOGS, UNICODE
from fake_platform import ARN, REQUEST_ID, Event, Framed, Http

HERE = os.path.dirname(os.path.abspath(__file__))
FUNCTIONS = os.path.join(HERE, "functions")
RUNTIME = os.path.dirname(HERE)
COMMAND = [sys.executable, "-S", os.path.join(RUNTIME, "bootstrap.py")]
NBSP = "\u00a0"


def run(handler, *events, **options):
    """The outcome of a handler of app.py; the environment's additions are an option."""
    environment = {"_HANDLER": handler if "." in handler else "app." + handler, "LAMBDA_TASK_ROOT": FUNCTIONS}
    environment.update(options.pop("environment", {}))
    return fake_platform.run(COMMAND, list(events or [Event()]), environment=environment, cwd=FUNCTIONS, **options)


def answer(handler, *events, **options):
    """The one answer of a handler."""
    outcome = run(handler, *events, **options)
    assert len(outcome.answers) == 1, (outcome.answers, outcome.stderr)
    return outcome.answers[0]


class Case(unittest.TestCase):
    maxDiff = None

    def check_error(self, given, error_type, message, handler="error"):
        self.assertEqual((given.kind, given.error_type), (handler, error_type))
        self.assertEqual(list(given.json()), ["errorMessage", "errorType", "requestId", "stackTrace"])
        self.assertEqual((given.json()["errorType"], given.json()["errorMessage"]), (error_type, message))


class Results(Case):
    def check(self, handler, expected, **environment):
        self.assertEqual(answer(handler, environment=environment).body.decode(), expected)

    def test_text_keeps_its_characters_from_python3_12_on(self):
        expected = '{"statusCode": 200, "body": "hé ☃ 😀 \u2028 \u007f \\u0000 \\"\\\\/"}'
        self.check("constant", expected, **UNICODE)

    def test_text_is_ascii_before_python3_12(self):
        expected = '{"statusCode": 200, "body": "h\\u00e9 \\u2603 \\ud83d\\ude00 \\u2028 \\u007f \\u0000 \\"\\\\/"}'
        self.check("constant", expected, AWS_EXECUTION_ENV="AWS_Lambda_python3.11")

    def test_nothing_is_null(self):
        self.check("nothing", "null")

    def test_scalars(self):
        expected = '[null, true, false, 0, -1, 1180591620717411303424, 1.0, 1e+300, 1e-07, -0.0, "", 0.30000000000000004]'
        self.check("scalars", expected)

    def test_what_is_no_number(self):
        self.check("not_numbers", "[NaN, Infinity, -Infinity]")

    def test_decimals_are_bare_numbers(self):
        self.check("decimals", '{"price": 1.10, "nan": NaN, "big": 1E+5, "é": "é"}', **UNICODE)

    def test_named_tuples_are_objects(self):
        expected = '{"point": {"x": 1, "y": 2}, "plain": [1, 2], "nested": [{"x": "é", "y": {"x": null, "y": []}}], "empty": {}}'
        self.check("named_tuple", expected, **UNICODE)

    def test_keys_of_other_types(self):
        expected = '{"7": "int", "2.5": "float", "true": "bool", "null": "none", "bytes": "bytes", "red": 3}'
        self.check("keys", expected)

    def test_bytes_inside_are_text(self):
        self.check("nested_bytes", '{"text": "caf\\u00e9", "empties": [{}, [], [], ""]}')

    def test_bytes_go_out_untouched(self):
        self.assertEqual(answer("raw_bytes").body, b"\x00raw \xff bytes")

    def test_handlers_of_every_kind(self):
        self.check("an_instance", '{"called": "LambdaContext"}')
        self.check("a_lambda", '"lambda"')
        self.check("nested/inner.handler", '"nested"')
        self.check("nested.inner.handler", '"nested"')

    def test_marshal_errors(self):
        for handler, words in {
            "a_set": "Object of type set is not JSON serializable",
            "a_date": "Object of type date is not JSON serializable",
            "an_object": "Object of type object is not JSON serializable",
            "a_coroutine": "Object of type coroutine is not JSON serializable",
            "a_tuple_key": "keys must be str, int, float, bool or None, not tuple",
            "circular": "Circular reference detected",
            "circular_with_decimal": "Circular reference detected",
            "broken_bytes": "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        }.items():
            with self.subTest(handler):
                given = answer(handler)
                self.check_error(given, "Runtime.MarshalError", "Unable to marshal response: " + words)
                self.assertEqual(given.json()["stackTrace"], [])

    def test_half_a_surrogate_pair_is_an_error_and_not_the_end(self):
        outcome = run("lone_surrogate", Event(b'"\\ud800"'), Event(b"1"), environment=UNICODE)
        self.assertEqual([a.error_type for a in outcome.answers], ["Runtime.MarshalError", None])


class Errors(Case):
    def test_an_exception_with_its_trace(self):
        given = answer("raises")
        self.check_error(given, "Custom", "some error occurred")
        trace = given.json()["stackTrace"]
        self.assertEqual(len(trace), 1)
        self.assertRegex(trace[0], r'^  File ".*/functions/app.py", line \d+, in raises\n    raise Custom\("some error occurred"\)\n$')
        self.assertEqual(given.json()["requestId"], REQUEST_ID)

    def test_the_error_goes_to_the_log_as_one_event(self):
        (kind, micros, text), = run("raises_lines").frames
        self.assertEqual(kind, 0xA55A0017)
        self.assertLess(abs(micros / 1e6 - time.time()), 60)
        lines = text.split("\n")
        self.assertEqual(lines[:3], ["[ERROR] ValueError: first", "second\r", "third — é"])
        self.assertEqual(lines[3], "Traceback (most recent call last):")
        self.assertTrue(lines[4].startswith(NBSP * 2 + "File "), lines[4])
        self.assertTrue(lines[5].startswith(NBSP * 4 + "raise "), lines[5])

    def test_without_the_telemetry_descriptor_the_error_is_one_line(self):
        out = run("raises", telemetry=False).stdout.decode()
        self.assertEqual((out.count("\n"), out.count("\r")), (1, 3))
        self.assertTrue(out.startswith("[ERROR] Custom: some error occurred\rTraceback (most recent call last):\r" + NBSP), out)

    def test_an_error_as_json(self):
        (kind, _, text), = run("raises", environment=JSON_LOGS).frames
        record = json.loads(text)
        self.assertEqual(kind, 0xA55A0016)
        self.assertEqual(list(record), ["timestamp", "level", "errorMessage", "errorType", "requestId", "stackTrace"])

    def test_recursion_is_an_error(self):
        given = answer("recursion")
        self.assertEqual(given.error_type, "RecursionError")
        self.assertIn("more times]", given.json()["stackTrace"][-1])

    def test_a_handler_that_cannot_be_called_so(self):
        given = answer("wrong_arguments")
        self.check_error(given, "TypeError", "wrong_arguments() takes 0 positional arguments but 2 were given")
        self.assertIn("in handle_event_request\n    response = request_handler(event, lambda_context)\n", given.json()["stackTrace"][0])

    def test_the_next_event_is_served_after_an_error(self):
        outcome = run("raises_lines", Event(id="a"), Event(id="b"))
        self.assertEqual([a.request_id for a in outcome.answers], ["a", "b"])

    def test_events_and_contexts_that_are_no_json(self):
        self.assertEqual(answer("echo", Event(b"{")).error_type, "Runtime.UnmarshalError")
        given = answer("echo", Event(clientContext="{"))
        self.assertEqual(given.error_type, "Runtime.LambdaContextUnmarshalError")
        self.assertIn("Unable to parse Client Context JSON: ", given.json()["errorMessage"])

    def test_x_ray_learns_of_the_error_over_http(self):
        cause = json.loads(answer("raises", transport=Http).xray)
        self.assertEqual(list(cause), ["working_directory", "exceptions", "paths"])
        self.assertEqual(cause["exceptions"][0]["type"], "Custom")


class Init(Case):
    def check(self, handler, error_type, message):
        outcome = run(handler)
        self.assertEqual((len(outcome.answers), outcome.exit_code), (1, 1), outcome.stderr)
        self.check_error(outcome.answers[0], error_type, message, "init-error")
        self.assertEqual(outcome.answers[0].json()["requestId"], "")
        warning, error = outcome.frames
        self.assertRegex(warning[2], r"^\[WARNING\]\t[-\d]+T[:\d]+\.\d{3}Z\t\tLAMBDA_WARNING: Unhandled exception\. .*\r\n$")
        self.assertTrue(error[2].startswith("[ERROR] %s: %s" % (error_type, message)), error[2])
        return outcome

    def test_a_missing_module(self):
        self.check("missing.handler", "Runtime.ImportModuleError", "Unable to import module 'missing': No module named 'missing'")

    def test_a_missing_import(self):
        words = "Unable to import module 'broken/imports': No module named 'no_such_module_anywhere'"
        self.check("broken/imports.handler", "Runtime.ImportModuleError", words)

    def test_a_missing_function(self):
        self.check("app.missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'app'")

    def test_a_syntax_error(self):
        outcome = run("broken/syntax.handler")
        error = outcome.answers[0].json()
        self.assertEqual((outcome.exit_code, error["errorType"]), (1, "Runtime.UserCodeSyntaxError"))
        self.assertTrue(error["errorMessage"].startswith("Syntax error in module 'broken/syntax': "))
        self.assertRegex(error["stackTrace"][0], r'^  File ".*/syntax.py" Line 1\n    def handler')

    def test_a_built_in_module(self):
        self.check("sys.handler", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module")

    def test_a_handler_without_a_dot(self):
        words = "Bad handler 'nodot': not enough values to unpack (expected 2, got 1)"
        outcome = run("app.x", environment={"_HANDLER": "nodot"})
        self.check_error(outcome.answers[0], "Runtime.MalformedHandlerName", words, "init-error")

    def test_an_exception_at_import(self):
        outcome = self.check("broken/raises.handler", "RuntimeError", "at import: é")
        self.assertIn("in <module>", outcome.answers[0].json()["stackTrace"][-1])

    def test_an_exit_at_import_is_not_an_init_error(self):
        outcome = run("broken/exits.handler")
        self.assertEqual((outcome.answers, outcome.exit_code), ([], 7))

    def test_an_init_error_over_http(self):
        outcome = run("app.missing", transport=Http)
        self.assertEqual((outcome.answers[0].error_type, outcome.exit_code), ("Runtime.HandlerNotFound", 1))


class Exits(Case):
    def test_exits_end_the_process_with_their_code(self):
        for handler, body, code in (("exits", b'{"code":3}', 3), ("exits", b'{"code":0}', 0), ("calls_exit", b"{}", 4)):
            with self.subTest(handler, body=body):
                outcome = run(handler, Event(body))
                self.assertEqual((outcome.answers, outcome.exit_code), ([], code))

    def test_an_interrupt_is_no_error_of_the_invocation(self):
        outcome = run("interrupted")
        self.assertEqual((outcome.answers, outcome.exit_code), ([], -2))

    def test_the_last_words_of_a_dying_process_are_out(self):
        outcome = run("os_exits")
        self.assertEqual((outcome.stdout, outcome.exit_code), (b"last words", 9))

    def test_when_the_platform_closes_the_runtime_ends_well(self):
        self.assertEqual(run("echo").exit_code, 0)


class Context(Case):
    def test_a_full_context(self):
        given = answer("context_fields", Event(**FULL)).json()
        self.assertEqual(given["aws_request_id"], REQUEST_ID)
        self.assertEqual(given["invoked_function_arn"], ARN)
        self.assertEqual((given["memory_limit_in_mb"], given["function_version"]), ("128", "$LATEST"))
        self.assertEqual((given["identity"], given["tenant_id"]), (["id", "pool"], "tenant-1"))
        self.assertEqual((given["custom"], given["app"]), (CLIENT_CONTEXT["custom"], "app"))
        self.assertEqual(given["w3c"], {"traceparent": "00-1-2-01"})
        self.assertEqual(given["identity_repr"], "CognitoIdentity([cognito_identity_id=id,cognito_identity_pool_id=pool])")

    def test_a_bare_context(self):
        given = answer("context_fields").json()
        self.assertEqual((given["identity"], given["client"], given["tenant_id"]), ([None, None], None, None))

    def test_the_time_that_remains_is_never_negative(self):
        self.assertEqual(answer("remaining").json(), [True, True, 0])

    def test_the_trace_is_in_the_environment_of_its_invocation_only(self):
        outcome = run("environment", Event(traceId="Root=1"), Event(traceId="Root=2"), Event())
        traces = [a.json()["_X_AMZN_TRACE_ID"] for a in outcome.answers]
        self.assertEqual(traces, ["Root=1", "Root=2", None])

    def test_the_function_sees_no_telemetry_descriptor(self):
        self.assertIsNone(answer("environment").json()["_LAMBDA_TELEMETRY_LOG_FD"])

    def test_modules_are_found_as_in_lambda(self):
        given = answer("search_path").json()
        layers = ["/opt/python/lib/python%d.%d/site-packages" % sys.version_info[:2], "/opt/python"]
        self.assertEqual(given["path"][:4], [FUNCTIONS] + layers + [RUNTIME])
        self.assertEqual(given["path"][-2:], layers)
        self.assertEqual([d for d in given["path"][4:-2] if "-packages" in d], [])
        self.assertEqual((len(given["argv"]), given["pythonpath"]), (1, RUNTIME))

    def test_the_hosts_packages_stay_out_without_the_option_too(self):
        environment = {"_HANDLER": "app.search_path", "LAMBDA_TASK_ROOT": FUNCTIONS, "PYTHONPATH": "/var/task/vendor/site-packages"}
        outcome = fake_platform.run([sys.executable, COMMAND[-1]], [Event()], environment=environment, cwd=FUNCTIONS)
        given = outcome.answers[0].json()["path"]
        layers = ["/opt/python/lib/python%d.%d/site-packages" % sys.version_info[:2], "/opt/python"]
        self.assertEqual([d for d in given[:-2] if "-packages" in d], ["/var/task/vendor/site-packages"])
        self.assertEqual(given[-2:], layers)

    def test_a_pythonpath_of_the_customer_replaces_the_layers_at_the_front(self):
        given = answer("search_path", environment={"PYTHONPATH": "/opt/mine"}).json()
        self.assertEqual(given["path"][:3], [FUNCTIONS, RUNTIME, "/opt/mine"])


class Logs(Case):
    def test_print_is_raw(self):
        outcome = run("prints")
        expected = "one two 3\nno newline\né ☃\na\nb\nend\n"
        self.assertEqual((outcome.stdout.decode(), outcome.stderr, outcome.frames), (expected, b"to stderr\n", []))

    def test_text_records(self):
        frames = run("logs").frames
        self.assertEqual([kind for kind, _, _ in frames], [0xA55A0003] * 4)
        texts = [text for _, _, text in frames]
        self.assertRegex(texts[0], r"^\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t%s\ta warning\n$" % REQUEST_ID)
        self.assertTrue(texts[1].endswith("\ttwo\nlines\n"))
        self.assertTrue(texts[3].startswith("[Level 35]\t"))

    def test_text_records_with_a_level_carry_it_in_the_frame(self):
        frames = run("logs_levels", environment={"AWS_LAMBDA_LOG_LEVEL": "TRACE"}).frames
        self.assertEqual([kind & 0xFF for kind, _, _ in frames], [0x0B, 0x0F, 0x13, 0x17, 0x1B, 0x1B])

    def test_json_records(self):
        frames = run("logs", Event(tenantId="t"), environment=JSON_LOGS).frames
        self.assertEqual([hex(kind) for kind, _, _ in frames], ["0xa55a000e", "0xa55a0012", "0xa55a0016", "0xa55a001a", "0xa55a0012"])
        self.assertTrue(all(text.endswith("}\n") for _, _, text in frames))
        record = json.loads(frames[1][2])
        self.assertEqual(list(record), ["timestamp", "level", "message", "logger", "requestId", "tenantId"])
        self.assertEqual((record["level"], record["message"], record["logger"]), ("WARNING", "a warning", "root"))

    def test_json_records_of_objects_and_extras(self):
        (_, _, text), _ = run("logs_extra", environment=JSON_LOGS).frames
        record = json.loads(text)
        self.assertEqual(record["message"], {"a": 1, "when": "2026-01-02"})
        self.assertEqual((record["order"], record["é"], "stackTrace" in record), (7, "é", False))

    def test_json_records_of_exceptions(self):
        (_, _, text), = run("logs_exception", environment=JSON_LOGS).frames
        record = json.loads(text)
        self.assertEqual((record["errorType"], record["errorMessage"], record["message"]), ("Custom", "caught", "it failed: é"))
        self.assertRegex(record["location"], r"app\.py:logs_exception:\d+$")

    def test_a_formatter_of_the_function(self):
        (kind, _, text), = run("own_formatter", environment=JSON_LOGS).frames
        self.assertEqual((kind, text), (0xA55A0017, "own formatted %s\n" % REQUEST_ID))

    def test_context_log(self):
        self.assertEqual([text for _, _, text in run("logs_context").frames], ["context.log\n", "{'an': 'object'}"])


class Transports(Case):
    def test_every_case_is_the_same_over_both(self):
        for name in ("constant", "raises", "context, full", "traces", "state stays", "raw_bytes", "logs as json"):
            with self.subTest(name):
                handler, events, environment = CASES[name]
                framed = run(handler, *events, environment=environment)
                http = run(handler, *events, environment=environment, transport=Http)
                self.assertEqual([(a.kind, a.body) for a in framed.answers], [(a.kind, a.body) for a in http.answers])

    def test_large_events_and_results(self):
        for transport in (Framed, Http):
            with self.subTest(transport.__name__):
                data = "é" * 3_000_000
                given = run("size", Event(json.dumps({"data": data}).encode()), Event(b'{"data":"x"}'), transport=transport)
                self.assertEqual([a.json()["size"] for a in given.answers], [3_000_000, 1])

    def test_chunked_events(self):
        given = answer("echo", Event(b'{"a":[1,2,3]}'), transport=Http, chunked=True)
        self.assertEqual(given.json(), {"a": [1, 2, 3]})

    def test_a_platform_that_closes_after_each_exchange(self):
        outcome = run("counts", Event(), Event(), transport=Http, close_each=True)
        self.assertEqual([a.json() for a in outcome.answers], [1, 2])

    def test_a_refused_result_ends_the_process_as_in_lambda(self):
        outcome = run("echo", transport=Http, status=413)
        self.assertEqual(outcome.exit_code, 1)
        self.assertRegex(outcome.stderr, rb"\[ERROR\] \[\d{13}\] LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.")
        self.assertIn(b"RuntimeError: Failed to post invocation response", outcome.stderr)

    def test_another_address_is_spoken_to_although_the_socket_is_there(self):
        # A socket that nobody serves: whoever took it would wait for ever.
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "idle.sock")
            with socket.socket(socket.AF_UNIX) as idle:
                idle.bind(path)
                idle.listen(1)
                environment = {"_HANDLER": "app.echo", "LAMBDA_TASK_ROOT": FUNCTIONS}
                outcome = fake_platform.run(COMMAND + ["--socket", path], [Event(b"5")], Http, environment, cwd=FUNCTIONS)
        self.assertEqual(outcome.answers[0].body, b"5")


if __name__ == "__main__":
    unittest.main()
