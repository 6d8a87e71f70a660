#!/usr/bin/python3
"""A custom runtime that says everything to the Runtime and Extensions APIs that they know, and much that they don't.

What it hears is its answer to the first event: a list of [what was said, status, content type, body].
"""

import http.client
import json
import os
import re
import threading

RUNTIME = "/2018-06-01/runtime"
EXTENSION = "/2020-01-01/extension"
UNKNOWN = "01234567-89ab-cdef-0123-456789abcdef"
heard = []


def call(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    return answer, answer.read().decode()


def say(name, method, path, body=None, headers=None):
    answer, text = call(method, path, body, headers)
    heard.append([name, answer.status, answer.getheader("Content-Type"), text])
    return answer


def extension(name, method, path, body=None, **headers):
    headers = {"Lambda-Extension-" + key.replace("_", "-"): value for key, value in headers.items()}
    return say(name, method, EXTENSION + path, body, headers)


def before_the_first_event():
    say("ping", "GET", "/2018-06-01/ping")
    say("a path that is none", "GET", RUNTIME + "/nothing")
    say("another method", "PUT", RUNTIME + "/invocation/next")
    say("restore/next", "GET", RUNTIME + "/restore/next")
    say("restore/error", "POST", RUNTIME + "/restore/error", "{}")
    say("an answer before next", "POST", RUNTIME + "/invocation/none/response", "1")
    say("an error before next", "POST", RUNTIME + "/invocation/none/error", "{}")


def extensions():
    extension("no name", "POST", "/register", '{"events": []}')
    extension("no JSON", "POST", "/register", "{", Name="a")
    extension("configuration keys", "POST", "/register", '{"events": [], "configurationKeys": ["a"]}', Name="a")
    extension("an event that is none", "POST", "/register", '{"events": ["OTHER"]}', Name="a")
    extension("internal and SHUTDOWN", "POST", "/register", '{"events": ["SHUTDOWN"]}', Name="a")
    extension("another method", "GET", "/register")
    extension("a path that is none", "GET", "/nothing")
    registered = extension("registers", "POST", "/register", '{"events": ["INVOKE"]}', Name="first")
    extension("the same name", "POST", "/register", '{"events": []}', Name="first")
    for path, method in [("/event/next", "GET"), ("/init/error", "POST"), ("/exit/error", "POST")]:
        extension("no identifier", method, path)
        extension("no uuid", method, path, Identifier="x")
        extension("nobody's", method, path, Identifier=UNKNOWN, Function_Error_Type="Extension.Mine")
    id = registered.getheader("Lambda-Extension-Identifier")
    extension("no type of error", "POST", "/init/error", Identifier=id)
    extension("no type of error", "POST", "/exit/error", Identifier=id)
    ids = [id]
    for number in range(9):
        more = extension("one more", "POST", "/register", '{"events": []}', Name=f"more-{number}")
        ids.append(more.getheader("Lambda-Extension-Identifier"))
    extension("too many", "POST", "/register", '{"events": []}', Name="more-10")
    # All of them have to ask for an event before the first one comes.
    for id in ids:
        threading.Thread(target=listen, args=[id], daemon=True).start()


def listen(id):
    while True:
        answer, _ = call("GET", EXTENSION + "/event/next", None, {"Lambda-Extension-Identifier": id})
        if answer.status != 200:
            return


def next_event():
    answer, event = call("GET", RUNTIME + "/invocation/next")
    return answer, answer.getheader("Lambda-Runtime-Aws-Request-Id"), event


def during_an_event(answer, id, event):
    names = sorted(key for key in map(str.lower, answer.headers) if key.startswith("lambda-runtime"))
    heard.append(["headers of next", answer.status, answer.getheader("Content-Type"), names])
    again, same, text = next_event()
    heard.append(["next while it runs", again.status, same == id, text if again.status != 200 else text == event])
    say("another event's answer", "POST", RUNTIME + "/invocation/none/response", "1")
    say("init/error while it runs", "POST", RUNTIME + "/init/error", "{}")
    extension("too late", "POST", "/register", '{"events": []}', Name="late")
    return id


def answer_twice(id):
    say("an answer", "POST", f"{RUNTIME}/invocation/{id}/response", '"ok"')
    say("another answer", "POST", f"{RUNTIME}/invocation/{id}/response", '"ok"')
    say("an error after it", "POST", f"{RUNTIME}/invocation/{id}/error", "{}")
    say("init/error after it", "POST", RUNTIME + "/init/error", "{}")


def fail_with_a_cause(id):
    cause = {"working_directory": "/", "paths": [], "exceptions": []}
    body = {"errorMessage": "m", "errorType": "T", "stackTrace": ["a"], "errorCause": cause, "more": 1}
    headers = {"Content-Type": "application/vnd.aws.lambda.error.cause+json", "Lambda-Runtime-Function-Error-Type": "T"}
    say("an error with its cause", "POST", f"{RUNTIME}/invocation/{id}/error", json.dumps(body), headers)


before_the_first_event()
extensions()
id = during_an_event(*next_event())
answer_twice(id)
_, id, _ = next_event()
fail_with_a_cause(id)
_, id, _ = next_event()
told = re.sub("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "UUID", json.dumps(heard))
call("POST", f"{RUNTIME}/invocation/{id}/response", told)
next_event()
