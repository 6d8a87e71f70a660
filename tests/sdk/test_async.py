"""Asynchronous invocations: each function has a queue of its own, and each event runs once while nothing fails."""

import json

import harness

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

QUICK = "def handler(event, context): print('ran', event['n'])"


class Queues(harness.Case):
    def send(self, name, **event):
        answer = self.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
        self.assertEqual(answer["StatusCode"], 202)

    def test_what_was_accepted_runs_once_each(self):
        names = [self.create(QUICK, MemorySize=128) for _ in range(3)]
        for number in range(60):
            self.send(names[number % 3], n=number)
        for at, name in enumerate(names):
            numbers = range(at, 60, 3)
            text = self.function_log(name, "(?s)" + "".join(rf"(?=.*ran {number}\n)" for number in numbers), 60)
            self.assertEqual(text.count("ran "), len(numbers))
