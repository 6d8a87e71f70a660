"""The examples, by the lines of their READMEs: what stands between the fences is what bash is given."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness
import host
from test_cli import version_2

EXAMPLES = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../examples"))
# Debian 12's is older than AWS_ENDPOINT_URL; where there is none, the venv's.
AWS = version_2() or os.path.join(os.path.dirname(sys.executable), "aws")

# The default port is not free in tests; the rest is as it is typed.
LAMBDAD = """#!/bin/sh
[ "$1" != env ] || set -- "$@" --endpoint "$TEST_ENDPOINT"
exec "$TEST_LAMBDAD" "$@"
"""


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # With a root key of its own making, which `lambdad env` finds.
        of_its_own = {"LAMBDAD_ROOT_ACCESS_KEY_ID": None, "LAMBDAD_ROOT_SECRET_ACCESS_KEY": None}
        cls.server = harness.Server(env=of_its_own)
        cls.addClassCleanup(cls.server.stop)
        cls.folder = tempfile.mkdtemp(prefix="lambdad-examples-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.mkdir(os.path.join(cls.folder, "bin"))
        lambdad = os.path.join(cls.folder, "bin/lambdad")
        with open(lambdad, "w", encoding="utf8") as file:
            file.write(LAMBDAD)
        os.chmod(lambdad, 0o755)
        os.symlink(AWS, os.path.join(cls.folder, "bin/aws"))

    def setUp(self):
        """A place as the repository's, for what the lines write."""
        self.place = tempfile.mkdtemp(dir=self.folder)
        shutil.copytree(EXAMPLES, os.path.join(self.place, "examples"), ignore=shutil.ignore_patterns("target"))

    def bash(self, lines):
        environment = {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "HOME": self.place,
            "LAMBDAD_DATA_DIR": self.server.data_dir,
            "TEST_ENDPOINT": self.server.endpoint,
            "TEST_LAMBDAD": harness.binary(),
            "AWS_PAGER": "",
        }
        script = ["bash", "-euo", "pipefail", "-c", lines]
        done = subprocess.run(
            script, cwd=self.place, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        self.assertEqual(done.returncode, 0, f"{lines}\n{done.stdout}{done.stderr}")
        return done.stdout

    def block(self, example, having):
        with open(os.path.join(EXAMPLES, example, "README.md"), encoding="utf8") as file:
            blocks = re.findall(r"^```\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
        return next(block for block in blocks if having in block)

    def answers(self, said):
        """The last line is the function's answer."""
        self.assertEqual(json.loads(said.strip().splitlines()[-1])["body"], "Hello from Lambda!", said)

    def check(self, example):
        with self.subTest("lambdad"):
            # The credentials are of the README above.
            self.answers(self.bash('eval "$(lambdad env)"\n' + self.block(example, "lambdad deploy")))
        if not shutil.which("zip"):
            host.skip("the AWS CLI's lines need zip: apt-get install zip")
        with self.subTest("aws"):
            lines = self.block(example, "aws lambda create-function")
            pointed = "".join(lines.splitlines(keepends=True)[:2])
            self.bash(f"{pointed}aws lambda delete-function --function-name {example}")
            self.bash(pointed + self.block(example, "create-role"))
            self.answers(self.bash(lines))
            self.bash(f"{pointed}aws iam delete-role --role-name hello")

    def test_python(self):
        self.check("hello-python")

    @unittest.skipUnless(shutil.which("node"), "needs node")
    def test_nodejs(self):
        self.check("hello-nodejs")

    def test_shell(self):
        self.check("hello-shell")

    @unittest.skipUnless(shutil.which("ruby"), "needs ruby")
    def test_ruby(self):
        self.check("hello-ruby")
