"""The real binary, started on a free port with a data directory of its own, and real clients for it.

Usage in a test file:

    def setUpModule(): harness.start_shared()
    tearDownModule = harness.stop_shared

    class Functions(harness.Case): ...        # self.server, self.lambda_, self.role

`python harness.py exec COMMAND...` serves, makes a role, and runs COMMAND with AWS_ENDPOINT_URL, keys and LAMBDAD_ROLE
in its environment; its status is the command's.
"""

import base64
import contextlib
import datetime
import functools
import hashlib
import hmac
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
import urllib.parse
import uuid
import zipfile

import boto3
import botocore.config
import botocore.exceptions

ROOT_KEY = "AKIAIOSFODNN7LAMBDAD"
ROOT_SECRET = "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"
REGION = "us-east-1"
STARTUP_SECONDS = 60
# Python that hosts are likely to have; the nearest one is taken where it is missing.
PYTHON = "python3.12"

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def binary():
    path = os.environ.get("LAMBDAD_BIN") or os.path.join(os.path.dirname(__file__), "../../target/debug/lambdad")
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: build lambdad first, or name it in LAMBDAD_BIN")
    return os.path.abspath(path)


class Server:
    """One lambdad. `stop` is checked: SIGTERM must end it with status 0."""

    def __init__(self, *arguments, data_dir=None, env=None, files=None, program=None):
        """`files` is the limit of open files that its shell has; `program` is what is run in the binary's place; a
        variable of `env` that is None is left out."""
        self.own_data_dir = data_dir is None
        self.data_dir = data_dir or tempfile.mkdtemp(prefix="lambdad-sdk-")
        # Functions' users must get to their code, which lies below.
        os.chmod(self.data_dir, 0o755)
        self.lines = []
        self.endpoint = None
        self._listening = threading.Event()
        self._clients = {}
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "LAMBDAD_ROOT_ACCESS_KEY_ID": ROOT_KEY,
            "LAMBDAD_ROOT_SECRET_ACCESS_KEY": ROOT_SECRET,
            # No function of a test gets to the machine's network; those of test_network have one of their own.
            "LAMBDAD_NETWORK": "none",
            **(env or {}),
        }
        environment = {name: value for name, value in environment.items() if value is not None}
        command = [*(program or [binary()]), "serve", "--listen", "127.0.0.1:0", "--data-dir", self.data_dir, *arguments]
        if files:
            command = ["sh", "-c", f'ulimit -S -n {files}; exec "$@"', "sh", *command]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _read_log(self):
        for line in self.process.stderr:
            self.lines.append(line)
            match = re.search(r"listening on (http://127\.0\.0\.1:\d+)", line)
            if match and not self.endpoint:
                self.endpoint = match.group(1)
                self._listening.set()
        # Whoever waits for a server that has died hears of it at once.
        self._listening.set()

    def _wait_until_ready(self):
        deadline = time.monotonic() + STARTUP_SECONDS
        if not self._listening.wait(STARTUP_SECONDS) or not self.endpoint:
            raise RuntimeError(f"lambdad did not say where it listens (status {self.process.poll()}):\n{self.log()}")
        until(lambda: self.health() == 200, deadline - time.monotonic(), "GET /_lambdad/health = 200")

    def health(self):
        try:
            return self.raw("GET", "/_lambdad/health", sign=False)[0]
        except OSError:
            return None

    def log(self):
        return "".join(self.lines[-200:])

    def kill(self):
        """The power goes."""
        self.process.kill()
        self._ended()

    def wait(self, seconds):
        """Its status, when it has been told to end."""
        status = self.process.wait(seconds)
        self._ended()
        return status

    def stop(self):
        """Ends it as an operator would; returns its status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"lambdad did not end within 30 s of SIGTERM:\n{self.log()}") from None
        self._ended()
        if status != 0:
            raise RuntimeError(f"lambdad ended with status {status} after SIGTERM:\n{self.log()}")
        return status

    def _ended(self):
        self.process.wait()
        self._reader.join(5)
        self.process.stderr.close()
        if self.own_data_dir:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()

    def client(self, service, key=ROOT_KEY, secret=ROOT_SECRET, token=None, region=REGION, validate=True):
        """A boto3 client that says each thing once. Without `validate`, boto3 lets bad input through to the server."""
        what = (service, key, secret, token, region, validate)
        if what not in self._clients:
            config = botocore.config.Config(
                retries={"total_max_attempts": 1}, read_timeout=120, parameter_validation=validate, max_pool_connections=256
            )
            session = boto3.Session(key, secret, token, region)
            self._clients[what] = session.client(service, endpoint_url=self.endpoint, config=config)
        return self._clients[what]

    @functools.cached_property
    def account(self):
        return self.client("sts").get_caller_identity()["Account"]

    def raw(self, method, target, body=b"", headers=(), sign=True, **signing):
        """One request outside of boto3. Returns (status, headers in lower case, body)."""
        host = self.endpoint.removeprefix("http://")
        headers = {"host": host, **dict(headers)}
        if sign:
            headers = sign_v4(method, target, headers, body, **signing)
        connection = http.client.HTTPConnection(host, timeout=60)
        try:
            with contextlib.suppress(ConnectionError):
                # A server that refuses a body may hang up before it has read it all; its answer counts.
                connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def make_role(self, name, trust=TRUST, statements=()):
        """A role that Lambda may assume, and that may write its logs. Returns its ARN."""
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [logs, *statements]}
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
        return arn

    def make_user(self, name, *statements):
        """A user with one policy and one key. Returns the arguments of `client`."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if statements:
            policy = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


def sign_v4(method, target, headers, body=b"", key=ROOT_KEY, secret=ROOT_SECRET, service="lambda", region=REGION, at=None):
    """Signature Version 4, written out, so that a test can get any part of it wrong."""
    at = at or datetime.datetime.now(datetime.timezone.utc)
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    headers = {**headers, "x-amz-date": stamp}
    path, _, query = target.partition("?")
    names = sorted(headers)
    canonical = "\n".join(
        [
            method,
            urllib.parse.quote(path, safe="/~"),
            "&".join(sorted(pair if "=" in pair else pair + "=" for pair in query.split("&") if pair)),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signing_key = functools.reduce(_hmac, [day, region, service, "aws4_request"], f"AWS4{secret}".encode())
    signature = _hmac(signing_key, text).hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return headers


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def until(condition, seconds=30, what="the condition"):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(0.05)


def zipped(files, modes=()):
    """A zip of {name: text or bytes}; `modes` gives Unix modes where they matter."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (dict(modes).get(name, 0o644) | 0o100000) << 16
            archive.writestr(info, content)
    return out.getvalue()


def python_zip(source):
    return zipped({"app.py": textwrap.dedent(source)})


@contextlib.contextmanager
def abstract_listener():
    """A socket of this host in the namespace that no file system guards. Gives its name, without the NUL."""
    name = f"lambdad-{uuid.uuid4().hex}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen()
        yield name


def sha256_base64(content):
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


HELLO = python_zip(
    """
    def handler(event, context):
        return {"hello": event}
    """
)

_shared = {}


def start_shared(*arguments, **parameters):
    """For setUpModule: one server for a file's tests."""
    server = Server(*arguments, **parameters)
    try:
        _shared["role"] = server.make_role("execution")
    except BaseException:
        print(server.log(), file=sys.stderr)
        server.kill()
        raise
    _shared["server"] = server


def stop_shared():
    _shared.pop("server").stop()


class Case(unittest.TestCase):
    """A test with the file's server."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = _shared["server"]
        cls.role = _shared["role"]
        cls.lambda_ = cls.server.client("lambda")
        cls.unchecked = cls.server.client("lambda", validate=False)
        cls.iam = cls.server.client("iam")
        cls.sts = cls.server.client("sts")
        cls.logs = cls.server.client("logs")
        cls.account = cls.server.account

    def name(self, kind="f"):
        return f"{kind}-{uuid.uuid4().hex[:12]}"

    def arn(self, function):
        return f"arn:aws:lambda:{REGION}:{self.account}:function:{function}"

    def parameters(self, name=None, **changes):
        """What CreateFunction needs, with changes; a change to None leaves a parameter out."""
        given = {
            "FunctionName": name or self.name(),
            "Runtime": PYTHON,
            "Role": self.role,
            "Handler": "app.handler",
            "Code": {"ZipFile": HELLO},
            **changes,
        }
        return {key: value for key, value in given.items() if value is not None}

    def create(self, source=None, **changes):
        """A function that is active. Returns its name."""
        if source is not None:
            changes.setdefault("Code", {"ZipFile": python_zip(source)})
        parameters = self.parameters(**changes)
        self.lambda_.create_function(**parameters)
        self.wait_active(parameters["FunctionName"])
        return parameters["FunctionName"]

    def wait_active(self, name):
        return self._wait(name, lambda it: it["State"] != "Pending", lambda it: it["State"] == "Active")

    def wait_updated(self, name):
        return self._wait(
            name,
            lambda it: it["LastUpdateStatus"] != "InProgress",
            lambda it: it["LastUpdateStatus"] == "Successful",
        )

    def _wait(self, name, ended, well):
        def ask():
            configuration = self.lambda_.get_function_configuration(FunctionName=name)
            return configuration if ended(configuration) else None

        configuration = until(ask, what=f"{name}'s end of transition")
        self.assertTrue(well(configuration), configuration)
        return configuration

    def invoke(self, name, event=None, **parameters):
        """Answers (the response, its payload decoded)."""
        if event is not None:
            parameters["Payload"] = json.dumps(event)
        response = self.lambda_.invoke(FunctionName=name, **parameters)
        payload = response["Payload"].read()
        return response, json.loads(payload) if payload else None

    def result(self, name, event=None, **parameters):
        """The payload of an invocation that must succeed."""
        response, payload = self.invoke(name, event, **parameters)
        self.assertNotIn("FunctionError", response, payload)
        return payload

    def function_log(self, name, pattern, seconds=20):
        """Waits for a line of the function's log that matches; returns all messages as one text."""
        group = f"/aws/lambda/{name}"

        def ask():
            try:
                pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
                text = "".join(event["message"] for page in pages for event in page["events"])
            except self.logs.exceptions.ResourceNotFoundException:
                return None
            return text if re.search(pattern, text) else None

        return until(ask, seconds, f"{pattern!r} in {group}")

    def fault(self, call, *arguments, **parameters):
        """The ClientError that a call must end with."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(*arguments, **parameters)
        return caught.exception.response

    def refused(self, status, code, message, call, *arguments, **parameters):
        """The call must be refused in exactly these words. A compiled pattern as `message` must match all of it."""
        response = self.fault(call, *arguments, **parameters)
        heard = (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"])
        self.assertEqual(heard, (status, code), response["Error"])
        if isinstance(message, re.Pattern):
            self.assertRegex(response["Error"]["Message"], re.compile(rf"\A(?:{message.pattern})\Z", message.flags))
        elif message is not None:
            self.assertEqual(response["Error"]["Message"], message)
        return response


def execute(command):
    """Runs a command beside a server; what it needs to reach it stands in its environment."""
    with Server() as server:
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "LAMBDAD_ROLE": server.make_role("execution"),
        }
        status = subprocess.run(command, env=environment, check=False).returncode
        if status:
            print(server.log(), file=sys.stderr)
    return status


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "exec":
        sys.exit(__doc__)
    sys.exit(execute(sys.argv[2:]))
