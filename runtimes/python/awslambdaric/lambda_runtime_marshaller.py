"""JSON as AWS's Python runtime reads and writes it.

AWS uses simplejson. The library's own C encoder writes the same text for everything but named tuples
(objects, not arrays), Decimals (bare numbers) and bytes (text), so a result is looked over first and takes
the slow way only where it holds one of those.
"""

import json
import os
from json.encoder import encode_basestring, encode_basestring_ascii

from .lambda_runtime_exception import FaultException

JSON = "application/json"
FIRST_RUNTIME_WITH_UNICODE = (3, 12)


def writes_unicode(execution_env):
    """Whether this managed runtime leaves non-ASCII characters as they are (python3.12 and later)."""
    try:
        major, minor = (execution_env or "").split("AWS_Lambda_python")[1].split(".")
        return (int(major), int(minor)) >= FIRST_RUNTIME_WITH_UNICODE
    except (IndexError, ValueError):
        return False


_SCALARS = frozenset((str, int, float, bool, type(None)))


def is_plain(value):
    """Whether the fast encoder writes `value` as AWS does: only the JSON types themselves, all the way down."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is dict:
        if not _SCALARS.issuperset(map(type, value)):
            return False
        members = value.values()
    elif kind is list or kind is tuple:
        members = value
    else:
        return False
    if _SCALARS.issuperset(map(type, members)):
        return True
    return all(map(is_plain, members))


class Encoder:
    """Encodes a handler's result to the text that AWS's runtime would send."""

    def __init__(self, execution_env=None):
        env = os.environ.get("AWS_EXECUTION_ENV") if execution_env is None else execution_env
        unicode = writes_unicode(env)
        self._string = encode_basestring if unicode else encode_basestring_ascii
        self._fast = json.JSONEncoder(ensure_ascii=not unicode).encode

    def encode(self, value):
        """The JSON text. Raises TypeError, ValueError or RecursionError with AWS's words."""
        try:
            plain = is_plain(value)
        except RecursionError:
            plain = True  # deep or circular: the fast encoder finds out which, and says so
        if plain:
            return self._fast(value)
        pieces = []
        self._write(value, pieces.append, set())
        return "".join(pieces)

    def _write(self, value, write, parents):
        if isinstance(value, str):
            write(self._string(value))
        elif isinstance(value, bytes):
            write(self._string(str(value, "utf-8")))
        elif value is None or isinstance(value, (bool, int, float)):
            write(self._fast(value))
        elif callable(getattr(value, "_asdict", None)):
            self._inside(value, parents, lambda: self._write_object(value._asdict(), write, parents))
        elif isinstance(value, (list, tuple)):
            self._inside(value, parents, lambda: self._write_array(value, write, parents))
        elif isinstance(value, dict):
            self._inside(value, parents, lambda: self._write_object(value, write, parents))
        else:
            write(self._number(value))

    @staticmethod
    def _inside(value, parents, write_members):
        if id(value) in parents:
            raise ValueError("Circular reference detected")
        parents.add(id(value))
        write_members()
        parents.discard(id(value))

    def _write_array(self, members, write, parents):
        separator = "["
        for member in members:
            write(separator)
            self._write(member, write, parents)
            separator = ", "
        write("]" if separator == ", " else "[]")

    def _write_object(self, members, write, parents):
        separator = "{"
        for key, member in members.items():
            write(separator + self._key(key) + ": ")
            self._write(member, write, parents)
            separator = ", "
        write("}" if separator == ", " else "{}")

    def _key(self, key):
        if isinstance(key, bytes):
            key = str(key, "utf-8")
        if isinstance(key, str):
            return self._string(key)
        if key is None or isinstance(key, (bool, int, float)):
            return '"' + self._fast(key) + '"'
        raise TypeError("keys must be str, int, float, bool or None, not " + type(key).__name__)

    def _number(self, value):
        # A Decimal can only be here if somebody has imported its module: it costs 2 ms, so we do not.
        import decimal

        if not isinstance(value, decimal.Decimal):
            raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)
        return "NaN" if value.is_nan() else str(value)


def to_json(value):
    """`value` as AWS's runtime writes it, for callers outside the invocation loop."""
    return Encoder().encode(value)


class LambdaMarshaller:
    """Event bytes to the handler's argument, and its result to bytes. Functions may put their own in its place."""

    def __init__(self):
        self._encode = Encoder().encode

    def unmarshal_request(self, request, content_type=JSON):
        """The event: parsed JSON, or the bytes themselves where the invocation says they are something else."""
        if content_type != JSON:
            return request
        try:
            return json.loads(request)
        except Exception as e:
            raise FaultException(FaultException.UNMARSHAL_ERROR, "Unable to unmarshal input: %s" % e)

    def marshal_response(self, response):
        """(payload, content type); bytes go out untouched."""
        if isinstance(response, bytes):
            return response, "application/unknown"
        try:
            return self._encode(response).encode("utf-8"), JSON
        except Exception as e:
            raise FaultException(FaultException.MARSHAL_ERROR, "Unable to marshal response: %s" % e)
