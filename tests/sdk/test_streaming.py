"""Answers that come piece by piece: InvokeWithResponseStream from a function's first byte to the client's (oracle, 2.1 and 3.1)."""

import base64
import concurrent.futures
import glob
import json
import os
import re
import socket
import subprocess
import textwrap
import time
import urllib.parse

import harness
import host
from harness import REGION, ROOT_KEY, ROOT_SECRET, until, zipped

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

MIB = 1 << 20

# Streams as the event asks for. `gate` is an exchange with the test: it goes on once the test has answered.
NODE = """
import { existsSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

const gate = async (name) => {
    writeFileSync(`/tmp/${name}`, "");
    while (!existsSync(`/tmp/${name}.open`)) await sleep(10);
};
const drained = (stream) => new Promise((resolve) => stream.once("drain", resolve));
let count = 0;

const ways = {
    hello: async (event, stream) => {
        stream.setContentType("text/plain");
        stream.write("hello ");
        stream.end("world");
    },
    count: async (event, stream) => stream.end(String(++count)) && undefined,
    gated: async (event, stream) => {
        stream.write("first");
        await gate(event.gate);
        stream.end("last");
    },
    prelude: async (event, stream) => {
        const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: "b" } });
        await pipeline(Readable.from(["one", "two"]), out);
    },
    failsEarly: async () => {
        throw new RangeError("too early");
    },
    failsMidway: async (event, stream) => {
        stream.write("begun");
        await sleep(50);
        throw new RangeError("midway");
    },
    hangsMidway: async (event, stream) => {
        stream.write("begun");
        await sleep(60_000);
    },
    dies: async (event, stream) => {
        await new Promise((resolve) => stream.write("begun", resolve));
        await sleep(50);
        process.kill(process.pid, "SIGKILL");
    },
    exits: async (event, stream) => {
        await new Promise((resolve) => stream.write("begun", resolve));
        process.exit(event.status);
    },
    much: async (event, stream) => {
        const piece = Buffer.alloc(65_536, "x");
        for (let sent = 0; sent < event.bytes; sent += piece.length) {
            if (!stream.write(piece)) await drained(stream);
            if (event.tell) writeFileSync(`/tmp/${event.tell}`, String(sent));
        }
        stream.end();
    },
    goesOn: async (event, stream) => {
        stream.write("begun");
        await gate(event.gate);
        for (let i = 0; i < 200; i++) if (!stream.write("x".repeat(65_536))) await drained(stream);
        stream.end();
        await new Promise((resolve) => stream.once("finish", resolve));
        console.log(`went on ${event.gate}`);
    },
};

export const handler = awslambda.streamifyResponse((event, stream, context) => ways[event.do](event, stream, context));
export const whole = async (event) => {
    if (event.fail) throw new RangeError(event.fail);
    return { hello: event };
};
"""


def gate(name):
    """Waits until a function stands before its gate, and opens it. Functions' files are seen through their processes."""
    path = until(lambda: glob.glob(f"/proc/[0-9]*/root/tmp/{name}"), what=f"the gate {name}")[0]
    with open(f"{path}.open", "w", encoding="utf-8"):
        pass


class Streams(harness.Case):
    """A case with calls that stream."""

    def stream(self, name, event=None, **parameters):
        """Answers (the response, its chunks, InvokeComplete)."""
        response = self.lambda_.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event), **parameters)
        events = list(response["EventStream"])
        chunks = [event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event]
        self.assertEqual(list(events[-1]), ["InvokeComplete"], events)
        self.assertEqual(len(events), len(chunks) + 1)
        return response, chunks, events[-1]["InvokeComplete"]

    def text(self, name, event=None):
        """What a function streams that must succeed."""
        _, chunks, complete = self.stream(name, event)
        self.assertEqual(complete, {})
        return b"".join(chunks).decode()


class Node(Streams):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.code = zipped({"index.mjs": NODE})
        case = cls()
        cls.function = case.create(Runtime="nodejs22.x", Handler="index.handler", Code={"ZipFile": cls.code}, Timeout=60)
        cls.whole = case.create(Runtime="nodejs22.x", Handler="index.whole", Code={"ZipFile": cls.code}, Timeout=60)

    def test_an_answer_has_its_head_its_chunks_and_its_end(self):
        response, chunks, complete = self.stream(self.function, {"do": "hello"})
        self.assertEqual(b"".join(chunks), b"hello world")
        self.assertEqual(complete, {})
        headers = response["ResponseMetadata"]["HTTPHeaders"]
        self.assertEqual(response["StatusCode"], 200)
        self.assertEqual(response["ExecutedVersion"], "$LATEST")
        self.assertEqual(response["ResponseStreamContentType"], "application/vnd.amazon.eventstream")
        self.assertEqual(headers["x-amz-response-stream-content-type"], "text/plain")
        self.assertEqual(headers["transfer-encoding"], "chunked")
        self.assertRegex(headers["x-amzn-trace-id"], "^Root=1-")
        self.assertNotIn("x-amz-function-error", headers)

    def test_the_first_chunk_comes_before_the_function_ends(self):
        name = self.name("gate")
        response = self.lambda_.invoke_with_response_stream(
            FunctionName=self.function, Payload=json.dumps({"do": "gated", "gate": name})
        )
        events = iter(response["EventStream"])
        self.assertEqual(next(events), {"PayloadChunk": {"Payload": b"first"}})
        # The function waits for us.
        gate(name)
        self.assertEqual(list(events), [{"PayloadChunk": {"Payload": b"last"}}, {"InvokeComplete": {}}])

    def test_a_prelude_is_carried_through(self):
        response, chunks, _ = self.stream(self.function, {"do": "prelude"})
        prelude = b'{"statusCode":201,"headers":{"a":"b"}}' + bytes(8)
        self.assertEqual(b"".join(chunks), prelude + b"onetwo")
        kind = response["ResponseMetadata"]["HTTPHeaders"]["x-amz-response-stream-content-type"]
        self.assertEqual(kind, "application/vnd.awslambda.http-integration-response")

    def test_a_failure_before_the_first_byte(self):
        _, chunks, complete = self.stream(self.function, {"do": "failsEarly"})
        self.assertEqual((chunks, complete["ErrorCode"]), ([], "Unhandled"))
        details = json.loads(complete["ErrorDetails"])
        self.assertEqual((details["errorType"], details["errorMessage"]), ("RangeError", "too early"))

    def test_a_failure_midway(self):
        _, chunks, complete = self.stream(self.function, {"do": "failsMidway"}, LogType="Tail")
        self.assertEqual((b"".join(chunks), complete["ErrorCode"]), (b"begun", "Unhandled"))
        details = json.loads(complete["ErrorDetails"])
        self.assertEqual((details["errorType"], details["errorMessage"]), ("RangeError", "midway"))
        self.assertRegex(base64.b64decode(complete["LogResult"]).decode(), r"(?s)RangeError.*END RequestId: .*REPORT ")
        self.assertEqual(self.text(self.function, {"do": "hello"}), "hello world")

    def test_the_time_runs_out_midway(self):
        name = self.create(Runtime="nodejs22.x", Handler="index.handler", Code={"ZipFile": self.code}, Timeout=1)
        response, chunks, complete = self.stream(name, {"do": "hangsMidway"}, LogType="Tail")
        request_id = response["ResponseMetadata"]["RequestId"]
        self.assertEqual((b"".join(chunks), complete["ErrorCode"]), (b"begun", "Sandbox.Timedout"))
        self.assertEqual(
            json.loads(complete["ErrorDetails"])["errorMessage"],
            f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
        )
        self.assertIn("Status: timeout", base64.b64decode(complete["LogResult"]).decode())
        self.assertEqual(self.text(name, {"do": "hello"}), "hello world")

    def test_the_process_ends_midway(self):
        for event, status in [({"do": "dies"}, "signal: killed"), ({"do": "exits", "status": 3}, "exit status 3")]:
            _, chunks, complete = self.stream(self.function, event, LogType="Tail")
            log = base64.b64decode(complete.pop("LogResult")).decode()
            self.assertEqual((b"".join(chunks), complete), (b"begun", {"ErrorCode": "Runtime.TruncatedResponse"}))
            self.assertIn(f"Error: Runtime exited with error: {status}\n", log)
        self.assertEqual(self.text(self.function, {"do": "hello"}), "hello world")

    def test_the_tail_of_the_log_comes_at_the_end(self):
        _, _, complete = self.stream(self.function, {"do": "hello"}, LogType="Tail")
        log = base64.b64decode(complete.pop("LogResult")).decode()
        self.assertRegex(log, r"START RequestId: (?s:.*)END RequestId: .*\nREPORT RequestId: ")
        self.assertEqual(complete, {})

    def test_a_buffered_invoke_of_a_streaming_function_answers_the_whole(self):
        response = self.lambda_.invoke(FunctionName=self.function, Payload=json.dumps({"do": "hello"}))
        self.assertEqual(response["Payload"].read(), b"hello world")
        self.assertNotIn("FunctionError", response)
        response, payload = self.invoke(self.function, {"do": "failsMidway"})
        self.assertEqual((response["FunctionError"], payload["errorMessage"]), ("Unhandled", "midway"))
        response, payload = self.invoke(self.function, {"do": "dies"})
        self.assertEqual((response["FunctionError"], payload["errorType"]), ("Unhandled", "Runtime.ExitError"))

    def test_a_buffered_invoke_has_its_own_limit(self):
        response, payload = self.invoke(self.function, {"do": "much", "bytes": 7 * MIB})
        self.assertEqual(response["FunctionError"], "Unhandled")
        words = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
        self.assertEqual(payload, {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": words})
        self.assertEqual(self.text(self.function, {"do": "hello"}), "hello world")

    def test_a_function_that_answers_whole_streams_one_chunk(self):
        response, chunks, complete = self.stream(self.whole, {"a": 1})
        self.assertEqual(chunks, [b'{"hello":{"a":1}}'])
        self.assertEqual(complete, {})
        kind = response["ResponseMetadata"]["HTTPHeaders"]["x-amz-response-stream-content-type"]
        self.assertEqual(kind, "application/json")
        _, chunks, complete = self.stream(self.whole, {"fail": "as you wish"})
        self.assertEqual((chunks, complete["ErrorCode"]), ([], "Unhandled"))
        self.assertEqual(json.loads(complete["ErrorDetails"])["errorMessage"], "as you wish")

    def test_twenty_megabytes_go_at_awss_pace_and_are_never_held(self):
        before = host.resident_mb(self.server.process.pid)
        response = self.lambda_.invoke_with_response_stream(
            FunctionName=self.function, Payload=json.dumps({"do": "much", "bytes": 20 * MIB})
        )
        started, count, largest = time.monotonic(), 0, before
        for event in response["EventStream"]:
            count += len(event.get("PayloadChunk", {}).get("Payload", b""))
            largest = max(largest, host.resident_mb(self.server.process.pid))
        # 6 MiB at once, then 2 MiB in a second.
        self.assertEqual(count, 20 * MIB)
        self.assertGreater(time.monotonic() - started, 6.5)
        self.assertLess(largest - before, 16)

    def test_what_is_held_shows_in_the_memory(self):
        """The control of the test above: answers that are collected are seen."""
        before = largest = host.resident_mb(self.server.process.pid)
        event = {"do": "much", "bytes": 5 * MIB}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(self.lambda_.invoke, FunctionName=self.function, Payload=json.dumps(event)) for _ in range(8)]
            while not all(one.done() for one in asked):
                largest = max(largest, host.resident_mb(self.server.process.pid))
            for one in asked:
                self.assertEqual(len(one.result()["Payload"].read()), 5 * MIB)
        self.assertGreater(largest - before, 16)

    def test_a_client_that_does_not_read_slows_the_function(self):
        tell = self.name("tell")
        connection = self.open({"do": "much", "bytes": 150 * MIB, "tell": tell}, receive_buffer=65_536)
        with connection:
            self.assertIn(b"200 OK", connection.recv(1024))
            written = until(lambda: self.stands_still(tell), 40, "the function's writes to stop")
        # The kernel's buffers on the way, and a few pieces of ours.
        self.assertLess(written, 12 * MIB)
        # Once the client has gone, the function goes on.
        self.function_log(self.function, r"REPORT RequestId")
        self.assertEqual(self.text(self.function, {"do": "hello"}), "hello world")

    def stands_still(self, tell):
        """How much was written, if that hasn't grown for a second."""
        before = self.told(tell)
        time.sleep(1)
        return before if before and before == self.told(tell) else None

    def told(self, tell):
        paths = glob.glob(f"/proc/[0-9]*/root/tmp/{tell}")
        return int(host.read(paths[0]) or 0) if paths else 0

    def test_a_client_that_hangs_up_does_not_end_the_function(self):
        name = self.name("gate")
        response = self.lambda_.invoke_with_response_stream(
            FunctionName=self.function, Payload=json.dumps({"do": "goesOn", "gate": name})
        )
        self.assertIn("PayloadChunk", next(iter(response["EventStream"])))
        response["EventStream"].close()
        gate(name)
        self.function_log(self.function, rf"went on {name}")

    def open(self, event, receive_buffer=None):
        """A connection of our own, on which the function's answer begins."""
        body = json.dumps(event).encode()
        address = urllib.parse.urlparse(self.server.endpoint)
        target = f"/2021-11-15/functions/{self.function}/response-streaming-invocations"
        headers = harness.sign_v4("POST", target, {"host": address.netloc}, body)
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(60)
        connection.connect((address.hostname, address.port))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"POST {target} HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body)
        return connection

    def test_a_dry_run_only_checks(self):
        response = self.lambda_.invoke_with_response_stream(FunctionName=self.function, InvocationType="DryRun")
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 204)

    def test_what_is_refused_is_refused_in_an_envelope(self):
        call = self.lambda_.invoke_with_response_stream
        arn = f"arn:aws:lambda:{REGION}:{self.account}:function:nobody"
        self.refused(404, "ResourceNotFoundException", re.compile(f"Function not found: {arn}.*"), call, FunctionName="nobody")
        self.refused(400, "InvalidRequestContentException", None, call, FunctionName=self.function, Payload=b"{")
        self.refused(
            413,
            "RequestTooLargeException",
            "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)",
            call,
            FunctionName=self.function,
            Payload=b"1" * (6 * MIB + 1),
        )
        self.refused(
            400,
            "ValidationException",
            re.compile("1 validation error detected: Value 'Event' at 'invocationType' failed .*"),
            self.unchecked.invoke_with_response_stream,
            FunctionName=self.function,
            InvocationType="Event",
        )

    def test_it_takes_the_permission_of_invoke(self):
        user = self.name("user")
        allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": self.arn(self.function)}
        client = self.server.client("lambda", **self.server.make_user(user, allow))
        payload = json.dumps({"do": "hello"})
        events = list(client.invoke_with_response_stream(FunctionName=self.function, Payload=payload)["EventStream"])
        self.assertEqual(events[-1], {"InvokeComplete": {}})
        self.refused(
            403, "AccessDeniedException", None, client.invoke_with_response_stream, FunctionName=self.whole, Payload=payload
        )

    def test_the_command_line_prints_as_it_comes(self):
        name = self.name("gate")
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
        }
        command = [harness.binary(), "invoke", "--stream", self.function, "--payload"]
        gated = [*command, json.dumps({"do": "gated", "gate": name})]
        with subprocess.Popen(gated, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.assertEqual(process.stdout.read(5), b"first")
            gate(name)
            out, log = process.communicate()
        self.assertEqual((process.returncode, out), (0, b"last"))
        self.assertIn(b"REPORT RequestId", log)
        failing = [*command, json.dumps({"do": "failsMidway"})]
        failed = subprocess.run(failing, env=environment, capture_output=True, check=False)
        self.assertEqual((failed.returncode, failed.stdout), (1, b"begun"))
        self.assertIn(b'Unhandled: {"errorType":"RangeError","errorMessage":"midway"', failed.stderr)


# A custom runtime in plain sockets, which gets as much wrong as the event says.
RUNTIME = """#!/usr/bin/python3
import base64, json, os, socket, sys

host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
PREFIX = "/2018-06-01/runtime/invocation/"

def connect():
    connection = socket.create_connection((host, int(port)))
    return connection, connection.makefile("rb")

def answer(reader):
    status = int(reader.readline().split()[1])
    headers = {}
    while (line := reader.readline().strip()):
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, reader.read(int(headers.get("content-length", 0)))

def chunk(data):
    return b"%x\\r\\n%s\\r\\n" % (len(data), data)

def head(request_id, *more):
    lines = [f"POST {PREFIX}{request_id}/response HTTP/1.1", f"host: {host}", "transfer-encoding: chunked", *more]
    return ("\\r\\n".join(lines) + "\\r\\n\\r\\n").encode()

def respond(event, request_id):
    connection, reader = connect()
    mode = event.get("mode", "streaming")
    connection.sendall(head(request_id, f"lambda-runtime-function-response-mode: {mode}", "content-type: text/html"))
    for text in event.get("chunks", []):
        connection.sendall(chunk(text.encode()))
    try:
        for _ in range(event.get("megabytes", 0)):
            connection.sendall(chunk(b"x" * (1 << 20)))
    except OSError as error:
        print("stopped by", error, flush=True)
    if event.get("cut"):
        # Until the platform has noticed: it refuses a `next` in the middle of an answer.
        connection.shutdown(socket.SHUT_WR)
        reader.read()
        return connection.close()
    trailers = b""
    if "error" in event:
        body = base64.b64encode(json.dumps(event["error"]).encode())
        trailers = b"lambda-runtime-function-error-type: Function.Mine\\r\\nlambda-runtime-function-error-body: " + body + b"\\r\\n"
    try:
        connection.sendall(b"0\\r\\n" + trailers + b"\\r\\n")
    except OSError:
        pass
    status, _, body = answer(reader)
    print("the platform says", status, body.decode(), flush=True)

while True:
    connection, reader = connect()
    connection.sendall(f"GET {PREFIX}next HTTP/1.1\\r\\nhost: {host}\\r\\n\\r\\n".encode())
    _, headers, body = answer(reader)
    connection.close()
    respond(json.loads(body), headers["lambda-runtime-aws-request-id"])
"""


class Custom(Streams):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.function = cls().create(
            Runtime="provided.al2023",
            Handler="any",
            Code={"ZipFile": zipped({"bootstrap": RUNTIME}, {"bootstrap": 0o755})},
            Timeout=120,
        )

    def test_chunks_flow_over_http(self):
        response, chunks, complete = self.stream(self.function, {"chunks": ["a", "b"]}, LogType="Tail")
        log = base64.b64decode(complete.pop("LogResult")).decode()
        self.assertEqual((b"".join(chunks), complete), (b"ab", {}))
        self.assertIn('the platform says 202 {"status":"OK"}', log)
        kind = response["ResponseMetadata"]["HTTPHeaders"]["x-amz-response-stream-content-type"]
        self.assertEqual(kind, "text/html")

    def test_trailers_tell_of_a_failure(self):
        error = {"errorType": "Mine", "errorMessage": "in two"}
        _, chunks, complete = self.stream(self.function, {"chunks": ["a"], "error": error})
        self.assertEqual(b"".join(chunks), b"a")
        self.assertEqual(complete, {"ErrorCode": "Unhandled", "ErrorDetails": json.dumps(error)})
        response, payload = self.invoke(self.function, {"chunks": ["a"], "error": error})
        self.assertEqual((response["FunctionError"], payload), ("Unhandled", error))

    def test_a_connection_breaks_midway(self):
        _, chunks, complete = self.stream(self.function, {"chunks": ["a", "b"], "cut": True})
        self.assertEqual((b"".join(chunks), complete), (b"ab", {"ErrorCode": "Runtime.TruncatedResponse"}))
        response, payload = self.invoke(self.function, {"chunks": ["a"], "cut": True})
        self.assertEqual((response["FunctionError"], payload["errorType"]), ("Unhandled", "Runtime.TruncatedResponse"))
        self.assertEqual(self.text(self.function, {"chunks": ["still there"]}), "still there")

    def test_a_wrong_mode_is_refused(self):
        _, chunks, complete = self.stream(self.function, {"mode": "rivers", "chunks": ["a"]}, LogType="Tail")
        self.assertEqual((chunks, complete["ErrorCode"]), ([], "Unhandled"))
        self.assertEqual(json.loads(complete["ErrorDetails"])["errorType"], "Runtime.InvalidResponseModeHeader")
        self.assertIn("InvalidFunctionResponseMode", base64.b64decode(complete["LogResult"]).decode())

    def test_two_hundred_megabytes_are_the_limit(self):
        # Nobody reads, so that nothing waits for its pace.
        response = self.lambda_.invoke_with_response_stream(
            FunctionName=self.function, Payload=json.dumps({"chunks": ["a"], "megabytes": 200})
        )
        next(iter(response["EventStream"]))
        response["EventStream"].close()
        words = re.escape("Exceeded maximum allowed payload size (209715200 bytes).")
        self.function_log(self.function, rf"the platform says 413 .*{words}", 60)


class Clients(Streams):
    """AWS's runtime clients for compiled languages, which speak HTTP."""

    def build(self, language, files, command, program):
        cache = os.environ.get("LAMBDAD_CACHE", os.path.join(os.path.dirname(__file__), "../../.cache"))
        folder = os.path.join(os.path.abspath(cache), f"streams-{language}")
        for name, content in files.items():
            path, content = os.path.join(folder, name), textwrap.dedent(content).lstrip()
            os.makedirs(os.path.dirname(path), exist_ok=True)
            # What hasn't changed is not built again.
            if host.read(path) != content:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(content)
        subprocess.run(command, check=True, cwd=folder)
        with open(os.path.join(folder, program), "rb") as file:
            code = zipped({"bootstrap": file.read()}, {"bootstrap": 0o755})
        return self.create(Runtime="provided.al2023", Handler="any", Code={"ZipFile": code}, Timeout=30)

    def check(self, name, prelude=b""):
        gate_name = self.name("gate")
        response = self.lambda_.invoke_with_response_stream(FunctionName=name, Payload=json.dumps({"gate": gate_name}))
        events, heard = iter(response["EventStream"]), b""
        while heard != prelude + b"first":
            event = next(events)
            self.assertIn("PayloadChunk", event, heard)
            heard += event["PayloadChunk"]["Payload"]
        gate(gate_name)
        self.assertEqual(list(events), [{"PayloadChunk": {"Payload": b"last"}}, {"InvokeComplete": {}}])
        response = self.lambda_.invoke(FunctionName=name, Payload=json.dumps({"gate": ""}))
        self.assertEqual(response["Payload"].read(), prelude + b"firstlast")

    def test_awss_client_for_rust(self):
        name = self.build("rust", RUST, ["cargo", "build", "--quiet"], "target/debug/bootstrap")
        # It always sends one.
        self.check(name, b'{"statusCode":200,"headers":{"content-type":"application/octet-stream"},"cookies":[]}' + bytes(8))

    def test_awss_client_for_go(self):
        go = next((path for path in ["/usr/local/go/bin/go", "/usr/bin/go"] if os.path.exists(path)), None)
        if not go:
            host.skip("there is no Go here")
        command = ["sh", "-ec", f"{go} mod tidy >/dev/null 2>&1; CGO_ENABLED=0 {go} build -tags lambda.norpc -o bootstrap ."]
        name = self.build("go", GO, command, "bootstrap")
        self.check(name)
        # (AWS's client for Rust writes its trailers into the body.)
        _, chunks, complete = self.stream(name, {"gate": "", "fail": "midway"})
        self.assertEqual((b"".join(chunks), complete["ErrorCode"]), (b"first", "Unhandled"))
        self.assertEqual(json.loads(complete["ErrorDetails"]), {"errorMessage": "midway", "errorType": "errorString"})


RUST = {
    "Cargo.toml": """
        [package]
        name = "streams"
        version = "0.1.0"
        edition = "2024"
        [workspace]
        [[bin]]
        name = "bootstrap"
        path = "src/main.rs"
        [dependencies]
        lambda_runtime = "1"
        serde_json = "1"
        tokio = { version = "1", features = ["macros", "rt", "sync", "time"] }
        tokio-stream = "0.1"
        """,
    "src/main.rs": """
        use std::time::Duration;

        use lambda_runtime::{Error, LambdaEvent, StreamResponse, run, service_fn};
        use serde_json::Value;
        use tokio_stream::wrappers::ReceiverStream;

        type Pieces = ReceiverStream<Result<String, Error>>;

        #[tokio::main(flavor = "current_thread")]
        async fn main() -> Result<(), Error> {
            run(service_fn(stream)).await
        }

        async fn stream(request: LambdaEvent<Value>) -> Result<StreamResponse<Pieces>, Error> {
            let (sender, pieces) = tokio::sync::mpsc::channel(1);
            tokio::spawn(async move {
                sender.send(Ok("first".to_owned())).await.expect("the platform reads");
                if let Some(words) = request.payload["fail"].as_str() {
                    return sender.send(Err(Error::from(words.to_owned()))).await.expect("the platform reads");
                }
                gate(request.payload["gate"].as_str().unwrap_or_default()).await;
                sender.send(Ok("last".to_owned())).await.expect("the platform reads");
            });
            Ok(StreamResponse { metadata_prelude: Default::default(), stream: pieces.into() })
        }

        async fn gate(name: &str) {
            if name.is_empty() {
                return;
            }
            std::fs::write(format!("/tmp/{name}"), "").expect("/tmp is ours");
            while !std::path::Path::new(&format!("/tmp/{name}.open")).exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        """,
}

GO = {
    "go.mod": """
        module streams
        go 1.21
        require github.com/aws/aws-lambda-go v1.49.0
        """,
    "main.go": """
        package main

        import (
        	"errors"
        	"io"
        	"os"
        	"time"

        	"github.com/aws/aws-lambda-go/lambda"
        )

        type event struct {
        	Gate string `json:"gate"`
        	Fail string `json:"fail"`
        }

        func gate(name string) {
        	if name == "" {
        		return
        	}
        	os.WriteFile("/tmp/"+name, nil, 0o644)
        	for {
        		if _, err := os.Stat("/tmp/" + name + ".open"); err == nil {
        			return
        		}
        		time.Sleep(10 * time.Millisecond)
        	}
        }

        func handle(asked event) (io.Reader, error) {
        	reader, writer := io.Pipe()
        	go func() {
        		writer.Write([]byte("first"))
        		if asked.Fail != "" {
        			writer.CloseWithError(errors.New(asked.Fail))
        			return
        		}
        		gate(asked.Gate)
        		writer.Write([]byte("last"))
        		writer.Close()
        	}()
        	return reader, nil
        }

        func main() {
        	lambda.Start(handle)
        }
        """,
}
