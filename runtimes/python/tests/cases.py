"""What the tests and the differential test run: name -> (handler, events, environment)."""

import json

from fake_platform import Event

TRACE = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
CLIENT_CONTEXT = {
    "custom": {"k": "v"},
    "env": {"locale": "de"},
    "client": {"app_title": "app", "unknown": 1},
    "w3c": {"traceparent": "00-1-2-01", "tracestate": 5, "other": "x"},
}
FULL = dict(
    traceId=TRACE,
    clientContext=json.dumps(CLIENT_CONTEXT),
    cognitoIdentity='{"cognitoIdentityId":"id","cognitoIdentityPoolId":"pool"}',
    tenantId="tenant-1",
)
JSON_LOGS = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
UNICODE = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.12"}
ASCII = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.11"}


def case(handler, *events, **environment):
    return ("app." + handler if "." not in handler else handler, list(events or [Event()]), environment)


SIMPLE = """constant nothing scalars not_numbers decimals named_tuple keys nested_bytes broken_bytes raw_bytes enums a_set
a_date a_decimal_key a_tuple_key circular circular_with_decimal an_object raises raises_lines raises_nothing raises_chained
recursion raises_deep wrong_arguments not_callable an_instance a_lambda remaining prints logs logs_levels
logs_extra logs_exception logs_badly logs_context own_formatter environment""".split()

CASES = {name: case(name, **UNICODE) for name in SIMPLE}
CASES.update({name + " in ascii": case(name, **ASCII) for name in ("constant", "decimals", "keys", "nested_bytes", "raises_lines")})
LOGGING = ("logs", "logs_levels", "logs_extra", "logs_exception", "own_formatter", "raises", "raises_lines")
CASES.update({name + " as json": case(name, Event(tenantId="t"), **JSON_LOGS) for name in LOGGING})
CASES.update({name + " at debug": case(name, AWS_LAMBDA_LOG_LEVEL="TRACE") for name in ("logs", "logs_extra")})
CASES.update(
    {
        "echo": case("echo", Event(b'{"a":[1,2.5,"\xc3\xa9"],"b":null}'), Event(b'"text"'), Event(b"17"), Event(b"null")),
        "echo in unicode": case("echo", Event('{"k":"é\\u0000☃"}'.encode()), **UNICODE),
        "not json": case("echo", Event(b"{")),
        "other content": case("echo", Event(b"plain", contentType="text/plain")),
        "context, bare": case("context_fields"),
        "context, full": case("context_fields", Event(**FULL), Event()),
        "context, null": case("context_fields", Event(clientContext="null", cognitoIdentity="{}")),
        "context, broken": case("echo", Event(clientContext="{"), Event(cognitoIdentity="{")),
        "traces": case("environment", Event(traceId="Root=1"), Event(traceId="Root=2"), Event()),
        "state stays": case("counts", Event(), Event(), Event()),
        "errors and on": case("raises_lines", Event(id="a"), Event(id="b")),
        "exit 3": case("exits", Event(b'{"code":3}')),
        "exit 0": case("exits", Event(b'{"code":0}')),
        "os exit": case("os_exits"),
        "nested folder": case("nested/inner.handler"),
        "nested module": case("nested.inner.handler"),
        "no module": case("missing.handler"),
        "no handler": case("app.missing"),
        "no dot": ("handler", [Event()], {}),
        "built in": case("sys.handler"),
        "syntax error": case("broken/syntax.handler"),
        "import error": case("broken/imports.handler"),
        "raises at import": case("broken/raises.handler", **UNICODE),
        "raises at import, plainly": case("broken/raises_plainly.handler", **UNICODE),
        "raises at import as json": case("broken/raises_plainly.handler", **JSON_LOGS),
        "exits at import": case("broken/exits.handler"),
        "large": case("size", Event(b'{"data":"' + b"x" * 20_000 + b'"}')),
    }
)
