"""Log formats: text and JSON, the levels of both kinds of lines, and the X-Ray line (oracle, sections 2.6 and 8)."""

import json
import re

import harness
from harness import REGION

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

LOGS = """
    import json, logging, os, sys

    print("loading")
    logger = logging.getLogger("mine")

    def handler(event, context):
        if event == "fail":
            raise ValueError("as told")
        if event == "exit":
            os._exit(1)
        logger.debug("a debug line")
        logger.info("an info line", extra={"more": 1})
        logger.error("an error line")
        print("a plain line")
        print(json.dumps({"level": "DEBUG", "timestamp": "2026-01-01T00:00:00Z", "message": "a printed debug line"}))
        print(json.dumps({"level": "ERROR", "timestamp": "2026-01-01T00:00:00Z", "message": "a printed error line"}))
        return {name: os.environ.get(name) for name in ("AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL", "_X_AMZN_TRACE_ID")}
"""

NODE = """
    exports.handler = async (event) => {
        console.debug("a debug line");
        console.info("an info line");
        console.error("an error line", { more: 1 });
        process.stdout.write("a plain line\\n");
        return 1;
    };
"""

TIME = re.compile(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")


class Logs(harness.Case):
    def function(self, source=LOGS, level=None, system=None, **changes):
        config = {"LogFormat": "JSON"}
        if level:
            config["ApplicationLogLevel"] = level
        if system:
            config["SystemLogLevel"] = system
        return self.create(source, **{"LoggingConfig": config, **changes})

    def messages(self, name, until):
        """The events of the log, once one of them has `until` in it."""
        self.function_log(name, until)
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
        return [event["message"] for page in pages for event in page["events"]]

    def sampled(self, name):
        """The answer to an event that is sampled: the first of each second is."""

        def ask():
            response, payload = self.invoke(name, "x")
            return response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"].endswith(";Sampled=1") and (
                response,
                payload,
            )

        return harness.until(ask, what="an event that is sampled")

    def split(self, messages):
        """The platform's lines by type, the JSON lines of the function, and what is no JSON."""
        platform, lines, plain = {}, [], []
        for message in messages:
            try:
                line = json.loads(message)
            except ValueError:
                plain.append(message)
                continue
            if line.get("type", "").startswith("platform."):
                platform.setdefault(line["type"], []).append(line)
            else:
                lines.append(line)
        return platform, lines, plain


class Json(Logs):
    def test_the_platforms_lines_are_awss(self):
        name = self.function(MemorySize=256)
        response, payload = self.invoke(name, "x")
        self.assertEqual((payload["AWS_LAMBDA_LOG_FORMAT"], payload["AWS_LAMBDA_LOG_LEVEL"]), ("JSON", "INFO"))
        request_id = response["ResponseMetadata"]["RequestId"]
        platform, _, _ = self.split(self.messages(name, "platform.report"))
        self.assertEqual(list(platform), ["platform.initStart", "platform.start", "platform.report"])
        for [line] in platform.values():
            self.assertEqual(list(line), ["time", "type", "record"])
            self.assertRegex(line["time"], TIME)
        start = platform["platform.initStart"][0]["record"]
        stream = self.logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"][0]["logStreamName"]
        self.assertEqual(
            list(start.items()),
            [
                ("initializationType", "on-demand"),
                ("phase", "init"),
                ("runtimeVersion", start["runtimeVersion"]),
                ("runtimeVersionArn", start["runtimeVersionArn"]),
                ("functionName", name),
                ("functionVersion", "$LATEST"),
                ("instanceId", stream.replace("/[", f"/{name}[")),
                ("instanceMaxMemory", 256 << 20),
            ],
        )
        self.assertTrue(start["runtimeVersionArn"].startswith(f"arn:aws:lambda:{REGION}::runtime:"))
        self.assertEqual(
            list(platform["platform.start"][0]["record"].items()),
            [("requestId", request_id), ("functionArn", self.arn(name)), ("version", "$LATEST")],
        )
        report = platform["platform.report"][0]["record"]
        self.assertEqual(list(report), ["requestId", "metrics", "status"])
        metrics = ["durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"]
        self.assertEqual(list(report["metrics"]), metrics)
        self.assertEqual((report["requestId"], report["status"]), (request_id, "success"))
        self.assertEqual(report["metrics"]["memorySizeMB"], 256)

    def test_a_system_level_of_debug_tells_more(self):
        name = self.function(system="DEBUG")
        self.result(name, "x")
        platform, _, _ = self.split(self.messages(name, "platform.report"))
        self.assertEqual(
            list(platform),
            [
                "platform.initStart",
                "platform.initRuntimeDone",
                "platform.initReport",
                "platform.start",
                "platform.runtimeDone",
                "platform.report",
            ],
        )
        done = platform["platform.runtimeDone"][0]["record"]
        self.assertEqual(done["status"], "success")
        self.assertGreater(done["metrics"]["producedBytes"], 10)
        spans = [span["name"] for span in done["spans"]]
        self.assertEqual(spans, ["responseLatency", "responseDuration", "runtimeOverhead"])

    def test_a_system_level_of_warn_tells_of_failures_alone(self):
        name = self.function(system="WARN")
        self.result(name, "x")
        self.invoke(name, "exit")
        platform, _, _ = self.split(self.messages(name, "platform.report"))
        self.assertNotIn("platform.start", platform)
        [report] = platform["platform.report"]
        self.assertEqual((report["record"]["status"], report["record"]["errorType"]), ("error", "Runtime.ExitError"))
        [fault] = platform["platform.fault"]
        self.assertIn("Error: Runtime exited with error: exit status 1\nRuntime.ExitError", fault["record"])

    def test_there_is_no_end_in_json_and_no_json_in_text(self):
        for config, ends in [({"LogFormat": "JSON"}, False), ({"LogFormat": "Text"}, True)]:
            name = self.create(LOGS, LoggingConfig=config)
            self.result(name, "x")
            messages = "".join(self.messages(name, "REPORT" if ends else "platform.report"))
            self.assertEqual("END RequestId" in messages, ends, messages)
            self.assertEqual("platform." in messages, not ends, messages)

    def test_pythons_lines_are_json_and_filtered(self):
        for level, expected in [
            ("DEBUG", ["a debug line", "an info line", "an error line", "a printed debug line", "a printed error line"]),
            ("INFO", ["an info line", "an error line", "a printed error line"]),
            ("ERROR", ["an error line", "a printed error line"]),
        ]:
            name = self.function(level=level)
            response, payload = self.invoke(name, "x")
            self.assertEqual(payload["AWS_LAMBDA_LOG_LEVEL"], level)
            _, lines, plain = self.split(self.messages(name, "platform.report"))
            self.assertCountEqual([line["message"] for line in lines], expected)
            # What a function prints has no level, and stays what it is.
            self.assertEqual(plain, ["loading\n", "a plain line\n"])
            error = next(line for line in lines if line["message"] == "an error line")
            self.assertEqual(error.keys(), {"timestamp", "level", "message", "logger", "requestId"})
            self.assertEqual((error["level"], error["logger"]), ("ERROR", "mine"))
            self.assertEqual(error["requestId"], response["ResponseMetadata"]["RequestId"])

    def test_an_exception_is_one_json_line(self):
        name = self.function()
        self.invoke(name, "fail")
        _, lines, _ = self.split(self.messages(name, "platform.report"))
        [error] = [line for line in lines if line.get("level") == "ERROR"]
        self.assertEqual((error["errorType"], error["errorMessage"]), ("ValueError", "as told"))
        self.assertTrue(error["stackTrace"])

    def test_nodes_lines_are_json_and_filtered(self):
        code = {"ZipFile": harness.zipped({"app.js": NODE})}
        name = self.function(source=None, level="INFO", Runtime="nodejs20.x", Code=code)
        self.assertEqual(self.result(name, "x"), 1)
        _, lines, plain = self.split(self.messages(name, "platform.report"))
        self.assertEqual([(line["level"], line["message"]) for line in lines][0], ("INFO", "an info line"))
        self.assertEqual(len(lines), 2)
        self.assertEqual(plain, ["a plain line\n"])


class Traces(Logs):
    def test_an_active_function_tells_its_segment(self):
        name = self.create(LOGS, TracingConfig={"Mode": "Active"})
        response, payload = self.sampled(name)
        header = response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"]
        self.assertRegex(header, r"\ARoot=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1\Z")
        self.assertEqual(payload["_X_AMZN_TRACE_ID"], header)
        root, parent = re.match("Root=(.*);Parent=(.*);", header).groups()
        line = f"\nXRAY TraceId: {root}\tSegmentId: {parent}\tSampled: true\t\n"
        self.function_log(name, re.escape(line))

    def test_a_function_that_passes_traces_through_has_none_of_its_own(self):
        name = self.create(LOGS)
        response, payload = self.invoke(name, "x")
        header = response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"]
        self.assertTrue(header.endswith(";Sampled=0"), header)
        self.assertEqual(payload["_X_AMZN_TRACE_ID"], header)
        given = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
        status, headers, body = self.server.raw(
            "POST", f"/2015-03-31/functions/{name}/invocations", b'"x"', {"x-amzn-trace-id": given}
        )
        self.assertEqual((status, headers["x-amzn-trace-id"]), (200, given))
        self.assertEqual(json.loads(body)["_X_AMZN_TRACE_ID"], given)
        self.assertNotIn("XRAY", self.function_log(name, "REPORT.*\n(.|\n)*REPORT"))

    def test_json_carries_the_trace(self):
        name = self.function(TracingConfig={"Mode": "Active"})
        response, _ = self.sampled(name)
        header = response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"]
        platform, _, _ = self.split(self.messages(name, rf'platform.report.*{re.escape(header)}'))
        tracing = platform["platform.report"][-1]["record"]["tracing"]
        span = re.search("Parent=([0-9a-f]*)", header).group(1)
        self.assertEqual(tracing, {"spanId": span, "type": "X-Amzn-Trace-Id", "value": header})
