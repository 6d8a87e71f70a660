"""Thousands of invocations, among them crashes, timeouts, oversized answers, memory hogs, orphans and kills from outside:
every caller gets the answer that is his, and nothing is left over.

SOAK says how many (`make soak`: 20,000), SEED which ones.
"""

import collections
import concurrent.futures
import os
import random
import threading

import harness
import test_remains

INVOCATIONS = int(os.environ.get("SOAK", "1500"))
SEED = int(os.environ.get("SEED", "1"))
CALLERS = 12

PYTHON = """
    import os, sys, time
    def handler(event, context):
        do = event["do"]
        if do == "raise":
            raise ValueError(event["n"])
        if do == "exit":
            os._exit(3)
        if do == "kill":
            os.kill(os.getpid(), 9)
        if do == "late":
            time.sleep(30)
        if do == "memory":
            return len(bytearray(400 << 20))
        if do == "large":
            return "x" * (7 << 20)
        if do == "orphan" and os.fork() == 0:
            os.setsid()
            time.sleep(600)
        if do == "noise":
            os.write(1, os.urandom(65536))
        return event["n"]
"""
NODE = """
    export const handler = async (event) => {
        if (event.do === "raise") throw new RangeError(event.n);
        if (event.do === "exit") process.exit(3);
        if (event.do === "kill") process.kill(process.pid, "SIGKILL");
        if (event.do === "late") await new Promise((resolve) => setTimeout(resolve, 30000));
        if (event.do === "large") return "x".repeat(7 << 20);
        return event.n;
    };
"""
# What is done, how often of a thousand, and the type of the error that the caller hears.
PYTHON_DEEDS = {
    "echo": (862, None),
    "noise": (30, None),
    "orphan": (10, None),
    "raise": (40, "ValueError"),
    "exit": (20, "Runtime.ExitError"),
    "kill": (15, "Runtime.ExitError"),
    "large": (10, "Function.ResponseSizeTooLarge"),
    "memory": (10, "Runtime.OutOfMemory"),
    "late": (3, "Sandbox.Timedout"),
}
NODE_DEEDS = {
    "echo": (932, None),
    "raise": (30, "RangeError"),
    "exit": (20, "Runtime.ExitError"),
    "kill": (10, "Runtime.ExitError"),
    "large": (5, "Function.ResponseSizeTooLarge"),
    "late": (3, "Sandbox.Timedout"),
}


class Soak(test_remains.Case):
    def test_every_caller_is_answered_and_nothing_is_left(self):
        python = self.create(PYTHON, MemorySize=256, Timeout=10)
        node = self.create(
            Code={"ZipFile": harness.zipped({"app.mjs": NODE})}, Runtime="nodejs20.x", MemorySize=256, Timeout=10
        )
        chance = random.Random(SEED)
        plan = [self.pick(chance, number, python, node) for number in range(INVOCATIONS)]
        heard = collections.Counter()
        with Killer(self.names, chance.randrange(1 << 30)) as killer, concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
            for right, what in pool.map(lambda deed: self.check(*deed), plan):
                heard[what] += 1
                self.assertTrue(right, f"seed {SEED}: {what}")
        self.assertEqual(sum(heard.values()), INVOCATIONS)
        print(f"{dict(sorted(heard.items()))}, {killer.killed} killed from outside", flush=True)
        self.rest()
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.names.all(), {})

    def pick(self, chance, number, python, node):
        name, deeds = (python, PYTHON_DEEDS) if chance.random() < 0.8 else (node, NODE_DEEDS)
        do = chance.choices(list(deeds), [weight for weight, _ in deeds.values()])[0]
        return name, do, number, deeds[do][1]

    def check(self, name, do, number, error_type):
        """Whether the answer is the caller's own, and what it was."""
        response, payload = self.invoke(name, {"do": do, "n": number})
        if "FunctionError" not in response:
            return error_type is None and payload == number, do
        heard = payload["errorType"]
        if heard == error_type:
            return str(number) in payload["errorMessage"] if do == "raise" else True, heard
        # Somebody else's fault, and said so.
        killed = heard == "Runtime.ExitError" and payload["errorMessage"].endswith("signal: killed")
        return killed, f"{heard} from outside, at {do}"


class Killer:
    """Kills a process of some environment now and then."""

    def __init__(self, names, seed):
        self.names, self.chance, self.killed = names, random.Random(seed), 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.done.wait(self.chance.uniform(0.1, 0.6)):
            members = self.names.members()
            if members:
                try:
                    os.kill(self.chance.choice(members), 9)
                    self.killed += 1
                except ProcessLookupError:
                    pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
