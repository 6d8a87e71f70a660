"""The Ruby runtime under a platform that the tests make: both transports, the bytes of its logs, and how it ends."""

import os
import shutil
import sys
import unittest

RUBY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(RUBY), "python", "tests"))

import fake_platform  # noqa: E402
from fake_platform import Event, Framed, Http  # noqa: E402

FUNCTIONS = os.path.join(RUBY, "tests", "functions")


class Runtime(unittest.TestCase):
    def run_with(self, handler, *events, transport=Framed, environment=None, **options):
        command = [shutil.which("ruby"), os.path.join(RUBY, "bootstrap.rb")]
        environment = {"_HANDLER": handler, "PATH": os.environ["PATH"], **(environment or {})}
        return fake_platform.run(command, list(events or [Event()]), transport, environment, cwd=FUNCTIONS, **options)

    def over_both(self, handler, *events):
        ways = [(Framed, {}), (Http, {}), (Http, {"chunked": True}), (Http, {"close_each": True})]
        return [self.run_with(handler, *events, transport=transport, **options) for transport, options in ways]

    def test_events_are_answered_one_after_another(self):
        events = [Event('{"a":"é☃"}'.encode(), id="a"), Event(b"null", id="b"), Event(b'"' + b"x" * 300_000 + b'"', id="c")]
        for outcome in self.over_both("app.echo", *events):
            self.assertEqual([(a.kind, a.request_id) for a in outcome.answers], [("response", id) for id in "abc"])
            self.assertEqual([a.json() for a in outcome.answers], [{"a": "é☃"}, None, "x" * 300_000])

    def test_errors_are_told_and_the_next_event_comes(self):
        for outcome in self.over_both("app.fails", Event(id="a"), Event(id="b")):
            self.assertEqual([(a.kind, a.error_type) for a in outcome.answers], [("error", "Function<ArgumentError>")] * 2)
            self.assertEqual(outcome.answers[0].json()["errorMessage"], "failed é \ufffd")

    def test_what_no_process_outlives_ends_it_after_it_was_told(self):
        for outcome in self.over_both("app.exits"):
            self.assertEqual([(a.kind, a.error_type) for a in outcome.answers], [("error", "Function<SystemExit>")])
            self.assertEqual(outcome.exit_code, 255)

    def test_a_handler_that_cannot_be_loaded_is_an_error_of_init(self):
        for outcome in self.over_both("missing.handler"):
            self.assertEqual([(a.kind, a.error_type) for a in outcome.answers], [("init-error", "Init<LoadError>")])
            self.assertEqual(outcome.exit_code, 252)

    def test_bytes_are_sent_as_they_are(self):
        for outcome in self.over_both("app.bytes"):
            self.assertEqual(outcome.answers[0].body, b"\x00\xff")

    def test_it_ends_when_the_platform_does(self):
        self.assertEqual(self.run_with("app.echo").exit_code, 0)

    def test_records_are_frames_and_the_rest_is_raw(self):
        told = {"clientContext": '{"custom":{"k":"é"}}', "cognitoIdentity": '{"cognitoIdentityId":"i"}', "tenantId": "t"}
        outcome = self.run_with("app.told", Event(traceId="Root=1", **told))
        self.assertEqual(outcome.answers[0].json(), [{"custom": {"k": "é"}}, {"cognitoIdentityId": "i"}, "t", "Root=1"])
        (plain, _, text), (error, _, line) = outcome.frames
        self.assertEqual((plain, text), (0xA55A0003, "two\nlines\n"))
        self.assertEqual(error, 0xA55A0017)
        self.assertRegex(line, r"^E, \[[^ ]+ #\d+\] ERROR [0-9a-f-]{36} -- : an error\n$")
        self.assertEqual(outcome.stdout, b"raw")

    def test_json_is_told_as_json(self):
        outcome = self.run_with("app.told", environment={"AWS_LAMBDA_LOG_FORMAT": "JSON"})
        self.assertEqual(outcome.frames[1][0], 0xA55A0016)
        self.assertIn('"message":"an error"', outcome.frames[1][2])


if __name__ == "__main__":
    unittest.main()
