"""An idle environment stands still until its next event, as Lambda's do."""

import time

import harness
import host

# How long the background has stood still at the longest, as it sees it itself afterwards.
STANDS_STILL = """
    import threading, time
    longest = 0
    def watch():
        global longest
        last = time.monotonic()
        while True:
            time.sleep(0.005)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
    threading.Thread(target=watch, daemon=True).start()
    def handler(event, context):
        time.sleep(0.1)
        return longest
"""
IDLE_SECONDS = 3


class Freeze(harness.Case):
    @classmethod
    def setUpClass(cls):
        host.need_root()

    def stood_still(self, *arguments):
        """Seconds of an idleness of three."""
        with harness.Server(*arguments) as server:
            self.server, self.lambda_, self.logs = server, server.client("lambda"), server.client("logs")
            self.role = server.make_role("execution")
            name = self.create(STANDS_STILL, MemorySize=512, Timeout=30)
            self.result(name, {})
            time.sleep(IDLE_SECONDS)
            return self.result(name, {})

    def test_what_is_idle_stands_still(self):
        self.assertGreater(self.stood_still(), IDLE_SECONDS / 2)

    def test_the_control_goes_on(self):
        self.assertLess(self.stood_still("--freeze-after-ms", "0"), IDLE_SECONDS / 2)
