"""A thousand environments come and go, and nothing of them stays: not while lambdad runs, nor when it ends, however."""

import concurrent.futures
import os
import shutil
import signal
import tempfile
import threading
import time

import harness
import host
from harness import Server, until

# Enough to hold its environment until the others of its wave have theirs.
WAITS = """
    import time
    def handler(event, context):
        time.sleep(event["seconds"])
        return context.log_stream_name
"""
# A runtime of the least that one can be: what is counted here are environments, not interpreters.
BOOTSTRAP = """#!/bin/bash
head -c 65536 /dev/zero > /tmp/scratch
api=${AWS_LAMBDA_RUNTIME_API%:*} port=${AWS_LAMBDA_RUNTIME_API##*:}
while exec 3<>"/dev/tcp/$api/$port"; do
    printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >&3
    while IFS= read -r line <&3 && line=${line%$'\\r'} && [ -n "$line" ]; do
        case ${line,,} in lambda-runtime-aws-request-id:*) id=${line#*: } ;; esac
    done
    exec 3<>"/dev/tcp/$api/$port"
    printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 4\\r\\n\\r\\nnull' "$id" >&3
    IFS= read -r line <&3
done
"""
SMALLEST = harness.zipped({"bootstrap": BOOTSTRAP}, {"bootstrap": 0o755})

ENVIRONMENTS = 1000
# Of 128 MB each.
WAVE = 40


class Case(harness.Case):
    ARGUMENTS = ("--idle-seconds", "1")

    @classmethod
    def setUpClass(cls):
        host.need_root()

    def setUp(self):
        self.data_dir = tempfile.mkdtemp(prefix="lambdad-remains-")
        self.addCleanup(shutil.rmtree, self.data_dir, ignore_errors=True)
        self.serve()
        self.role = self.server.make_role("execution")
        self.names = host.Names(self.data_dir)

    def serve(self):
        self.server = Server(*self.ARGUMENTS, data_dir=self.data_dir)
        self.addCleanup(lambda server=self.server: server.process.poll() is None and server.kill())
        self.lambda_, self.logs = self.server.client("lambda"), self.server.client("logs")
        self.pid = self.server.process.pid

    def family(self):
        return host.children_of(self.pid)

    def create_smallest(self):
        return self.create(Code={"ZipFile": SMALLEST}, Runtime="provided.al2023", MemorySize=128, Timeout=30)

    def wave(self, pool, name, count=WAVE, event=None):
        return list(pool.map(lambda _: self.result(name, event or {}), range(count)))

    def at_rest(self):
        """What a lambdad keeps when nothing runs: its helper, the groups' parents, two /tmps and an unpacker's empty slot,
        both made ahead."""
        found = self.names.all()
        slots = {os.path.basename(path) for path in found.pop("slots", [])}
        made_ahead = set(found) == {"groups", "loops"} and len(found["loops"]) == 2 and len(slots) <= 1
        return made_ahead and len(self.family()) == 1

    def rest(self):
        try:
            until(self.at_rest, 30, "the end of all environments")
        except AssertionError:
            self.fail(f"left: {self.names.all()}, processes {self.family()}")


class Thousand(Case):
    def look(self):
        """Descriptors by kind, once they stand still; some are given back a little later."""
        last, port = None, int(self.server.endpoint.rpartition(":")[2])
        for _ in range(100):
            now = host.descriptors(self.pid, port)
            if now == last:
                return now
            last = now
            time.sleep(0.2)
        return last

    def test_a_thousand_environments_leave_nothing(self):
        with concurrent.futures.ThreadPoolExecutor(WAVE) as pool:
            # The first come with what is made once: threads, connections, the template of /tmp.
            for _ in range(3):
                self.churn(pool)
            self.rest()
            descriptors, memory = self.look(), host.resident_mb(self.pid)
            namespaces = self.namespaces()
            started, made = time.monotonic(), 0
            while made < ENVIRONMENTS:
                made += self.churn(pool)
            took = time.monotonic() - started
            self.rest()
        print(f"{made} environments in {took:.0f} s, {memory} -> {host.resident_mb(self.pid)} MB", flush=True)
        self.assertEqual(self.look(), descriptors)
        self.assertEqual(self.namespaces(), namespaces)
        self.assertLess(host.resident_mb(self.pid), memory + 40)
        self.assertEqual(host.names(os.path.join(self.data_dir, "code")), [])
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.names.all(), {})

    def churn(self, pool):
        """Two waves on one function, parted by an update, ended by a delete; answers how many environments that made."""
        name = self.create_smallest()
        group = f"/aws/lambda/{name}"
        self.wave(pool, name)
        self.lambda_.update_function_configuration(FunctionName=name, Timeout=29)
        self.wait_updated(name)
        self.wave(pool, name)
        self.lambda_.delete_function(FunctionName=name)
        return self.streams(group)

    def streams(self, group):
        """Each environment has a stream of its own."""
        found = until(lambda: self.count_streams(group), 10, "log streams")
        self.logs.delete_log_group(logGroupName=group)
        return found

    def count_streams(self, group):
        """None yet where the group's first lines are still on their way."""
        pages = self.logs.get_paginator("describe_log_streams").paginate(logGroupName=group)
        try:
            return sum(len(page["logStreams"]) for page in pages)
        except self.logs.exceptions.ResourceNotFoundException:
            return 0

    def namespaces(self):
        return {name: os.readlink(f"/proc/{self.pid}/ns/{name}") for name in os.listdir(f"/proc/{self.pid}/ns")}


class Ends(Case):
    ARGUMENTS = ()

    def occupy(self):
        """Environments that run, environments that are idle, and one whose function has children of its own."""
        busy = self.create("import time\ndef handler(event, context): print('began'); time.sleep(8)", MemorySize=128)
        parent = self.create("import os, time\ndef handler(event, context):\n  if os.fork() == 0: time.sleep(900)", MemorySize=128)
        self.lambda_.invoke(FunctionName=parent, InvocationType="Event")
        idle = self.create_smallest()
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            self.wave(pool, idle, 5)
        self.lambda_.invoke(FunctionName=busy, InvocationType="Event")
        self.function_log(busy, "began")
        self.function_log(parent, "REPORT")
        family, found = self.family(), self.names.all()
        self.assertGreater(len(family), 7)
        self.assertEqual(set(found), {"groups", "slots", "loops", "mounts", "members", "files"}, found)
        return family

    def gone(self, family, but=()):
        left = lambda: {kind: found for kind, found in self.names.all().items() if kind not in but}
        until(lambda: not any(map(host.lives, family)), 20, "the end of all processes")
        try:
            until(lambda: not left(), 20, "the end of all that has a name")
        except AssertionError:
            self.fail(f"left: {left()}")

    def test_sigterm(self):
        family = self.occupy()
        self.assertEqual(self.server.stop(), 0)
        self.gone(family)

    def test_a_killed_lambdad(self):
        family = self.occupy()
        self.server.kill()
        # Folders are the next start's.
        self.gone(family, but=["files"])
        self.starts_clean()

    def test_a_killed_lambdad_and_its_helper(self):
        family = self.occupy()
        helper = host.children_of(self.pid)[0]
        os.kill(helper, signal.SIGKILL)
        self.server.kill()
        self.gone(family, but=["files", "groups", "slots"])
        # The control: somebody has to remove them.
        self.assertEqual(set(self.names.all()), {"files", "groups", "slots"})
        self.starts_clean()

    def starts_clean(self):
        before = set(self.names.files())
        self.assertTrue(before)
        self.serve()
        self.assertEqual(before & set(self.names.files()), set())
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.names.all(), {})
