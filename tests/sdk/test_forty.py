"""Many invocations at the same time: an environment each, and no more than the account may have."""

import collections
import concurrent.futures
import json
import threading
import time

import harness

# Holds its environment until all that were asked for run: those that share one can't answer before the time is up.
SLEEPER = """
    import time
    def handler(event, context):
        time.sleep(event["seconds"])
        return context.log_stream_name
"""


class Case(harness.Case):
    FILES = None

    @classmethod
    def setUpClass(cls):
        harness.start_shared(*cls.OPTIONS, files=cls.FILES)
        cls.addClassCleanup(harness.stop_shared)
        super().setUpClass()

    def at_once(self, count, ask):
        """`count` calls that begin together."""
        gate = threading.Barrier(count)

        def one(_):
            gate.wait()
            return ask()

        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))


class Forty(Case):
    OPTIONS = ()
    # An environment takes some fifteen: the few that a shell allows by default must not be the limit.
    FILES = 256

    def test_forty_at_once_have_forty_environments(self):
        name = self.create(SLEEPER, MemorySize=128, Timeout=60)
        streams = self.at_once(40, lambda: self.result(name, {"seconds": 5}))
        self.assertEqual(len(set(streams)), 40, collections.Counter(streams).most_common(3))
        # They stay: the next forty find them warm.
        again = self.at_once(40, lambda: self.result(name, {"seconds": 2}))
        self.assertEqual(set(again), set(streams))

    def test_one_after_another_share_one(self):
        name = self.create(SLEEPER, MemorySize=128)
        self.assertEqual(len({self.result(name, {"seconds": 0}) for _ in range(10)}), 1)


class Limit(Case):
    OPTIONS = ("--concurrency", "5")

    def ask(self, name, kind="RequestResponse", seconds=3):
        target = f"/2015-03-31/functions/{name}/invocations"
        body = json.dumps({"seconds": seconds}).encode()
        return self.server.raw("POST", target, body, {"x-amz-invocation-type": kind})

    def test_what_is_over_the_limit_hears_429(self):
        name = self.create(SLEEPER, MemorySize=128, Timeout=30)
        answers = self.at_once(20, lambda: self.ask(name))
        statuses = collections.Counter(status for status, _, _ in answers)
        self.assertEqual(statuses, {200: 5, 429: 15}, answers)
        expected = {"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."}
        for status, headers, body in answers:
            if status == 429:
                self.assertEqual(json.loads(body), expected)
                self.assertEqual(headers["x-amzn-errortype"], "TooManyRequestsException")
                self.assertEqual(headers["retry-after"], "1")
        # What ended has given its place back.
        self.assertEqual([self.ask(name, seconds=0)[0] for _ in range(6)], [200] * 6)

    def test_events_over_the_limit_wait_and_run(self):
        name = self.create("def handler(event, context): print('ran', event['seconds'])", MemorySize=128)
        started = time.monotonic()
        self.assertEqual([self.ask(name, "Event", seconds)[0] for seconds in range(20)], [202] * 20)
        ran = r"(?s)" + "".join(rf"(?=.*ran {seconds}\n)" for seconds in range(20))
        self.function_log(name, ran, 60)
        self.assertLess(time.monotonic() - started, 40)


