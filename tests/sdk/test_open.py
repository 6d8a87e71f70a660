"""--auth open: any credentials will do, and execution roles hold all the same."""

import json

import harness
from harness import Case, Server


class Open(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--auth", "open")
        cls.addClassCleanup(cls.server.stop)

    def client(self, service, key="anybody", secret="anything"):
        return self.server.client(service, key, secret)

    def test_anybody_may_do_anything(self):
        self.client("lambda").list_functions()
        self.client("iam").create_user(UserName=self.name("user"))

    def test_a_key_of_twelve_digits_names_the_account(self):
        account = self.client("sts", "123456789012").get_caller_identity()["Account"]
        self.assertEqual(account, "123456789012")
        self.assertEqual(self.client("sts").get_caller_identity()["Account"], "000000000000")

    def parameters(self, role):
        code = {"ZipFile": harness.HELLO}
        return dict(FunctionName=self.name(), Role=role, Runtime=harness.PYTHON, Handler="app.handler", Code=code)

    def test_a_role_must_be_there_and_trust_lambda(self):
        message = "The role defined for the function cannot be assumed by Lambda."
        create = self.client("lambda").create_function
        missing = self.parameters("arn:aws:iam::000000000000:role/nobody")
        self.refused(400, "InvalidParameterValueException", message, create, **missing)
        statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = self.client("iam").create_role(RoleName=self.name("role"), AssumeRolePolicyDocument=trust)
        untrusting = self.parameters(role["Role"]["Arn"])
        self.refused(400, "InvalidParameterValueException", message, create, **untrusting)

    def test_a_functions_session_is_still_asked_for_permission(self):
        statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = self.client("iam").create_role(RoleName=self.name("role"), AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        source = "import os\ndef handler(event, context): return dict(os.environ)"
        parameters = self.parameters(role) | {"Code": {"ZipFile": harness.zipped({"app.py": source})}}
        lambda_ = self.client("lambda")
        lambda_.create_function(**parameters)
        lambda_.get_waiter("function_active_v2").wait(FunctionName=parameters["FunctionName"])
        found = json.loads(lambda_.invoke(FunctionName=parameters["FunctionName"])["Payload"].read())
        inside = self.server.client(
            "lambda", found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"]
        )
        with self.assertRaises(inside.exceptions.ClientError) as refused:
            inside.list_functions()
        self.assertEqual(refused.exception.response["Error"]["Code"], "AccessDeniedException")
