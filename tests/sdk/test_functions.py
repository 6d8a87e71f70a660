"""Functions from CreateFunction to DeleteFunction: what AWS answers, field by field (oracle, sections 1 and 6)."""

import base64
import hashlib
import os
import re
import tempfile
import urllib.error
import urllib.request

import harness
from harness import HELLO, PYTHON, REGION, python_zip, sha256_base64, zipped

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
)
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Creating(harness.Case):
    def test_a_new_function_is_pending_with_awss_defaults(self):
        parameters = self.parameters()
        answer = self.lambda_.create_function(**parameters)
        name = parameters["FunctionName"]
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 201)
        expected = {
            "FunctionName": name,
            "FunctionArn": self.arn(name),
            "Runtime": PYTHON,
            "Role": self.role,
            "Handler": "app.handler",
            "CodeSize": len(HELLO),
            "CodeSha256": sha256_base64(HELLO),
            "Description": "",
            "Timeout": 3,
            "MemorySize": 128,
            "Version": "$LATEST",
            "TracingConfig": {"Mode": "PassThrough"},
            "State": "Pending",
            "StateReason": "The function is being created.",
            "StateReasonCode": "Creating",
            "PackageType": "Zip",
            "Architectures": ["x86_64"],
            "EphemeralStorage": {"Size": 512},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        }
        self.assertEqual({key: answer.get(key) for key in expected}, expected)
        self.assertRegex(answer["RevisionId"], f"^{UUID}$")
        self.assertRegex(answer["LastModified"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$")
        runtime = answer["RuntimeVersionConfig"]["RuntimeVersionArn"]
        self.assertRegex(runtime, rf"^arn:aws:lambda:{REGION}::runtime:[0-9a-f]{{64}}$")
        self.assertNotIn("LastUpdateStatus", answer)
        self.assertNotIn("Environment", answer)

    def test_it_becomes_active_and_the_waiter_ends(self):
        parameters = self.parameters()
        created = self.lambda_.create_function(**parameters)
        name = parameters["FunctionName"]
        self.lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        active = self.lambda_.get_function_configuration(FunctionName=name)
        self.assertEqual((active["State"], active["LastUpdateStatus"]), ("Active", "Successful"))
        self.assertNotIn("StateReason", active)
        self.assertNotEqual(active["RevisionId"], created["RevisionId"])

    def test_what_is_given_is_echoed(self):
        given = {
            "Description": "é and more",
            "Timeout": 7,
            "MemorySize": 256,
            "EphemeralStorage": {"Size": 1024},
            "Environment": {"Variables": {"NAME": "value"}},
            "TracingConfig": {"Mode": "Active"},
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/mine"},
        }
        name = self.create(**given)
        answer = self.lambda_.get_function_configuration(FunctionName=name)
        given["LoggingConfig"].update(ApplicationLogLevel="INFO", SystemLogLevel="INFO")
        self.assertEqual({key: answer[key] for key in given}, given)

    def test_an_empty_environment_is_echoed_too(self):
        name = self.create(Environment={"Variables": {}})
        self.assertEqual(self.lambda_.get_function_configuration(FunctionName=name)["Environment"], {"Variables": {}})

    def test_a_name_is_taken_once(self):
        name = self.create()
        message = f"Function already exist: {name}"
        self.refused(409, "ResourceConflictException", message, self.lambda_.create_function, **self.parameters(name))


class Reading(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.function = cls().create(Tags={"team": "blue"})

    def test_the_code_downloads_as_it_was_sent(self):
        answer = self.lambda_.get_function(FunctionName=self.function)
        self.assertEqual(answer["Code"]["RepositoryType"], "S3")
        with urllib.request.urlopen(answer["Code"]["Location"]) as download:
            content = download.read()
        self.assertEqual(content, HELLO)
        self.assertEqual(sha256_base64(content), answer["Configuration"]["CodeSha256"])

    def test_a_codes_link_is_good_for_that_code_only(self):
        location = self.lambda_.get_function(FunctionName=self.function)["Code"]["Location"]
        path, _, query = location.partition("?")
        changed = "0" if path[-1] != "0" else "1"
        for wrong in [path, f"{path[:-1]}{changed}?{query}", location[:-1] + ("0" if location[-1] != "0" else "1")]:
            with self.assertRaises(urllib.error.HTTPError, msg=wrong) as caught:
                urllib.request.urlopen(wrong)
            caught.exception.close()
            self.assertIn(caught.exception.code, (400, 403, 404))

    def test_tags_come_with_the_function(self):
        self.assertEqual(self.lambda_.get_function(FunctionName=self.function)["Tags"], {"team": "blue"})

    def test_every_form_of_the_name_leads_to_it(self):
        name, account = self.function, self.account
        unqualified = [name, f"function:{name}", f"{account}:function:{name}", f"{account}:{name}", self.arn(name)]
        for form in unqualified:
            answer = self.lambda_.get_function_configuration(FunctionName=form)
            self.assertEqual(answer["FunctionArn"], self.arn(name), form)
        for form in unqualified:
            answer = self.lambda_.get_function_configuration(FunctionName=f"{form}:$LATEST")
            self.assertEqual(answer["FunctionArn"], f"{self.arn(name)}:$LATEST", form)
        answer = self.lambda_.get_function_configuration(FunctionName=name, Qualifier="$LATEST")
        self.assertEqual(answer["FunctionArn"], f"{self.arn(name)}:$LATEST")

    def test_another_region_is_out_of_reach(self):
        arn = f"arn:aws:lambda:ap-southeast-1:{self.account}:function:{self.function}"
        message = f"Functions from 'ap-southeast-1' are not reachable in this region ('{REGION}')"
        self.refused(404, "ResourceNotFoundException", message, self.lambda_.get_function, FunctionName=arn)

    def test_another_accounts_function_is_denied(self):
        arn = f"arn:aws:lambda:{REGION}:999999999999:function:{self.function}"
        self.refused(403, "AccessDeniedException", None, self.lambda_.get_function, FunctionName=arn)

    def test_qualifiers_that_disagree_are_refused(self):
        message = "The derived qualifier from the function name does not match the specified qualifier."
        call = {"FunctionName": f"{self.function}:$LATEST", "Qualifier": "1"}
        self.refused(400, "InvalidParameterValueException", message, self.lambda_.get_function, **call)

    def test_what_is_not_there_is_not_found(self):
        for parameters, arn in [
            ({"FunctionName": "doesnotexist"}, self.arn("doesnotexist")),
            ({"FunctionName": "doesnotexist", "Qualifier": "1"}, self.arn("doesnotexist:1")),
            ({"FunctionName": self.function, "Qualifier": "77"}, self.arn(f"{self.function}:77")),
            ({"FunctionName": self.function, "Qualifier": "noalias"}, self.arn(f"{self.function}:noalias")),
        ]:
            message = f"Function not found: {arn}"
            self.refused(404, "ResourceNotFoundException", message, self.lambda_.get_function, **parameters)

    def test_a_list_leaves_out_what_moves(self):
        pages = self.lambda_.get_paginator("list_functions").paginate()
        listed = {entry["FunctionName"]: entry for page in pages for entry in page["Functions"]}
        entry = listed[self.function]
        self.assertEqual(entry["FunctionArn"], self.arn(self.function))
        self.assertEqual(entry["CodeSha256"], sha256_base64(HELLO))
        for absent in ["State", "StateReason", "StateReasonCode", "LastUpdateStatus", "RuntimeVersionConfig"]:
            self.assertNotIn(absent, entry)

    def test_a_list_comes_in_pages(self):
        names = {self.create() for _ in range(3)}
        pages = list(self.lambda_.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1}))
        self.assertTrue(all(len(page["Functions"]) <= 1 for page in pages))
        found = [entry["FunctionName"] for page in pages for entry in page["Functions"]]
        self.assertEqual(len(found), len(set(found)))
        self.assertLessEqual(names, set(found))

    def test_the_versions_are_latest_alone(self):
        [version] = self.lambda_.list_versions_by_function(FunctionName=self.function)["Versions"]
        self.assertEqual((version["Version"], version["FunctionArn"]), ("$LATEST", f"{self.arn(self.function)}:$LATEST"))

    def test_terraforms_reads_are_answered(self):
        function = {"FunctionName": self.function}
        signing = self.lambda_.get_function_code_signing_config(**function)
        self.assertEqual(signing["FunctionName"], self.function)
        self.assertNotIn("ReservedConcurrentExecutions", self.lambda_.get_function_concurrency(**function))
        self.assertEqual(self.lambda_.get_function_recursion_config(**function)["RecursiveLoop"], "Terminate")
        self.assertEqual(self.lambda_.get_runtime_management_config(**function)["UpdateRuntimeOn"], "Auto")

    def test_every_answer_has_a_request_id(self):
        metadata = self.lambda_.list_functions(MaxItems=1)["ResponseMetadata"]
        self.assertRegex(metadata["HTTPHeaders"]["x-amzn-requestid"], f"^{UUID}$")


class Updating(harness.Case):
    def test_new_code_takes_over(self):
        name = self.create()
        before = self.lambda_.get_function_configuration(FunctionName=name)
        code = python_zip("def handler(event, context): return 'new'")
        answer = self.lambda_.update_function_code(FunctionName=name, ZipFile=code)
        self.assertEqual((answer["State"], answer["LastUpdateStatus"]), ("Active", "InProgress"))
        self.assertEqual(answer["LastUpdateStatusReason"], "The function is being created.")
        self.assertEqual(answer["LastUpdateStatusReasonCode"], "Creating")
        self.assertEqual((answer["CodeSha256"], answer["CodeSize"]), (sha256_base64(code), len(code)))
        after = self.wait_updated(name)
        self.assertEqual(len({before["RevisionId"], answer["RevisionId"], after["RevisionId"]}), 3)
        self.assertNotIn("LastUpdateStatusReason", after)
        self.assertEqual(self.result(name), "new")

    def test_a_dry_run_changes_nothing(self):
        name = self.create()
        code = python_zip("def handler(event, context): return 'never'")
        answer = self.lambda_.update_function_code(FunctionName=name, ZipFile=code, DryRun=True)
        self.assertEqual(answer["CodeSha256"], sha256_base64(code))
        self.assertEqual(self.result(name, 1), {"hello": 1})

    def test_a_new_configuration_takes_over_and_the_rest_stays(self):
        name = self.create("import os\ndef handler(event, context): return os.environ.get('NAME')", Timeout=9)
        answer = self.lambda_.update_function_configuration(
            FunctionName=name, MemorySize=192, Environment={"Variables": {"NAME": "value"}}
        )
        self.assertEqual(answer["LastUpdateStatus"], "InProgress")
        after = self.wait_updated(name)
        self.assertEqual((after["MemorySize"], after["Timeout"]), (192, 9))
        self.assertEqual(self.result(name), "value")

    def test_the_waiter_for_updates_ends(self):
        name = self.create()
        self.lambda_.update_function_configuration(FunctionName=name, Description="new")
        self.lambda_.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def test_a_stale_revision_is_refused(self):
        name = self.create()
        stale = self.lambda_.get_function_configuration(FunctionName=name)["RevisionId"]
        self.lambda_.update_function_configuration(FunctionName=name, Description="one", RevisionId=stale)
        self.wait_updated(name)
        for call, parameters in [
            (self.lambda_.update_function_configuration, {"Description": "two"}),
            (self.lambda_.update_function_code, {"ZipFile": HELLO}),
        ]:
            self.refused(412, "PreconditionFailedException", STALE, call, FunctionName=name, RevisionId=stale, **parameters)
        self.assertEqual(self.lambda_.get_function_configuration(FunctionName=name)["Description"], "one")

    def test_an_update_waits_for_the_one_before(self):
        name = self.create()
        message = (
            f"The operation cannot be performed at this time. An update is in progress for resource: {self.arn(name)}"
        )
        # Code that takes a while to unpack, until the second update comes in its middle.
        for round_ in range(10):
            files = {f"package/{round_}/{at}.bin": os.urandom(4096) for at in range(2000)}
            code = zipped({"app.py": "def handler(event, context): pass", **files})
            self.lambda_.update_function_code(FunctionName=name, ZipFile=code)
            try:
                self.lambda_.update_function_configuration(FunctionName=name, Description="meanwhile")
            except self.lambda_.exceptions.ResourceConflictException as conflict:
                self.assertEqual(conflict.response["Error"]["Message"], message)
                self.assertEqual(conflict.response["ResponseMetadata"]["HTTPStatusCode"], 409)
                return
            finally:
                self.wait_updated(name)
        self.fail("no update ever met another")

    def test_what_is_not_there_is_not_updated(self):
        message = f"Function not found: {self.arn('doesnotexist')}"
        for call, parameters in [
            (self.lambda_.update_function_configuration, {"Description": "x"}),
            (self.lambda_.update_function_code, {"ZipFile": HELLO}),
        ]:
            self.refused(404, "ResourceNotFoundException", message, call, FunctionName="doesnotexist", **parameters)


class Deleting(harness.Case):
    def test_a_deleted_function_is_gone(self):
        name = self.create()
        answer = self.lambda_.delete_function(FunctionName=name)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
        message = f"Function not found: {self.arn(name)}"
        for call in [self.lambda_.get_function, self.lambda_.delete_function]:
            self.refused(404, "ResourceNotFoundException", message, call, FunctionName=name)
        self.refused(404, "ResourceNotFoundException", f"{message}:$LATEST", self.lambda_.invoke, FunctionName=name)

    def test_the_name_is_free_again(self):
        name = self.create()
        self.lambda_.delete_function(FunctionName=name)
        self.create(FunctionName=name, Description="second")
        self.assertEqual(self.lambda_.get_function_configuration(FunctionName=name)["Description"], "second")

    def test_latest_is_deleted_with_its_function_only(self):
        name = self.create()
        message = "$LATEST version cannot be deleted without deleting the function."
        call = {"FunctionName": name, "Qualifier": "$LATEST"}
        self.refused(400, "InvalidParameterValueException", message, self.lambda_.delete_function, **call)

    def test_a_missing_function_is_named_without_its_qualifier(self):
        message = f"Function not found: {self.arn('doesnotexist')}"
        call = {"FunctionName": "doesnotexist", "Qualifier": "1"}
        self.refused(404, "ResourceNotFoundException", message, self.lambda_.delete_function, **call)


class Tagging(harness.Case):
    def test_tags_are_added_listed_and_removed(self):
        arn = self.arn(self.create(Tags={"a": "1"}))
        answer = self.lambda_.tag_resource(Resource=arn, Tags={"b": "2", "c d": "é"})
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.assertEqual(self.lambda_.list_tags(Resource=arn)["Tags"], {"a": "1", "b": "2", "c d": "é"})
        self.lambda_.untag_resource(Resource=arn, TagKeys=["a", "c d", "absent"])
        self.assertEqual(self.lambda_.list_tags(Resource=arn)["Tags"], {"b": "2"})

    def test_there_are_fifty_at_most(self):
        arn = self.arn(self.create(Tags={f"k{at}": "v" for at in range(50)}))
        message = "Number of tags exceeds resource tag limit."
        call = {"Resource": arn, "Tags": {"one": "more"}}
        self.refused(400, "InvalidParameterValueException", message, self.lambda_.tag_resource, **call)
        self.lambda_.tag_resource(Resource=arn, Tags={"k0": "changed"})

    def test_versions_have_no_tags(self):
        arn = self.arn(self.create()) + ":$LATEST"
        message = "Tags on function aliases and versions are not supported. Please specify a function ARN."
        call = {"Resource": arn, "Tags": {"a": "1"}}
        self.refused(400, "InvalidParameterValueException", message, self.lambda_.tag_resource, **call)

    def test_a_missing_function_has_no_tags(self):
        arn = self.arn("doesnotexist")
        message = re.compile(rf"Function not found: {re.escape(arn)}(:\$LATEST)?")
        self.refused(404, "ResourceNotFoundException", message, self.lambda_.list_tags, Resource=arn)


class Account(harness.Case):
    def test_the_limits_are_awss_and_the_usage_is_real(self):
        before = self.lambda_.get_account_settings()
        limit = before["AccountLimit"]
        self.assertEqual(limit["CodeSizeUnzipped"], 262144000)
        self.assertEqual(limit["CodeSizeZipped"], 52428800)
        self.assertEqual(limit["ConcurrentExecutions"], 1000)
        self.assertEqual(limit["UnreservedConcurrentExecutions"], 1000)
        self.assertGreater(limit["TotalCodeSize"], 0)
        name = self.create()
        usage = self.lambda_.get_account_settings()["AccountUsage"]
        self.assertEqual(usage["FunctionCount"], before["AccountUsage"]["FunctionCount"] + 1)
        self.assertGreater(usage["TotalCodeSize"], before["AccountUsage"]["TotalCodeSize"])
        self.lambda_.delete_function(FunctionName=name)
        self.assertEqual(self.lambda_.get_account_settings()["AccountUsage"], before["AccountUsage"])


class Keeping(harness.Case):
    """What was answered with success is there after a restart, and after the power went."""

    def survives(self, end):
        with tempfile.TemporaryDirectory(prefix="lambdad-sdk-") as data_dir:
            server = harness.Server(data_dir=data_dir)
            client = server.client("lambda")
            role = server.make_role("execution")
            client.create_function(**self.parameters("kept", Role=role, Tags={"a": "1"}))
            client.get_waiter("function_active_v2").wait(FunctionName="kept", WaiterConfig={"Delay": 1})
            before = client.get_function(FunctionName="kept")
            end(server)
            with harness.Server(data_dir=data_dir) as again:
                client = again.client("lambda")
                after = client.get_function(FunctionName="kept")
                self.assertEqual(after["Configuration"], before["Configuration"])
                self.assertEqual(after["Tags"], {"a": "1"})
                answer = client.invoke(FunctionName="kept", Payload=b"1")
                self.assertEqual(answer["Payload"].read(), b'{"hello": 1}')

    def test_a_function_outlives_a_restart(self):
        self.survives(lambda server: server.stop())

    def test_a_function_outlives_a_kill(self):
        self.survives(lambda server: server.kill())


class Digests(harness.Case):
    def test_the_digest_is_the_zips_not_the_trees(self):
        """Two zips of the same files are two codes: CodeSha256 is over the bytes that were sent."""
        stored = zipped({"app.py": "def handler(event, context): pass"})
        name = self.create(Code={"ZipFile": stored})
        digest = self.lambda_.get_function_configuration(FunctionName=name)["CodeSha256"]
        self.assertEqual(base64.b64decode(digest), hashlib.sha256(stored).digest())
