"""CloudWatch Logs: groups, streams, events, and the logs of functions (oracle, sections 2.6 and 11)."""

import json
import re
import tempfile
import time

import harness

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

NO_GROUP = "The specified log group does not exist."
NO_STREAM = "The specified log stream does not exist."


def now_ms():
    return int(time.time() * 1000)


class Case(harness.Case):
    def group(self):
        name = f"/test/{self.name('group')}"
        self.logs.create_log_group(logGroupName=name)
        return name

    def stream(self, messages=()):
        """A group with a stream that holds these messages, a millisecond apart. Answers its two names as parameters."""
        stream = {"logGroupName": self.group(), "logStreamName": "one"}
        self.logs.create_log_stream(**stream)
        start = now_ms() - 60_000
        if messages:
            events = [{"timestamp": start + at, "message": text} for at, text in enumerate(messages)]
            self.logs.put_log_events(**stream, logEvents=events)
        return stream

    def refused_400(self, code, message, call, **parameters):
        self.refused(400, code, message, call, **parameters)


class Groups(Case):
    def test_a_group_is_made_found_and_deleted(self):
        name = self.group()
        [found] = self.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        arn = f"arn:aws:logs:{harness.REGION}:{self.account}:log-group:{name}"
        self.assertEqual((found["logGroupName"], found["arn"]), (name, f"{arn}:*"))
        self.assertNotIn("retentionInDays", found)
        self.logs.delete_log_group(logGroupName=name)
        self.assertEqual(self.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"], [])

    def test_a_name_is_taken_once(self):
        message = "The specified log group already exists"
        call = {"logGroupName": self.group()}
        self.refused_400("ResourceAlreadyExistsException", message, self.logs.create_log_group, **call)

    def test_what_is_not_there_is_not_found(self):
        call = {"logGroupName": "/test/nothing"}
        self.refused_400("ResourceNotFoundException", NO_GROUP, self.logs.delete_log_group, **call)
        self.refused_400("ResourceNotFoundException", NO_GROUP, self.logs.describe_log_streams, **call)
        self.refused_400("ResourceNotFoundException", NO_GROUP, self.logs.filter_log_events, **call)

    def test_names_that_are_none(self):
        fault = self.fault(self.server.client("logs", validate=False).create_log_group, logGroupName="a b")
        self.assertEqual(fault["Error"]["Code"], "InvalidParameterException")
        self.assertTrue(fault["Error"]["Message"].startswith("1 validation error detected: Value 'a b' at 'logGroupName'"))

    def test_retention_is_one_of_awss_numbers(self):
        name = self.group()
        self.logs.put_retention_policy(logGroupName=name, retentionInDays=14)
        [found] = self.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        self.assertEqual(found["retentionInDays"], 14)
        fault = self.fault(self.logs.put_retention_policy, logGroupName=name, retentionInDays=15)
        self.assertEqual(fault["Error"]["Code"], "InvalidParameterException")
        self.logs.delete_retention_policy(logGroupName=name)
        [found] = self.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        self.assertNotIn("retentionInDays", found)

    def test_groups_have_tags(self):
        name = self.group()
        arn = f"arn:aws:logs:{harness.REGION}:{self.account}:log-group:{name}"
        self.logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        self.logs.untag_resource(resourceArn=arn, tagKeys=["a"])
        self.assertEqual(self.logs.list_tags_for_resource(resourceArn=arn)["tags"], {"b": "2"})

    def test_groups_have_tags_by_name_as_it_was_before(self):
        group = {"logGroupName": self.group()}
        self.logs.tag_log_group(**group, tags={"a": "1", "b": "2"})
        self.logs.untag_log_group(**group, tags=["a"])
        self.assertEqual(self.logs.list_tags_log_group(**group)["tags"], {"b": "2"})
        self.refused_400("ResourceNotFoundException", None, self.logs.list_tags_log_group, logGroupName="/test/nothing")

    def test_a_protected_group_is_not_deleted(self):
        name = self.group()
        protect = self.logs.put_log_group_deletion_protection
        protect(logGroupIdentifier=name, deletionProtectionEnabled=True)
        self.refused_400("ValidationException", None, self.logs.delete_log_group, logGroupName=name)
        protect(logGroupIdentifier=name, deletionProtectionEnabled=False)
        self.logs.delete_log_group(logGroupName=name)

    def test_groups_come_in_pages(self):
        prefix = f"/pages/{self.name()}/"
        names = [f"{prefix}{at}" for at in range(5)]
        for name in names:
            self.logs.create_log_group(logGroupName=name)
        pages = list(
            self.logs.get_paginator("describe_log_groups").paginate(
                logGroupNamePrefix=prefix, PaginationConfig={"PageSize": 2}
            )
        )
        self.assertEqual([len(page["logGroups"]) for page in pages], [2, 2, 1])
        self.assertEqual([entry["logGroupName"] for page in pages for entry in page["logGroups"]], names)


class Streams(Case):
    def test_streams_are_listed_by_name_or_by_time(self):
        group = self.group()
        for at, name in enumerate(["b", "a", "c"]):
            self.logs.create_log_stream(logGroupName=group, logStreamName=name)
            event = {"timestamp": now_ms() - 60_000 + at, "message": name}
            self.logs.put_log_events(logGroupName=group, logStreamName=name, logEvents=[event])

        def names(**order):
            found = self.logs.describe_log_streams(logGroupName=group, **order)["logStreams"]
            return [stream["logStreamName"] for stream in found]

        self.assertEqual(names(), ["a", "b", "c"])
        self.assertEqual(names(orderBy="LastEventTime", descending=True), ["c", "a", "b"])
        self.assertEqual(names(logStreamNamePrefix="b"), ["b"])

    def test_a_stream_is_made_once_and_deleted(self):
        stream = self.stream(["x"])
        message = "The specified log stream already exists"
        self.refused_400("ResourceAlreadyExistsException", message, self.logs.create_log_stream, **stream)
        self.logs.delete_log_stream(**stream)
        self.refused_400("ResourceNotFoundException", NO_STREAM, self.logs.get_log_events, **stream)
        self.assertEqual(self.logs.filter_log_events(logGroupName=stream["logGroupName"])["events"], [])


class Events(Case):
    def texts(self, answer):
        return [event["message"] for event in answer["events"]]

    def test_events_come_back_in_order(self):
        messages = ["first", "é\u2028\U0001f600", "tab\there", " padded ", "last"]
        answer = self.logs.get_log_events(**self.stream(messages), startFromHead=True)
        self.assertEqual(self.texts(answer), messages)
        for event in answer["events"]:
            self.assertAlmostEqual(event["ingestionTime"], now_ms(), delta=60_000)

    def test_pages_go_forward_and_back(self):
        messages = [f"m{at:02}" for at in range(25)]
        stream = self.stream(messages)
        seen, token = [], {}
        while True:
            page = self.logs.get_log_events(**stream, startFromHead=True, limit=10, **token)
            if token and page["nextForwardToken"] == token["nextToken"]:
                break
            seen += self.texts(page)
            token = {"nextToken": page["nextForwardToken"]}
        self.assertEqual(seen, messages)
        last = self.logs.get_log_events(**stream, limit=10)
        self.assertEqual(self.texts(last), messages[-10:])
        before = self.logs.get_log_events(**stream, limit=10, nextToken=last["nextBackwardToken"])
        self.assertEqual(self.texts(before), messages[5:15])

    def test_a_time_chooses(self):
        stream = self.stream(["a", "b", "c", "d"])
        events = self.logs.get_log_events(**stream, startFromHead=True)["events"]
        chosen = {"startTime": events[1]["timestamp"], "endTime": events[3]["timestamp"]}
        self.assertEqual(self.texts(self.logs.get_log_events(**stream, startFromHead=True, **chosen)), ["b", "c"])

    def test_filters_choose(self):
        messages = ["ERROR one", "INFO two", '{"level": "ERROR", "n": 3}', '{"level": "INFO", "n": 9}']
        group = self.stream(messages)["logGroupName"]
        for pattern, expected in [
            ("", messages),
            ("ERROR", [messages[0], messages[2]]),
            ('"INFO two"', [messages[1]]),
            ("?one ?two", messages[:2]),
            ("ERROR -one", [messages[2]]),
            ('{ $.level = "ERROR" }', [messages[2]]),
            ("{ $.n > 3 }", [messages[3]]),
            ('{ $.n >= 3 && $.level != "INFO" }', [messages[2]]),
        ]:
            answer = self.logs.filter_log_events(logGroupName=group, filterPattern=pattern)
            self.assertEqual(self.texts(answer), expected, pattern)

    def test_filtered_events_have_ids_of_their_own(self):
        group = self.stream([f"m{at}" for at in range(30)])["logGroupName"]
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 7})
        events = [event for page in pages for event in page["events"]]
        self.assertEqual([event["message"] for event in events], [f"m{at}" for at in range(30)])
        ids = [event["eventId"] for event in events]
        self.assertEqual(len(set(ids)), 30)
        self.assertTrue(all(re.fullmatch(r"\d{56}", id_) for id_ in ids))

    def test_events_must_be_in_order(self):
        at = now_ms()
        events = [{"timestamp": at, "message": "b"}, {"timestamp": at - 1, "message": "a"}]
        fault = self.fault(self.logs.put_log_events, **self.stream(), logEvents=events)
        self.assertEqual(fault["Error"]["Code"], "InvalidParameterException")

    def test_what_is_too_old_or_too_new_is_said(self):
        day = 24 * 3600 * 1000
        # A batch spans a day at most, so that each goes alone.
        stream = self.stream()
        for offset, key in [(-15 * day, "tooOldLogEventEndIndex"), (3 * 3600 * 1000, "tooNewLogEventStartIndex")]:
            event = {"timestamp": now_ms() + offset, "message": "x"}
            answer = self.logs.put_log_events(**stream, logEvents=[event])
            self.assertIn(key, answer["rejectedLogEventsInfo"])
        self.assertEqual(self.logs.get_log_events(**stream)["events"], [])

    def test_a_stream_must_be_there(self):
        call = {"logStreamName": "nothing", "logEvents": [{"timestamp": now_ms(), "message": "x"}]}
        put = self.logs.put_log_events
        self.refused_400("ResourceNotFoundException", NO_STREAM, put, logGroupName=self.group(), **call)
        self.refused_400("ResourceNotFoundException", NO_GROUP, put, logGroupName="/test/nothing", **call)

    def test_events_outlive_a_kill(self):
        """PutLogEvents is durable before it answers."""
        with tempfile.TemporaryDirectory(prefix="lambdad-sdk-") as data_dir:
            server = harness.Server(data_dir=data_dir)
            logs = server.client("logs")
            logs.create_log_group(logGroupName="g")
            logs.create_log_stream(logGroupName="g", logStreamName="s")
            for at in range(20):
                event = {"timestamp": now_ms(), "message": f"m{at}"}
                logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])
            server.kill()
            with harness.Server(data_dir=data_dir) as again:
                answer = again.client("logs").get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)
                self.assertEqual(self.texts(answer), [f"m{at}" for at in range(20)])


class Functions(Case):
    def test_a_functions_log_is_where_aws_keeps_it(self):
        name = self.create("def handler(event, context):\n    print('one')\n    print('two')")
        self.result(name)
        self.function_log(name, "REPORT RequestId")
        [stream] = self.logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
        self.assertRegex(stream["logStreamName"], r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        answer = self.logs.get_log_events(
            logGroupName=f"/aws/lambda/{name}", logStreamName=stream["logStreamName"], startFromHead=True
        )
        kinds = [re.match(r"INIT_START|START|END|REPORT|one|two", event["message"]) for event in answer["events"]]
        self.assertEqual(
            [kind and kind.group() for kind in kinds], ["INIT_START", "START", "one", "two", "END", "REPORT"]
        )
        for event in answer["events"]:
            self.assertTrue(event["message"].endswith("\n"), event)

    def test_a_report_ends_as_awss_does(self):
        name = self.create()
        self.result(name)
        log = self.function_log(name, "REPORT RequestId")
        self.assertRegex(
            log,
            r"REPORT RequestId: \S+\tDuration: [0-9.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
            r"Max Memory Used: \d+ MB\tInit Duration: [0-9.]+ ms\t\n",
        )

    def test_a_group_of_ones_own(self):
        group = self.group()
        name = self.create("def handler(event, context): print('mine')", LoggingConfig={"LogGroup": group})
        self.result(name)
        harness.until(lambda: "mine" in str(self.logs.filter_log_events(logGroupName=group)["events"]))

    def test_python_logging_has_its_prefix(self):
        source = """
            import logging
            logging.getLogger().setLevel("INFO")
            def handler(event, context):
                logging.info("a line")
        """
        name = self.create(source)
        self.result(name)
        log = self.function_log(name, "a line")
        self.assertRegex(log, r"\[INFO\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t[0-9a-f-]{36}\ta line\n")

    def test_a_role_that_may_not_write_logs_writes_none(self):
        name = self.name("mute")
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(harness.TRUST))["Role"]["Arn"]
        mute = self.create("def handler(event, context): print('x')", Role=role)
        loud = self.create("def handler(event, context): print('x')")
        self.result(mute)
        self.result(loud)
        # The loud one's lines are there, and they came later.
        self.function_log(loud, "REPORT RequestId")
        groups = self.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{mute}")["logGroups"]
        self.assertEqual(groups, [])
