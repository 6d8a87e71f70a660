"""IAM as a place where things are kept: users, roles, managed policies, tags and boundaries (IAM's API reference)."""

import json

import harness
from harness import TRUST

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

AWSS_OWN = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def document(*actions):
    statements = [{"Effect": "Allow", "Action": action, "Resource": "*"} for action in actions]
    return {"Version": "2012-10-17", "Statement": statements}


def tags(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


class Case(harness.Case):
    def new_role(self, **more):
        name = self.name("role")
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **more)
        return name

    def new_user(self, **more):
        name = self.name("user")
        self.iam.create_user(UserName=name, **more)
        return name

    def new_policy(self, *actions, **more):
        given = json.dumps(document(*(actions or ["lambda:ListFunctions"])))
        return self.iam.create_policy(PolicyName=self.name("policy"), PolicyDocument=given, **more)["Policy"]["Arn"]

    def gone(self, call, **parameters):
        self.refused(404, "NoSuchEntity", None, call, **parameters)


class Users(Case):
    def test_users_are_listed_below_a_path(self):
        path = f"/{self.name()}/"
        names = {self.new_user(Path=path) for _ in range(3)}
        self.new_user()
        pages = list(
            self.iam.get_paginator("list_users").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
        )
        self.assertEqual([len(page["Users"]) for page in pages], [2, 1])
        self.assertEqual({user["UserName"] for page in pages for user in page["Users"]}, names)

    def test_a_user_is_deleted_when_nothing_is_left_of_it(self):
        user = {"UserName": self.new_user()}
        key = self.iam.create_access_key(**user)["AccessKey"]["AccessKeyId"]
        policy = {**user, "PolicyName": "inline"}
        self.iam.put_user_policy(**policy, PolicyDocument=json.dumps(document("s3:GetObject")))
        self.iam.attach_user_policy(**user, PolicyArn=AWSS_OWN)
        self.refused(409, "DeleteConflict", None, self.iam.delete_user, **user)
        self.iam.detach_user_policy(**user, PolicyArn=AWSS_OWN)
        self.refused(409, "DeleteConflict", None, self.iam.delete_user, **user)
        self.iam.delete_user_policy(**policy)
        message = "Cannot delete entity, must delete access keys first."
        self.refused(409, "DeleteConflict", message, self.iam.delete_user, **user)
        self.iam.delete_access_key(**user, AccessKeyId=key)
        self.iam.delete_user(**user)
        self.gone(self.iam.get_user, **user)

    def test_inline_policies_come_back(self):
        user = {"UserName": self.new_user()}
        self.assertEqual(self.iam.list_user_policies(**user)["PolicyNames"], [])
        self.iam.put_user_policy(**user, PolicyName="one", PolicyDocument=json.dumps(document("s3:GetObject")))
        self.assertEqual(self.iam.list_user_policies(**user)["PolicyNames"], ["one"])
        found = self.iam.get_user_policy(**user, PolicyName="one")
        self.assertEqual(found["PolicyDocument"], document("s3:GetObject"))
        self.gone(self.iam.get_user_policy, **user, PolicyName="two")

    def test_what_is_attached_is_listed(self):
        user = {"UserName": self.new_user()}
        arn = self.new_policy()
        self.iam.attach_user_policy(**user, PolicyArn=arn)
        [attached] = self.iam.list_attached_user_policies(**user)["AttachedPolicies"]
        self.assertEqual(attached, {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn})
        self.iam.detach_user_policy(**user, PolicyArn=arn)
        self.assertEqual(self.iam.list_attached_user_policies(**user)["AttachedPolicies"], [])
        self.gone(self.iam.detach_user_policy, **user, PolicyArn=arn)

    def test_users_have_tags(self):
        user = {"UserName": self.new_user(Tags=tags(a="1"))}
        self.iam.tag_user(**user, Tags=tags(a="2", b="3"))
        self.assertEqual(self.iam.list_user_tags(**user)["Tags"], tags(a="2", b="3"))
        self.iam.untag_user(**user, TagKeys=["a"])
        self.assertEqual(self.iam.list_user_tags(**user)["Tags"], tags(b="3"))
        self.assertEqual(self.iam.get_user(**user)["User"]["Tags"], tags(b="3"))

    def test_a_boundary_narrows_what_a_policy_allows(self):
        name = self.name("user")
        keys = self.server.make_user(name, {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"})
        client = self.server.client("lambda", **keys)
        client.list_functions()
        arn = self.new_policy("lambda:GetAccountSettings")
        self.iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
        boundary = self.iam.get_user(UserName=name)["User"]["PermissionsBoundary"]
        self.assertEqual(boundary, {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn})
        self.refused(403, "AccessDeniedException", None, client.list_functions)
        client.get_account_settings()
        self.iam.delete_user_permissions_boundary(UserName=name)
        client.list_functions()
        self.assertNotIn("PermissionsBoundary", self.iam.get_user(UserName=name)["User"])


class Roles(Case):
    def test_a_role_is_changed(self):
        role = {"RoleName": self.new_role(Description="first")}
        self.iam.update_role(**role, Description="second", MaxSessionDuration=7200)
        found = self.iam.get_role(**role)["Role"]
        self.assertEqual((found["Description"], found["MaxSessionDuration"]), ("second", 7200))
        answer = self.iam.update_role_description(**role, Description="third")["Role"]
        self.assertEqual((answer["Description"], answer["RoleName"]), ("third", role["RoleName"]))
        self.assertEqual(self.iam.get_role(**role)["Role"]["Description"], "third")

    def test_whom_a_role_trusts_is_changed(self):
        role = self.new_role()
        arn = self.iam.get_role(RoleName=role)["Role"]["Arn"]
        keys = self.server.make_user(self.name("user"), {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})
        client = self.server.client("sts", **keys)
        call = {"RoleArn": arn, "RoleSessionName": "me"}
        self.refused(403, "AccessDenied", None, client.assume_role, **call)
        principal = {"AWS": f"arn:aws:iam::{self.account}:root"}
        trust = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": principal}]}
        self.iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
        self.assertEqual(self.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"], trust)
        self.assertEqual(client.assume_role(**call)["AssumedRoleUser"]["Arn"].rpartition("/")[2], "me")

    def test_a_trust_that_is_none_changes_nothing(self):
        role = {"RoleName": self.new_role()}
        self.refused(400, "MalformedPolicyDocument", None, self.iam.update_assume_role_policy, **role, PolicyDocument="{}")
        self.assertEqual(self.iam.get_role(**role)["Role"]["AssumeRolePolicyDocument"], TRUST)

    def test_roles_have_tags(self):
        role = {"RoleName": self.new_role(Tags=tags(a="1"))}
        self.iam.tag_role(**role, Tags=tags(a="2", b="3"))
        self.assertEqual(self.iam.list_role_tags(**role)["Tags"], tags(a="2", b="3"))
        self.iam.untag_role(**role, TagKeys=["a"])
        self.assertEqual(self.iam.list_role_tags(**role)["Tags"], tags(b="3"))
        twice = [*tags(c="1"), *tags(c="2")]
        self.refused(400, "InvalidInput", None, self.iam.tag_role, **role, Tags=twice)
        self.assertEqual(self.iam.list_role_tags(**role)["Tags"], tags(b="3"))

    def test_a_role_has_a_boundary(self):
        role = {"RoleName": self.new_role()}
        arn = self.new_policy()
        self.iam.put_role_permissions_boundary(**role, PermissionsBoundary=arn)
        boundary = self.iam.get_role(**role)["Role"]["PermissionsBoundary"]
        self.assertEqual(boundary, {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn})
        self.iam.delete_role_permissions_boundary(**role)
        self.assertNotIn("PermissionsBoundary", self.iam.get_role(**role)["Role"])

    def test_a_role_is_in_no_instance_profile(self):
        role = {"RoleName": self.new_role()}
        self.assertEqual(self.iam.list_instance_profiles_for_role(**role)["InstanceProfiles"], [])
        self.gone(self.iam.list_instance_profiles_for_role, RoleName="nobody")


class Policies(Case):
    def test_a_policy_comes_back_as_it_was_made(self):
        path = f"/{self.name()}/"
        arn = self.new_policy(Path=path, Description="what it is for", Tags=tags(a="1"))
        policy = self.iam.get_policy(PolicyArn=arn)["Policy"]
        self.assertEqual((policy["Arn"], policy["Path"]), (arn, path))
        self.assertEqual((policy["Description"], policy["Tags"]), ("what it is for", tags(a="1")))
        self.assertEqual((policy["DefaultVersionId"], policy["AttachmentCount"]), ("v1", 0))
        self.assertTrue(policy["IsAttachable"])
        self.assertRegex(policy["PolicyId"], r"^ANPA[A-Z0-9]{17}$")
        [listed] = self.iam.list_policies(PathPrefix=path)["Policies"]
        self.assertEqual((listed["Arn"], listed["PolicyId"]), (arn, policy["PolicyId"]))

    def test_scopes_tell_awss_policies_from_ones_own(self):
        own = self.new_policy()
        arns = {}
        for scope in ["All", "AWS", "Local"]:
            pages = self.iam.get_paginator("list_policies").paginate(Scope=scope)
            arns[scope] = {policy["Arn"] for page in pages for policy in page["Policies"]}
        self.assertIn(own, arns["Local"])
        self.assertIn(AWSS_OWN, arns["AWS"])
        self.assertEqual(arns["AWS"] | arns["Local"], arns["All"])
        self.assertEqual(arns["AWS"] & arns["Local"], set())

    def test_versions_are_listed_changed_and_deleted(self):
        policy = {"PolicyArn": self.new_policy("lambda:ListFunctions")}
        second = json.dumps(document("lambda:GetAccountSettings"))
        made = self.iam.create_policy_version(**policy, PolicyDocument=second)["PolicyVersion"]
        self.assertEqual((made["VersionId"], made["IsDefaultVersion"]), ("v2", False))
        self.iam.set_default_policy_version(**policy, VersionId="v2")
        listed = self.iam.list_policy_versions(**policy)["Versions"]
        self.assertEqual({one["VersionId"]: one["IsDefaultVersion"] for one in listed}, {"v1": False, "v2": True})
        message = "Cannot delete the default version of a policy."
        self.refused(409, "DeleteConflict", message, self.iam.delete_policy_version, **policy, VersionId="v2")
        self.iam.delete_policy_version(**policy, VersionId="v1")
        self.gone(self.iam.get_policy_version, **policy, VersionId="v1")
        self.gone(self.iam.set_default_policy_version, **policy, VersionId="v1")

    def test_a_policy_has_five_versions_at_most(self):
        policy = {"PolicyArn": self.new_policy(), "PolicyDocument": json.dumps(document("s3:GetObject"))}
        for _ in range(4):
            self.iam.create_policy_version(**policy)
        self.refused(409, "LimitExceeded", None, self.iam.create_policy_version, **policy)

    def test_a_policy_is_deleted_when_nobody_holds_it(self):
        policy = {"PolicyArn": self.new_policy()}
        user, role = self.new_user(), self.new_role()
        self.iam.attach_user_policy(**policy, UserName=user)
        self.iam.attach_role_policy(**policy, RoleName=role)
        holders = self.iam.list_entities_for_policy(**policy)
        self.assertEqual([one["UserName"] for one in holders["PolicyUsers"]], [user])
        self.assertEqual([one["RoleName"] for one in holders["PolicyRoles"]], [role])
        self.assertEqual(self.iam.get_policy(**policy)["Policy"]["AttachmentCount"], 2)
        message = "Cannot delete a policy attached to entities."
        self.refused(409, "DeleteConflict", message, self.iam.delete_policy, **policy)
        self.iam.detach_user_policy(**policy, UserName=user)
        self.iam.detach_role_policy(**policy, RoleName=role)
        self.iam.delete_policy(**policy)
        self.gone(self.iam.get_policy, **policy)

    def test_policies_have_tags(self):
        policy = {"PolicyArn": self.new_policy()}
        self.iam.tag_policy(**policy, Tags=tags(a="1", b="2"))
        self.iam.untag_policy(**policy, TagKeys=["a"])
        self.assertEqual(self.iam.list_policy_tags(**policy)["Tags"], tags(b="2"))
        self.gone(self.iam.list_policy_tags, PolicyArn=f"arn:aws:iam::{self.account}:policy/nothing")
