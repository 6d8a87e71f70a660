"""The runtime's loop: load the handler, then event in, result or error out, one at a time.

Names that monitoring agents patch (handle_event_request, the client's post_ methods) are AWS's.
"""

import importlib
import json
import logging
import os
import sys
import traceback

from . import lambda_runtime_client
from .lambda_context import LambdaContext
from .lambda_runtime_client import LambdaRuntimeClient
from .lambda_runtime_exception import FaultException
from .lambda_runtime_log_utils import Invocation, Unbuffered, create_log_sink, log_error, setup_logging
from .lambda_runtime_marshaller import to_json

OUR_FILE = "/bootstrap.py"
TRACE_VARIABLE = "_X_AMZN_TRACE_ID"

# AWS's words, which people search their logs for.
UNHANDLED_EXCEPTION_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. However, in rare "
    "cases, a Lambda runtime update can cause unexpected function behavior. For functions using managed runtimes, "
    "runtime updates can be triggered by a function change, or can be applied automatically. To determine if the "
    "runtime has been updated, check the runtime version in the INIT_START log entry. If this error correlates with "
    "a change in the runtime version, you may be able to mitigate this error by temporarily rolling back to the "
    "previous runtime version. For more information, see "
    "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)


def _get_handler(handler):
    """The function named by `folder/module.function`. Raises FaultException with AWS's types and words."""
    module_name, dot, function_name = handler.rpartition(".")
    if not dot:
        words = "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler
        raise FaultException(FaultException.MALFORMED_HANDLER_NAME, words)
    if module_name.split(".")[0] in sys.builtin_module_names:
        words = "Cannot use built-in module %s as a handler module" % module_name
        raise FaultException(FaultException.BUILT_IN_MODULE_CONFLICT, words)
    module = _import_module(module_name)
    try:
        return getattr(module, function_name)
    except AttributeError:
        words = "Handler '%s' missing on module '%s'" % (function_name, module_name)
        raise FaultException(FaultException.HANDLER_NOT_FOUND, words)


def _import_module(name):
    try:
        return importlib.import_module(name.replace("/", "."))
    except ImportError as e:
        raise FaultException(FaultException.IMPORT_MODULE_ERROR, "Unable to import module '%s': %s" % (name, e))
    except SyntaxError as e:
        trace = ['  File "%s" Line %s\n    %s' % (e.filename, e.lineno, e.text)]
        raise FaultException(FaultException.USER_CODE_SYNTAX_ERROR, "Syntax error in module '%s': %s" % (name, e), trace)


def make_error(error_message, error_type, stack_trace, invoke_id=None):
    """An error payload, its keys in AWS's order; before the first invocation requestId is empty."""
    return {
        "errorMessage": error_message or "",
        "errorType": error_type or "",
        "requestId": invoke_id or "",
        "stackTrace": stack_trace or [],
    }


def extract_traceback(trace):
    """(file, line, function, text) for each frame, without the runtime's own at the start.

    Four members and no columns: with columns newer Pythons would draw carets, which AWS's traces don't have.
    """
    frames = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in traceback.extract_tb(trace)]
    for at, frame in enumerate(frames):
        if OUR_FILE not in frame[0]:
            return frames[at:]
    return frames


def make_xray_fault(error_type, message, frames):
    """The exception as X-Ray's segment wants it."""
    stack = [{"label": function, "path": file, "line": line} for file, line, function, _ in frames]
    return {
        "working_directory": os.getcwd(),
        "exceptions": [{"message": message, "type": error_type, "stack": stack}],
        "paths": list({frame["path"] for frame in stack}),
    }


def build_fault_result(exception, invoke_id=None):
    """(error payload, X-Ray fault) of whatever was raised."""
    if isinstance(exception, FaultException):
        fault = make_xray_fault("LambdaValidationError", exception.msg, [])
        return make_error(exception.msg, exception.exception_type, exception.trace, invoke_id), fault
    name = type(exception).__name__
    frames = extract_traceback(exception.__traceback__)
    error = make_error(str(exception), name, traceback.format_list(frames), invoke_id)
    return error, make_xray_fault(name, str(exception), frames)


def _parse_json_header(text, name):
    if not text:
        return None
    try:
        return json.loads(text)
    except Exception as e:
        words = "Unable to parse %s JSON: %s" % (name, e)
        raise FaultException(FaultException.LAMBDA_CONTEXT_UNMARSHAL_ERROR, words)


def create_lambda_context(request):
    """The handler's second argument."""
    return LambdaContext(
        request.invoke_id,
        _parse_json_header(request.client_context, "Client Context"),
        _parse_json_header(request.cognito_identity, "Cognito Identity"),
        request.deadline_time_in_ms,
        request.invoked_function_arn,
        request.tenant_id,
    )


def handle_event_request(lambda_runtime_client, request_handler, request, log_sink):
    """Run the handler for one event and post what came of it.

    SystemExit and its like are not errors of the invocation: they end the process, and the platform reports that.
    """
    marshaller = lambda_runtime_client.marshaller
    try:
        lambda_context = create_lambda_context(request)
        event = marshaller.unmarshal_request(request.event_body, request.content_type)
        response = request_handler(event, lambda_context)
        result, content_type = marshaller.marshal_response(response)
    except Exception as e:
        error, fault = build_fault_result(e, request.invoke_id)
        log_error(error, log_sink)
        lambda_runtime_client.post_invocation_error(request.invoke_id, to_json(error), to_json(fault), error["errorType"])
    else:
        data = result if isinstance(result, bytes) else result.encode("utf-8")
        lambda_runtime_client.post_invocation_result(request.invoke_id, data, content_type)


def update_xray_env_variable(trace_id):
    """Tell the X-Ray SDK, which reads the environment, which trace the invocation belongs to."""
    if trace_id:
        os.environ[TRACE_VARIABLE] = trace_id
    else:
        os.environ.pop(TRACE_VARIABLE, None)


def load(handler, lambda_runtime_client, log_sink):
    """The handler; what goes wrong is logged and posted, and ends the process with code 1."""
    try:
        return _get_handler(handler)
    except Exception as e:
        error, _ = build_fault_result(e)
        logging.warning(UNHANDLED_EXCEPTION_WARNING)
        log_error(error, log_sink)
        lambda_runtime_client.post_init_error(error)
        sys.exit(1)


def run(handler, lambda_runtime_client):
    """Load the handler and serve until the platform closes the connection."""
    log_sink = create_log_sink()
    setup_logging(log_sink)
    request_handler = load(handler, lambda_runtime_client, log_sink)
    while True:
        request = lambda_runtime_client.wait_next_invocation()
        Invocation.request_id = request.invoke_id
        Invocation.tenant_id = request.tenant_id
        update_xray_env_variable(request.x_amzn_trace_id)
        handle_event_request(lambda_runtime_client, request_handler, request, log_sink)


def _standard_stream(stream):
    # C.UTF-8's error handler, whatever locale the host has: bytes that came in as surrogates go out again.
    stream.reconfigure(encoding="utf-8", errors="surrogateescape" if stream is sys.stdout else "backslashreplace")
    return Unbuffered(stream)


def main(handler, socket_path=None):
    """Become the runtime of the function whose environment this process has."""
    sys.stdout = _standard_stream(sys.stdout)
    sys.stderr = _standard_stream(sys.stderr)
    client = lambda_runtime_client.connect(socket_path)
    try:
        run(handler, client)
    except lambda_runtime_client.PlatformGone:
        sys.exit(0)
