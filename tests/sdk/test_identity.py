"""Who may do what: STS, IAM and the answers of the policies (oracle, section 7)."""

import json
import re
import urllib.parse
import uuid

import harness
from harness import HELLO, TRUST

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared


def allow(action, resource="*"):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def deny(action, resource="*"):
    return {"Effect": "Deny", "Action": action, "Resource": resource}


class Case(harness.Case):
    def user(self, *statements):
        """(the user's name, its ARN, the arguments of `server.client`)."""
        name = self.name("user")
        keys = self.server.make_user(name, *statements)
        return name, f"arn:aws:iam::{self.account}:user/{name}", keys

    def client(self, service, *statements):
        """(a client of a new user with these statements, the user's ARN)."""
        _, arn, keys = self.user(*statements)
        return self.server.client(service, **keys), arn

    def not_allowed(self, who, action, resource):
        return (
            f"User: {who} is not authorized to perform: {action} on resource: {resource} "
            f"because no identity-based policy allows the {action} action"
        )

    def explicitly_denied(self, who, action, resource):
        return (
            f"User: {who} is not authorized to perform: {action} on resource: {resource} "
            "with an explicit deny in an identity-based policy"
        )


class Callers(Case):
    def test_the_root_key_is_the_account(self):
        answer = self.sts.get_caller_identity()
        self.assertEqual(answer["Arn"], f"arn:aws:iam::{self.account}:root")
        self.assertEqual((answer["UserId"], answer["Account"]), (self.account, self.account))
        self.assertRegex(self.account, r"^\d{12}$")

    def test_a_user_is_itself_and_needs_no_permission_to_ask(self):
        name, arn, keys = self.user()
        answer = self.server.client("sts", **keys).get_caller_identity()
        self.assertEqual((answer["Arn"], answer["Account"]), (arn, self.account))
        self.assertEqual(answer["UserId"], self.iam.get_user(UserName=name)["User"]["UserId"])

    def test_an_assumed_role_is_a_session(self):
        role = self.name("role")
        trust = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": self.account}}]}
        arn = self.server.make_role(role, trust, [allow("lambda:ListFunctions")])
        _, _, keys = self.user(allow("sts:AssumeRole", arn))
        session = self.server.client("sts", **keys).assume_role(RoleArn=arn, RoleSessionName="me")
        expected = f"arn:aws:sts::{self.account}:assumed-role/{role}/me"
        self.assertEqual(session["AssumedRoleUser"]["Arn"], expected)
        given = session["Credentials"]
        self.assertTrue(given["AccessKeyId"].startswith("ASIA"))
        credentials = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        self.assertEqual(self.server.client("sts", *credentials).get_caller_identity()["Arn"], expected)
        self.server.client("lambda", *credentials).list_functions()
        message = self.not_allowed(expected, "lambda:GetAccountSettings", "*")
        client = self.server.client("lambda", *credentials)
        self.refused(403, "AccessDeniedException", message, client.get_account_settings)

    def test_a_role_that_does_not_trust_a_user_is_not_assumed(self):
        role = self.server.make_role(self.name("role"))
        client, arn = self.client("sts", allow("sts:AssumeRole"))
        message = re.compile(rf"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {role}.*")
        self.refused(403, "AccessDenied", message, client.assume_role, RoleArn=role, RoleSessionName="me")

    def test_a_session_ends_with_its_role(self):
        role = self.name("role")
        trust = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": self.account}}]}
        arn = self.server.make_role(role, trust, [allow("lambda:ListFunctions")])
        _, _, keys = self.user(allow("sts:AssumeRole", arn))
        given = self.server.client("sts", **keys).assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
        client = self.server.client("lambda", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        client.list_functions()
        self.iam.delete_role_policy(RoleName=role, PolicyName="inline")
        self.iam.delete_role(RoleName=role)
        fault = self.fault(client.list_functions)
        self.assertEqual(fault["ResponseMetadata"]["HTTPStatusCode"], 403)

    def test_a_session_token_belongs_to_its_key(self):
        given = self.server.client("sts", **self.user()[2]).get_session_token()["Credentials"]
        key, secret, token = given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        self.server.client("sts", key, secret, token).get_caller_identity()
        changed = token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)
        for wrong in [None, changed, "nonsense"]:
            client = self.server.client("sts", key, secret, wrong)
            message = "The security token included in the request is invalid."
            self.refused(403, "InvalidClientTokenId", re.compile(message.rstrip(".") + r"\.?"), client.get_caller_identity)

    def test_the_query_tongue_has_its_own_names_for_bad_signatures(self):
        client = self.server.client("sts", secret="wrong")
        message = (
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )
        self.refused(403, "SignatureDoesNotMatch", message, client.get_caller_identity)
        client = self.server.client("sts", key="AKIAIOSFODNN7NOBODY0")
        message = "The security token included in the request is invalid."
        self.refused(403, "InvalidClientTokenId", message, client.get_caller_identity)
        status, _, body = self.server.raw(
            "POST",
            "/",
            b"Action=GetCallerIdentity&Version=2011-06-15",
            {"content-type": "application/x-www-form-urlencoded"},
            sign=False,
        )
        self.assertEqual(status, 403, body)
        self.assertIn(b"<Code>MissingAuthenticationToken</Code>", body)


class Policies(Case):
    """What a policy allows is done, what it doesn't is refused in AWS's words."""

    def test_nothing_is_allowed_at_first(self):
        client, arn = self.client("lambda")
        message = self.not_allowed(arn, "lambda:ListFunctions", "*")
        self.refused(403, "AccessDeniedException", message, client.list_functions)

    def test_an_action_is_allowed_and_no_other(self):
        client, arn = self.client("lambda", allow("lambda:ListFunctions"))
        client.list_functions()
        message = self.not_allowed(arn, "lambda:GetAccountSettings", "*")
        self.refused(403, "AccessDeniedException", message, client.get_account_settings)

    def test_actions_have_wildcards_and_no_case(self):
        client, _ = self.client("lambda", allow("LAMBDA:list*"))
        client.list_functions()

    def test_a_resource_is_allowed_and_no_other(self):
        mine, other = self.create(), self.create()
        client, arn = self.client("lambda", allow("lambda:InvokeFunction", self.arn(mine)))
        self.assertEqual(client.invoke(FunctionName=mine)["StatusCode"], 200)
        message = self.not_allowed(arn, "lambda:InvokeFunction", self.arn(other))
        self.refused(403, "AccessDeniedException", message, client.invoke, FunctionName=other)

    def test_a_function_that_is_not_there_is_denied_all_the_same(self):
        """A caller without permission must not learn what exists."""
        client, arn = self.client("lambda")
        message = self.not_allowed(arn, "lambda:GetFunction", self.arn("doesnotexist"))
        self.refused(403, "AccessDeniedException", message, client.get_function, FunctionName="doesnotexist")

    def test_resources_have_wildcards(self):
        name = self.create()
        client, _ = self.client("lambda", allow("lambda:GetFunction", self.arn(name[:4] + "*")))
        client.get_function(FunctionName=name)

    def test_a_denial_beats_an_allowance(self):
        name = self.create()
        client, arn = self.client("lambda", allow("*"), deny("lambda:InvokeFunction", self.arn(name)))
        client.get_function(FunctionName=name)
        message = self.explicitly_denied(arn, "lambda:InvokeFunction", self.arn(name))
        self.refused(403, "AccessDeniedException", message, client.invoke, FunctionName=name)

    def test_all_but_one_action(self):
        client, arn = self.client("lambda", {"Effect": "Allow", "NotAction": "lambda:ListFunctions", "Resource": "*"})
        client.get_account_settings()
        message = self.not_allowed(arn, "lambda:ListFunctions", "*")
        self.refused(403, "AccessDeniedException", message, client.list_functions)

    def test_handing_a_role_to_a_function_needs_pass_role(self):
        client, arn = self.client("lambda", allow("lambda:*"))
        message = self.not_allowed(arn, "iam:PassRole", self.role)
        self.refused(403, "AccessDeniedException", message, client.create_function, **self.parameters())
        client, _ = self.client("lambda", allow("lambda:*"), allow("iam:PassRole", self.role))
        client.create_function(**self.parameters())

    def test_a_policy_counts_from_the_moment_it_is_put(self):
        name, arn, keys = self.user()
        client = self.server.client("lambda", **keys)
        self.fault(client.list_functions)
        policy = {"Version": "2012-10-17", "Statement": allow("lambda:ListFunctions")}
        self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        client.list_functions()
        self.iam.delete_user_policy(UserName=name, PolicyName="p")
        message = self.not_allowed(arn, "lambda:ListFunctions", "*")
        self.refused(403, "AccessDeniedException", message, client.list_functions)

    def test_awss_own_policies_are_there(self):
        name, arn, keys = self.user()
        client = self.server.client("lambda", **keys)
        self.iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess")
        client.list_functions()
        fault = self.fault(client.create_function, **self.parameters())
        self.assertEqual(fault["Error"]["Code"], "AccessDeniedException")

    def test_iam_itself_is_guarded(self):
        client, arn = self.client("iam", allow("lambda:*"))
        who = f"arn:aws:iam::{self.account}:user/another"
        message = self.not_allowed(arn, "iam:CreateUser", who)
        self.refused(403, "AccessDenied", message, client.create_user, UserName="another")

    def test_logs_are_guarded(self):
        client, _ = self.client("logs", allow("lambda:*"))
        fault = self.fault(client.create_log_group, logGroupName="/secret")
        self.assertEqual(fault["Error"]["Code"], "AccessDeniedException")
        self.assertIn("is not authorized to perform: logs:CreateLogGroup on resource: ", fault["Error"]["Message"])

    def test_a_functions_role_may_what_it_may_and_no_more(self):
        role = self.server.make_role(self.name("role"), statements=[allow("lambda:ListFunctions")])
        source = "import os\ndef handler(event, context): return dict(os.environ)"
        found = self.result(self.create(source, Role=role))
        credentials = [found[f"AWS_{part}"] for part in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
        client = self.server.client("lambda", *credentials)
        client.list_functions()
        fault = self.fault(client.create_function, **self.parameters())
        self.assertEqual(fault["Error"]["Code"], "AccessDeniedException")


class Keys(Case):
    def works(self, keys):
        try:
            self.server.client("sts", **keys).get_caller_identity()
            return True
        except self.sts.exceptions.ClientError as error:
            self.assertEqual(error.response["Error"]["Code"], "InvalidClientTokenId")
            return False

    def test_a_key_works_while_it_is_active(self):
        name, _, keys = self.user()
        self.assertTrue(self.works(keys))
        change = {"UserName": name, "AccessKeyId": keys["key"]}
        self.iam.update_access_key(Status="Inactive", **change)
        self.assertFalse(self.works(keys))
        self.iam.update_access_key(Status="Active", **change)
        self.assertTrue(self.works(keys))
        self.iam.delete_access_key(**change)
        self.assertFalse(self.works(keys))

    def test_a_user_has_two_keys_at_most(self):
        name, _, keys = self.user()
        second = self.iam.create_access_key(UserName=name)["AccessKey"]
        listed = self.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        self.assertEqual({key["AccessKeyId"] for key in listed}, {keys["key"], second["AccessKeyId"]})
        self.assertTrue(all("SecretAccessKey" not in key for key in listed))
        self.refused(409, "LimitExceeded", None, self.iam.create_access_key, UserName=name)


class Roles(Case):
    def test_a_role_comes_back_as_it_was_made(self):
        name = self.name("role")
        made = self.iam.create_role(
            RoleName=name, Path="/team/", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=[{"Key": "a", "Value": "1"}]
        )["Role"]
        self.assertEqual(made["Arn"], f"arn:aws:iam::{self.account}:role/team/{name}")
        self.assertRegex(made["RoleId"], r"^AROA[A-Z0-9]{17}$")
        role = self.iam.get_role(RoleName=name)["Role"]
        self.assertEqual(role["AssumeRolePolicyDocument"], TRUST)
        self.assertEqual((role["Path"], role["RoleId"]), ("/team/", made["RoleId"]))
        self.assertIn(name, [entry["RoleName"] for entry in self.iam.list_roles(PathPrefix="/team/")["Roles"]])

    def test_documents_travel_url_encoded(self):
        """boto3 decodes them; what stands on the wire is checked once."""
        name = self.name("role")
        self.server.make_role(name)
        body = urllib.parse.urlencode({"Action": "GetRole", "Version": "2010-05-08", "RoleName": name}).encode()
        form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        status, _, answer = self.server.raw("POST", "/", body, form, service="iam")
        self.assertEqual(status, 200)
        encoded = re.search(rb"<AssumeRolePolicyDocument>([^<]+)<", answer).group(1).decode()
        self.assertTrue(encoded.startswith("%7B%22"))
        self.assertEqual(json.loads(urllib.parse.unquote(encoded)), TRUST)

    def test_a_name_is_taken_once(self):
        name = self.name("role")
        self.server.make_role(name)
        call = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(TRUST)}
        message = f"Role with name {name} already exists."
        self.refused(409, "EntityAlreadyExists", message, self.iam.create_role, **call)

    def test_what_is_not_there_is_not_found(self):
        message = "The role with name nobody cannot be found."
        self.refused(404, "NoSuchEntity", message, self.iam.get_role, RoleName="nobody")
        message = "The user with name nobody cannot be found."
        self.refused(404, "NoSuchEntity", message, self.iam.get_user, UserName="nobody")

    def test_a_role_with_policies_is_not_deleted(self):
        name = self.name("role")
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        self.iam.attach_role_policy(RoleName=name, PolicyArn=policy)
        [attached] = self.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        self.assertEqual(attached, {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": policy})
        message = "Cannot delete entity, must detach all policies first."
        self.refused(409, "DeleteConflict", message, self.iam.delete_role, RoleName=name)
        self.iam.detach_role_policy(RoleName=name, PolicyArn=policy)
        self.iam.delete_role(RoleName=name)

    def test_documents_that_are_none_are_refused(self):
        for document in ["{", "[]", "{}", json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]})]:
            call = {"RoleName": self.name("role"), "AssumeRolePolicyDocument": document}
            self.refused(400, "MalformedPolicyDocument", None, self.iam.create_role, **call)

    def test_inline_policies_come_back(self):
        name = self.name("role")
        self.server.make_role(name)
        policy = {"Version": "2012-10-17", "Statement": [allow("s3:GetObject", "arn:aws:s3:::bucket/é*")]}
        self.iam.put_role_policy(RoleName=name, PolicyName="more", PolicyDocument=json.dumps(policy))
        self.assertEqual(self.iam.list_role_policies(RoleName=name)["PolicyNames"], ["inline", "more"])
        self.assertEqual(self.iam.get_role_policy(RoleName=name, PolicyName="more")["PolicyDocument"], policy)
        self.iam.delete_role_policy(RoleName=name, PolicyName="more")
        fault = self.fault(self.iam.get_role_policy, RoleName=name, PolicyName="more")
        self.assertEqual(fault["Error"]["Code"], "NoSuchEntity")

    def test_managed_policies_have_versions(self):
        name = f"policy-{uuid.uuid4().hex[:8]}"
        first = {"Version": "2012-10-17", "Statement": [allow("lambda:ListFunctions")]}
        policy = self.iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(first))["Policy"]
        arn = policy["Arn"]
        self.assertEqual((arn, policy["DefaultVersionId"]), (f"arn:aws:iam::{self.account}:policy/{name}", "v1"))
        second = {"Version": "2012-10-17", "Statement": [allow("lambda:GetAccountSettings")]}
        self.iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(second), SetAsDefault=True)
        user, _, keys = self.user()
        self.iam.attach_user_policy(UserName=user, PolicyArn=arn)
        client = self.server.client("lambda", **keys)
        client.get_account_settings()
        self.fault(client.list_functions)
        document = self.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
        self.assertEqual(document, first)


class Denied(Case):
    def test_the_body_of_a_denial_has_a_capital_message(self):
        _, arn, keys = self.user()
        status, headers, body = self.server.raw("GET", "/2015-03-31/functions", **keys)
        self.assertEqual((status, headers["x-amzn-errortype"]), (403, "AccessDeniedException"))
        self.assertEqual(json.loads(body), {"Message": self.not_allowed(arn, "lambda:ListFunctions", "*")})

    def test_a_denied_change_changes_nothing(self):
        name = self.create()
        client, _ = self.client("lambda", allow("lambda:Get*"))
        self.fault(client.update_function_code, FunctionName=name, ZipFile=HELLO)
        self.fault(client.delete_function, FunctionName=name)
        self.assertEqual(self.result(name, 1), {"hello": 1})
