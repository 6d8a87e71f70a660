"""What an operator lives through: a backup while all goes on, a restore, a version too new, a full disk."""

import concurrent.futures
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading

import botocore.exceptions

import harness
import host
from harness import ROOT_KEY, ROOT_SECRET, Server, python_zip, until


def lambdad(*arguments, endpoint=None):
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": ROOT_KEY, "AWS_SECRET_ACCESS_KEY": ROOT_SECRET}
    if endpoint:
        environment["AWS_ENDPOINT_URL"] = endpoint
    return subprocess.run(
        [harness.binary(), *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


class Case(harness.Case):
    @classmethod
    def setUpClass(cls):
        """Each test has servers of its own."""

    def folder(self):
        folder = tempfile.mkdtemp(prefix="lambdad-backup-")
        os.chmod(folder, 0o755)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def serve(self, data_dir):
        server = Server(data_dir=data_dir)
        self.addCleanup(lambda: server.process.poll() is None and server.kill())
        self.server, self.lambda_, self.logs = server, server.client("lambda"), server.client("logs")
        return server

    def make(self, name):
        code = {"ZipFile": python_zip(f"def handler(event, context): return {name!r}")}
        self.lambda_.create_function(**self.parameters(name, Code=code, MemorySize=128))
        return name

    def runs(self, name):
        self.wait_active(name)
        return self.result(name)


class Backup(Case):
    def test_a_backup_in_the_middle_of_everything_is_restored(self):
        folder = self.folder()
        data, backup, restored = (os.path.join(folder, name) for name in ("data", "backup", "restored"))
        os.mkdir(data)
        server = self.serve(data)
        self.role = server.make_role("execution")
        kept = {self.make(f"before-{number}") for number in range(10)}
        done = self.while_all_goes_on(kept, lambda: lambdad("backup", backup, endpoint=server.endpoint))
        self.assertEqual((done.returncode, done.stdout.strip()), (0, backup), done.stderr)
        server.kill()
        shutil.rmtree(data)

        done = lambdad("restore", backup, "--data-dir", restored)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, restored), done.stderr)
        server = self.serve(restored)
        pages = self.lambda_.get_paginator("list_functions").paginate()
        there = {function["FunctionName"] for page in pages for function in page["Functions"]}
        self.assertLessEqual(kept, there)
        # Those made while it was copied are there with their code, or not at all.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(self.runs, there)), there)
        self.assertEqual(server.stop(), 0)
        # It appears whole or not at all, and never over what is there.
        self.assertIn("not empty", lambdad("restore", backup, "--data-dir", restored).stderr)

    def while_all_goes_on(self, kept, work):
        """Creates and invokes until `work` is done; adds what was acknowledged before it began to `kept`."""
        stop, lock, made = threading.Event(), threading.Lock(), set()

        def create(worker):
            number = 0
            while not stop.is_set():
                number += 1
                name = self.make(f"during-{worker}-{number}")
                with lock:
                    made.add(name)

        def invoke(name):
            while not stop.is_set():
                self.assertEqual(self.runs(name), name)
                self.lambda_.invoke(FunctionName=name, InvocationType="Event")

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            busy = [pool.submit(create, worker) for worker in range(3)]
            busy += [pool.submit(invoke, f"before-{number}") for number in range(3)]
            try:
                until(lambda: len(made) > 10, 30, "some creates")
                with lock:
                    kept |= made
                done = work()
            finally:
                stop.set()
        for each in busy:
            each.result()
        self.assertGreater(len(made), len(kept) - 10, "nothing was made meanwhile")
        return done

    def test_only_the_root_key_makes_one(self):
        folder = self.folder()
        server = self.serve(folder)
        user = server.make_user("user", {"Effect": "Allow", "Action": "*", "Resource": "*"})
        headers = {"content-length": "1"}
        status, _, body = server.raw("POST", "/_lambdad/backup", b"/", headers, service="lambdad", **user)
        self.assertEqual(status, 403, body)
        server.stop()


class Newer(Case):
    def refused(self, data):
        done = lambdad("serve", "--listen", "127.0.0.1:0", "--data-dir", data)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def test_a_data_directory_of_a_later_version_is_refused_and_not_touched(self):
        data = self.folder()
        self.serve(data).stop()
        path = os.path.join(data, "store", "FORMAT")
        with open(path, "w", encoding="utf8") as file:
            file.write("99\n")
        said = self.refused(data)
        self.assertRegex(said, r"FORMAT.*format 99.*1")
        self.assertRegex(said, "newer|later")
        with open(path, encoding="utf8") as file:
            self.assertEqual(file.read(), "99\n")

    def test_a_space_of_a_later_version_too(self):
        data = self.folder()
        self.serve(data).stop()
        space = os.path.join(data, "store", "spaces", "meta.db")
        with sqlite3.connect(space) as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
        self.assertRegex(self.refused(data), r"meta\.db.*format 99.*1")


class FullDisk(Case):
    def test_writes_are_refused_reads_go_on_and_it_recovers(self):
        host.need_root()
        disk = host.Disk(256)
        self.addCleanup(disk.close)
        server = self.serve(disk.data())
        self.role = server.make_role("execution")
        name = self.make("kept")
        self.assertEqual(self.runs(name), name)
        filler = os.path.join(disk.path, "filler")
        host.fill(filler)
        status = self.fill_the_rest()
        self.assertEqual(status, 503)

        self.assertEqual(self.health(), (503, "read-only"))
        self.assertEqual(self.lambda_.get_function(FunctionName=name)["Configuration"]["State"], "Active")
        self.assertEqual(len(self.lambda_.list_functions()["Functions"]), 1 + self.more)
        self.assertEqual(self.result(name), name, "what runs needs no room")
        self.assertEqual(self.status(lambda: self.make("refused")), 503)
        self.assertEqual(self.status(lambda: self.lambda_.invoke(FunctionName=name, InvocationType="Event")), 503)
        self.assertEqual(self.status(lambda: self.lambda_.delete_function(FunctionName=name)), 503)

        os.remove(filler)
        until(lambda: self.health() == (200, "ok"), 10, "the recovery")
        self.assertEqual(self.runs(self.make("after")), "after")
        self.assertEqual(server.stop(), 0)
        server = self.serve(disk.data())
        self.assertEqual(self.runs(name), name)
        self.assertEqual(server.stop(), 0)

    def fill_the_rest(self):
        """Creates until that is refused; the status of the refusal."""
        for self.more in range(500):
            status = self.status(lambda: self.make(f"more-{self.more}"))
            if status:
                return status
        return None

    def status(self, call):
        try:
            call()
        except botocore.exceptions.ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"]
        return None

    def health(self):
        status, _, body = self.server.raw("GET", "/_lambdad/health", sign=False)
        return status, json.loads(body)["status"]
