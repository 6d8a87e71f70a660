"""The AWS command line, as people use it: version 1 from the venv, version 2 where the host has it."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness
from harness import HELLO, PYTHON

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared


def version_2():
    """An AWS CLI v2, if there is one: LAMBDAD_AWS_V2, Debian's package, or the first on PATH."""
    for path in [os.environ.get("LAMBDAD_AWS_V2"), "/usr/bin/aws", "/usr/local/bin/aws", shutil.which("aws")]:
        if path and os.path.exists(path):
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            if re.match(r"aws-cli/2\.", said.stdout):
                return path
    return None


class Case(harness.Case):
    AWS = os.path.join(os.path.dirname(sys.executable), "aws")

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lambdad-cli-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_aws(self, *arguments):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.folder,
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_ACCESS_KEY_ID": harness.ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": harness.ROOT_SECRET,
            "AWS_DEFAULT_REGION": harness.REGION,
            "AWS_PAGER": "",
            "PYTHONUTF8": "1",
        }
        # Older CLIs don't know AWS_ENDPOINT_URL.
        command = [self.AWS, "--endpoint-url", self.server.endpoint, *arguments]
        return subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )

    def aws(self, *arguments):
        """What a command that must succeed prints, as JSON where it is."""
        done = self.run_aws(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def make(self, name, code=HELLO):
        self.file("code.zip", code)
        made = self.aws(
            *("lambda", "create-function", "--function-name", name, "--runtime", PYTHON, "--role", self.role),
            *("--handler", "app.handler", "--zip-file", "fileb://code.zip"),
        )
        self.aws("lambda", "wait", "function-active-v2", "--function-name", name)
        return made


class Shells(Case):
    """What `lambdad env` says to a shell, and the README to people."""

    POINTED = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
    AWS = version_2() or Case.AWS

    def bash(self, lines, **variables):
        """The lines, with the programs of the test as `lambdad` and `aws`."""
        programs = tempfile.mkdtemp(dir=self.folder)
        for name, program in [("lambdad", harness.binary()), ("aws", self.AWS)]:
            os.symlink(program, os.path.join(programs, name))
        environment = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": self.folder, "AWS_PAGER": "", **variables}
        return subprocess.run(
            ["bash", "-c", lines], env=environment, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )

    def with_the_key(self, lines):
        root = {"LAMBDAD_ROOT_ACCESS_KEY_ID": harness.ROOT_KEY, "LAMBDAD_ROOT_SECRET_ACCESS_KEY": harness.ROOT_SECRET}
        return self.bash(lines, **root)

    def test_any_version_is_pointed_at_lambdad_as_the_readme_says(self):
        with open(os.path.join(os.path.dirname(__file__), "../../README.md"), encoding="utf8") as readme:
            self.assertIn(f"\n{self.POINTED}", readme.read())
        exports = f"lambdad env --endpoint {self.server.endpoint}"
        # Evaluated in one line, too, the comment hides no export.
        for evaluated in (f'eval "$({exports})"', f"eval $({exports})"):
            done = self.with_the_key(f"{evaluated}\n{self.POINTED}\naws sts get-caller-identity --output text --query Account")
            self.assertEqual((done.returncode, done.stdout.strip()), (0, self.account), done.stderr)

    def test_older_tools_are_spoken_of(self):
        *exports, last = self.with_the_key("lambdad env").stdout.splitlines()
        self.assertEqual([line for line in exports if not line.startswith("export ")], [])
        self.assertRegex(last, r'^# .* ignore AWS_ENDPOINT_URL: aws --endpoint-url "\$AWS_ENDPOINT_URL" ')

    def test_a_key_that_is_not_there_may_have_been_given(self):
        done = self.bash("lambdad env --data-dir .")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"LAMBDAD_ROOT_ACCESS_KEY_ID and LAMBDAD_ROOT_SECRET_ACCESS_KEY, set both here too")


class Version1(Case):
    def test_the_way_of_the_tutorial(self):
        name = self.name()
        self.assertEqual(self.make(name)["State"], "Pending")
        event = ("--payload", '{"name": "you"}')
        answer = self.aws("lambda", "invoke", "--function-name", name, *event, "out.json")
        self.assertEqual(answer, {"StatusCode": 200, "ExecutedVersion": "$LATEST"})
        with open(os.path.join(self.folder, "out.json"), encoding="utf8") as out:
            self.assertEqual(json.load(out), {"hello": {"name": "you"}})
        self.file("new.zip", harness.python_zip("def handler(event, context): return 'new'"))
        self.aws("lambda", "update-function-code", "--function-name", name, "--zip-file", "fileb://new.zip")
        self.aws("lambda", "wait", "function-updated-v2", "--function-name", name)
        self.aws("lambda", "invoke", "--function-name", name, "out.json")
        with open(os.path.join(self.folder, "out.json"), encoding="utf8") as out:
            self.assertEqual(json.load(out), "new")
        self.aws("lambda", "delete-function", "--function-name", name)
        gone = self.run_aws("lambda", "get-function", "--function-name", name)
        self.assertNotEqual(gone.returncode, 0)
        self.assertIn("(ResourceNotFoundException) when calling the GetFunction operation: Function not found: ", gone.stderr)

    def test_the_tail_of_a_log(self):
        name = self.name()
        self.make(name)
        answer = self.aws("lambda", "invoke", "--function-name", name, "--log-type", "Tail", "out.json")
        self.assertRegex(base64.b64decode(answer["LogResult"]).decode(), r"REPORT RequestId: ")

    def test_roles_by_file(self):
        name = self.name("role")
        self.file("trust.json", json.dumps(harness.TRUST).encode())
        document = ("--assume-role-policy-document", "file://trust.json")
        made = self.aws("iam", "create-role", "--role-name", name, *document)
        self.assertEqual(made["Role"]["Arn"], f"arn:aws:iam::{self.account}:role/{name}")
        policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        self.aws("iam", "attach-role-policy", "--role-name", name, "--policy-arn", policy)
        role = self.aws("iam", "get-role", "--role-name", name)["Role"]
        self.assertEqual(role["AssumeRolePolicyDocument"], harness.TRUST)

    def test_who_am_i(self):
        self.assertEqual(self.aws("sts", "get-caller-identity")["Arn"], f"arn:aws:iam::{self.account}:root")

    def test_logs_by_filter(self):
        name = self.create("def handler(event, context): print('a line for the command line')")
        self.result(name)
        self.function_log(name, "a line")
        group = f"/aws/lambda/{name}"
        found = self.aws("logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", "command")
        self.assertEqual([event["message"] for event in found["events"]], ["a line for the command line\n"])

    def test_a_list_with_a_query(self):
        name = self.create()
        query = f"Functions[?FunctionName=='{name}'].Runtime"
        self.assertEqual(self.aws("lambda", "list-functions", "--query", query), [PYTHON])


V2 = version_2()


@unittest.skipUnless(V2, "needs AWS CLI v2: apt-get install awscli, or name one in LAMBDAD_AWS_V2")
class Version2(Case):
    AWS = V2

    def test_the_way_of_the_tutorial(self):
        name = self.name()
        self.make(name)
        event = ("--cli-binary-format", "raw-in-base64-out", "--payload", '{"name": "you"}')
        answer = self.aws("lambda", "invoke", "--function-name", name, *event, "out.json")
        self.assertEqual(answer["StatusCode"], 200)
        with open(os.path.join(self.folder, "out.json"), encoding="utf8") as out:
            self.assertEqual(json.load(out), {"hello": {"name": "you"}})

    def test_tailing_a_log(self):
        name = self.create("def handler(event, context): print('tailed')")
        self.result(name)
        self.function_log(name, "REPORT RequestId")
        tail = self.aws("logs", "tail", f"/aws/lambda/{name}", "--since", "10m", "--format", "short")
        kinds = re.findall(r"INIT_START|START RequestId|tailed|END RequestId|REPORT RequestId", tail)
        self.assertEqual(kinds, ["INIT_START", "START RequestId", "tailed", "END RequestId", "REPORT RequestId"])
