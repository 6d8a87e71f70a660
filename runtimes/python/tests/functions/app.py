"""Handlers for the tests. Each shows one thing; the differential test runs them under AWS's client too."""

import collections
import datetime
import decimal
import enum
import json
import logging
import os
import sys
import warnings

Point = collections.namedtuple("Point", "x y")
logger = logging.getLogger()


class Colour(str, enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Custom(Exception):
    pass


def echo(event, context):
    return event


def constant(event, context):
    return {"statusCode": 200, "body": "hé ☃ 😀 \u2028 \u007f \u0000 \"\\/"}


def nothing(event, context):
    pass


def scalars(event, context):
    return [None, True, False, 0, -1, 2**70, 1.0, 1e300, 1e-7, -0.0, "", 0.1 + 0.2]


def not_numbers(event, context):
    return [float("nan"), float("inf"), float("-inf")]


def decimals(event, context):
    return {"price": decimal.Decimal("1.10"), "nan": decimal.Decimal("NaN"), "big": decimal.Decimal("1E+5"), "é": "é"}


def named_tuple(event, context):
    return {"point": Point(1, 2), "plain": (1, 2), "nested": [Point("é", Point(None, []))], "empty": collections.OrderedDict()}


def keys(event, context):
    return {7: "int", 2.5: "float", True: "bool", None: "none", b"bytes": "bytes", Colour.RED: Level.HIGH}


def nested_bytes(event, context):
    return {"text": b"caf\xc3\xa9", "empties": [{}, [], (), ""]}


def broken_bytes(event, context):
    return {"text": b"\xff"}


def raw_bytes(event, context):
    return b"\x00raw \xff bytes"


def enums(event, context):
    return [Colour.RED, Level.HIGH]


def lone_surrogate(event, context):
    return event


def a_set(event, context):
    return {"set": {1}}


def a_date(event, context):
    return datetime.date(2026, 1, 2)


def a_decimal_key(event, context):
    return {decimal.Decimal("1"): 1}


def a_tuple_key(event, context):
    return {(1, 2): 1}


def circular(event, context):
    members = []
    members.append(members)
    return members


def circular_with_decimal(event, context):
    members = {"d": decimal.Decimal("1")}
    members["again"] = members
    return members


def an_object(event, context):
    return object()


def raises(event, context):
    raise Custom("some error occurred")


def raises_lines(event, context):
    raise ValueError("first\nsecond\r\nthird — é")


def raises_nothing(event, context):
    raise Custom()


def raises_chained(event, context):
    try:
        {}["missing"]
    except KeyError as e:
        raise Custom("outer") from e


def recursion(event, context):
    return recursion(event, context)


def raises_deep(event, context):
    def inner(n):
        if n == 0:
            json.loads("{")
        inner(n - 1)

    inner(5)


def wrong_arguments():
    return None


not_callable = 5


class Handler:
    def __call__(self, event, context):
        return {"called": type(context).__name__}


an_instance = Handler()
a_lambda = lambda event, context: "lambda"  # noqa: E731


async def a_coroutine(event, context):
    return 1


def awaits(event, context):
    import asyncio  # here, since it takes longer than all else together

    async def twice(number):
        await asyncio.sleep(0)
        return number * 2

    return asyncio.run(twice(21))


def oversized(event, context):
    return "x" * (7 << 20)


def almost_oversized(event, context):
    return "x" * ((6 << 20) - 2)


def context_fields(event, context):
    c = context
    return {
        "names": sorted(n for n in dir(c) if not n.startswith("_")),
        "aws_request_id": c.aws_request_id,
        "log_group_name": c.log_group_name,
        "log_stream_name": c.log_stream_name,
        "function_name": c.function_name,
        "function_version": c.function_version,
        "memory_limit_in_mb": c.memory_limit_in_mb,
        "invoked_function_arn": c.invoked_function_arn,
        "tenant_id": getattr(c, "tenant_id", "absent"),
        "identity": [c.identity.cognito_identity_id, c.identity.cognito_identity_pool_id],
        "client": c.client_context and repr(c.client_context),
        "custom": c.client_context and c.client_context.custom,
        "app": c.client_context and c.client_context.client and c.client_context.client.app_title,
        "w3c": c.w3c(),
        "repr": repr(c),
        "identity_repr": repr(c.identity),
        "module": type(c).__module__,
    }


def remaining(event, context):
    first = context.get_remaining_time_in_millis()
    context._epoch_deadline_time_in_ms = 5
    return [isinstance(first, int), first > 0, context.get_remaining_time_in_millis()]


def prints(event, context):
    print("one", "two", 3)
    print("no newline", end="")
    print()
    print("é ☃")
    sys.stdout.writelines(["a\n", "b\n"])
    sys.stderr.write("to stderr\n")
    print("end")


def logs(event, context):
    logger.debug("not shown")
    logger.info("not shown unless the level is set")
    logger.warning("a %s", "warning")
    logger.error("two\nlines")
    logging.getLogger("my.library").critical("from a library")
    logger.log(35, "between levels")
    return [logger.level, len(logger.handlers)]


def logs_levels(event, context):
    logger.setLevel(logging.DEBUG)
    for level in (5, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL, 60):
        logger.log(level, "level %d", level)


def logs_extra(event, context):
    logger.error({"a": 1, "when": datetime.date(2026, 1, 2)}, extra={"order": 7, "stackTrace": "mine", "é": "é"})
    logger.error("plain", extra={"tenantId": "mine"})


def logs_exception(event, context):
    try:
        raise Custom("caught")
    except Custom:
        logger.exception("it failed: %s", "é")


def logs_badly(event, context):
    logger.error("%d", "not a number")


def logs_context(event, context):
    context.log("context.log\n")
    context.log({"an": "object"})


def own_formatter(event, context):
    logger.handlers[0].setFormatter(logging.Formatter("own %(message)s %(aws_request_id)s\n"))
    logger.error("formatted")


def warns(event, context):
    logging.captureWarnings(True)
    warnings.warn("a warning")


def environment(event, context):
    watched = ("_X_AMZN_TRACE_ID", "_LAMBDA_TELEMETRY_LOG_FD", "_HANDLER")
    return {name: os.environ.get(name) for name in watched}


def exits(event, context):
    sys.exit(event["code"])


def calls_exit(event, context):
    exit(4)


def interrupted(event, context):
    raise KeyboardInterrupt()


def os_exits(event, context):
    print("last words", end="")
    os._exit(9)


def counts(event, context):
    global calls
    calls = globals().get("calls", 0) + 1
    return calls


def size(event, context):
    return {"size": len(event["data"]), "data": event["data"]}


def search_path(event, context):
    return {"path": sys.path, "argv": sys.argv, "pythonpath": os.environ.get("PYTHONPATH")}
