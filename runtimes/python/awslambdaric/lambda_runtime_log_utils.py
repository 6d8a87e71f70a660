"""Logs as AWS's Python runtime writes them: `logging` records, error dumps, and where they go.

print() goes to the standard output raw. Records and dumps go to the telemetry descriptor, one frame each, so
that several lines stay one event; without that descriptor they go to the standard output too. The frame is
drawn in runtimes/README.md.
"""

import json
import logging
import os
import sys
import threading
import time
import traceback

from .lambda_runtime_marshaller import to_json

TELEMETRY_FD = "_LAMBDA_TELEMETRY_LOG_FD"
FRAME_TEXT = 0xA55A0003
FRAME_JSON = 0xA55A0002
FRAME_LEVELS = {0: 0, 10: 0x08, 20: 0x0C, 30: 0x10, 40: 0x14, 50: 0x18}

TEXT_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
TEXT_DATE = "%Y-%m-%dT%H:%M:%S"
JSON_DATE = "%Y-%m-%dT%H:%M:%SZ"
NO_BREAK_SPACE = "\u00a0"

# What a record has of its own; all else came from `extra` and belongs to the customer.
_OWN_FIELDS = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) - {"taskName"} | {
    "aws_request_id",
    "tenant_id",
    "_frame_type",
}


class Invocation:
    """Which invocation is running, for the records that it logs."""

    request_id = ""
    tenant_id = None


class Unbuffered:
    """A standard stream whose text is out before write() returns: a killed function's last words count most."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        self.stream.write(text)
        self.stream.flush()

    def writelines(self, lines):
        self.stream.writelines(lines)
        self.stream.flush()


class StandardLogSink:
    """Records to the standard output. The lines of an error dump are joined by CR, which keeps them one event."""

    def log(self, text, frame_type=None):
        sys.stdout.write(text)

    def log_error(self, lines, frame_type=None):
        sys.stdout.write("\r".join(lines) + "\n")


class FramedTelemetryLogSink:
    """Records to the telemetry descriptor: type, length, microseconds since the epoch, then the text."""

    def __init__(self, fd):
        self.fd = int(fd)
        self._whole = threading.Lock()  # a pipe keeps only 4 KiB together

    def log(self, text, frame_type=None):
        body = text.encode("utf-8", "backslashreplace")
        head = (frame_type or FRAME_TEXT).to_bytes(4, "big") + len(body).to_bytes(4, "big")
        frame = memoryview(head + (time.time_ns() // 1000).to_bytes(8, "big") + body)
        with self._whole:
            while frame:
                frame = frame[os.write(self.fd, frame) :]

    def log_error(self, lines, frame_type=None):
        self.log("\n".join(lines), frame_type)


def create_log_sink():
    """The sink that the platform asked for; its variable is not for the function's eyes."""
    fd = os.environ.pop(TELEMETRY_FD, None)
    return StandardLogSink() if fd is None else FramedTelemetryLogSink(fd)


def frame_type(levelno, base):
    """The frame's type with the record's level in it."""
    return base | FRAME_LEVELS[_level(levelno)]


def _level(levelno):
    """A level of the customer's own as the nearest of Python's below it."""
    return min(50, max(0, levelno)) // 10 * 10


class LambdaLoggerHandler(logging.Handler):
    """The root logger's handler. Raises what formatting raises, as AWS's does."""

    def __init__(self, log_sink, levels_in_frames=False):
        super().__init__()
        self.log_sink = log_sink
        self.levels_in_frames = levels_in_frames

    def emit(self, record):
        # Named as in AWS's client: the trace of what formatting raises shows this line.
        msg = self.format(record)
        kind = None
        if self.levels_in_frames:
            # The formatter may be one that the function put in place of ours; what it writes is text.
            kind = getattr(record, "_frame_type", None) or frame_type(record.levelno, FRAME_TEXT)
        self.log_sink.log(msg, kind)


class LambdaLoggerFilter(logging.Filter):
    """Gives every record the invocation that it belongs to."""

    def filter(self, record):
        record.aws_request_id = Invocation.request_id
        record.tenant_id = Invocation.tenant_id
        return True


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: AWS's keys first, then those of `extra`; nothing that is None."""

    def __init__(self):
        super().__init__(datefmt=JSON_DATE)

    _encode = staticmethod(json.JSONEncoder(ensure_ascii=False, default=str).encode)

    def format(self, record):
        record.levelno = _level(record.levelno)
        record.levelname = logging.getLevelName(record.levelno)
        record._frame_type = frame_type(record.levelno, FRAME_JSON)
        members = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
            **_exception_members(record),
            "requestId": getattr(record, "aws_request_id", None),
            "location": record.exc_info and "%s:%s:%s" % (record.pathname, record.funcName, record.lineno),
        }
        if getattr(record, "tenant_id", None) is not None:
            members["tenantId"] = record.tenant_id
        for name, value in record.__dict__.items():
            if name not in _OWN_FIELDS:
                members.setdefault(name, value)
        return self._encode({name: value for name, value in members.items() if value is not None}) + "\n"


def _exception_members(record):
    if not record.exc_info:
        return dict.fromkeys(("stackTrace", "errorType", "errorMessage"))  # ours even where they are empty
    kind, value, trace = record.exc_info
    return {"stackTrace": traceback.format_tb(trace), "errorType": kind.__name__, "errorMessage": str(value)}


def wants_json():
    """Whether the function's LoggingConfig asks for JSON."""
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def setup_logging(log_sink):
    """Put AWS's handler on the root logger, in the format and at the level of the function's LoggingConfig."""
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else level  # Python has no TRACE
    logging.Formatter.converter = time.gmtime
    if wants_json():
        handler = LambdaLoggerHandler(log_sink, True)
        handler.setFormatter(JsonFormatter())
    else:
        handler = LambdaLoggerHandler(log_sink, bool(level))
        handler.setFormatter(logging.Formatter(TEXT_FORMAT, TEXT_DATE))
    handler.addFilter(LambdaLoggerFilter())
    root = logging.getLogger()
    if isinstance(logging.getLevelName(level), int):
        root.setLevel(level)
    root.addHandler(handler)


def log_error(error_result, log_sink):
    """Dump an error payload to the log in the function's format."""
    if wants_json():
        now = time.strftime(JSON_DATE, time.gmtime())
        lines = [to_json({"timestamp": now, "level": "ERROR", **error_result})]
        log_sink.log_error(lines, frame_type(logging.ERROR, FRAME_JSON))
    else:
        log_sink.log_error(_error_lines(error_result), frame_type(logging.ERROR, FRAME_TEXT))


def _error_lines(error_result):
    words = ["[ERROR]", error_result["errorType"], error_result["errorMessage"]]
    if words[1] and words[2]:
        words[1] += ":"
    lines = [" ".join(word for word in words if word), "Traceback (most recent call last):"]
    for element in error_result["stackTrace"]:
        lines += [_indented(line) for line in element.splitlines()] or [""]
    return lines


def _indented(line):
    """The line with its indentation in no-break spaces, which CloudWatch's console does not swallow."""
    text = line.lstrip(" ")
    return NO_BREAK_SPACE * (len(line) - len(text)) + text
