"""The power is cut in the middle of 200 creates and invocations: what was acknowledged is there, and nothing is left.

The data directory lies on a disk in a file. lambdad is killed and the file is copied as it is: what the system had not
yet written to the disk is lost, as in a power cut. A lambdad that serves from the copy must know all that was
acknowledged. The control answers before it syncs, and must lose some of it.
"""

import concurrent.futures
import inspect
import json
import random
import threading
import time

import botocore.exceptions

import harness
import host
from harness import REGION, Server, until

GROUP, STREAM = "effects", "all"

# Writes each event's name into a log, and ends when that is durable: what an event has done can be seen later, and
# whether it is done is not a matter of luck.
WITNESS = (
    "import datetime, functools, hashlib, hmac, http.client, json, os, time, urllib.parse\n"
    f"REGION, ROOT_KEY, ROOT_SECRET = {REGION!r}, '', ''\n"
    + inspect.getsource(harness.sign_v4)
    + inspect.getsource(harness._hmac)
    + f'''
def handler(event, context):
    host = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    entry = {{"timestamp": int(time.time() * 1000), "message": event["name"]}}
    body = json.dumps({{"logGroupName": {GROUP!r}, "logStreamName": {STREAM!r}, "logEvents": [entry]}}).encode()
    headers = {{
        "host": host,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "Logs_20140328.PutLogEvents",
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
    }}
    key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    headers = sign_v4("POST", "/", headers, body, key=key, secret=secret, service="logs")
    connection = http.client.HTTPConnection(host)
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()
    return event["name"]
'''
)


class Books:
    """What was acknowledged, by kind."""

    def __init__(self):
        self.lock = threading.Lock()
        self.created, self.accepted, self.answered = set(), set(), set()

    def enter(self, kept, what):
        with self.lock:
            kept.add(what)

    def count(self):
        with self.lock:
            return len(self.created) + len(self.accepted) + len(self.answered)


class Case(harness.Case):
    @classmethod
    def setUpClass(cls):
        host.need_root()

    def attach(self, server):
        self.server, self.lambda_, self.logs = server, server.client("lambda"), server.client("logs")

    def prepare(self, disk, *options):
        """A lambdad on the disk with a function that can be invoked; all of that is on the disk."""
        server = Server(*options, data_dir=disk.data())
        self.addCleanup(lambda: server.process.poll() is None and server.kill())
        self.attach(server)
        self.role = server.make_role("execution")
        self.logs.create_log_group(logGroupName=GROUP)
        self.logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
        code = {"ZipFile": harness.python_zip(WITNESS)}
        self.witness = self.create(name="witness", Code=code, MemorySize=128, Timeout=60)
        self.assertEqual(self.result("witness", {"name": "first"}), "first")
        return server

    def do(self, books, kind, number):
        """One acknowledged thing, or an error: the power may be gone."""
        name = f"{kind}-{number}"
        try:
            if kind == "create":
                # Its /tmp is a copy of a file that a power cut might have spoilt.
                source = f"def handler(event, context): open('/tmp/kept', 'x').close(); return {name!r}"
                code = {"ZipFile": harness.python_zip(source)}
                self.lambda_.create_function(**self.parameters(name, Code=code, MemorySize=128, Timeout=60))
                books.enter(books.created, name)
            elif kind == "event":
                payload = json.dumps({"name": name})
                self.lambda_.invoke(FunctionName="witness", InvocationType="Event", Payload=payload)
                books.enter(books.accepted, name)
            else:
                self.assertEqual(self.result("witness", {"name": name}), name)
                books.enter(books.answered, name)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            if self.server.process.poll() is None and not self.cutting.is_set():
                raise

    def run_until(self, server, enough, kinds, threads=200):
        """All are under way at once; when `enough` are acknowledged, lambdad dies. Answers the books."""
        books, self.cutting = Books(), threading.Event()
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            running = [pool.submit(self.do, books, kind, number) for number, kind in enumerate(kinds)]
            until(lambda: books.count() >= enough or all(each.done() for each in running), 60, "the work")
            self.cutting.set()
            server.kill()
            for each in running:
                each.cancel()
        for each in running:
            if not each.cancelled():
                each.result()
        return books

    def effects(self):
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP)
        return {event["message"] for page in pages for event in page["events"]}

    def functions(self):
        pages = self.lambda_.get_paginator("list_functions").paginate()
        return {function["FunctionName"] for page in pages for function in page["Functions"]}


class PowerCut(Case):
    def cut_after(self, enough):
        disk = host.Disk(1024)
        self.addCleanup(disk.close)
        server = self.prepare(disk)
        names, family = host.Names(disk.data()), host.children_of(server.process.pid)
        kinds = ["create"] * 60 + ["event"] * 100 + ["answer"] * 40
        random.Random(enough).shuffle(kinds)
        books = self.run_until(server, enough, kinds)
        copy = disk.cut()
        self.addCleanup(copy.close)
        self.assertGreaterEqual(books.count(), enough)
        if enough > 100:
            self.assertGreater(min(len(books.created), len(books.accepted), len(books.answered)), 5)
        self.nothing_is_left(names, family)
        self.all_is_there(copy, books)

    def test_a_cut_in_the_middle_loses_nothing_that_was_acknowledged(self):
        # More than there are creates and events: answers, which take longest, are among it.
        self.cut_after(170)

    def test_a_cut_soon_after_the_first_start_loses_nothing(self):
        self.cut_after(10)

    def all_is_there(self, copy, books):
        copied = host.Names(copy.data())
        # Some of it is there, or the next line shows nothing.
        left = set(copied.files())
        self.assertTrue(left)
        with Server(data_dir=copy.data()) as server:
            self.attach(server)
            self.assertEqual(left & set(copied.files()), set(), "what the dead left")
            self.assertEqual(books.created - self.functions(), set())
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                self.assertEqual(set(pool.map(self.runs, books.created)), books.created)
            # In an event's name there is its effect: it has run before the cut, or runs now.
            until(lambda: books.accepted <= self.effects(), 60, "the run of every accepted event")
            self.assertEqual(books.answered - self.effects(), set())
        self.assertEqual(copied.all(), {})

    def runs(self, name):
        self.wait_active(name)
        return self.result(name)

    def nothing_is_left(self, names, family):
        """Of the killed one, whose helper cleans up."""
        left = lambda: {kind: found for kind, found in names.all().items() if kind != "files"}
        try:
            until(lambda: not left(), 20, "the helper's cleaning")
        except AssertionError:
            self.fail(f"left: {left()}\n{self.server.log()}")
        self.assertEqual([pid for pid in family if host.lives(pid)], [])


class Control(Case):
    def test_without_fsync_something_acknowledged_is_lost(self):
        for _ in range(3):
            lost = self.lose()
            if lost:
                return
        self.fail("nothing was lost: this disk proves nothing")

    def lose(self):
        """How many accepted events a power cut takes when nothing is synced."""
        disk = host.Disk(512)
        self.addCleanup(disk.close)
        server = self.prepare(disk, "--no-fsync")
        disk.sync()
        books = self.run_until(server, 60, ["event"] * 100)
        copy = disk.cut()
        self.addCleanup(copy.close)
        with Server(data_dir=copy.data()) as server:
            self.attach(server)
            # Whatever still runs shows in the number of effects.
            seen, since = None, time.monotonic()
            while time.monotonic() - since < 4:
                now = self.effects()
                seen, since = now, (time.monotonic() if now != seen else since)
                time.sleep(0.1)
            return len(books.accepted - seen)

