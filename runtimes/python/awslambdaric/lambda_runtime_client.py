"""The two ways to the platform: frames over a Unix socket, and AWS's HTTP Runtime API.

Both are one connection that is written and read with bare system calls: an invocation costs one write (the
result together with the request for the next event) and one or two reads. The frames are drawn in
runtimes/README.md.
"""

import json
import os
import sys
import time

# The C module below `socket`, whose Python half costs 4 ms to import and adds nothing that is needed here.
import _socket

from .lambda_runtime_marshaller import JSON, LambdaMarshaller, to_json

SOCKET_PATH = "/run/lambdad/runtime.sock"
PLATFORM_RUNTIME_API = "169.254.100.1:9001"
ERROR_TYPE_HEADER = "Lambda-Runtime-Function-Error-Type"
XRAY_CAUSE_HEADER = "Lambda-Runtime-Function-XRay-Error-Cause"
MAX_XRAY_CAUSE = 64 * 1024  # an HTTP header; AWS's platform ignores causes that are larger
READ_SIZE = 64 * 1024

_compact = json.JSONEncoder(separators=(",", ":")).encode


class InvocationRequest:
    """One event: its bytes, and what the platform says about it. Absent is None."""

    __slots__ = (
        "invoke_id",
        "deadline_time_in_ms",
        "invoked_function_arn",
        "x_amzn_trace_id",
        "client_context",
        "cognito_identity",
        "tenant_id",
        "content_type",
        "event_body",
    )


class PlatformGone(Exception):
    """The other side closed the connection: the environment has served its time."""


class Connection:
    """A stream socket with a read buffer."""

    def __init__(self, family, address):
        self._family = family
        self._address = address
        self._socket = None
        self._unread = b""

    def open(self):
        self._unread = b""
        self._socket = _socket.socket(self._family, _socket.SOCK_STREAM)
        self._socket.connect(self._address)
        if self._family == _socket.AF_INET:
            self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)

    def is_open(self):
        return self._socket is not None

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, data):
        self._socket.sendall(data)

    def _receive(self):
        data = self._socket.recv(READ_SIZE)
        if not data:
            raise PlatformGone()
        return data

    def take(self, size):
        """Exactly `size` bytes. Raises PlatformGone where the stream ends before."""
        have = self._unread
        if len(have) < size and size > READ_SIZE:
            return self._take_large(size)
        while len(have) < size:
            have += self._receive()
        self._unread = have[size:]
        return have[:size]

    def _take_large(self, size):
        """A body that would be copied over and over if it grew piece by piece."""
        body = bytearray(size)
        view = memoryview(body)
        filled = len(self._unread)
        view[:filled] = self._unread
        self._unread = b""
        while filled < size:
            got = self._socket.recv_into(view[filled:])
            if not got:
                raise PlatformGone()
            filled += got
        return bytes(body)

    def take_line(self, end=b"\r\n"):
        """The bytes up to `end`, which is dropped."""
        while end not in self._unread:
            self._unread += self._receive()
        line, self._unread = self._unread.split(end, 1)
        return line


class LambdaRuntimeClient:
    """The runtime's side of the conversation, over whichever transport.

    `marshaller` is a class attribute because functions may replace it, and the methods are here rather than in
    the transports because monitoring agents wrap them.
    """

    marshaller = None

    def __init__(self, transport):
        self._transport = transport
        LambdaRuntimeClient.marshaller = LambdaMarshaller()

    def wait_next_invocation(self):
        """Wait for the next event, for as long as it takes. Raises PlatformGone where there will be none."""
        return self._transport.next()

    def post_invocation_result(self, invoke_id, result_data, content_type=JSON):
        """Answer with the handler's result: bytes."""
        self._transport.response(invoke_id, result_data, content_type)

    def post_invocation_error(self, invoke_id, error_response_data, xray_fault, error_type=""):
        """Answer with an error; payload and X-Ray cause are JSON texts."""
        self._transport.error(invoke_id, _bytes(error_response_data), xray_fault, error_type)

    def post_init_error(self, error_response_data, error_type_override=None):
        """Tell why there will be no handler; the payload is a mapping."""
        error_type = error_type_override or error_response_data["errorType"]
        self._transport.init_error(_bytes(to_json(error_response_data)), error_type)


def _bytes(text):
    return text.encode("utf-8", "replace")  # an exception's text may hold half a surrogate pair


def frame(header, body=b""):
    """A frame's bytes: length of the header, length of the body, header, body."""
    head = _compact(header).encode()
    return len(head).to_bytes(4, "big") + len(body).to_bytes(4, "big") + head + body


class Frames:
    """Frames over the platform's socket. An answer waits in memory for the `next` that follows it."""

    _NEXT = frame({"type": "next"})

    def __init__(self, path=SOCKET_PATH):
        self._connection = Connection(_socket.AF_UNIX, path)
        self._connection.open()
        self._answer = b""

    def next(self):
        """Send the last answer and ask for an event, in one write; then wait for it."""
        self._connection.send(self._answer + self._NEXT)
        self._answer = b""
        sizes = self._connection.take(8)
        header = json.loads(self._connection.take(int.from_bytes(sizes[:4], "big")))
        request = InvocationRequest()
        request.event_body = self._connection.take(int.from_bytes(sizes[4:], "big"))
        get = header.get
        request.invoke_id = header["id"]
        request.deadline_time_in_ms = header["deadlineMs"]
        request.invoked_function_arn = get("arn")
        request.x_amzn_trace_id = get("traceId")
        request.client_context = get("clientContext")
        request.cognito_identity = get("cognitoIdentity")
        request.tenant_id = get("tenantId")
        request.content_type = JSON
        return request

    def response(self, invoke_id, body, content_type):
        self._answer = frame({"type": "response", "id": invoke_id}, body)

    def error(self, invoke_id, body, xray_fault, error_type):
        self._answer = frame({"type": "error", "id": invoke_id, "errorType": error_type}, body)

    def init_error(self, body, error_type):
        self._connection.send(frame({"type": "init-error", "errorType": error_type}, body))


def _header_lines(headers):
    return "".join("%s: %s\r\n" % (name, value) for name, value in headers.items())


class HttpApi:
    """AWS's Runtime API over one kept connection, for custom addresses (extensions that stand between)."""

    def __init__(self, lambda_runtime_address):
        host, _, port = lambda_runtime_address.partition(":")
        self._address = lambda_runtime_address
        self._connection = Connection(_socket.AF_INET, (host, int(port or 80)))
        version = "%d.%d.%d" % sys.version_info[:3]
        self._every_request = "Host: %s\r\nUser-Agent: lambdad-python/%s\r\n" % (lambda_runtime_address, version)

    def next(self):
        """Ask for an event and wait for it."""
        try:
            status, headers, body = self._exchange("GET", "invocation/next")
        except (OSError, PlatformGone):
            url = "http://%s/2018-06-01/runtime/invocation/next" % self._address
            _complain('Failed to get next invocation. No Response from endpoint "%s"' % url)
            raise RuntimeError("Failed to get next")
        if status != 200:
            _complain("Failed to get next invocation. Http Response code: %d." % status)
            raise RuntimeError("Failed to get next")
        get = headers.get
        request = InvocationRequest()
        request.event_body = body
        request.invoke_id = get("lambda-runtime-aws-request-id")
        request.deadline_time_in_ms = int(get("lambda-runtime-deadline-ms", 0))
        request.invoked_function_arn = get("lambda-runtime-invoked-function-arn")
        request.x_amzn_trace_id = get("lambda-runtime-trace-id")
        request.client_context = get("lambda-runtime-client-context")
        request.cognito_identity = get("lambda-runtime-cognito-identity")
        request.tenant_id = get("lambda-runtime-aws-tenant-id")
        request.content_type = get("content-type", JSON)
        return request

    def response(self, invoke_id, body, content_type):
        status = self._exchange("POST", "invocation/%s/response" % invoke_id, body, {"Content-Type": content_type})[0]
        if not 200 <= status <= 299:
            _complain("Failed to post handler success response. Http response code: %d." % status)
            raise RuntimeError("Failed to post invocation response")

    def error(self, invoke_id, body, xray_fault, error_type):
        headers = {"Content-Type": JSON, ERROR_TYPE_HEADER: _header_safe(error_type)}
        if len(xray_fault) < MAX_XRAY_CAUSE:
            headers[XRAY_CAUSE_HEADER] = _header_safe(xray_fault)
        status = self._exchange("POST", "invocation/%s/error" % invoke_id, body, headers)[0]
        if not 200 <= status <= 299:
            raise RuntimeError("Failed to post invocation error")

    def init_error(self, body, error_type):
        headers = {"Content-Type": JSON, ERROR_TYPE_HEADER: _header_safe(error_type)}
        status, _, answer = self._exchange("POST", "init/error", body, headers)
        if status != 202:
            raise RuntimeError("Request to Lambda Runtime 'init/error' failed: %d %r" % (status, answer))

    def _exchange(self, method, path, body=None, headers=None):
        """(status, headers, body). A kept connection that the platform has closed meanwhile is opened once more."""
        head = "%s /2018-06-01/runtime/%s HTTP/1.1\r\n%s" % (method, path, self._every_request)
        if body is not None:
            head += "%sContent-Length: %d\r\n" % (_header_lines(headers), len(body))
        request = (head + "\r\n").encode("latin-1") + (body or b"")
        reused = self._connection.is_open()
        try:
            return self._attempt(request)
        except (OSError, PlatformGone):
            self._connection.close()
            if not reused:
                raise
            return self._attempt(request)

    def _attempt(self, request):
        if not self._connection.is_open():
            self._connection.open()
        self._connection.send(request)
        status_line = self._connection.take_line()
        headers = self._headers()
        body = self._chunks() if headers.get("transfer-encoding") == "chunked" else self._sized(headers)
        if headers.get("connection", "").lower() == "close":
            self._connection.close()
        return int(status_line.split(b" ", 2)[1]), headers, body

    def _headers(self):
        headers = {}
        while True:
            line = self._connection.take_line()
            if not line:
                return headers
            name, _, value = line.decode("utf-8", "surrogateescape").partition(":")
            headers[name.lower()] = value.strip()

    def _sized(self, headers):
        return self._connection.take(int(headers.get("content-length", 0)))

    def _chunks(self):
        body = b""
        while True:
            size = int(self._connection.take_line().split(b";")[0], 16)
            if size == 0:
                self._headers()  # trailers
                return body
            body += self._connection.take(size)
            self._connection.take_line()


def _header_safe(text):
    """A header's value has one line of printable ASCII; JSON keeps its meaning under this escape."""
    return "".join(c if " " <= c <= "~" else "\\u%04x" % (ord(c) & 0xFFFF) for c in text)


def _complain(message):
    sys.stderr.write("[ERROR] [%d] LAMBDA_RUNTIME %s\n" % (time.time() * 1000, message))


def connect(socket_path=None):
    """The client that this environment calls for: frames where the platform's socket is and nobody stands between."""
    address = os.environ["AWS_LAMBDA_RUNTIME_API"]
    path = socket_path or SOCKET_PATH
    if address == PLATFORM_RUNTIME_API and os.path.exists(path):
        return LambdaRuntimeClient(Frames(path))
    return LambdaRuntimeClient(HttpApi(address))
