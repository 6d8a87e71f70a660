"""How lambdad ends, and when it does not begin at all."""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import harness
from harness import Server, until

SLEEPER = """
    import time
    def handler(event, context):
        print("began", event["name"], flush=True)
        time.sleep(event["seconds"])
        return "ended"
"""

STREAMER = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
    console.log("began", event.name);
    stream.write("first");
    await new Promise((resume) => setTimeout(resume, event.seconds * 1000));
    for (let i = 0; i < event.pieces; i++) {
        if (!stream.write("x".repeat(65536))) await new Promise((resume) => stream.once("drain", resume));
    }
    stream.end("last");
});
"""


class Drain(harness.Case):
    @classmethod
    def setUpClass(cls):
        """Each test has a server, since each ends one."""

    def setUp(self):
        self.data_dir = tempfile.mkdtemp(prefix="lambdad-drain-")
        self.addCleanup(shutil.rmtree, self.data_dir, ignore_errors=True)

    def serve(self, *arguments):
        server = Server(*arguments, data_dir=self.data_dir)
        self.addCleanup(lambda: server.process.poll() is None and server.kill())
        self.server, self.lambda_, self.logs = server, server.client("lambda"), server.client("logs")
        return server

    def begin(self, *arguments):
        server = self.serve(*arguments)
        self.role = server.make_role("execution")
        return server

    def refuses(self, server):
        host, port = server.endpoint.removeprefix("http://").split(":")
        try:
            socket.create_connection((host, int(port)), 1).close()
        except OSError:
            return True
        return False

    def test_what_runs_ends_with_its_answer_and_nothing_new_begins(self):
        server = self.begin()
        name = self.create(SLEEPER, MemorySize=128, Timeout=30)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            running = pool.submit(self.result, name, {"name": "first", "seconds": 4})
            self.function_log(name, "began first")
            stopping = pool.submit(server.stop)
            until(lambda: self.refuses(server), 2, "the refusal of new connections")
            self.assertFalse(running.done(), "it was to be in the middle")
            self.assertEqual(running.result(), "ended")
            self.assertEqual(stopping.result(), 0)

    def streamer(self):
        code = {"ZipFile": harness.zipped({"index.js": STREAMER})}
        return self.create(Runtime="nodejs22.x", Handler="index.handler", Code=code, Timeout=60)

    def test_an_answer_that_streams_is_streamed_to_its_end(self):
        server = self.begin()
        event = json.dumps({"name": "first", "seconds": 7, "pieces": 0})
        response = self.lambda_.invoke_with_response_stream(FunctionName=self.streamer(), Payload=event)
        events = iter(response["EventStream"])
        self.assertEqual(next(events), {"PayloadChunk": {"Payload": b"first"}})
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            stopping = pool.submit(server.stop)
            until(lambda: self.refuses(server), 2, "the refusal of new connections")
            self.assertEqual(list(events), [{"PayloadChunk": {"Payload": b"last"}}, {"InvokeComplete": {}}])
            self.assertEqual(stopping.result(), 0)

    def test_a_client_that_takes_no_more_of_its_stream_does_not_hold_up_the_end(self):
        server = self.begin()
        name = self.streamer()
        body = json.dumps({"name": "stuck", "seconds": 0, "pieces": 1600}).encode()
        target = f"/2021-11-15/functions/{name}/response-streaming-invocations"
        host = server.endpoint.removeprefix("http://")
        headers = harness.sign_v4("POST", target, {"host": host, "content-length": str(len(body))}, body)
        head = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
        with socket.create_connection(host.split(":")) as caller:
            caller.sendall(f"POST {target} HTTP/1.1\r\n{head}\r\n".encode() + body)
            self.function_log(name, r"began stuck")
            started = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - started, 20)

    def test_told_twice_it_waits_for_nothing(self):
        server = self.begin()
        name = self.create(SLEEPER, MemorySize=128, Timeout=300)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            running = pool.submit(self.result, name, {"name": "long", "seconds": 250})
            self.function_log(name, "began long")
            server.process.send_signal(signal.SIGINT)
            until(lambda: "closing: running invocations end" in server.log(), 10, "the first one to be heard")
            self.assertIsNone(server.process.poll(), "it was to wait for its invocation")
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.wait(10), 130)
            self.assertIsNotNone(running.exception(10), "nobody can have answered")
        # All is as after a power cut: the next one finds the function, and nothing in its way.
        self.serve()
        self.assertEqual(self.result(name, {"name": "again", "seconds": 0}), "ended")
        self.server.stop()

    def test_a_caller_who_went_away_does_not_keep_its_event_from_ending(self):
        server = self.begin()
        name = self.create(SLEEPER, MemorySize=128, Timeout=30)
        target = f"/2015-03-31/functions/{name}/invocations"
        body = b'{"name": "alone", "seconds": 3}'
        host = server.endpoint.removeprefix("http://")
        headers = harness.sign_v4("POST", target, {"host": host, "content-length": str(len(body))}, body)
        with socket.create_connection(host.split(":")) as caller:
            head = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
            caller.sendall(f"POST {target} HTTP/1.1\r\n{head}\r\n".encode() + body)
            self.function_log(name, "began alone")
        self.assertEqual(server.stop(), 0)
        self.serve()
        self.function_log(name, r"REPORT RequestId: .* Duration: 3\d\d\d")
        self.server.stop()

    def test_a_connection_that_says_nothing_does_not_hold_up_the_end(self):
        server = self.begin()
        host, port = server.endpoint.removeprefix("http://").split(":")
        silent = socket.create_connection((host, int(port)))
        half = socket.create_connection((host, int(port)))
        half.sendall(b"POST /2015-03-31/functions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        head = socket.create_connection((host, int(port)))
        head.sendall(b"POST /2015-03-31/functions HTTP/1.1\r\nhost:")
        with silent, half, head:
            started = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - started, 10)

    def test_a_function_that_keeps_a_connection_open_does_not_hold_up_the_end(self):
        server = self.begin()
        source = """
            import http.client, os
            kept = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"))
            def handler(event, context):
                kept.request("GET", "/2015-03-31/functions/")
                answer = kept.getresponse()
                answer.read()
                return answer.status
        """
        # As every AWS SDK does it: the connection stays for the next event. (The request itself is unsigned.)
        self.assertEqual(self.result(self.create(source, MemorySize=128)), 403)
        started = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - started, 10)

    def test_events_that_were_accepted_and_did_not_run_run_after_the_restart(self):
        server = self.begin("--concurrency", "1")
        name = self.create(SLEEPER, MemorySize=128, Timeout=30)
        events = [f"event-{number}" for number in range(12)]
        for event in events:
            payload = f'{{"name": "{event}", "seconds": 0.7}}'
            answer = self.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=payload)
            self.assertEqual(answer["StatusCode"], 202)
        self.function_log(name, "began event-")
        self.assertEqual(server.stop(), 0)
        # The control: some really had not run.
        self.serve("--concurrency", "4")
        before = set(re.findall(r"began (\S+)", self.function_log(name, "began event-")))
        self.assertLess(len(before), len(events))
        self.function_log(name, "(?s)" + "".join(rf"(?=.*began {event}\n)" for event in events), 60)
        self.assertEqual(self.server.stop(), 0)


class Refusals(unittest.TestCase):
    """What `serve` says instead of serving."""

    def refused(self, *arguments):
        with tempfile.TemporaryDirectory(prefix="lambdad-refused-") as data_dir:
            done = subprocess.run(
                [harness.binary(), "serve", "--data-dir", data_dir, *arguments],
                capture_output=True, text=True, timeout=30, check=False,
            )
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(os.listdir(data_dir), [], "nothing was to be touched")
            return done.stderr

    def test_a_busy_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            said = self.refused("--listen", address)
        free = re.search(
            rf"{address} is in use\. Another program listens there; try: lambdad serve --listen (127\.0\.0\.1:\d+)\n", said
        )
        self.assertTrue(free, said)
        self.assertNotEqual(free[1], address)

    def test_open_doors_on_all_addresses(self):
        said = self.refused("--listen", "0.0.0.0:0", "--auth", "open")
        self.assertIn("--auth open lets anybody who reaches 0.0.0.0:0 do anything", said)
        self.assertIn("--force-open", said)

    def test_a_data_directory_that_is_in_use(self):
        with Server() as server:
            done = subprocess.run(
                [harness.binary(), "serve", "--listen", "127.0.0.1:0", "--data-dir", server.data_dir],
                capture_output=True, text=True, timeout=30, check=False,
            )
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "in use|another lambdad")
