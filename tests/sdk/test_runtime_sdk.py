"""The AWS SDK that an operator lays out below the data directory: functions import it as they do in Lambda."""

import os
import shutil
import tempfile

import harness
from harness import python_zip, zipped

CACHE = os.path.abspath(os.environ.get("LAMBDAD_CACHE", os.path.join(os.path.dirname(__file__), "../../.cache")))
ALL_OF_LAMBDA = {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}


def share(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def setUpModule():
    """boto3 as `pip install --target` lays it out, and the SDK for JavaScript as npm does."""
    data_dir = tempfile.mkdtemp(prefix="lambdad-sdk-")
    packages = os.path.dirname(os.path.dirname(os.path.abspath(harness.boto3.__file__)))
    for package in ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"]:
        source, target = os.path.join(packages, package), os.path.join(data_dir, "sdk/python", package)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isdir(source):
            shutil.copytree(source, target, copy_function=share)
        else:
            share(source, target)
    modules = os.path.join(data_dir, "sdk/nodejs/node_modules")
    shutil.copytree(os.path.join(CACHE, "sdk/node/node_modules"), modules, copy_function=share, symlinks=True)
    harness.start_shared(data_dir=data_dir)
    setUpModule.data_dir = data_dir


def tearDownModule():
    harness.stop_shared()
    shutil.rmtree(setUpModule.data_dir)


class Sdk(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.caller = cls.server.make_role("caller", statements=[ALL_OF_LAMBDA])

    def function(self, **changes):
        return self.create(Role=self.caller, MemorySize=1769, Timeout=60, **changes)

    def test_boto3_reaches_the_endpoint(self):
        name = self.function(
            source="""
            import boto3

            def handler(event, context):
                identity = boto3.client("sts").get_caller_identity()
                functions = boto3.client("lambda").list_functions()["Functions"]
                return [boto3.__file__, identity["Arn"], [function["FunctionName"] for function in functions]]
            """
        )
        file, arn, functions = self.result(name, {})
        self.assertEqual(file, "/var/runtime/site-packages/boto3/__init__.py")
        self.assertEqual(arn, f"arn:aws:sts::{self.account}:assumed-role/caller/{name}")
        self.assertIn(name, functions)

    def test_what_a_function_or_a_layer_brings_comes_first(self):
        source = "import boto3\ndef handler(event, context):\n    return boto3.__file__\n"
        layer = self.lambda_.publish_layer_version(
            LayerName=self.name("layer"), Content={"ZipFile": zipped({"python/boto3.py": ""})}
        )
        name = self.function(source=source, Layers=[layer["LayerVersionArn"]])
        self.assertEqual(self.result(name, {}), "/opt/python/boto3.py")
        code = zipped({"app.py": source, "boto3.py": ""})
        self.lambda_.update_function_code(FunctionName=name, ZipFile=code)
        self.wait_updated(name)
        self.assertEqual(self.result(name, {}), "/var/task/boto3.py")

    def test_the_sdk_for_javascript_is_required_and_imported(self):
        body = """
            const client = new LambdaClient({});
            const { Functions } = await client.send(new ListFunctionsCommand({}));
            return Functions.map((found) => found.FunctionName);
        """
        names = "{ LambdaClient, ListFunctionsCommand }"
        commonjs = f'const {names} = require("@aws-sdk/client-lambda");\nexports.handler = async () => {{{body}}};'
        module = f'import {names} from "@aws-sdk/client-lambda";\nexport const handler = async () => {{{body}}};'
        for code in [{"index.js": commonjs}, {"index.mjs": module}]:
            name = self.function(Runtime="nodejs22.x", Handler="index.handler", Code={"ZipFile": zipped(code)})
            self.assertIn(name, self.result(name, {}))

    def test_functions_cannot_change_it(self):
        # Its mode would let anybody.
        path = os.path.join(self.server.data_dir, "sdk/python/writable.py")
        with open(path, "w"):
            os.chmod(path, 0o666)
        name = self.function(source="def handler(event, context):\n    open('/var/runtime/site-packages/writable.py', 'a')\n")
        response, payload = self.invoke(name, {})
        self.assertEqual((response["FunctionError"], payload["errorType"]), ("Unhandled", "OSError"), payload)
        self.assertIn("[Errno 30] Read-only file system", payload["errorMessage"])


class Without(harness.Case):
    def test_there_is_none_where_the_operator_has_laid_out_none(self):
        with harness.Server() as server:
            client = server.client("lambda")
            client.create_function(
                **self.parameters(
                    "f", Role=server.make_role("execution"),
                    Code={"ZipFile": python_zip("def handler(event, context):\n    import boto3\n")},
                )
            )  # fmt: skip
            client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
            answer = client.invoke(FunctionName="f")
            self.assertIn(b"No module named 'boto3'", answer["Payload"].read())
