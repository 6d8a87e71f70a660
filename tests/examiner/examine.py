#!/usr/bin/env python3
"""Compares our contracts with AWS's public models (botocore), and reports where a table differs.

Usage: lambdad contracts | python examine.py [--differences FILE]
with the botocore of tests/sdk/requirements.txt installed for this interpreter; run.sh sees to it. Standard input: the
JSON of `wire::describe`, one document per service, one after the other or in an array.

Each difference has a key such as `CreateFunction status` or `CreateFunctionRequest.Timeout top`. Those that are meant
stand, with a reason, in differences.toml; any other, and any entry there that no longer occurs, makes the exit status 1.
Nothing of botocore is copied: it is read where it is installed.
"""

import argparse
import fnmatch
import json
import pathlib
import sys
import tomllib

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel

TONGUES = {"rest-json": "rest-json", "json": "json", "query": "query"}
SCALARS = {
    "string": {"string", "character"},
    "blob": {"blob"},
    "payload": {"blob"},
    "boolean": {"boolean"},
    "integer": {"integer"},
    "long": {"long", "integer", "bigint"},
    "double": {"double", "float"},
    "timestamp": {"timestamp"},
}


class Examination:
    """One service of ours beside its model."""

    def __init__(self, ours, model):
        self.ours = ours
        self.model = model
        self.found = {}
        self.compared = set()

    def say(self, key, ours, theirs):
        self.found.setdefault(key, f"ours {short(ours)}, AWS's {short(theirs)}")

    def differ(self, key, ours, theirs):
        if ours != theirs:
            self.say(key, ours, theirs)

    def run(self):
        self.service()
        theirs = set(self.model.operation_names)
        ours = {operation["name"]: operation for operation in self.ours["operations"]}
        for name in sorted(theirs - set(ours)):
            self.say(f"{name} operation", None, name)
        for name in sorted(set(ours) - theirs):
            self.say(f"{name} operation", name, None)
        for name in sorted(theirs & set(ours)):
            self.operation(ours[name], self.model.operation_model(name))
        return self.found

    def service(self):
        meta = self.model.metadata
        protocols = meta.get("protocols") or [meta["protocol"]]
        if TONGUES[self.ours["tongue"]] not in protocols:
            self.say("service tongue", self.ours["tongue"], protocols)
        self.differ("service signing_name", self.ours["signing_name"], self.model.signing_name)
        if self.ours["tongue"] == "json":
            self.differ("service target_prefix", self.ours["target_prefix"], meta.get("targetPrefix"))
            self.differ("service json_version", self.ours["json_version"], str(meta.get("jsonVersion")))
        self.differ("service version", self.ours["version"], self.model.api_version)
        if self.ours["tongue"] == "query":
            self.differ("service xml_namespace", self.ours["xml_namespace"], meta.get("xmlNamespace"))

    def operation(self, ours, theirs):
        name = ours["name"]
        if self.ours["tongue"] == "rest-json":
            self.differ(f"{name} method", ours["method"], theirs.http["method"])
            self.differ(f"{name} uri", ours["uri"].rstrip("/"), theirs.http["requestUri"].rstrip("/"))
            self.differ(f"{name} status", ours["status"], theirs.http.get("responseCode", 200))
        if not ours["done"]:
            return
        self.errors(ours, theirs)
        self.root(f"{name} input", ours["input"], theirs.input_shape, True)
        self.root(f"{name} output", ours["output"], theirs.output_shape, False)

    def root(self, key, ours, theirs, is_input):
        # The query tongue answers a structure without members otherwise than no structure.
        if theirs is not None and not theirs.members and self.ours["tongue"] == "query" and not is_input:
            self.differ(key, ours == "Nothing", False)
        members = self.ours["shapes"][ours]
        if theirs is None:
            if members:
                self.say(key, [member["name"] for member in members], None)
            return
        self.structure(ours, theirs, is_input, top=True)

    def errors(self, ours, theirs):
        table = {error["code"]: error for error in self.ours["errors"]}
        listed = set(ours["errors"])
        modelled = {shape.name: shape for shape in theirs.error_shapes}
        for code in sorted(set(modelled) - listed):
            self.say(f"{ours['name']} error {code}", None, code)
        for code in sorted(listed - set(modelled)):
            self.say(f"{ours['name']} error {code}", code, None)
        for code in sorted(set(modelled) & set(table)):
            self.error(table[code], modelled[code])

    def error(self, ours, theirs):
        traits = theirs.metadata.get("error", {})
        status = traits.get("httpStatusCode") or (500 if theirs.metadata.get("fault") else 400)
        self.differ(f"{ours['code']} status", ours["status"], status)
        self.differ(f"{ours['code']} wire_code", ours["wire_code"] or ours["code"], traits.get("code", theirs.name))
        keys = [name for name in theirs.members if name.lower() == "message"]
        if keys and self.ours["tongue"] != "query":
            self.differ(f"{ours['code']} message_key", ours["message_key"], keys[0])

    def structure(self, name, theirs, is_input, top=False):
        if (name, theirs.name, is_input, top) in self.compared:
            return
        self.compared.add((name, theirs.name, is_input, top))
        ours = {member["name"]: member for member in self.ours["shapes"][name]}
        required = set(theirs.metadata.get("required", []))
        matched = set()
        for their_name, shape in theirs.members.items():
            wire_name = their_name
            if self.ours["tongue"] == "rest-json" and shape.serialization.get("location") is None:
                wire_name = shape.serialization.get("name", their_name)
            member = ours.get(wire_name) or ours.get(their_name)
            key = f"{name}.{their_name}"
            if member is None:
                self.say(f"{key} member", None, shape.type_name)
                continue
            matched.add(member["name"])
            if is_input:
                self.differ(f"{key} required", member["required"], their_name in required)
            self.member(key, member, shape, theirs, their_name, is_input, top)
        for extra in sorted(set(ours) - matched):
            self.say(f"{name}.{extra} member", extra, None)

    def member(self, key, ours, shape, parent, their_name, is_input, top):
        if top and self.ours["tongue"] == "rest-json":
            self.location(key, ours, shape, parent, their_name)
        if self.ours["tongue"] == "query":
            self.names(key, ours, shape)
        if shape.metadata.get("sensitive"):
            self.differ(f"{key} sensitive", ours["sensitive"], True)
        stamp = shape.serialization.get("timestampFormat")
        if shape.type_name == "timestamp" and stamp:
            self.differ(f"{key} time", ours["time"], stamp)
        self.type(key, ours["type"], shape, is_input)
        if is_input:
            self.limits(key, ours, shape)

    def location(self, key, ours, shape, parent, their_name):
        place = ours["location"]
        if parent.serialization.get("payload") == their_name:
            self.differ(f"{key} location", place["in"], "payload")
            return
        theirs = shape.serialization.get("location", "body")
        self.differ(f"{key} location", place["in"], theirs)
        if theirs in ("header", "querystring") and place["in"] == theirs:
            self.differ(f"{key} location_name", place["name"].lower(), shape.serialization["name"].lower())

    def names(self, key, ours, shape):
        self.differ(f"{key} xml", ours["xml"], shape.serialization.get("name", ours["name"]))
        if shape.type_name in ("list", "map"):
            self.differ(f"{key} flattened", ours["flattened"], bool(shape.serialization.get("flattened")))
        if shape.type_name == "list" and not shape.serialization.get("flattened"):
            self.differ(f"{key} element", ours["element"], shape.member.serialization.get("name", "member"))

    def type(self, key, ours, shape, is_input):
        kind = shape.type_name
        if getattr(shape, "document", False) or shape.metadata.get("document") or getattr(shape, "is_document_type", False):
            self.differ(f"{key} type", ours["is"], "document")
        elif ours["is"] == "list" and kind == "list":
            self.type(key, ours["of"], shape.member, is_input)
        elif ours["is"] == "map" and kind == "map":
            self.type(key, ours["of"], shape.value, is_input)
        elif ours["is"] == "structure" and kind == "structure":
            self.structure(ours["shape"], shape, is_input)
        elif kind not in SCALARS.get(ours["is"], ()):
            self.say(f"{key} type", ours["is"], kind)
        elif kind == "string":
            self.enumeration(key, ours, shape, is_input)

    def enumeration(self, key, ours, shape, is_input):
        theirs = getattr(shape, "enum", [])
        # What we only answer may be plain text.
        if "enum" in ours or (theirs and is_input):
            own = set(ours.get("enum", []))
            # Only what one side has and the other has not: the sets are long.
            self.differ(f"{key} enum", sorted(own - set(theirs)), sorted(set(theirs) - own))

    def limits(self, key, ours, shape):
        self.checks(key, ours["checks"], shape, ours["type"]["is"])
        if shape.type_name == "list":
            self.checks(f"{key} each", ours["each"], shape.member, ours["type"].get("of", {}).get("is"))
        if shape.type_name == "map":
            self.checks(f"{key} keys", ours["keys"], shape.key, "string")
            self.checks(f"{key} each", ours["each"], shape.value, ours["type"].get("of", {}).get("is"))

    def checks(self, key, ours, shape, kind):
        meta = shape.metadata
        if kind in ("integer", "long"):
            pairs = [("bottom", meta.get("min")), ("top", meta.get("max"))]
        elif kind == "double":
            pairs = [("floor", meta.get("min")), ("ceiling", meta.get("max"))]
        else:
            pairs = [("least", meta.get("min") or None), ("most", meta.get("max"))]
        for name, theirs in pairs:
            self.differ(f"{key} {name}", ours[name], theirs)
        if shape.type_name == "string":
            self.differ(f"{key} pattern", ours["pattern"], meta.get("pattern"))


def short(value):
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:297] + "..."


def documents(text):
    """JSON documents one after the other; an array counts as its elements."""
    decoder = json.JSONDecoder()
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        document, position = decoder.raw_decode(text, position)
        yield from document if isinstance(document, list) else [document]


def load_model(loader, name, version):
    try:
        return ServiceModel(loader.load_service_model(name, "service-2", version), name)
    except UnknownServiceError:
        return None


def read_differences(path):
    entries = tomllib.loads(path.read_text()).get("difference", [])
    for entry in entries:
        if not (entry.get("service") and entry.get("at") and entry.get("reason", "").strip()):
            sys.exit(f"{path}: an entry lacks its service, its key (`at`) or its reason: {entry}")
    return entries


def judge(name, found, entries):
    """Splits what was found into meant and not meant; the third part is the entries that match nothing."""
    mine = [entry for entry in entries if entry["service"] == name]
    used = set()
    unmeant = []
    for key, words in found.items():
        matching = [number for number, entry in enumerate(mine) if fnmatch.fnmatchcase(key, entry["at"])]
        used.update(matching)
        if not matching:
            unmeant.append((key, words))
    stale = [entry["at"] for number, entry in enumerate(mine) if number not in used]
    return unmeant, stale


def examine(ours, loader, entries):
    """Prints the report of one service; true if nothing unexpected was found."""
    name = ours["name"]
    model = load_model(loader, name, None)
    if model is None:
        print(f"{name}: botocore has no such service")
        return False
    found = Examination(ours, model).run()
    unmeant, stale = judge(name, found, entries)
    for key, words in unmeant:
        print(f"{name}: {key}: {words}")
    for at in stale:
        print(f"{name}: differences.toml has {at!r}, but nothing differs there any more")
    done = sum(operation["done"] for operation in ours["operations"])
    total = len(model.operation_names)
    print(f"{name}: {done} of {total} operations done, {len(found)} differences, {len(unmeant)} not meant, {len(stale)} stale")
    return not unmeant and not stale


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("--differences", type=pathlib.Path, default=here / "differences.toml")
    arguments = parser.parse_args()
    entries = read_differences(arguments.differences)
    loader = Loader()
    services = list(documents(sys.stdin.read()))
    if not services:
        sys.exit("no contract on standard input")
    sound = [examine(ours, loader, entries) for ours in services]
    sys.exit(0 if all(sound) else 1)


if __name__ == "__main__":
    main()
