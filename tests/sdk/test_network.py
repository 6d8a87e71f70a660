"""Where functions get to, with each --network, on a host of the test's own with an internet of its own behind it."""

import os
import shutil
import tempfile
import urllib.parse

import harness
import host
import world
from harness import Server, until
from test_remains import SMALLEST

# Connects to each target and says what it hears, or which error.
ASK = """
    import os, socket, urllib.error, urllib.request

    def ask(target):
        address, port = target.rsplit(":", 1)
        try:
            with socket.create_connection((address, int(port)), 5) as connection:
                connection.settimeout(1)
                try:
                    return connection.recv(99).decode()
                except TimeoutError:
                    return "connected"
        except OSError as error:
            return error.errno if error.errno is not None and error.errno > 0 else "no name"

    def endpoint():
        try:
            urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/2015-03-31/functions/", timeout=5)
        except urllib.error.HTTPError as error:
            return error.code

    def handler(event, context):
        return [endpoint(), *(ask(target) for target in event)]
"""
REFUSED = 113
UNREACHABLE = 101


class Case(harness.Case):
    world = None

    @classmethod
    def setUpClass(cls):
        cls.world = world.World()

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def serve(self, *arguments):
        self.data_dir = tempfile.mkdtemp(prefix="lambdad-network-")
        self.addCleanup(shutil.rmtree, self.data_dir, ignore_errors=True)
        self.server = Server("--network-dns", world.NAME_SERVER, *arguments, data_dir=self.data_dir, env={"LAMBDAD_NETWORK": None})
        self.addCleanup(lambda server=self.server: server.process.poll() is None and server.kill())
        self.lambda_, self.role = self.server.client("lambda"), self.server.make_role("execution")
        self.port = urllib.parse.urlsplit(self.server.endpoint).port


class Networks(Case):
    def test_nat_is_the_default_and_reaches_the_world_but_not_the_host(self):
        with world.teller() as port:
            self.serve()
            asks = self.create(ASK)
            heard = self.result(asks, [f"{world.SERVER}:{world.PORT}", f"{world.NAME}:{world.PORT}"])
            self.assertEqual(heard, [403, world.HOST, world.HOST])
            own = [f"{address}:{port}" for address in (world.HOST, world.HOST_TOO)]
            metadata = f"{world.METADATA}:{world.PORT}"
            heard = self.result(asks, [*own, metadata, f"127.0.0.1:{self.port}"])
            self.assertEqual(heard, [403, REFUSED, REFUSED, REFUSED, 111])
            self.server.stop()
            self.assertEqual(self.world.left(), [])

    def test_none_reaches_nothing_but_the_endpoint(self):
        self.serve("--network", "none")
        heard = self.result(self.create(ASK), [f"{world.SERVER}:{world.PORT}", f"{world.NAME}:{world.PORT}"])
        self.assertEqual(heard, [403, UNREACHABLE, "no name"])
        self.assertEqual(self.world.left(), [])
        self.server.stop()

    def test_host_shares_everything_and_says_so(self):
        with world.teller() as port:
            self.serve("--network", "host")
            self.assertIn("--network host", self.server.log())
            # The control of what nat refuses.
            targets = [f"127.0.0.1:{port}", f"{world.METADATA}:{world.PORT}", f"127.0.0.1:{self.port}"]
            heard = self.result(self.create(ASK), targets)
            self.assertEqual(heard, [403, "connected", world.HOST, "connected"])
            # By HTTP too, at an address of its own.
            custom = self.create(Runtime="provided.al2023", Handler="x", Code={"ZipFile": SMALLEST})
            self.assertIsNone(self.result(custom, {}))
            self.server.stop()
            self.assertEqual(self.world.left(), [])

    def test_what_is_denied_is_refused(self):
        self.serve("--network", "nat", "--network-deny", "203.0.113.0/24,10.0.0.0/8", "--network-rate", "100")
        asks = self.create(ASK)
        self.assertEqual(self.result(asks, [f"{world.NAME}:{world.PORT}"]), [403, REFUSED])
        self.server.stop()

    def test_a_killed_lambdad_leaves_nothing(self):
        self.serve()
        self.assertEqual(self.result(self.create(ASK), [f"{world.SERVER}:{world.PORT}"]), [403, world.HOST])
        # The control: there is something that could be left.
        self.assertEqual(len(self.world.left()), 3, self.world.left())
        self.server.kill()
        until(lambda: not self.world.left(), 20, "the end of everything")

    def test_what_lambdad_and_its_helper_leave_is_put_right_by_the_next(self):
        self.serve()
        pid = self.server.process.pid
        helper = next(child for child in host.children_of(pid) if b"__sandbox-helper" in command_line(child))
        os.kill(helper, 9)
        self.server.kill()
        # The kernel takes back what has no name; the setting alone stays.
        until(lambda: self.world.left() == ["forwarding"], 20, "the end of links and tables")
        with Server("--network", "nat", data_dir=self.data_dir):
            pass
        self.assertEqual(self.world.left(), [])


def command_line(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()
