"""lambdad as an ordinary user: functions are contained by a user namespace, and what is not limited is said."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import harness
import host
from harness import Server

# Nobody's on most hosts.
UID = 61_235
EXAMPLE = os.path.join(os.path.dirname(__file__), "../../examples/hello-python/lambda_function.py")

LOOK = """
    import os, socket

    def attempt(call):
        try:
            return call() and "out"
        except OSError as error:
            return error.errno

    def handler(event, context):
        open("/tmp/kept", "a").write("x")
        return {
            "uid": os.getuid(),
            "kept": len(open("/tmp/kept").read()),
            "secret": attempt(lambda: open(event["secret"]).read()),
            "task": attempt(lambda: open("/var/task/new", "w")),
            "host": attempt(lambda: socket.create_connection(("127.0.0.1", event["port"]), 2)),
            "signal": attempt(lambda: os.kill(event["pid"], 0) or True),
        }
"""
HUNGRY = """
    def handler(event, context):
        try:
            held = bytearray(event["megabytes"] << 20)
        except MemoryError:
            return "refused"
        return len(held) >> 20
"""


def as_user(*command):
    return ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", *command]


def need_user_namespaces():
    host.need_root()
    if subprocess.run(as_user("unshare", "--user", "true"), capture_output=True, check=False).returncode:
        host.skip("this kernel gives ordinary users no user namespaces")


class User(harness.Case):
    @classmethod
    def setUpClass(cls):
        need_user_namespaces()
        cls.folder = tempfile.mkdtemp(prefix="lambdad-user-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        os.chmod(cls.folder, 0o755)
        # Where the user gets to it, wherever it was built.
        cls.program = shutil.copy(harness.binary(), os.path.join(cls.folder, "lambdad"))
        cls.data_dir = os.path.join(cls.folder, "data")
        os.mkdir(cls.data_dir)
        os.chown(cls.data_dir, UID, UID)
        cls.server = cls.begin()
        cls.addClassCleanup(lambda: cls.server.process.poll() is None and cls.server.kill())
        harness._shared.update(server=cls.server, role=cls.server.make_role("execution"))
        super().setUpClass()

    @classmethod
    def begin(cls):
        home = {"HOME": cls.folder}
        return Server(data_dir=cls.data_dir, env=home, program=as_user(cls.program))

    def test_hello_python_is_deployed_and_answers(self):
        with open(EXAMPLE, encoding="utf8") as file:
            code = harness.zipped({"lambda_function.py": file.read()})
        name = self.create(Handler="lambda_function.lambda_handler", Code={"ZipFile": code})
        for _ in range(2):
            self.assertEqual(self.result(name, {}), {"statusCode": 200, "body": "Hello from Lambda!"})
        report = self.function_log(name, "REPORT RequestId")
        self.assertRegex(report, r"Max Memory Used: [1-9]\d* MB")
        self.assertIn("request (invoked directly)", report)

    def test_a_function_stays_where_it_is(self):
        secret = os.path.join(self.data_dir, "root-credentials")
        with open(secret, "w", encoding="utf8") as file:
            file.write("secret")
        os.chown(secret, UID, UID)
        port = int(self.server.endpoint.rpartition(":")[2])
        name = self.create(LOOK)
        event = {"secret": secret, "port": port, "pid": self.server.process.pid}
        first = self.result(name, event)
        self.assertEqual({key: first[key] for key in ("secret", "task", "host", "signal", "kept")},
                         {"secret": 2, "task": 30, "host": 111, "signal": 3, "kept": 1})
        self.assertNotEqual(first["uid"], 0)
        self.assertEqual(self.result(name, event)["kept"], 2)
        # The control: what is beyond is there, for the user himself.
        read = subprocess.run(as_user("cat", secret), capture_output=True, text=True, check=True)
        self.assertEqual(read.stdout, "secret")

    def test_memory_is_limited_for_each_process(self):
        name = self.create(HUNGRY, MemorySize=128)
        self.assertEqual(self.result(name, {"megabytes": 40}), 40)
        response, payload = self.invoke(name, {"megabytes": 300})
        # With a control group of its own it is killed.
        self.assertTrue(payload == "refused" or payload["errorType"] == "Runtime.OutOfMemory", (response, payload))

    def test_what_is_not_limited_is_said(self):
        status, _, body = self.server.raw("GET", "/_lambdad/health", sign=False)
        told = json.loads(body)
        self.assertEqual((status, told["status"], told["isolation"]), (200, "ok", "user"))
        self.assertIn("root", told["lacking"])
        self.assertRegex(self.server.log(), "root: less is limited: running as uid")
        doctor = subprocess.run(
            as_user(self.program, "doctor", "--data-dir", self.data_dir), capture_output=True, text=True, check=False
        )
        self.assertEqual(doctor.returncode, 0, doctor)
        self.assertIn("isolated as well as an ordinary user can", doctor.stdout)
        for lacking in told["lacking"]:
            self.assertRegex(doctor.stdout, rf"absent +{lacking} [^\n]*\n +fix: ")

    def test_z_it_ends_as_it_should_and_leaves_nothing(self):
        children = host.children_of(self.server.process.pid)
        self.assertTrue(children)
        self.assertEqual(self.server.stop(), 0)
        harness.until(lambda: not [pid for pid in children if host.lives(pid)], 20, "the end of all processes")
        self.assertEqual(sorted(os.listdir(os.path.join(self.data_dir, "sandbox"))), ["lock", "root", "tmps"])
        self.assertEqual(os.listdir(os.path.join(self.data_dir, "sockets")), [])


if __name__ == "__main__":
    unittest.main()
