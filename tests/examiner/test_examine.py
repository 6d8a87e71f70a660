"""The examiner's own tests: python -m unittest, in the same environment as examine.py."""

import unittest

from botocore.model import ServiceModel

from examine import Examination, documents, judge

OPEN = {"least": None, "most": None, "bytes": False, "bottom": None, "top": None, "floor": None, "ceiling": None, "pattern": None}

MODEL = {
    "metadata": {"protocol": "rest-json", "apiVersion": "2015-03-31", "endpointPrefix": "x", "serviceId": "X"},
    "operations": {
        "PutThing": {
            "name": "PutThing",
            "http": {"method": "PUT", "requestUri": "/things/{Name}", "responseCode": 201},
            "input": {"shape": "PutThingRequest"},
            "errors": [{"shape": "NotFound"}],
        }
    },
    "shapes": {
        "PutThingRequest": {
            "type": "structure",
            "required": ["Name"],
            "members": {
                "Name": {"shape": "Name", "location": "uri", "locationName": "Name"},
                "Kinds": {"shape": "Kinds"},
            },
        },
        "Name": {"type": "string", "min": 1, "max": 64, "pattern": "[a-z]+"},
        "Kinds": {"type": "list", "member": {"shape": "Kind"}},
        "Kind": {"type": "string", "enum": ["a", "b"]},
        "NotFound": {"type": "structure", "members": {"Message": {"shape": "Name"}}, "error": {"httpStatusCode": 404}, "exception": True},
    },
}


def member(name, type, **others):
    rest = {"required": False, "location": {"in": "body", "name": None}, "checks": OPEN, "each": OPEN, "keys": OPEN}
    rest |= {"time": None, "xml": name, "element": "member", "flattened": False, "sensitive": False}
    return {"name": name, "type": type} | rest | others


def contract():
    name = member("Name", {"is": "string"}, required=True, location={"in": "uri", "name": None})
    name["checks"] = OPEN | {"least": 1, "most": 64, "pattern": "[a-z]+"}
    kinds = member("Kinds", {"is": "list", "of": {"is": "string", "enum": ["b", "a"]}})
    operation = {"name": "PutThing", "method": "PUT", "uri": "/things/{Name}", "status": 201, "done": True}
    operation |= {"input": "PutThingRequest", "output": "Nothing", "action": "", "errors": ["NotFound"]}
    error = {"code": "NotFound", "status": 404, "message_key": "Message", "kind": "User", "wire_code": ""}
    service = {"name": "x", "signing_name": "x", "tongue": "rest-json", "json_version": "", "target_prefix": ""}
    service |= {"version": "2015-03-31", "xml_namespace": "", "validation_code": "", "operations": [operation]}
    return service | {"shapes": {"PutThingRequest": [name, kinds], "Nothing": []}, "errors": [error]}


def found(ours):
    return set(Examination(ours, ServiceModel(MODEL, "x")).run())


class Examining(unittest.TestCase):
    def test_a_contract_like_the_model_has_no_difference(self):
        self.assertEqual(found(contract()), set())

    def check(self, change, key):
        ours = contract()
        change(ours)
        self.assertEqual(found(ours), {key})

    def test_each_kind_of_difference_is_found(self):
        name = lambda ours: ours["shapes"]["PutThingRequest"][0]
        kinds = lambda ours: ours["shapes"]["PutThingRequest"][1]
        self.check(lambda ours: ours["operations"].clear(), "PutThing operation")
        self.check(lambda ours: ours["operations"][0].update(status=200), "PutThing status")
        self.check(lambda ours: ours["operations"][0].update(uri="/other/{Name}"), "PutThing uri")
        self.check(lambda ours: ours["operations"][0].update(errors=[]), "PutThing error NotFound")
        self.check(lambda ours: ours["errors"][0].update(status=400), "NotFound status")
        self.check(lambda ours: ours["errors"][0].update(message_key="message"), "NotFound message_key")
        self.check(lambda ours: ours["shapes"]["PutThingRequest"].pop(), "PutThingRequest.Kinds member")
        self.check(lambda ours: name(ours).update(required=False), "PutThingRequest.Name required")
        self.check(lambda ours: name(ours).update(location={"in": "body", "name": None}), "PutThingRequest.Name location")
        self.check(lambda ours: name(ours).update(type={"is": "long"}, checks=OPEN | {"bottom": 1, "top": 64, "pattern": "[a-z]+"}), "PutThingRequest.Name type")
        self.check(lambda ours: name(ours).update(checks=name(ours)["checks"] | {"most": 65}), "PutThingRequest.Name most")
        self.check(lambda ours: name(ours).update(checks=name(ours)["checks"] | {"pattern": None}), "PutThingRequest.Name pattern")
        self.check(lambda ours: kinds(ours)["type"].update(of={"is": "string", "enum": ["a", "b", "c"]}), "PutThingRequest.Kinds enum")
        self.check(lambda ours: kinds(ours).update(each=OPEN | {"most": 1}), "PutThingRequest.Kinds each most")

    def test_meant_differences_pass_and_stale_ones_are_told(self):
        entries = [{"service": "x", "at": "A *", "reason": "r"}, {"service": "x", "at": "B", "reason": "r"}]
        self.assertEqual(judge("x", {"A status": "", "C": ""}, entries), ([("C", "")], ["B"]))
        self.assertEqual(judge("y", {}, entries), ([], []))

    def test_documents_may_follow_each_other(self):
        self.assertEqual([one["a"] for one in documents('{"a":1}\n{"a":2} [{"a":3}]')], [1, 2, 3])


if __name__ == "__main__":
    unittest.main()
