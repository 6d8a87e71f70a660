"""The AWS endpoint inside of an environment: AWS's operations, with the role's permissions, and nothing else of ours."""

import inspect
import json
import os

import harness

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

# The function signs by hand, as no SDK is in its archive.
SOURCE = (
    "import datetime, functools, hashlib, hmac, json, os, socket, urllib.parse, urllib.request, urllib.error\n"
    "ROOT_KEY = ROOT_SECRET = REGION = ''\n"
    + inspect.getsource(harness.sign_v4)
    + inspect.getsource(harness._hmac)
    + '''
def send(method, path, body="", service=None, headers=None):
    url = os.environ["AWS_ENDPOINT_URL"]
    headers = dict(headers or {}, host=url.removeprefix("http://"))
    if service:
        headers["x-amz-security-token"] = os.environ["AWS_SESSION_TOKEN"]
        headers = sign_v4(method, path, headers, body.encode(), os.environ["AWS_ACCESS_KEY_ID"],
                          os.environ["AWS_SECRET_ACCESS_KEY"], service, os.environ["AWS_REGION"])
    request = urllib.request.Request(url + path, body.encode() or None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]

def reach(host, port):
    try:
        socket.create_connection((host, port), 2).close()
        return "reached"
    except OSError as error:
        return type(error).__name__

held = []

def hold(port, count):
    """Opens connections and keeps them."""
    for _ in range(count):
        connection = socket.socket()
        connection.settimeout(0.2)
        try:
            connection.connect(("169.254.100.1", port))
        except OSError:
            break
        held.append(connection)
    return len(held)

def release():
    while held:
        held.pop().close()

def handler(event, context):
    if "hold" in event:
        return hold(*event["hold"])
    if "release" in event:
        return release()
    if "reach" in event:
        return reach(*event["reach"])
    return send(**event)
'''
)
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Endpoint(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.iam = cls.server.client("iam")
        cls.function = "inside"
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = cls.iam.create_role(RoleName="inside", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        cls.server.client("lambda").create_function(
            FunctionName=cls.function,
            Role=role,
            Runtime=harness.PYTHON,
            Handler="app.handler",
            Timeout=30,
            Code={"ZipFile": harness.zipped({"app.py": SOURCE})},
        )
        cls.server.client("lambda").get_waiter("function_active_v2").wait(FunctionName=cls.function)

    def do(self, **event):
        answer = self.lambda_.invoke(FunctionName=self.function, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        self.assertNotIn("FunctionError", answer, payload)
        return payload

    def test_the_caller_is_the_role(self):
        body = "Action=GetCallerIdentity&Version=2011-06-15"
        status, text = self.do(method="POST", path="/", body=body, service="sts", headers=FORM)
        self.assertEqual(status, 200, text)
        self.assertIn(f":assumed-role/inside/{self.function}</Arn>", text)

    def test_the_role_may_what_its_policy_says_and_no_more(self):
        call = {"method": "GET", "path": "/2015-03-31/functions", "service": "lambda"}
        status, text = self.do(**call)
        self.assertEqual(status, 403, text)
        self.assertIn("is not authorized to perform: lambda:ListFunctions", text)
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "lambda:ListFunctions", "Resource": "*"}]}
        self.iam.put_role_policy(RoleName="inside", PolicyName="list", PolicyDocument=json.dumps(policy))
        self.addCleanup(self.iam.delete_role_policy, RoleName="inside", PolicyName="list")
        status, text = self.do(**call)
        self.assertEqual(status, 200, text)

    def test_nobody_gets_in_unsigned(self):
        status, text = self.do(method="GET", path="/2015-03-31/functions")
        self.assertEqual(status, 403)
        self.assertIn("Missing Authentication Token", text)

    def test_lambdads_own_pages_are_not_there(self):
        for path in ["/_lambdad/health", "/_lambdad/code/x", "/%5flambdad/health", "//_lambdad/health"]:
            status, text = self.do(method="GET", path=path)
            self.assertNotEqual(status, 200, (path, text))
            self.assertNotIn('"status"', text)

    def test_the_hosts_loopback_is_out_of_reach(self):
        host, port = self.server.endpoint.removeprefix("http://").split(":")
        self.assertNotEqual(self.do(reach=[host, int(port)]), "reached")
        # The control: what is meant to be reached is.
        self.assertEqual(self.do(reach=["169.254.100.1", 4566]), "reached")

    def test_one_environment_takes_few_of_lambdads_descriptors(self):
        self.addCleanup(self.do, release=True)
        descriptors = f"/proc/{self.server.process.pid}/fd"
        before = len(os.listdir(descriptors))
        for port in [4566, 9001]:
            self.assertGreater(self.do(hold=[port, 450]), 16)
        self.assertLess(len(os.listdir(descriptors)) - before, 300)
        # The house still answers others.
        self.lambda_.list_functions()
