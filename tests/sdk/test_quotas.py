"""An account's share of the host: whoever is over it is told so in AWS's words, and hears no more of it when there is room."""

import concurrent.futures

import botocore.exceptions
import harness
from harness import Server, until

WAITS = """
    import time
    def handler(event, context):
        time.sleep(event)
"""


class Quotas(harness.Case):
    @classmethod
    def setUpClass(cls):
        pass

    def serve(self, *arguments):
        self.server = Server(*arguments)
        self.addCleanup(lambda server=self.server: server.process.poll() is None and server.kill())
        self.logs = self.server.client("logs")
        self.lambda_, self.role = self.server.client("lambda"), self.server.make_role("execution")

    def heard_while_busy(self):
        """What a second function's invocation is refused with while the first one's runs."""
        busy, other = self.create(WAITS), self.create()

        def refused():
            try:
                self.invoke(other, {})
            except botocore.exceptions.ClientError as error:
                return error.response

        with concurrent.futures.ThreadPoolExecutor() as threads:
            running = threads.submit(self.result, busy, 2)
            self.function_log(busy, "START")
            response = until(refused, 20, "a refusal")
            running.result()
        # The first one's environment is idle now, and goes.
        self.assertEqual(self.result(other, {}), {"hello": {}})
        return response

    def test_an_account_that_has_its_environments_is_throttled(self):
        self.serve("--environments-per-account", "1")
        response = self.heard_while_busy()
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 429)
        self.assertEqual(response["Error"], {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."})
        self.assertEqual((response["Reason"], response["Type"]), ("ConcurrentInvocationLimitExceeded", "User"))
        self.server.stop()

    def test_an_account_that_has_its_memory_is_throttled(self):
        self.serve("--memory-per-account", "255")
        self.assertEqual(self.heard_while_busy()["Error"]["Code"], "TooManyRequestsException")
        self.server.stop()

    def test_a_full_host_is_unavailable(self):
        self.serve("--memory", "255")
        self.assertEqual(self.heard_while_busy()["ResponseMetadata"]["HTTPStatusCode"], 503)
        self.server.stop()
