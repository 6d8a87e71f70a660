"""Versions and aliases: published, listed, invoked by every form of the name, shared by weight (oracle, sections 3.1 and 6)."""

import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request

import harness
from harness import HELLO, python_zip, sha256_base64

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

# What a function hears about itself, and which environment it is.
TELLS = """
import os, uuid
ENVIRONMENT = uuid.uuid4().hex
def handler(event, context):
    return {
        "number": NUMBER,
        "environment": ENVIRONMENT,
        "arn": context.invoked_function_arn,
        "version": context.function_version,
        "variable": os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        "stream": context.log_stream_name,
    }
"""


def tells(number):
    return python_zip(f"NUMBER = {number}\n{TELLS}")


class Case(harness.Case):
    def publish(self, name, number, **parameters):
        """New code, and a version of it."""
        self.lambda_.update_function_code(FunctionName=name, ZipFile=tells(number))
        self.wait_updated(name)
        return self.lambda_.publish_version(FunctionName=name, **parameters)

    def function(self, versions):
        """A function whose `$LATEST` tells 0, and whose versions tell their numbers."""
        name = self.create(Code={"ZipFile": tells(0)})
        for number in range(1, versions + 1):
            self.assertEqual(self.publish(name, number)["Version"], str(number))
        self.lambda_.update_function_code(FunctionName=name, ZipFile=tells(0))
        self.wait_updated(name)
        return name


class Publishing(Case):
    def test_a_version_is_latest_as_it_was(self):
        name = self.create(Timeout=9, Tags={"team": "blue"})
        latest = self.lambda_.get_function_configuration(FunctionName=name)
        version = self.lambda_.publish_version(
            FunctionName=name, Description="first", CodeSha256=sha256_base64(HELLO), RevisionId=latest["RevisionId"]
        )
        self.assertEqual(version["ResponseMetadata"]["HTTPStatusCode"], 201)
        self.assertEqual((version["Version"], version["FunctionArn"]), ("1", f"{self.arn(name)}:1"))
        self.assertEqual((version["State"], version["LastUpdateStatus"]), ("Active", "Successful"))
        self.assertEqual((version["Description"], version["Timeout"]), ("first", 9))
        self.lambda_.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1")
        self.lambda_.update_function_configuration(FunctionName=name, Timeout=10)
        self.wait_updated(name)
        whole = self.lambda_.get_function(FunctionName=name, Qualifier="1")
        self.assertEqual((whole["Configuration"]["Timeout"], whole["Tags"]), (9, {"team": "blue"}))
        with urllib.request.urlopen(whole["Code"]["Location"]) as download:
            self.assertEqual(download.read(), HELLO)
        again = self.lambda_.publish_version(FunctionName=name)
        self.assertEqual(again["Version"], "2")
        self.assertEqual(self.lambda_.publish_version(FunctionName=name)["Version"], "2", "nothing has changed")

    def test_publish_with_the_code(self):
        parameters = self.parameters(Publish=True)
        name = parameters["FunctionName"]
        created = self.lambda_.create_function(**parameters)
        self.assertEqual((created["Version"], created["State"]), ("1", "Pending"))
        self.lambda_.get_waiter("published_version_active").wait(
            FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 1}
        )
        self.wait_active(name)
        updated = self.lambda_.update_function_code(FunctionName=name, ZipFile=tells(2), Publish=True)
        self.assertEqual((updated["Version"], updated["State"]), ("2", "Pending"))
        self.wait_updated(name)
        self.wait_active(f"{name}:2")
        self.assertEqual(self.result(f"{name}:2")["number"], 2)
        self.assertEqual(self.result(f"{name}:1", 5), {"hello": 5})
        dry = self.lambda_.update_function_code(FunctionName=name, ZipFile=HELLO, Publish=True, DryRun=True)
        self.assertEqual(dry["Version"], "$LATEST")
        self.assertEqual(len(self.lambda_.list_versions_by_function(FunctionName=name)["Versions"]), 3)

    def test_refusals(self):
        name = self.create()
        publish = self.lambda_.publish_version
        message = (
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
        self.refused(412, "PreconditionFailedException", message, publish, FunctionName=name, RevisionId="stale")
        message = (
            f"CodeSHA256 (wrong) is different from current CodeSHA256 in $LATEST ({sha256_base64(HELLO)}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
        invalid = "InvalidParameterValueException"
        self.refused(400, invalid, message, publish, FunctionName=name, CodeSha256="wrong")
        message = f"Function not found: {self.arn('doesnotexist')}"
        self.refused(404, "ResourceNotFoundException", message, publish, FunctionName="doesnotexist")
        message = (
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
            "Please specify either a function name or an unqualified function ARN."
        )
        update = {"FunctionName": f"{name}:1", "ZipFile": HELLO}
        self.refused(400, invalid, message, self.lambda_.update_function_code, **update)

    def test_versions_come_in_pages_by_number(self):
        name = self.create()
        for number in range(1, 12):
            self.lambda_.update_function_configuration(FunctionName=name, Timeout=number)
            self.wait_updated(name)
            self.lambda_.publish_version(FunctionName=name)
        expected = ["$LATEST", *(str(number) for number in range(1, 12))]
        pages = self.lambda_.get_paginator("list_versions_by_function").paginate(
            FunctionName=name, PaginationConfig={"PageSize": 4}
        )
        self.assertEqual([version["Version"] for page in pages for version in page["Versions"]], expected)
        pages = self.lambda_.get_paginator("list_functions").paginate(FunctionVersion="ALL", MasterRegion="ALL")
        listed = [version for page in pages for version in page["Functions"] if version["FunctionName"] == name]
        self.assertEqual([version["FunctionArn"] for version in listed], [f"{self.arn(name)}:{v}" for v in expected])
        listed = [page["Functions"] for page in self.lambda_.get_paginator("list_functions").paginate()]
        self.assertEqual([entry["Version"] for page in listed for entry in page if entry["FunctionName"] == name], ["$LATEST"])
        elsewhere = self.lambda_.list_functions(FunctionVersion="ALL", MasterRegion="eu-west-1")
        self.assertEqual(elsewhere["Functions"], [])


class Invoking(Case):
    def test_every_form_of_the_name_runs_its_version(self):
        name = self.function(2)
        self.lambda_.create_alias(FunctionName=name, Name="prod", FunctionVersion="1")
        full, account = self.arn(name), self.account
        for qualifier, version in [("1", "1"), ("2", "2"), ("prod", "1"), ("$LATEST", "$LATEST")]:
            forms = [name, f"function:{name}", f"{account}:function:{name}", full]
            calls = [{"FunctionName": f"{form}:{qualifier}"} for form in forms]
            calls.append({"FunctionName": name, "Qualifier": qualifier})
            calls.append({"FunctionName": f"{full}:{qualifier}", "Qualifier": qualifier})
            for call in calls:
                response = self.lambda_.invoke(**call)
                told = json.loads(response["Payload"].read())
                self.assertEqual(response["ExecutedVersion"], version, call)
                expected = (f"{full}:{qualifier}", version, version)
                self.assertEqual((told["arn"], told["version"], told["variable"]), expected, call)
                self.assertIn(f"[{version}]", told["stream"])
        response, told = self.invoke(name)
        self.assertEqual((told["arn"], told["version"], response["ExecutedVersion"]), (full, "$LATEST", "$LATEST"))
        self.assertIn("START RequestId", self.function_log(name, r"START RequestId: \S+ Version: 2"))

    def test_an_update_of_latest_leaves_the_versions_environments_alone(self):
        name = self.function(1)
        before, latest = self.result(f"{name}:1"), self.result(name)
        self.lambda_.update_function_configuration(FunctionName=name, MemorySize=192)
        self.wait_updated(name)
        self.assertEqual(self.result(f"{name}:1")["environment"], before["environment"])
        self.assertNotEqual(self.result(name)["environment"], latest["environment"])

    def test_what_is_not_there(self):
        name = self.function(1)
        for qualifier in ["2", "01", "noalias"]:
            message = f"Function not found: {self.arn(name)}:{qualifier}"
            call = {"FunctionName": name, "Qualifier": qualifier}
            self.refused(404, "ResourceNotFoundException", message, self.lambda_.invoke, **call)
        message = "The derived qualifier from the function name does not match the specified qualifier."
        call = {"FunctionName": f"{name}:1", "Qualifier": "$LATEST"}
        self.refused(400, "InvalidParameterValueException", message, self.lambda_.invoke, **call)

    def test_weights_share_the_events(self):
        name = self.function(2)
        alias = {"FunctionName": name, "Name": "canary"}
        self.lambda_.create_alias(
            **alias, FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
        )
        ran = collections.Counter()
        for _ in range(60):
            response, told = self.invoke(f"{name}:canary")
            self.assertEqual(response["ExecutedVersion"], str(told["number"]))
            self.assertEqual(told["arn"], f"{self.arn(name)}:canary")
            ran[told["number"]] += 1
        # Fewer than 10 of either comes once in ten million runs.
        self.assertTrue(ran[1] >= 10 and ran[2] >= 10, ran)
        for weight, number in [(0.0, 1), (1.0, 2)]:
            self.lambda_.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {"2": weight}})
            self.assertEqual({self.result(f"{name}:canary")["number"] for _ in range(8)}, {number})
        dry = self.lambda_.invoke(FunctionName=f"{name}:canary", InvocationType="DryRun")
        self.assertEqual(dry["StatusCode"], 204)

    def test_an_event_that_waits_runs_what_the_alias_says(self):
        name = self.create("def handler(event, context): print('ran', context.function_version, event)")
        self.lambda_.publish_version(FunctionName=name)
        self.lambda_.update_function_configuration(FunctionName=name, Timeout=9)
        self.wait_updated(name)
        self.lambda_.publish_version(FunctionName=name)
        self.lambda_.create_alias(FunctionName=name, Name="prod", FunctionVersion="2")
        accepted = self.lambda_.invoke(FunctionName=name, Qualifier="prod", InvocationType="Event", Payload="7")
        self.assertEqual(accepted["StatusCode"], 202)
        self.assertNotIn("ExecutedVersion", accepted)
        self.function_log(name, "ran 2 7")


    def test_an_event_that_waits_goes_where_the_alias_leads_when_it_runs(self):
        name = self.create("def handler(event, context): print('ran', context.function_version, event)")
        self.lambda_.publish_version(FunctionName=name)
        self.lambda_.update_function_configuration(FunctionName=name, Timeout=9)
        self.wait_updated(name)
        self.lambda_.publish_version(FunctionName=name)
        alias = {"FunctionName": name, "Name": "prod"}
        self.lambda_.create_alias(**alias, FunctionVersion="1")
        # Switched off, so the event waits.
        self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        self.lambda_.invoke(FunctionName=name, Qualifier="prod", InvocationType="Event", Payload="7")
        self.lambda_.update_alias(**alias, FunctionVersion="2")
        self.lambda_.delete_function_concurrency(FunctionName=name)
        self.assertNotIn("ran 1", self.function_log(name, "ran 2 7"))


class Deleting(Case):
    def test_a_version_goes_and_its_number_with_it(self):
        name = self.function(2)
        self.lambda_.create_alias(FunctionName=name, Name="prod", FunctionVersion="2")
        message = "Unable to delete version because the following aliases reference it: [prod]"
        call = {"FunctionName": name, "Qualifier": "2"}
        self.refused(409, "ResourceConflictException", message, self.lambda_.delete_function, **call)
        self.lambda_.delete_alias(FunctionName=name, Name="prod")
        self.assertEqual(self.lambda_.delete_function(**call)["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.fault(self.lambda_.invoke, **call)
        self.assertEqual(self.result(f"{name}:1")["number"], 1)
        self.assertEqual(self.publish(name, 3)["Version"], "3")
        message = "Deletion of aliases is not currently supported."
        call = {"FunctionName": name, "Qualifier": "prod"}
        self.refused(400, "InvalidParameterValueException", message, self.lambda_.delete_function, **call)
        self.lambda_.delete_function(FunctionName=name)
        self.fault(self.lambda_.invoke, FunctionName=f"{name}:1")
        self.fault(self.lambda_.get_alias, FunctionName=name, Name="prod")
        created = self.lambda_.create_function(**self.parameters(name, Publish=True))
        self.assertEqual(created["Version"], "4", "numbers are not used again, even by another function of the name")


class Aliases(Case):
    def test_life(self):
        name = self.function(2)
        alias = {"FunctionName": name, "Name": "prod"}
        created = self.lambda_.create_alias(**alias, FunctionVersion="1", Description="d")
        self.assertEqual(created["ResponseMetadata"]["HTTPStatusCode"], 201)
        self.assertEqual((created["AliasArn"], created["FunctionVersion"]), (f"{self.arn(name)}:prod", "1"))
        self.assertNotIn("RoutingConfig", created)
        updated = self.lambda_.update_alias(**alias, FunctionVersion="2", RevisionId=created["RevisionId"])
        self.assertEqual((updated["FunctionVersion"], updated["Description"]), ("2", "d"))
        read = self.lambda_.get_alias(**alias)
        self.assertEqual(read["RevisionId"], updated["RevisionId"])
        message = (
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
        stale = {**alias, "RevisionId": created["RevisionId"]}
        self.refused(412, "PreconditionFailedException", message, self.lambda_.update_alias, **stale)
        whole = self.lambda_.get_function(FunctionName=name, Qualifier="prod")["Configuration"]
        self.assertEqual((whole["FunctionArn"], whole["Version"]), (f"{self.arn(name)}:prod", "2"))
        for other in ["b", "a"]:
            self.lambda_.create_alias(FunctionName=name, Name=other, FunctionVersion="$LATEST")
        pages = self.lambda_.get_paginator("list_aliases").paginate(FunctionName=name, PaginationConfig={"PageSize": 1})
        self.assertEqual([entry["Name"] for page in pages for entry in page["Aliases"]], ["a", "b", "prod"])
        found = self.lambda_.list_aliases(FunctionName=name, FunctionVersion="2")["Aliases"]
        self.assertEqual([entry["Name"] for entry in found], ["prod"])
        self.assertEqual(self.lambda_.delete_alias(**alias)["ResponseMetadata"]["HTTPStatusCode"], 204)
        message = f"Cannot find alias arn: {self.arn(name)}:prod"
        self.refused(404, "ResourceNotFoundException", message, self.lambda_.get_alias, **alias)

    def test_refusals(self):
        name = self.function(2)
        create = self.unchecked.create_alias
        invalid, validation = "InvalidParameterValueException", "ValidationException"

        def check(version, weights, code, message):
            routing = {"AdditionalVersionWeights": weights}
            call = {"FunctionName": name, "Name": "a", "FunctionVersion": version, "RoutingConfig": routing}
            return self.refused(400, code, message, create, **call)

        check("1", {"1": 0.1, "2": 0.1}, invalid, "Number of items in AdditionalVersionWeights cannot be greater than 1")
        same = "Invalid function version 1. Function version 1 is already included in routing configuration."
        check("1", {"1": 0.5}, invalid, same)
        latest = check("$LATEST", {"1": 0.5}, invalid, "$LATEST is not supported for an alias pointing to more than 1 version")
        self.assertNotIn("Type", latest)
        constraint = (
            "1 validation error detected: Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy "
            "constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
            "Member must have value greater than or equal to 0.0, Member must not be null]"
        )
        check("1", {"2": 2.0}, validation, constraint)
        message = f"Function not found: {self.arn(name)}:9"
        call = {"FunctionName": name, "Name": "a", "FunctionVersion": "9"}
        self.refused(404, "ResourceNotFoundException", message, create, **call)
        self.lambda_.create_alias(FunctionName=name, Name="a", FunctionVersion="1")
        message = f"Alias already exists: {self.arn(name)}:a"
        self.refused(409, "ResourceConflictException", message, create, **{**call, "FunctionVersion": "1"})
        message = f"Alias not found: {self.arn(name)}:b"
        self.refused(404, "ResourceNotFoundException", message, self.lambda_.update_alias, FunctionName=name, Name="b")

    def test_a_qualified_arn_is_asked_for(self):
        """Who may invoke one alias may invoke that alone."""
        name = self.function(1)
        self.lambda_.create_alias(FunctionName=name, Name="prod", FunctionVersion="1")
        statement = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{self.arn(name)}:prod"}
        user = self.server.client("lambda", **self.server.make_user(self.name("user"), statement))
        self.assertEqual(user.invoke(FunctionName=name, Qualifier="prod")["StatusCode"], 200)
        for qualifier in ["1", "$LATEST"]:
            call = {"FunctionName": name, "Qualifier": qualifier}
            self.refused(403, "AccessDeniedException", None, user.invoke, **call)
        alias = {"FunctionName": name, "Name": "b", "FunctionVersion": "1"}
        self.refused(403, "AccessDeniedException", None, user.create_alias, **alias)


class Concurrency(Case):
    def unreserved(self):
        return self.lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]

    def test_reserved_and_switched_off(self):
        name = self.function(1)
        left = self.unreserved()
        answer = self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
        self.assertEqual(answer["ReservedConcurrentExecutions"], 1)
        self.assertEqual(self.lambda_.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"], 1)
        self.assertEqual(self.unreserved(), left - 1)
        self.assertEqual(self.result(name)["number"], 0)
        self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        body = b'{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}'
        for target in [name, f"{name}%3A1"]:
            status, headers, said = self.server.raw("POST", f"/2015-03-31/functions/{target}/invocations", b"{}")
            self.assertEqual((status, said), (429, body))
            self.assertEqual(headers["x-amzn-errortype"], "TooManyRequestsException")
            self.assertEqual(headers["retry-after"], "1")
        other = self.create()
        self.assertEqual(self.result(other, 1), {"hello": 1}, "others are no concern of it")
        self.lambda_.delete_function_concurrency(FunctionName=name)
        self.assertEqual(self.result(f"{name}:1")["number"], 1)

    def test_a_reserve_binds_all_versions_together(self):
        name = self.create("import time\ndef handler(event, context): time.sleep(event)", Timeout=30)
        self.lambda_.publish_version(FunctionName=name)
        self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
        calls = [name, f"{name}:1", name, f"{name}:1"]
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            asked = [pool.submit(self.asked, target) for target in calls]
            statuses = collections.Counter(one.result() for one in asked)
        self.assertEqual(statuses, {200: 2, 429: 2})

    def asked(self, target):
        target = f"/2015-03-31/functions/{target.replace(':', '%3A')}/invocations"
        return self.server.raw("POST", target, b"4")[0]

    def test_refusals(self):
        name = self.create()
        message = (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            "below its minimum value of [100]."
        )
        call = {"FunctionName": name, "ReservedConcurrentExecutions": 901}
        put = self.lambda_.put_function_concurrency
        self.assertNotIn("Type", self.refused(400, "InvalidParameterValueException", message, put, **call))
        message = f"Function not found: {self.arn('doesnotexist')}"
        call["FunctionName"] = "doesnotexist"
        self.refused(404, "ResourceNotFoundException", message, put, **call)


class Terraform(Case):
    """The calls of `terraform apply` for a function with publish and an alias, in its order (oracle, section 11)."""

    def read(self, name):
        """What a refresh asks. Answers the number of the last version."""
        self.lambda_.get_function(FunctionName=name)
        pages = self.lambda_.get_paginator("list_versions_by_function").paginate(
            FunctionName=name, PaginationConfig={"PageSize": 2}
        )
        last = [version for page in pages for version in page["Versions"]][-1]
        self.assertEqual(last["FunctionArn"], f"{self.arn(name)}:{last['Version']}")
        self.assertEqual(self.lambda_.get_function_code_signing_config(FunctionName=name)["FunctionName"], name)
        self.assertEqual(self.lambda_.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"], 5)
        return last["Version"]

    def test_apply_change_and_destroy(self):
        parameters = self.parameters(Publish=True, Tags={"a": "1"})
        name = parameters["FunctionName"]
        self.lambda_.create_function(**parameters)
        self.wait_active(name)
        self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
        self.assertEqual(self.read(name), "1")
        alias = {"FunctionName": name, "Name": "live"}
        self.lambda_.create_alias(**alias, FunctionVersion="1", Description="")
        self.lambda_.get_alias(**alias)

        self.lambda_.update_function_configuration(FunctionName=name, MemorySize=192)
        self.wait_updated(name)
        self.lambda_.update_function_code(FunctionName=name, ZipFile=tells(2))
        self.wait_updated(name)
        version = self.lambda_.publish_version(FunctionName=name)["Version"]
        self.lambda_.get_waiter("published_version_active").wait(FunctionName=name, Qualifier=version)
        self.assertEqual((version, self.read(name)), ("2", "2"))
        self.lambda_.tag_resource(Resource=self.arn(name), Tags={"b": "2"})
        self.lambda_.untag_resource(Resource=self.arn(name), TagKeys=["a"])
        self.assertEqual(self.lambda_.list_tags(Resource=self.arn(name))["Tags"], {"b": "2"})
        self.lambda_.update_alias(**alias, FunctionVersion="2", Description="")
        self.assertEqual(self.result(f"{name}:live")["version"], "2")

        self.lambda_.delete_alias(**alias)
        self.lambda_.delete_function(FunctionName=name)
        self.fault(self.lambda_.get_function, FunctionName=name)


class Killed(harness.Case):
    def test_versions_aliases_and_reserves_are_there_after_a_kill(self):
        folder = tempfile.mkdtemp(prefix="lambdad-sdk-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.serve(folder)
        self.role = self.server.make_role("execution")
        name = self.create(Code={"ZipFile": tells(1)}, Publish=True)
        self.wait_active(f"{name}:1")
        self.lambda_.update_function_code(FunctionName=name, ZipFile=tells(2), Publish=True)
        self.wait_active(f"{name}:2")
        alias, routing = {"FunctionName": name, "Name": "live"}, {"AdditionalVersionWeights": {"2": 0.5}}
        made = self.lambda_.create_alias(**alias, FunctionVersion="1", RoutingConfig=routing)
        self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        self.server.kill()

        self.serve(folder)
        read = self.lambda_.get_alias(**alias)
        self.assertEqual((read["RevisionId"], read["RoutingConfig"]), (made["RevisionId"], routing))
        self.refused(429, "TooManyRequestsException", "Rate Exceeded.", self.lambda_.invoke, FunctionName=name)
        self.lambda_.delete_function_concurrency(FunctionName=name)
        self.wait_updated(name)
        self.assertEqual([self.result(f"{name}:{number}")["number"] for number in (1, 2)], [1, 2])
        self.assertIn(self.result(f"{name}:live")["number"], (1, 2))
        self.lambda_.update_function_configuration(FunctionName=name, Timeout=9)
        self.wait_updated(name)
        self.assertEqual(self.lambda_.publish_version(FunctionName=name)["Version"], "3")

    def serve(self, folder):
        self.server = server = harness.Server(data_dir=folder)
        self.addCleanup(lambda: server.process.poll() is None and server.kill())
        self.lambda_ = server.client("lambda")


class CommandLine(Case):
    def run_lambdad(self, *arguments):
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_ACCESS_KEY_ID": harness.ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": harness.ROOT_SECRET,
        }
        command = [harness.binary(), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_deploy_publishes_and_invoke_takes_a_qualifier(self):
        name = self.name()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "lambda_function.py")
            for number in ["1", "2"]:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(f"def lambda_handler(event, context): return [{number}, context.function_version]")
                given = ["deploy", path, "--name", name, "--role", self.role, "--publish", "--alias", "live"]
                self.assertEqual(self.run_lambdad(*given), f"{self.arn(name)}:live")
                answer = self.run_lambdad("invoke", name, "--qualifier", "live", "--quiet")
                self.assertEqual(json.loads(answer), [int(number), number])
            self.assertEqual(self.run_lambdad("deploy", path, "--name", name, "--publish"), f"{self.arn(name)}:2")
        answer = self.run_lambdad("invoke", name, "--qualifier", "1", "--quiet")
        self.assertEqual(json.loads(answer), [1, "1"])
