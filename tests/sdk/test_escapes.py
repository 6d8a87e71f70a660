"""Attempts to get out of a function, each refused or contained; the same attempt succeeds with isolation off.

Those of the sandbox's own tests (`crates/sandbox/src/tests/attempts.json`) are tried once more here, through the whole
house. `docs/security.md` lists all of them with what holds each; a test compares.
"""

import contextlib
import glob
import json
import os
import re
import tempfile
import textwrap
import unittest

import harness
import host

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
with open(os.path.join(ROOT, "crates/sandbox/src/tests/attempts.json")) as file:
    KERNEL = json.load(file)

MEBIBYTE = 1 << 20

# Runs what the event brings. `contained` says so where no error does.
ATTACKER = '''
    import ctypes, errno, json, os, resource, signal, socket, struct, sys, tempfile, threading, time
    libc = ctypes.CDLL(None, use_errno=True)

    def call(*arguments):
        result = libc.syscall(*[ctypes.c_long(it) if isinstance(it, int) else it for it in arguments])
        if result < 0:
            raise OSError(ctypes.get_errno(), "refused")
        return result

    def further(*errnos, f):
        try:
            f()
        except OSError as error:
            if error.errno not in errnos:
                raise

    def contained(why):
        raise OSError(errno.EPERM, why)

    def api(head, body=b""):
        """One request to the Runtime API, as raw as it comes."""
        host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
        with socket.create_connection((host, int(port)), 2) as connection:
            connection.sendall(head.replace("HOST", host).encode() + body)
            connection.settimeout(2)
            try:
                return connection.recv(4096).decode()
            except TimeoutError:
                return ""

    def run(event, context):
        scope = dict(globals(), context=context, **event.get("given", {}))
        try:
            exec("def attempt():\\n" + "".join("    " + line + "\\n" for line in event["source"].splitlines()), scope)
            return ["out", scope["attempt"]()]
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            return ["held", f"{type(error).__name__}: {error}"]

    def in_a_child(event, context):
        """What succeeds must not change those who try after it."""
        heard, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(tell, json.dumps(run(event, context)).encode())
            os._exit(0)
        os.close(tell)
        with open(heard) as file:
            said = file.read()
        os.waitpid(child, 0)
        return json.loads(said)

    def handler(event, context):
        return in_a_child(event, context) if event.get("child") else run(event, context)
'''

# Through the whole house: what it is, what holds it, and the attempt. `given` of the test class fills names in.
HOUSE = [
    ("read the root key", "pid namespace; own uid", "open(f'/proc/{lambdad}/environ').read().index('SECRET')"),
    ("read the store", "own root", "os.listdir(data + '/store/spaces')"),
    ("read another function's code", "own root", "open(other_code).read()"),
    ("reach the sockets of other environments", "own root", "os.listdir(data + '/sockets')"),
    (
        "see another environment's processes",
        "pid namespace",
        """
        mine = {os.getpid(), os.getppid()}
        others = [p for p in os.listdir('/proc') if p.isdigit() and int(p) not in mine]
        others or contained('none')
        """,
    ),
    (
        "read another environment's /tmp",
        "/tmp of its own",
        "open('/tmp/lambdad-escape-secret').read()",
    ),
    ("reach lambdad's own listener", "network namespace", "socket.create_connection((server, port), 2).close()"),
    (
        "write the function's own code",
        "read-only root",
        "open(os.environ['LAMBDA_TASK_ROOT'] + '/app.py', 'a').close()",
    ),
    (
        "write the bootstrap",
        "read-only root",
        "open([a for a in open('/proc/self/cmdline').read().split('\\0') if 'bootstrap' in a][0], 'a').close()",
    ),
    (
        "fork without end",
        "pids control group",
        """
        children = []
        try:
            while len(children) < 1500:
                child = os.fork()
                if child == 0:
                    time.sleep(60)
                    os._exit(0)
                children.append(child)
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)
            for child in children:
                os.waitpid(child, 0)
        """,
    ),
    (
        "start threads without end",
        "pids control group",
        """
        threading.stack_size(32768)
        done = threading.Event()
        threads = []
        try:
            while len(threads) < 1500:
                thread = threading.Thread(target=done.wait)
                thread.start()
                threads.append(thread)
        finally:
            done.set()
        """,
    ),
    (
        "open files without end",
        "descriptor limit",
        """
        opened = []
        try:
            while len(opened) < 1100:
                opened.append(os.open('/dev/null', os.O_RDONLY))
        finally:
            for one in opened:
                os.close(one)
        """,
    ),
    (
        "fill the disk through /tmp",
        "/tmp of its own",
        """
        with tempfile.TemporaryFile(dir='/tmp') as file:
            os.posix_fallocate(file.fileno(), 0, 700 << 20)
        """,
    ),
    (
        "use up inodes through /tmp",
        "/tmp of its own",
        """
        folder = tempfile.mkdtemp(dir='/tmp')
        names = [os.path.join(folder, str(n)) for n in range(60000)]
        made = 0
        try:
            for name in names:
                os.close(os.open(name, os.O_CREAT))
                made += 1
        finally:
            for name in names[:made]:
                os.unlink(name)
            os.rmdir(folder)
        """,
    ),
]

# As attempts of their own below: what ends the process, or is not one call.
ALONE = [
    ("use more memory than there is", "memory control group"),
    ("live on after a timeout", "pid namespace; the tree is killed"),
    ("answer another's event", "the Runtime API's state machine"),
    ("answer twice", "the Runtime API's state machine"),
    ("answer with more than is let through", "size limit"),
    ("answer without end", "the function's timeout"),
    ("speak nonsense to the Runtime API", "its parser; a limit of connections"),
    ("lead out of the archive by a link", "the archive's check"),
    ("unpack outside by a path", "the archive's check"),
    ("a set-uid file in the archive", "modes are ours; nosuid; no_new_privs"),
    ("drown the log of others", "shares of the buffer"),
]


class Place:
    """A lambdad with the attacker, and another function with a secret."""

    def __init__(self, *arguments):
        self.server = harness.Server(*arguments)
        self.lambda_ = self.server.client("lambda")
        self.role = self.server.make_role("execution")
        case = harness.Case()
        case.lambda_, case.role, case.server = self.lambda_, self.role, self.server
        case.logs = self.server.client("logs")
        self.case = case
        self.attacker = case.create(ATTACKER, Timeout=60, MemorySize=2048)
        secret = f"open('/tmp/lambdad-escape-secret', 'w').write('secret')\n{'def handler(e, c): return __file__'}"
        self.other = case.create(secret, Timeout=60)
        case.result(self.other, {})
        self.other_code = next(filter(self.holds_the_secret, glob.glob(f"{self.server.data_dir}/code/*/app.py")))

    @staticmethod
    def holds_the_secret(path):
        with open(path) as code:
            return code.read().startswith("open('/tmp/lambdad-escape-secret'")

    def given(self):
        address, port = self.server.endpoint.removeprefix("http://").split(":")
        return {
            "data": self.server.data_dir,
            "lambdad": self.server.process.pid,
            "server": address,
            "port": int(port),
            "other_code": self.other_code,
        }

    def attempt(self, source, child=False, by=None, **given):
        event = {"source": textwrap.dedent(source).strip(), "given": {**self.given(), **given}, "child": child}
        response, payload = self.case.invoke(by or self.attacker, event)
        return ["ended", payload["errorType"]] if "FunctionError" in response else payload

    def close(self):
        self.server.stop()
        # What the control wrote to the host's own /tmp.
        with contextlib.suppress(FileNotFoundError):
            os.unlink("/tmp/lambdad-escape-secret")


def setUpModule():
    host.need_root()
    Both.contained = Place()
    unittest.addModuleCleanup(Both.contained.close)
    Both.free = Place("--no-isolation")
    unittest.addModuleCleanup(Both.free.close)


class Both(harness.Case):
    """The same function on a lambdad that isolates, and on one that doesn't."""

    contained = free = None

    @classmethod
    def setUpClass(cls):
        """The servers are the module's."""


class Attempts(Both):
    def try_both(self, name, source):
        with self.subTest(name):
            inside, outside = (place.attempt(source, child=True) for place in (self.contained, self.free))
            self.assertEqual(inside[0], "held", f"{name} got out: {inside}")
            if outside[0] != "out" and re.search(r"Errno (38|95|97)\b", outside[1]):
                print(f"NO CONTROL: {name}: this kernel has nothing to contain: {outside[1]}")
            else:
                self.assertEqual(outside[0], "out", f"the control of {name} was held: {outside}")

    def test_what_the_kernel_could_be_asked(self):
        with tempfile.TemporaryDirectory() as state, harness.abstract_listener() as abstract:
            given = {"STATE": state, "HOST": str(os.getpid()), "ABSTRACT": abstract}
            for attempt in KERNEL:
                source = attempt["source"].replace("PORT", "port")
                for name, value in given.items():
                    source = source.replace(name, value)
                self.try_both(attempt["attempt"], source)

    def test_what_the_house_could_be_asked(self):
        for name, _, source in HOUSE:
            self.try_both(name, source)

    def test_the_attacker_is_well_after_all(self):
        for place in (self.contained, self.free):
            self.assertEqual(place.attempt("return 'well'"), ["out", "well"])


class Memory(Both):
    def test_more_than_there_is(self):
        source = "return len(bytearray(300 << 20))"
        inside, outside = (place.case.create(ATTACKER, MemorySize=256, Timeout=60) for place in (self.contained, self.free))
        self.assertEqual(self.contained.attempt(source, by=inside), ["ended", "Runtime.OutOfMemory"])
        self.assertEqual(self.free.attempt(source, by=outside), ["out", 300 * MEBIBYTE])
        self.assertEqual(self.contained.attempt("return 'well'", by=inside), ["out", "well"])


class Afterlife(Both):
    """Who leaves the process group and the session, and waits for the environment's end."""

    SURVIVOR = """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                with open(mark, 'w') as file:
                    file.write(str(os.getpid()))
                for descriptor in range(3):
                    os.close(descriptor)
                time.sleep(300)
            os._exit(0)
        while not os.path.exists(mark) or not open(mark).read():
            time.sleep(0.01)
        os._exit(1)
    """
    LIVES = """
        pid = int(open(mark).read())
        return open(f'/proc/{pid}/cmdline').read() != '' and pid
    """

    def test_it_does_not_survive(self):
        mark = f"/tmp/{self.name()}"
        for place in (self.contained, self.free):
            self.assertEqual(place.attempt(self.SURVIVOR, mark=mark), ["ended", "Runtime.ExitError"])
        self.assertEqual(self.contained.attempt(self.LIVES, mark=mark)[0], "held")
        # The control: without a pid namespace it escapes.
        lives, pid = self.free.attempt(self.LIVES, mark=mark)
        self.assertEqual(lives, "out", pid)
        os.kill(pid, 9)
        os.unlink(mark)


class RuntimeApi(Both):
    RESPONSE = "POST /2018-06-01/runtime/invocation/{}/response HTTP/1.1\\r\\nHost: HOST\\r\\nContent-Length: 6\\r\\n\\r\\n"

    def test_another_events_answer(self):
        stolen = self.contained.attempt(f'return api("{self.RESPONSE}".format("00000000-0000-0000-0000-000000000000"), b"stolen")')
        self.assertEqual(stolen[0], "out")
        self.assertIn("400 Bad Request", stolen[1])
        self.assertIn("InvalidRequestID", stolen[1])

    def test_one_answer_each(self):
        """The first one counts, whoever gives it: the control of the test above."""
        source = f"""
            head = "{self.RESPONSE}".format(context.aws_request_id)
            first, second = api(head, b'"mine"'), api(head, b'"more"')
            with open('/tmp/heard', 'w') as file:
                json.dump([first.split()[1], second.split()[1]], file)
            time.sleep(0.1)
        """
        self.assertEqual(self.contained.case.invoke(self.contained.attacker, {"source": textwrap.dedent(source).strip()})[1], "mine")
        self.assertEqual(self.contained.attempt("return json.load(open('/tmp/heard'))"), ["out", ["202", "403"]])

    def test_nonsense(self):
        nonsense = [
            "\\r\\n" * 100,
            "GET",
            "GET / HTTP/9.9\\r\\n\\r\\n",
            "A" * 2000000,
            "POST /2018-06-01/runtime/invocation/x/response HTTP/1.1\\r\\nContent-Length: 99999999999999999999\\r\\n\\r\\n",
            "POST /2018-06-01/runtime/init/error HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nFFFFFFFFFFFFFFFFFF\\r\\n",
            "GET /2018-06-01/runtime/invocation/../../../etc/passwd HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n",
            "GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n" + "x: y\\r\\n" * 5000 + "\\r\\n",
        ]
        for text in nonsense:
            with self.subTest(text[:60]):
                source = f'try:\n    api("{text}")\nexcept OSError:\n    pass\nreturn "well"'
                self.assertEqual(self.contained.attempt(source), ["out", "well"])
        self.assertEqual(self.contained.server.health(), 200)


class Answers(Both):
    def test_more_than_is_let_through(self):
        large = "return 'x' * (7 << 20)"
        self.assertEqual(self.contained.attempt(large), ["ended", "Function.ResponseSizeTooLarge"])
        # The control: it is the size alone.
        self.assertEqual(len(self.contained.attempt("return 'x' * (5 << 20)")[1]), 5 * MEBIBYTE)

    def test_an_answer_without_end(self):
        place = self.contained
        name = place.case.create(ATTACKER, Timeout=2)
        source = """
            host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
            connection = socket.create_connection((host, int(port)))
            head = f"POST /2018-06-01/runtime/invocation/{context.aws_request_id}/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 100000\\r\\n\\r\\n"
            connection.sendall(head.encode())
            while True:
                connection.sendall(b'x')
                time.sleep(0.05)
        """
        _, payload = place.case.invoke(name, {"source": textwrap.dedent(source).strip()})
        self.assertEqual(payload["errorType"], "Sandbox.Timedout")
        self.assertEqual(place.case.result(name, {"source": "return 'well'"}), ["out", "well"])


class Archives(Both):
    def test_links_and_paths(self):
        for name, mode in [("../out", 0o644), ("/tmp/out", 0o644), ("link", 0o120777)]:
            with self.subTest(name):
                code = harness.zipped({"app.py": "", name: "/etc/shadow"}, {name: mode})
                case = self.contained.case
                answer = case.fault(case.lambda_.create_function, **case.parameters(Code={"ZipFile": code}))
                self.assertIn("Could not unzip uploaded file", answer["Error"]["Message"])

    def test_a_set_uid_file(self):
        source = "import os\ndef handler(e, c): return oct(os.stat(os.environ['LAMBDA_TASK_ROOT'] + '/tool').st_mode)"
        code = harness.zipped({"app.py": source, "tool": "#!/bin/sh\nid -u"}, {"tool": 0o4755})
        case = self.contained.case
        self.assertEqual(case.result(case.create(Code={"ZipFile": code}), {}), "0o100755")


class Flood(Both):
    def test_a_flood_of_lines_drowns_nobody(self):
        place = self.contained
        flood = place.case.create("def handler(e, c):\n    print(('x' * 60 + '\\n') * 300000)", Timeout=60, MemorySize=1769)
        quiet = place.case.create("def handler(e, c):\n    print('quiet', e['n'])")
        place.lambda_.invoke(FunctionName=flood, InvocationType="Event", Payload=b"{}")
        for number in range(20):
            place.case.result(quiet, {"n": number})
        text = place.case.function_log(quiet, "quiet 19\n", 60)
        self.assertEqual([f"quiet {n}\n" in text for n in range(20)], [True] * 20)
        self.assertEqual(place.server.health(), 200)


class Documents(unittest.TestCase):
    def test_each_attempt_stands_in_the_list(self):
        with open(os.path.join(ROOT, "docs/security.md")) as file:
            text = file.read()
        listed = set(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", text, re.M))
        tried = {(it["attempt"], it["held_by"]) for it in KERNEL} | {it[:2] for it in HOUSE} | set(ALONE)
        self.assertEqual(tried - listed, set(), "tried, and not listed")
