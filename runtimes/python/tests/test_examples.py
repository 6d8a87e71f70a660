"""The examples of this repository, each under the runtime that it is for."""

import os
import shutil
import sys
import unittest

import fake_platform
from fake_platform import Event, Framed, Http

RUNTIMES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(os.path.dirname(RUNTIMES), "examples")
HELLO = {"statusCode": 200, "body": "Hello from Lambda!"}


def run(example, handler, command, transport, *events):
    root = os.path.join(EXAMPLES, example)
    environment = {"_HANDLER": handler, "LAMBDA_TASK_ROOT": root}
    return fake_platform.run(command(root), list(events or [Event()]), transport, environment, telemetry=False, cwd=root)


class Examples(unittest.TestCase):
    def test_hello_python(self):
        command = [sys.executable, "-S", os.path.join(RUNTIMES, "python", "bootstrap.py")]
        outcome = run("hello-python", "lambda_function.lambda_handler", lambda root: command, Framed)
        self.assertEqual(outcome.answers[0].json(), HELLO)
        self.assertIn(b"[INFO]\t", outcome.stdout)

    @unittest.skipUnless(shutil.which("node"), "there is no node here")
    def test_hello_nodejs(self):
        command = [shutil.which("node"), os.path.join(RUNTIMES, "nodejs", "bootstrap.cjs")]
        outcome = run("hello-nodejs", "index.handler", lambda root: command, Framed)
        self.assertEqual(outcome.answers[0].json(), HELLO)

    def shell(self, handler, *events):
        return run("hello-shell", handler, lambda root: [os.path.join(root, "bootstrap")], Http, *events)

    def test_hello_shell(self):
        outcome = self.shell("function.handler", Event(b'{"a":"b"}'), Event(b"x" * 200_000))
        self.assertEqual([a.json() for a in outcome.answers], [HELLO, HELLO])
        self.assertEqual(outcome.stderr, b"an event of 9 characters\nan event of 200000 characters\n")

    def test_a_shell_function_that_fails(self):
        outcome = self.shell("function.fails", Event(id="a"), Event(id="b"))
        self.assertEqual([(a.kind, a.request_id) for a in outcome.answers], [("error", "a"), ("error", "b")])
        self.assertEqual(outcome.answers[0].json()["errorMessage"], "fails ended with status 3")

    def test_a_shell_function_that_is_not_there(self):
        outcome = self.shell("function.missing")
        self.assertEqual((outcome.answers[0].kind, outcome.exit_code), ("init-error", 1))


if __name__ == "__main__":
    unittest.main()
