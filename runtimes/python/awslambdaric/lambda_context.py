"""The context object that a handler is given, with AWS's attributes and their text forms."""

import logging
import os
import sys
import time

W3C_ALLOWED_FIELDS = ("traceparent", "tracestate", "baggage")


class _Fields:
    """A fixed set of attributes, each taken from a mapping or None, shown as `Name([a=1,b=2])`."""

    __slots__ = ()

    @classmethod
    def of(cls, mapping):
        if mapping is None:
            return None
        fields = cls()
        for name in cls.__slots__:
            setattr(fields, name, mapping.get(name))
        return fields

    def __repr__(self):
        return _show(self, self.__slots__)


def _show(shown, names):
    return "%s([%s])" % (type(shown).__name__, ",".join("%s=%s" % (name, getattr(shown, name)) for name in names))


class CognitoIdentity(_Fields):
    """Who called, where a mobile SDK signed with a Cognito identity."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(_Fields):
    """The calling application, from the mobile SDK."""

    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext(_Fields):
    """The X-Amz-Client-Context of the invocation: `custom` and `env` as given, `client` as an object."""

    __slots__ = ("custom", "env", "client")


class LambdaContext:
    """One invocation as the handler sees it. `epoch_deadline_time_in_ms` is milliseconds since the epoch."""

    def __init__(
        self,
        invoke_id,
        client_context,
        cognito_identity,
        epoch_deadline_time_in_ms,
        invoked_function_arn=None,
        tenant_id=None,
    ):
        environ = os.environ.get
        self.aws_request_id = invoke_id
        self.log_group_name = environ("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environ("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environ("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environ("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = invoked_function_arn
        self.tenant_id = tenant_id
        self._w3c_fields = _take_w3c(client_context)
        self.client_context = ClientContext.of(client_context)
        if self.client_context is not None:
            self.client_context.client = Client.of(self.client_context.client)
        self.identity = _identity(cognito_identity)
        self._epoch_deadline_time_in_ms = epoch_deadline_time_in_ms

    def get_remaining_time_in_millis(self):
        """Milliseconds until the invocation times out; never negative."""
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def w3c(self):
        """The W3C trace context that came with the invocation, or an empty mapping."""
        return dict(self._w3c_fields)

    def log(self, msg):
        """Write `msg` to the function's log as it is."""
        for handler in logging.getLogger().handlers:
            if hasattr(handler, "log_sink"):
                handler.log_sink.log(str(msg))
                return
        sys.stdout.write(str(msg))

    _SHOWN = (
        "aws_request_id",
        "log_group_name",
        "log_stream_name",
        "function_name",
        "memory_limit_in_mb",
        "function_version",
        "invoked_function_arn",
        "client_context",
        "identity",
        "tenant_id",
    )

    def __repr__(self):
        return _show(self, self._SHOWN)


def _identity(cognito_identity):
    given = cognito_identity or {}
    return CognitoIdentity.of(
        {
            "cognito_identity_id": given.get("cognitoIdentityId"),
            "cognito_identity_pool_id": given.get("cognitoIdentityPoolId"),
        }
    )


def _take_w3c(client_context):
    """Take the platform's trace context out of the caller's context, so that the function sees only the caller's part."""
    carried = client_context.pop("w3c", None) if isinstance(client_context, dict) else None
    if not isinstance(carried, dict):
        return {}
    return {name: carried[name] for name in W3C_ALLOWED_FIELDS if isinstance(carried.get(name), str)}
