"""AWS's own implementation of the Runtime and Extensions APIs and ours hear the same conversation, and answer alike.

Theirs is the emulator (RIE) that ships inside of the aws-sam-cli wheel. It runs on a loopback of its own.
What differs, and why, is in DIFFERENCES.
"""

import glob
import json
import os
import subprocess
import sys
import unittest
import zipfile

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.abspath(os.environ.get("LAMBDAD_CACHE", os.path.join(HERE, "../../.cache")))
CONVERSATION = os.path.join(HERE, "rie", "converse.py")
SAM = "aws-sam-cli==1.170.0"

setUpModule = harness.start_shared
tearDownModule = harness.stop_shared

# By what was said: why the answers are not the same.
DIFFERENCES = {
    "no JSON": "the parser's own words",
    "headers of next": "the emulator has no trace of its own",
    "registers": "the emulator's function has another name and no handler",
    "one more": "the same",
}

# Three events on a loopback of its own, their answers one a line.
CONVERSE = """
ip link set lo up
"$1" --log-level error /usr/bin/python3 "$2" >/dev/null 2>&1 &
trap "kill $!" EXIT
"$3" - <<'PYTHON'
import http.client, time
def invoke():
    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=30)
    connection.request("POST", "/2015-03-31/functions/function/invocations", '{"a": 1}')
    return connection.getresponse().read().decode()
deadline = time.monotonic() + 20
while True:
    try:
        print(invoke())
        break
    except ConnectionRefusedError:
        assert time.monotonic() < deadline, "the emulator does not listen"
        time.sleep(0.05)
print(invoke())
print(invoke())
PYTHON
"""


def emulator():
    """Its path; fetched once."""
    folder = os.path.join(CACHE, "sdk", "rie")
    path = os.path.join(folder, "samcli/local/rapid/aws-lambda-rie-x86_64")
    if not os.path.exists(path):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, SAM]
        subprocess.run(command, check=True)
        [wheel] = glob.glob(os.path.join(folder, "*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(os.path.relpath(path, folder), folder)
        os.chmod(path, 0o755)
    return path


@unittest.skipUnless(os.geteuid() == 0 and os.uname().machine == "x86_64", "the emulator needs a network of its own")
class Conversation(harness.Case):
    def test_the_emulator_and_we_answer_alike(self):
        with open(CONVERSATION) as file:
            source = file.read()
        code = harness.zipped({"bootstrap": source}, {"bootstrap": 0o755})
        function = self.create(Runtime="provided.al2023", Handler="hello.handler", Code={"ZipFile": code}, Timeout=20)
        ours = [self.invoke(function, {"a": 1})[1] for _ in range(3)]
        command = ["unshare", "-n", "bash", "-c", CONVERSE, "bash", emulator(), CONVERSATION, sys.executable]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
        theirs = [json.loads(line) for line in said.splitlines() if line]
        self.assertEqual(ours[:2], theirs[:2], "the answers of the first two events")
        self.assertEqual([name for name, *_ in ours[2]], [name for name, *_ in theirs[2]])
        differing = {our[0] for our, their in zip(ours[2], theirs[2], strict=True) if our != their}
        for our, their in zip(ours[2], theirs[2], strict=True):
            if our[0] not in DIFFERENCES:
                self.assertEqual(our, their)
        self.assertEqual(differing, set(DIFFERENCES), "a difference that is none any more")


if __name__ == "__main__":
    unittest.main()
