"""A platform for one runtime process: it gives events over either transport and keeps all that comes back."""

import json
import os
import socket
import subprocess
import tempfile
import threading

PLATFORM_ADDRESS = "169.254.100.1:9001"
TIMEOUT = 30
REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"

ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/f[$LATEST]0123",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PATH": "/usr/bin:/bin",
}


class Event:
    """What the platform knows of an invocation; the body is bytes."""

    def __init__(self, body=b"{}", **header):
        self.body = body
        self.header = {"id": REQUEST_ID, "deadlineMs": 4102444800000, "arn": ARN, **header}


class Answer:
    """What the runtime posted: response, error or init-error."""

    def __init__(self, kind, request_id, error_type, body, xray=None):
        self.kind, self.request_id, self.error_type, self.body, self.xray = kind, request_id, error_type, body, xray

    def json(self):
        return json.loads(self.body)


class Outcome:
    """All that came out of a runtime: answers, exit code, standard output and error, telemetry frames, writes."""


def parse_frames(data):
    """(type, microseconds, text) of each telemetry frame; fails on a frame that is cut."""
    frames = []
    while data:
        kind, length = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")
        assert len(data) >= 16 + length, "a frame is cut"
        frames.append((kind, int.from_bytes(data[8:16], "big"), data[16 : 16 + length].decode("utf-8")))
        data = data[16 + length :]
    return frames


class Framed:
    """The platform's end of the Unix socket."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "runtime.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.arguments = ["--socket", self.path]
        self.address = PLATFORM_ADDRESS

    def serve(self, events, outcome):
        connection, _ = self.listener.accept()
        stream = connection.makefile("rb")
        left = list(events)
        while True:
            lengths = stream.read(8)
            if len(lengths) < 8:
                break
            header = json.loads(stream.read(int.from_bytes(lengths[:4], "big")))
            body = stream.read(int.from_bytes(lengths[4:], "big"))
            if header["type"] != "next":
                outcome.answers.append(Answer(header["type"], header.get("id"), header.get("errorType"), body))
            elif left:
                connection.sendall(self._invoke(left.pop(0)))
            else:
                break
        stream.close()
        connection.close()

    def close(self):
        self.listener.close()

    @staticmethod
    def _invoke(event):
        header = json.dumps({"type": "invoke", **event.header}, ensure_ascii=False).encode()
        return len(header).to_bytes(4, "big") + len(event.body).to_bytes(4, "big") + header + event.body


HEADERS = {
    "id": "Lambda-Runtime-Aws-Request-Id",
    "deadlineMs": "Lambda-Runtime-Deadline-Ms",
    "arn": "Lambda-Runtime-Invoked-Function-Arn",
    "traceId": "Lambda-Runtime-Trace-Id",
    "clientContext": "Lambda-Runtime-Client-Context",
    "cognitoIdentity": "Lambda-Runtime-Cognito-Identity",
    "tenantId": "Lambda-Runtime-Aws-Tenant-Id",
    "contentType": "Content-Type",
}


class Http:
    """The Runtime API on loopback. After the last event it kills the runtime, which would else wait forever."""

    def __init__(self, directory, chunked=False, close_each=False, status=202):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(8)
        self.arguments = []
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.chunked, self.close_each, self.status = chunked, close_each, status
        self.process = None
        self.closing = False

    def serve(self, events, outcome):
        self.left = list(events)
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection, outcome), daemon=True).start()

    def close(self):
        # A thread in accept() is not woken by close() alone.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _talk(self, connection, outcome):
        stream = connection.makefile("rb")
        while True:
            try:
                line = stream.readline().decode()
            except ConnectionError:
                break
            if not line:
                break
            method, path, _ = line.split(" ")
            headers = {}
            for field in iter(stream.readline, b"\r\n"):
                name, _, value = field.decode("utf-8").partition(":")
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", 0)))
            if not self._respond(connection, outcome, method, path, headers, body) or self.close_each:
                break
        stream.close()
        connection.close()

    def _respond(self, connection, outcome, method, path, headers, body):
        parts = path.split("/")
        if method == "POST":
            kind = "init-error" if parts[3] == "init" else parts[5]
            request_id = None if kind == "init-error" else parts[4]
            error_type = headers.get("lambda-runtime-function-error-type")
            xray = headers.get("lambda-runtime-function-xray-error-cause")
            outcome.answers.append(Answer(kind, request_id, error_type, body, xray))
            connection.sendall(
                b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n" % self.status
                + b'{"status":"OK"}\n'
            )
        elif self.left:
            connection.sendall(self._event(self.left.pop(0)))
        else:
            self.process.kill()
            return False
        return True

    def _event(self, event):
        header = {"contentType": "application/json", **event.header}
        head = "".join("%s: %s\r\n" % (HEADERS[name], value) for name, value in header.items())
        if self.chunked:
            half = len(event.body) // 2
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (event.body[:half], event.body[half:]) if part)
            return ("HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n" % head).encode() + body + b"0\r\n\r\n"
        return ("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (head, len(event.body))).encode() + event.body


def run(command, events, transport=Framed, environment=None, telemetry=True, cwd=None, **options):
    """Start `command` (transport's arguments are appended), give it the events, and wait for its end."""
    outcome = Outcome()
    outcome.answers = []
    with tempfile.TemporaryDirectory() as directory:
        platform = transport(directory, **options)
        environ = {**ENVIRONMENT, "AWS_LAMBDA_RUNTIME_API": platform.address, **(environment or {})}
        read_end, write_end = os.pipe()
        if telemetry:
            environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(write_end)
        process = subprocess.Popen(
            command + platform.arguments,
            env=environ,
            cwd=cwd,
            pass_fds=[write_end],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.close(write_end)
        platform.process = process
        server = threading.Thread(target=platform.serve, args=(events, outcome), daemon=True)
        server.start()
        frames = []
        reader = threading.Thread(target=lambda: frames.append(_read_all(read_end)))
        reader.start()
        try:
            outcome.stdout, outcome.stderr = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            reader.join(TIMEOUT)
            platform.close()
    outcome.exit_code = process.returncode
    outcome.frames = parse_frames(frames[0])
    return outcome


def _read_all(descriptor):
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()
