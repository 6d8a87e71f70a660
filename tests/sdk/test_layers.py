"""Layers from PublishLayerVersion to /opt: the API as boto3 and the CLI see it, and functions that have some.

Powertools for AWS Lambda run from layers unchanged, for Python and for Node.js.
"""

import io
import json
import os
import shutil
import subprocess
import urllib.request
import zipfile

import harness
import test_cli
from harness import PYTHON, REGION, python_zip, sha256_base64, zipped

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

CACHE = os.path.abspath(os.environ.get("LAMBDAD_CACHE", os.path.join(os.path.dirname(__file__), "../../.cache")))
PACKED = os.path.join(CACHE, "sdk", "layers")

# Reads what it is asked for, of whatever a layer brought.
READER = python_zip(
    """
    import os, subprocess, sys

    def handler(event, context):
        if "read" in event:
            return {path: open(path).read() if os.path.isfile(path) else sorted(os.listdir(path)) for path in event["read"]}
        if "run" in event:
            return subprocess.run(event["run"], capture_output=True, text=True, check=True).stdout
        if "import" in event:
            return __import__(event["import"]).__file__
        return sys.path
    """
)


def packed(folder):
    """A folder of what prepare.sh has installed, as a layer has it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for parent, _, names in os.walk(os.path.join(PACKED, folder)):
            for name in sorted(names):
                path = os.path.join(parent, name)
                archive.write(path, os.path.relpath(path, PACKED))
    return out.getvalue()


class Case(harness.Case):
    def layer_arn(self, rest):
        return f"arn:aws:lambda:{REGION}:{self.account}:layer:{rest}"

    def publish(self, files, name=None, **more):
        """A version of a layer. Returns what was answered."""
        content = files if isinstance(files, bytes) else zipped(files)
        return self.lambda_.publish_layer_version(
            LayerName=name or self.name("layer"), Content={"ZipFile": content}, **more
        )

    def with_layers(self, *layers, **changes):
        arns = [layer["LayerVersionArn"] for layer in layers]
        return self.create(**{"Code": {"ZipFile": READER}, "Layers": arns, **changes})


class Versions(Case):
    def test_a_version_is_published_read_listed_and_deleted(self):
        name, content = self.name("layer"), zipped({"python/tool.py": "x = 1"})
        given = {
            "Description": "tools",
            "CompatibleRuntimes": ["python3.12"],
            "CompatibleArchitectures": ["x86_64"],
            "LicenseInfo": "MIT",
        }
        published = self.publish(content, name, **given)
        self.assertEqual(published["ResponseMetadata"]["HTTPStatusCode"], 201)
        expected = {
            **given,
            "LayerArn": self.layer_arn(name),
            "LayerVersionArn": self.layer_arn(f"{name}:1"),
            "Version": 1,
        }
        self.assertEqual({key: published[key] for key in expected}, expected)
        self.assertRegex(published["CreatedDate"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$")
        got = self.lambda_.get_layer_version(LayerName=name, VersionNumber=1)
        by_arn = self.lambda_.get_layer_version_by_arn(Arn=published["LayerVersionArn"])
        by_layer_arn = self.lambda_.get_layer_version(LayerName=published["LayerArn"], VersionNumber=1)
        for shown in (got, by_arn, by_layer_arn):
            self.assertEqual({key: shown[key] for key in expected}, expected)
            self.assertEqual(shown["Content"]["CodeSha256"], sha256_base64(content))
            self.assertEqual(shown["Content"]["CodeSize"], len(content))
            with urllib.request.urlopen(shown["Content"]["Location"]) as answer:
                self.assertEqual(answer.read(), content)

        self.assertEqual(self.publish(content, name)["Version"], 2)
        listed = self.lambda_.list_layer_versions(LayerName=name)["LayerVersions"]
        self.assertEqual([version["Version"] for version in listed], [2, 1])
        listed = self.lambda_.list_layer_versions(LayerName=name, CompatibleRuntime="python3.12")["LayerVersions"]
        self.assertEqual([version["Version"] for version in listed], [1])
        layers = {
            layer["LayerName"]: layer["LatestMatchingVersion"]["Version"]
            for page in self.lambda_.get_paginator("list_layers").paginate(PaginationConfig={"PageSize": 1})
            for layer in page["Layers"]
        }
        self.assertEqual(layers[name], 2)

        for version in (1, 2):
            deleted = self.lambda_.delete_layer_version(LayerName=name, VersionNumber=version)
            self.assertEqual(deleted["ResponseMetadata"]["HTTPStatusCode"], 204)
        gone = "The resource you requested does not exist."
        call = self.lambda_.get_layer_version
        self.refused(404, "ResourceNotFoundException", gone, call, LayerName=name, VersionNumber=1)
        self.assertEqual(self.lambda_.list_layer_versions(LayerName=name)["LayerVersions"], [])
        self.assertEqual(self.publish(content, name)["Version"], 3)

    def test_a_policy_is_added_to_read_and_removed_from(self):
        layer = self.publish({"a": "x"})
        which = {"LayerName": layer["LayerArn"], "VersionNumber": 1}
        none = "No policy is associated with the given resource."
        self.refused(404, "ResourceNotFoundException", none, self.lambda_.get_layer_version_policy, **which)
        statement = {"StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "111111111111"}
        added = self.lambda_.add_layer_version_permission(**which, **statement)
        expected = {
            "Sid": "s1",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Action": "lambda:GetLayerVersion",
            "Resource": layer["LayerVersionArn"],
        }
        self.assertEqual(json.loads(added["Statement"]), expected)
        policy = self.lambda_.get_layer_version_policy(**which)
        self.assertEqual(json.loads(policy["Policy"])["Statement"], [expected])
        self.assertEqual(policy["RevisionId"], added["RevisionId"])
        stale = (
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetLayerPolicy API to retrieve the latest Revision Id"
        )
        call = self.lambda_.remove_layer_version_permission
        self.refused(
            412, "PreconditionFailedException", stale, call, **which, StatementId="s1", RevisionId="another"
        )
        call(**which, StatementId="s1", RevisionId=policy["RevisionId"])
        self.refused(404, "ResourceNotFoundException", none, self.lambda_.get_layer_version_policy, **which)

    def test_a_user_needs_the_permission_to_read_a_layer_that_he_uses(self):
        layer, other = self.publish({"a": "x"}), self.publish({"a": "x"})
        allow = [
            {"Effect": "Allow", "Action": ["lambda:CreateFunction", "iam:PassRole"], "Resource": "*"},
            {"Effect": "Allow", "Action": "lambda:GetLayerVersion", "Resource": layer["LayerVersionArn"]},
        ]
        user = self.server.client("lambda", **self.server.make_user(self.name("user"), *allow))
        user.create_function(**self.parameters(Layers=[layer["LayerVersionArn"]]))
        arn = other["LayerVersionArn"]
        denied = self.refused(
            403, "AccessDeniedException", None, user.create_function, **self.parameters(Layers=[arn])
        )
        self.assertTrue(
            denied["Error"]["Message"].endswith(
                f"is not authorized to perform: lambda:GetLayerVersion on resource: {arn} because no identity-based "
                "policy allows the lambda:GetLayerVersion action"
            ),
            denied["Error"]["Message"],
        )
        user.get_layer_version_by_arn(Arn=layer["LayerVersionArn"])
        self.refused(403, "AccessDeniedException", None, user.get_layer_version_by_arn, Arn=arn)


class CommandLine(test_cli.Case):
    def test_a_layer_goes_through_the_command_line(self):
        name = self.name("layer")
        with open(os.path.join(self.folder, "layer.zip"), "wb") as file:
            file.write(zipped({"python/tool.py": "x = 1"}))
        published = self.aws(
            "lambda", "publish-layer-version", "--layer-name", name, "--zip-file", "fileb://layer.zip",
            "--compatible-runtimes", "python3.12", "nodejs22.x",
        )  # fmt: skip
        arn = published["LayerVersionArn"]
        self.assertEqual(self.aws("lambda", "get-layer-version-by-arn", "--arn", arn)["Version"], 1)
        listed = self.aws("lambda", "list-layers", "--compatible-runtime", "nodejs22.x")["Layers"]
        self.assertIn(name, [layer["LayerName"] for layer in listed])
        self.aws(
            "lambda", "add-layer-version-permission", "--layer-name", name, "--version-number", "1",
            "--statement-id", "all", "--action", "lambda:GetLayerVersion", "--principal", "*",
        )  # fmt: skip
        self.aws("lambda", "delete-layer-version", "--layer-name", name, "--version-number", "1")
        self.assertEqual(self.aws("lambda", "list-layer-versions", "--layer-name", name)["LayerVersions"], [])


    def test_lambdad_deploys_a_function_with_layers(self):
        arn = self.lambda_.publish_layer_version(
            LayerName=self.name("layer"), Content={"ZipFile": zipped({"python/tool.py": "x = 'the layer'"})}
        )["LayerVersionArn"]
        with open(os.path.join(self.folder, "app.py"), "w") as file:
            file.write("import tool\ndef handler(event, context):\n    return tool.x\n")
        name = self.name()
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_ACCESS_KEY_ID": harness.ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": harness.ROOT_SECRET,
        }
        command = [harness.binary(), "deploy", self.folder, "--name", name, "--role", self.role, "--layer", arn]
        command += ["--runtime", PYTHON, "--handler", "app.handler"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, self.arn(name)), done.stderr)
        self.assertEqual(self.result(name, {}), "the layer")


class Functions(Case):
    def test_layers_lie_in_opt_and_the_later_one_wins(self):
        first = self.publish({"both": "first", "only/first": "1", "tree/x": "first", "file": "first"})
        second = self.publish({"both": "second", "only/second": "2", "tree": "a file", "file/x": "a directory"})
        name = self.with_layers(first, second)
        shown = self.lambda_.get_function(FunctionName=name)["Configuration"]["Layers"]
        self.assertEqual(
            [(layer["Arn"], layer["CodeSize"]) for layer in shown],
            [(layer["LayerVersionArn"], layer["Content"]["CodeSize"]) for layer in (first, second)],
        )
        read = {"read": ["/opt", "/opt/both", "/opt/only", "/opt/tree", "/opt/file/x"]}
        self.assertEqual(
            self.result(name, read),
            {
                "/opt": ["both", "file", "only", "tree"],
                "/opt/both": "second",
                "/opt/only": ["first", "second"],
                "/opt/tree": "a file",
                "/opt/file/x": "a directory",
            },
        )
        arns = [second["LayerVersionArn"], first["LayerVersionArn"]]
        self.lambda_.update_function_configuration(FunctionName=name, Layers=arns)
        self.wait_updated(name)
        self.assertEqual(self.result(name, {"read": ["/opt/both"]}), {"/opt/both": "first"})
        self.lambda_.update_function_configuration(FunctionName=name, Layers=[])
        self.assertNotIn("Layers", self.wait_updated(name))
        self.assertEqual(self.result(name, {"read": ["/opt"]}), {"/opt": []})

    def test_programs_libraries_and_modules_are_found(self):
        tool = "#!/bin/sh\necho from the layer\n"
        files = {
            "bin/layer-tool": tool,
            "python/plain.py": "",
            "python/both.py": "",
            f"python/lib/{PYTHON}/site-packages/nested.py": "",
            f"python/lib/{PYTHON}/site-packages/both.py": "",
        }
        name = self.with_layers(self.publish(zipped(files, {"bin/layer-tool": 0o755})))
        self.assertEqual(self.result(name, {"run": ["layer-tool"]}), "from the layer\n")
        site = f"/opt/python/lib/{PYTHON}/site-packages"
        self.assertEqual(self.result(name, {})[:3], ["/var/task", site, "/opt/python"])
        for module, folder in [("plain", "/opt/python"), ("nested", site), ("both", site)]:
            self.assertEqual(self.result(name, {"import": module}), f"{folder}/{module}.py")
        library_path = self.result(name, {"run": ["sh", "-c", "echo $LD_LIBRARY_PATH"]})
        self.assertIn("/opt/lib", library_path.strip().split(":"))

    def test_a_layer_cannot_be_written_and_nothing_leads_out_of_it(self):
        name = self.with_layers(self.publish({"a": "x"}))
        response, payload = self.invoke(name, {"run": ["sh", "-c", "echo y > /opt/a"]})
        self.assertEqual(response.get("FunctionError"), "Unhandled", payload)
        self.assertEqual(self.result(name, {"read": ["/opt/a"]}), {"/opt/a": "x"})
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            link = zipfile.ZipInfo("passwd")
            link.external_attr = 0o120777 << 16
            file.writestr(link, "/etc/passwd")
        unzip = "Could not unzip uploaded file. Please check your file, then try to upload again."
        self.refused(400, "InvalidParameterValueException", unzip, self.publish, archive.getvalue())

    def test_a_bootstrap_comes_from_the_code_or_else_from_a_layer(self):
        bootstrap = zipped({"bootstrap": "#!/bin/sh\necho started as $0\nexit 1\n"}, {"bootstrap": 0o755})
        layer, plain = self.publish(bootstrap), zipped({"nothing": "x"})
        custom = {"Runtime": "provided.al2023", "Handler": "any"}
        for code, layers, started in [(plain, [layer], "/opt"), (bootstrap, [layer], "/var/task")]:
            name = self.with_layers(*layers, Code={"ZipFile": code}, **custom)
            self.assertEqual(self.invoke(name, {})[0]["FunctionError"], "Unhandled")
            self.assertIn(f"started as {started}/bootstrap\n", self.function_log(name, "REPORT RequestId"))
        name = self.with_layers(self.publish({"nothing": "x"}), Code={"ZipFile": plain}, **custom)
        self.assertIn(
            "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]", self.invoke(name, {})[1]["errorMessage"]
        )

    def test_a_deleted_version_serves_those_who_have_it_also_after_a_power_cut(self):
        server = harness.Server()
        server.own_data_dir = False
        self.addCleanup(shutil.rmtree, server.data_dir, ignore_errors=True)
        try:
            role, client = server.make_role("execution"), server.client("lambda")
            content = zipped({"kept": os.urandom(100_000).hex()})
            layer = client.publish_layer_version(LayerName="a", Content={"ZipFile": content})
            client.create_function(
                FunctionName="f", Runtime=PYTHON, Role=role, Handler="app.handler", Code={"ZipFile": READER},
                Layers=[layer["LayerVersionArn"]],
            )  # fmt: skip
            client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
            client.delete_layer_version(LayerName="a", VersionNumber=1)
        finally:
            server.kill()
        # What was unpacked goes too: only the archive is left.
        shutil.rmtree(os.path.join(server.data_dir, "code"))
        with harness.Server(data_dir=server.data_dir) as again:
            answer = again.client("lambda").invoke(FunctionName="f", Payload=json.dumps({"read": ["/opt"]}))
            self.assertEqual(json.loads(answer["Payload"].read()), {"/opt": ["kept"]})


class Powertools(Case):
    def test_powertools_for_python_run_from_a_layer(self):
        source = """
        from aws_lambda_powertools import Logger, Metrics
        from aws_lambda_powertools.metrics import MetricUnit
        from aws_lambda_powertools.utilities.typing import LambdaContext

        logger, metrics = Logger(), Metrics()

        @logger.inject_lambda_context(log_event=True)
        @metrics.log_metrics(capture_cold_start_metric=True)
        def handler(event: dict, context: LambdaContext):
            logger.info("a line", extra={"order": event["order"]})
            metrics.add_metric(name="Orders", unit=MetricUnit.Count, value=1)
            return {"request": context.aws_request_id}
        """
        layer = self.publish(packed("python"), CompatibleRuntimes=[PYTHON])
        variables = {"POWERTOOLS_SERVICE_NAME": "shop", "POWERTOOLS_METRICS_NAMESPACE": "Shop"}
        name = self.with_layers(
            layer, Code={"ZipFile": python_zip(source)}, Environment={"Variables": variables}, MemorySize=512, Timeout=30
        )
        response, payload = self.invoke(name, {"order": 7})
        self.assertNotIn("FunctionError", response, payload)
        lines = [line for line in self.function_log(name, '"Orders"').splitlines() if line.startswith("{")]
        written = [json.loads(line) for line in lines]
        line = next(line for line in written if line.get("message") == "a line")
        expected = {
            "level": "INFO",
            "service": "shop",
            "order": 7,
            "function_name": name,
            "function_request_id": payload["request"],
            "cold_start": True,
        }
        self.assertEqual({key: line.get(key) for key in expected}, expected)
        metric = next(line for line in written if "Orders" in line)
        self.assertEqual(metric["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Shop")
        self.assertTrue(any("ColdStart" in line for line in written), written)

    def test_powertools_for_typescript_run_from_a_layer(self):
        source = """
        const logger = new Logger({ serviceName: "shop" });
        const handler = async (event, context) => {
            logger.addContext(context);
            logger.info("a line", { order: event.order });
            return { request: context.awsRequestId };
        };
        """
        package = '"@aws-lambda-powertools/logger"'
        layer = self.publish(packed("nodejs"), CompatibleRuntimes=["nodejs22.x"])
        for name, code in [
            ("index.js", f"const {{ Logger }} = require({package});{source}exports.handler = handler;"),
            ("index.mjs", f"import {{ Logger }} from {package};{source}export {{ handler }};"),
        ]:
            with self.subTest(name):
                self.logs_of_powertools_for_typescript(layer, zipped({name: code}))

    def logs_of_powertools_for_typescript(self, layer, code):
        name = self.with_layers(
            layer, Code={"ZipFile": code}, Runtime="nodejs22.x", Handler="index.handler", MemorySize=512, Timeout=30
        )
        response, payload = self.invoke(name, {"order": 7})
        self.assertNotIn("FunctionError", response, payload)
        lines = self.function_log(name, '"a line"').splitlines()
        line = next(json.loads(line) for line in lines if line.startswith("{") and '"a line"' in line)
        self.assertEqual((line["service"], line["order"], line["level"]), ("shop", 7, "INFO"))
        self.assertEqual(line["function_request_id"], payload["request"])
