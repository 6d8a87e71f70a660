"""Bad input, in AWS's own words: code, message and status as the oracle has them (section 1.2 and Appendix A)."""

import datetime
import io
import json
import os
import re
import tempfile
import zipfile

import harness
import host
from harness import HELLO, REGION, python_zip, zipped

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
NO_ROLE = "The role defined for the function cannot be assumed by Lambda."
NO_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
FUNCTION_NAME = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)


class Signatures(harness.Case):
    TARGET = "/2015-03-31/functions"

    def answer(self, **signing):
        status, headers, body = self.server.raw("GET", self.TARGET, **signing)
        content = json.loads(body)
        message = content.get("message") or content.get("Message")
        return status, headers.get("x-amzn-errortype", "").split(":")[0], message

    def test_the_control_is_accepted(self):
        self.assertEqual(self.server.raw("GET", self.TARGET)[0], 200)

    def test_nobody_signed(self):
        expected = (403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        self.assertEqual(self.answer(sign=False), expected)

    def test_the_secret_is_wrong(self):
        self.assertEqual(self.answer(secret="wrong"), (403, "InvalidSignatureException", MISMATCH))

    def test_the_key_is_unknown(self):
        message = "The security token included in the request is invalid."
        self.assertEqual(self.answer(key="AKIAIOSFODNN7NOBODY0"), (403, "UnrecognizedClientException", message))

    def test_the_date_has_passed(self):
        at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=20)
        status, code, message = self.answer(at=at)
        self.assertEqual((status, code), (403, "InvalidSignatureException"))
        stamp = at.strftime("%Y%m%dT%H%M%SZ")
        self.assertRegex(
            message, rf"^Signature expired: {stamp} is now earlier than \d{{8}}T\d{{6}}Z \(\d{{8}}T\d{{6}}Z - 5 min\.\)$"
        )

    def test_the_date_is_to_come(self):
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=20)
        status, code, message = self.answer(at=at)
        self.assertEqual((status, code), (403, "InvalidSignatureException"))
        self.assertTrue(message.startswith("Signature not yet current: "), message)

    def test_the_service_is_another(self):
        # The scope tells which service is meant: there is no SQS here that could know the path.
        status, code, _ = self.answer(service="sqs")
        self.assertEqual((status, code), (404, "UnknownOperationException"))

    def test_the_body_is_another(self):
        host = self.server.endpoint.removeprefix("http://")
        headers = harness.sign_v4("POST", self.TARGET, {"host": host}, b"{}")
        status, _, body = self.server.raw("POST", self.TARGET, b"{} ", headers, sign=False)
        self.assertEqual((status, json.loads(body)["message"]), (403, MISMATCH))

    def test_the_header_is_another_schemes(self):
        status, headers, body = self.server.raw("GET", self.TARGET, headers={"authorization": "Basic eDp5"}, sign=False)
        self.assertEqual((status, headers["x-amzn-errortype"]), (400, "IncompleteSignatureException"))
        self.assertTrue(json.loads(body)["message"].startswith("Authorization header requires 'Credential' parameter."))


class Requests(harness.Case):
    def post(self, target, body, **more):
        status, headers, content = self.server.raw("POST", target, body, **more)
        return status, headers, json.loads(content)

    def test_no_such_operation(self):
        for method, target in [("GET", "/2015-03-31/nothing"), ("PATCH", "/2015-03-31/functions"), ("GET", "/")]:
            status, headers, _ = self.server.raw(method, target)
            self.assertEqual((status, headers.get("x-amzn-errortype")), (404, "UnknownOperationException"), target)

    def test_an_action_that_nobody_has(self):
        form = {"content-type": "application/x-www-form-urlencoded"}
        for service in ["iam", "sts"]:
            # The second is an action that names nothing, the third no action at all.
            for body in [b"Action=Nope", b"Action=", b"Version=2010-05-08"]:
                status, _, content = self.server.raw("POST", "/", body, form, service=service)
                self.assertEqual(status, 400, (service, body, content))
                self.assertIn(b"<Code>InvalidAction</Code>", content, (service, body))
        self.refused(400, "InvalidAction", None, self.server.client("iam").list_mfa_devices)

    def test_a_target_that_nobody_has(self):
        for target in ["Logs_20140328.Nope", "Logs_20140328.", "Nobody.X"]:
            headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
            status, headers, content = self.server.raw("POST", "/", b"{}", headers, service="logs")
            told = (status, headers["x-amzn-errortype"], json.loads(content)["__type"])
            self.assertEqual(told, (400, "UnknownOperationException", "UnknownOperationException"), target)

    def test_an_operation_that_is_known_but_not_done(self):
        self.refused(
            404, "UnknownOperationException", None, self.lambda_.list_capacity_providers
        )

    def test_a_body_that_is_no_json(self):
        for body in [b"{", b"nope", b'{"FunctionName": }', b"\xff\xfe", b"[" * 100_000]:
            status, headers, content = self.post("/2015-03-31/functions", body)
            self.assertEqual((status, headers["x-amzn-errortype"]), (400, "InvalidRequestContentException"), body[:20])
            self.assertTrue(content["message"].startswith("Could not parse request body into json: "), content)

    def test_a_body_of_the_wrong_types(self):
        for body in [b"[]", b'"text"', b'{"FunctionName": 1}', b'{"FunctionName": "f", "Timeout": "soon"}']:
            status, headers, _ = self.post("/2015-03-31/functions", body)
            self.assertEqual(status, 400, body)
            self.assertIn(headers["x-amzn-errortype"], ["InvalidRequestContentException", "SerializationException"])

    def test_an_error_says_who_erred(self):
        status, headers, body = self.server.raw("GET", "/2015-03-31/functions/doesnotexist")
        self.assertEqual((status, headers["x-amzn-errortype"]), (404, "ResourceNotFoundException"))
        self.assertIn("x-amzn-requestid", headers)
        expected = {"Type": "User", "Message": f"Function not found: {self.arn('doesnotexist')}"}
        self.assertEqual(json.loads(body), expected)

    def test_a_validation_error_has_no_type(self):
        body = json.dumps({**self.parameters(), "Role": "r1", "Code": {}}).encode()
        status, _, content = self.post("/2015-03-31/functions", body)
        self.assertEqual((status, set(content)), (400, {"message"}))

    def test_a_request_that_is_too_large(self):
        body = json.dumps({"FunctionName": "f", "Code": {"ZipFile": "A" * 70_200_000}}).encode()
        status, headers, content = self.post("/2015-03-31/functions", body)
        self.assertEqual((status, headers["x-amzn-errortype"]), (413, "RequestEntityTooLargeException"))
        message = "Request must be smaller than 70167211 bytes for the CreateFunction operation"
        self.assertEqual(content.get("message") or content.get("Message"), message)

    def test_the_server_is_well_after_all(self):
        """A line that no client sends must end that connection, not the server."""
        import socket

        host, port = self.server.endpoint.removeprefix("http://").split(":")
        for garbage in [b"\x00" * 64, b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"]:
            with socket.create_connection((host, int(port)), 5) as connection:
                connection.sendall(garbage)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(5)
                while connection.recv(4096):
                    pass
        self.assertEqual(self.server.health(), 200)


class Payloads(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.function = cls().create("def handler(event, context): return len(str(event))")

    def test_a_payload_that_is_no_json(self):
        for payload in [b"nope", b"{", b"'single'", b"\x99"]:
            response = self.refused(
                400, "InvalidRequestContentException", None, self.lambda_.invoke, FunctionName=self.function, Payload=payload
            )
            message = response["Error"]["Message"]
            prefix = "Could not parse request body into json: Could not parse payload into json: Un"
            self.assertTrue(message.startswith(prefix), message)

    def test_a_payload_that_is_too_large(self):
        for kind, limit in [("RequestResponse", 6_291_456), ("Event", 1_048_576)]:
            payload = json.dumps("x" * limit).encode()
            response = self.fault(
                self.lambda_.invoke, FunctionName=self.function, InvocationType=kind, Payload=payload
            )
            self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 413)
            self.assertIn(response["Error"]["Code"], ["RequestTooLargeException", "RequestEntityTooLargeException"])
            message = f"{limit + 2} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
            self.assertEqual(response["Error"]["Message"], message)

    def test_a_seven_megabyte_payload(self):
        payload = json.dumps("x" * 7_000_000)
        response = self.fault(self.lambda_.invoke, FunctionName=self.function, Payload=payload)
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 413)

    def test_the_largest_payload_is_not_too_large(self):
        self.assertEqual(self.result(self.function, "x" * 6_291_454), 6_291_454)

    def test_a_function_that_is_not_there(self):
        message = f"Function not found: {self.arn('doesnotexist')}:$LATEST"
        self.refused(404, "ResourceNotFoundException", message, self.lambda_.invoke, FunctionName="doesnotexist")

    def test_a_version_that_is_not_there(self):
        message = f"Function not found: {self.arn(self.function)}:99"
        call = {"FunctionName": self.function, "Qualifier": "99"}
        self.refused(404, "ResourceNotFoundException", message, self.lambda_.invoke, **call)

    def test_an_invocation_type_that_is_not_there(self):
        message = re.compile(
            r"1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: "
            r"Member must satisfy enum value set: \[[A-Za-z, ]+\]"
        )
        call = {"FunctionName": self.function, "InvocationType": "Later"}
        self.refused(400, "ValidationException", message, self.unchecked.invoke, **call)

    def test_a_qualifier_with_a_strange_character(self):
        message = (
            "1 validation error detected: Value 'invalid-qualifier-with-?-char' at 'qualifier' failed to satisfy "
            r"constraint: Member must satisfy regular expression pattern: \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
        )
        call = {"FunctionName": self.function, "Qualifier": "invalid-qualifier-with-?-char"}
        self.refused(400, "ValidationException", message, self.unchecked.invoke, **call)


class Archives(harness.Case):
    def refused_zip(self, content, message=NO_ZIP, status=400, code="InvalidParameterValueException"):
        parameters = self.parameters(Code={"ZipFile": content})
        self.refused(status, code, message, self.lambda_.create_function, **parameters)

    def test_no_zip(self):
        empty = b"PK\x05\x06" + bytes(18)
        self.refused_zip(empty, "Uploaded file must be a non-empty zip")
        for content in [b"", b"not a zip", HELLO[:-30]]:
            if content:
                self.refused_zip(content)
            else:
                fault = self.fault(self.unchecked.create_function, **self.parameters(Code={"ZipFile": content}))
                self.assertEqual(fault["ResponseMetadata"]["HTTPStatusCode"], 400)

    def test_a_bomb(self):
        self.refused_zip(zipped({"zeros": bytes(300_000_000)}), "Unzipped size must be smaller than 262144000 bytes")

    def test_a_bomb_that_lies_about_its_size(self):
        bomb = bytearray(zipped({"zeros": bytes(300_000_000)}))
        honest = (300_000_000).to_bytes(4, "little")
        self.assertEqual(bomb.count(honest), 2)
        lying = bytes(bomb).replace(honest, (1_000).to_bytes(4, "little"))
        fault = self.fault(self.lambda_.create_function, **self.parameters(Code={"ZipFile": lying}))
        self.assertEqual(fault["Error"]["Code"], "InvalidParameterValueException")

    def test_many_small_bombs(self):
        files = {f"zeros{at}": bytes(30_000_000) for at in range(10)}
        self.refused_zip(zipped(files), "Unzipped size must be smaller than 262144000 bytes")

    def test_a_zip_that_is_too_large(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("app.py", bytes(52_428_800))
        message = "Zipped size must be smaller than 52428800 bytes"
        self.refused_zip(out.getvalue(), message, 413, "RequestEntityTooLargeException")

    def test_paths_that_lead_out(self):
        for name in ["../evil", "a/../../evil", "/etc/evil", "a/../../../../../../tmp/evil"]:
            with self.subTest(name):
                self.refused_zip(zipped({"app.py": "", name: "x"}))

    def test_a_link_that_leads_out(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            link = zipfile.ZipInfo("app.py")
            link.create_system = 3
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "/etc/shadow")
        self.refused_zip(out.getvalue())


class Roles(harness.Case):
    def refused_role(self, role, status, code, message):
        self.refused(status, code, message, self.unchecked.create_function, **self.parameters(Role=role))

    def test_no_role_at_all(self):
        parameters = self.parameters()
        del parameters["Role"]
        message = (
            "1 validation error detected: Value null at 'role' failed to satisfy constraint: Member must not be null"
        )
        self.refused(400, "ValidationException", message, self.unchecked.create_function, **parameters)

    def test_a_role_that_is_not_there(self):
        role = f"arn:aws:iam::{self.account}:role/nobody"
        self.refused_role(role, 400, "InvalidParameterValueException", NO_ROLE)

    def test_a_role_that_does_not_trust_lambda(self):
        for principal in [{"Service": "ec2.amazonaws.com"}, {"AWS": self.account}]:
            statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            trust = {"Version": "2012-10-17", "Statement": [statement]}
            role = self.server.make_role(self.name("untrusting"), trust)
            self.refused_role(role, 400, "InvalidParameterValueException", NO_ROLE)

    def test_what_is_no_role(self):
        message = (
            "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular "
            r"expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
        )
        self.refused_role("r1", 400, "ValidationException", message)

    def test_an_update_is_checked_too(self):
        call = {"FunctionName": self.create(), "Role": f"arn:aws:iam::{self.account}:role/nobody"}
        update = self.lambda_.update_function_configuration
        self.refused(400, "InvalidParameterValueException", NO_ROLE, update, **call)


class Environments(harness.Case):
    def refused_environment(self, variables, code, message):
        parameters = self.parameters(Environment={"Variables": variables})
        self.refused(400, code, message, self.lambda_.create_function, **parameters)

    def test_keys_that_are_lambdas_own(self):
        message = (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            "Reserved keys used in this request: {}"
        )
        for key in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_LAMBDA_FUNCTION_NAME", "_HANDLER", "LAMBDA_TASK_ROOT"]:
            with self.subTest(key):
                if key.startswith("_"):
                    # The pattern for names refuses this one first.
                    self.refused_environment({key: "x"}, "ValidationException", None)
                else:
                    self.refused_environment({key: "x"}, "InvalidParameterValueException", message.format(key))

    def test_more_than_four_kilobytes(self):
        message = (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided exceeded the 4KB limit. String measured: {}"
        )
        variables = {"LARGE_VAR": "x" * 5_000}
        measured = json.dumps(variables, separators=(",", ":"))
        self.refused_environment(variables, "InvalidParameterValueException", message.format(measured))

    def test_just_four_kilobytes(self):
        overhead = len('{"LARGE_VAR":""}')
        self.create(Environment={"Variables": {"LARGE_VAR": "x" * (4_096 - overhead)}})

    def test_a_name_that_is_none(self):
        message = re.compile(r"1 validation error detected: Value at 'environment\.variables' failed to satisfy .*", re.S)
        self.refused_environment({"1UP": "x"}, "ValidationException", message)


class Configurations(harness.Case):
    def refused_function(self, code, message, **changes):
        self.refused(400, code, message, self.unchecked.create_function, **self.parameters(**changes))

    def test_runtimes_that_are_none(self):
        for runtime in ["PYTHON3.9", "non-existent-runtime"]:
            message = re.compile(
                rf"Value {re.escape(runtime)} at 'runtime' failed to satisfy constraint: "
                r"Member must satisfy enum value set: \[[a-z0-9., -]+\] or be a valid ARN"
            )
            self.refused_function("InvalidParameterValueException", message, Runtime=runtime)

    def test_runtimes_that_are_over(self):
        for runtime in ["python3.6", "nodejs12.x"]:
            message = (
                f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
                "functions. We recommend you use a supported runtime while creating or updating functions."
            )
            self.refused_function("InvalidParameterValueException", message, Runtime=runtime)

    def test_a_zip_needs_runtime_and_handler(self):
        for absent in ["Runtime", "Handler"]:
            self.refused_function("InvalidParameterValueException", None, **{absent: None})

    def test_architectures(self):
        message = (
            "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy constraint: Member must "
            "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
        )
        self.refused_function("ValidationException", message, Architectures=["X86_64"])
        message = (
            "1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: "
            "Member must have length less than or equal to 1"
        )
        self.refused_function("ValidationException", message, Architectures=["x86_64", "arm64"])

    def test_snap_start(self):
        message = (
            "1 validation error detected: Value 'invalidOption' at 'snapStart.applyOn' failed to satisfy constraint: "
            "Member must satisfy enum value set: [PublishedVersions, None]"
        )
        self.refused_function("ValidationException", message, SnapStart={"ApplyOn": "invalidOption"})

    def test_memory(self):
        message = (
            "1 validation error detected: Value '127' at 'memorySize' failed to satisfy constraint: "
            "Member must have value greater than or equal to 128"
        )
        self.refused_function("ValidationException", message, MemorySize=127)
        fault = self.fault(self.unchecked.create_function, **self.parameters(MemorySize=10_241))
        self.assertEqual(fault["ResponseMetadata"]["HTTPStatusCode"], 400)

    def test_timeout(self):
        message = (
            "1 validation error detected: Value '0' at 'timeout' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1"
        )
        self.refused_function("ValidationException", message, Timeout=0)
        fault = self.fault(self.unchecked.create_function, **self.parameters(Timeout=901))
        self.assertEqual(fault["ResponseMetadata"]["HTTPStatusCode"], 400)

    def test_two_errors_are_told_together(self):
        fault = self.fault(self.unchecked.create_function, **self.parameters(MemorySize=127, Timeout=0))
        message = fault["Error"]["Message"]
        self.assertTrue(message.startswith("2 validation errors detected: Value '"), message)
        for part in ["Value '127' at 'memorySize'", "Value '0' at 'timeout'"]:
            self.assertIn(part, message)
        self.assertEqual(message.count("; "), 1)

    def test_names_that_are_none(self):
        message = (
            "1 validation error detected: Value 'invalid:function:name' at 'functionName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {FUNCTION_NAME}"
        )
        self.refused_function("ValidationException", message, name="invalid:function:name")
        long = "a" * 65
        message = (
            f"1 validation error detected: Value '{long}' at 'functionName' failed to satisfy constraint: "
            "Member must have length less than or equal to 64"
        )
        self.refused_function("InvalidParameterValueException", message, name=long)
        longer = "a" * 141
        message = (
            f"1 validation error detected: Value '{longer}' at 'functionName' failed to satisfy constraint: "
            "Member must have length less than or equal to 140"
        )
        self.refused_function("ValidationException", message, name=longer)

    def test_layers_that_are_not_there(self):
        layer = f"arn:aws:lambda:{REGION}:{self.account}:layer:doesnotexist:1"
        message = f"Layer version {layer} does not exist."
        self.refused_function("InvalidParameterValueException", message, Layers=[layer])

    def test_code_in_a_bucket_that_is_not_there(self):
        message = (
            "Error occurred while GetObject. S3 Error Code: NoSuchBucket. "
            "S3 Error Message: The specified bucket does not exist"
        )
        code = {"S3Bucket": "nothing-here", "S3Key": "code.zip"}
        self.refused_function("InvalidParameterValueException", message, Code=code)

    def test_an_image_for_a_zip(self):
        call = {"FunctionName": self.create(), "ImageUri": f"{self.account}.dkr.ecr.{REGION}.amazonaws.com/a:b"}
        message = "Please don't provide ImageUri when updating a function with packageType Zip."
        self.refused(400, "InvalidParameterValueException", message, self.lambda_.update_function_code, **call)

    def test_nothing_is_left_of_what_was_refused(self):
        name = self.name()
        self.fault(self.unchecked.create_function, **self.parameters(name, MemorySize=127))
        self.fault(self.lambda_.get_function, FunctionName=name)
        self.create(FunctionName=name, Code={"ZipFile": python_zip("def handler(event, context): pass")})


class Afterwards(harness.Case):
    """Whatever came in, what is kept and what is used are as before."""

    def storm(self):
        bomb = zipped({"bomb": bytes(300 << 20)})
        for _ in range(3):
            for code in [bomb, HELLO[:-30], zipped({"../../out": "x"})]:
                self.fault(self.lambda_.create_function, **self.parameters(Code={"ZipFile": code}))
        for _ in range(8):
            self.fault(self.lambda_.invoke, FunctionName="nobody", Payload=b"[" + b"1," * (7 << 19))
        for _ in range(200):
            self.server.raw("POST", "/2015-03-31/functions", b"{" * 10_000, {"content-type": "application/json"})
            self.server.raw("GET", "/2015-03-31/functions", secret="wrong")

    def test_memory_and_state_are_as_before(self):
        def state():
            names = [function["FunctionName"] for function in self.lambda_.list_functions()["Functions"]]
            return names, os.path.exists(os.path.join(self.server.data_dir, "out"))

        self.storm()
        before, memory = state(), host.resident_mb(self.server.process.pid)
        self.storm()
        self.assertEqual(state(), before)
        self.assertLess(host.resident_mb(self.server.process.pid), memory + 64)


class Log(harness.Case):
    def test_what_callers_do_wrong_is_no_warning_to_the_operator(self):
        with harness.Server(env={"LAMBDAD_LOG": "info,lambdad=debug"}) as server:
            iam, lambda_ = server.client("iam", validate=False), server.client("lambda", validate=False)
            self.refused(400, "ValidationError", None, iam.create_role, RoleName="", AssumeRolePolicyDocument="{}")
            self.refused(400, "ValidationException", None, lambda_.list_functions, MaxItems=0)
            self.refused(404, "ResourceNotFoundException", None, lambda_.invoke, FunctionName="nobody")
            self.refused(403, "SignatureDoesNotMatch", None, server.client("iam", secret="wrong").list_roles)
        refusals = [line for line in server.lines if "a request was refused" in line]
        levels = {line.split()[1] for line in refusals}
        self.assertEqual((len(refusals), levels), (4, {"DEBUG"}), server.log())
        self.assertNotRegex(server.log(), "a request failed|stands in no table")


class Runtimes(harness.Case):
    def test_a_runtime_that_has_gone_is_said_once(self):
        """Made where the nearest Python would do, invoked where only the exact one does."""
        with tempfile.TemporaryDirectory(prefix="lambdad-sdk-") as data_dir:
            with harness.Server(data_dir=data_dir) as server:
                given = self.parameters("early", Runtime="python3.15", Role=server.make_role("execution"))
                server.client("lambda").create_function(**given)
                server.client("lambda").get_waiter("function_active_v2").wait(FunctionName="early")
            with harness.Server("--strict-runtimes", data_dir=data_dir) as server:
                message = re.compile(
                    r"The runtime python3\.15 is not available on this host: the nearest [^:]*--strict-runtimes\. [^:]*"
                )
                invoke = server.client("lambda").invoke
                self.refused(502, "InvalidRuntimeException", message, invoke, FunctionName="early")
            warned = [line for line in server.lines if "InvalidRuntimeException" in line]
            self.assertEqual([line.count("The runtime python3.15") for line in warned], [1])
