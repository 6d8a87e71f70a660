"""Runs every case under AWS's client (awslambdaric, from PyPI) and under ours, and shows where they differ.

    python3 differential.py VENV [CASE...]

VENV is a virtual environment with awslambdaric in it; both run on its interpreter, over the HTTP Runtime API.
Compared are answers, X-Ray causes, the standard streams, log frames and exit codes, after times, places in the
runtimes' own files and what is listed in DIFFERENCES are taken out. Exits with 1 where anything differs.
"""

import json
import os
import re
import subprocess
import sys

import fake_platform
from cases import CASES

CLIENT = ["4", "2"]
MAX_CAUSE = 64 * 1024  # ours doesn't send larger ones

HERE = os.path.dirname(os.path.abspath(__file__))
FUNCTIONS = os.path.join(HERE, "functions")
BOOTSTRAP = os.path.join(os.path.dirname(HERE), "bootstrap.py")

RULES = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", "TIME"),
    (r"\[\d{13}\]", "[MILLISECONDS]"),
    (r'File \\*"[^"]*/(awslambdaric|importlib)/[^"]*", line \d+', r"File \1"),
    (r'"(path|location)": ?"[^"]*/awslambdaric/[^"]*"', r'"\1": "RUNTIME"'),
    (r'"line": \d+', '"line": N'),
    (r'[^ "\\]*/(awslambdaric/\w+\.py)', r"\1"),
    (r"repeated \d+ more times", "repeated N more times"),
]

# Where we differ and mean to: case -> (what, why).
DIFFERENCES = {
    "not json": "AWS decodes with simplejson, whose messages name more; the platform refuses such events before we see them",
    "raises at import": "AWS's client sends the init error's text in Latin-1, or dies where it cannot; ours is UTF-8",
}


def settle(text):
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    return text


def settle_xray(cause):
    if not cause or len(cause) > MAX_CAUSE:
        return None
    parsed = json.loads(cause)
    parsed["paths"] = len(parsed["paths"])
    return settle(json.dumps(parsed))


def show_answer(answer):
    body = answer.body.decode("utf-8", "surrogateescape")
    # AWS's client names the error's type in the header at init only.
    error_type = answer.error_type if answer.kind == "init-error" else None
    return [answer.kind, answer.request_id, error_type, settle(body), settle_xray(answer.xray)]


def traceback_of_the_end(text):
    """A process that dies of an exception prints the runtime's frames; compare its last line only."""
    return text.splitlines()[-1:] if text.startswith("Traceback") else text


def observe(command, name, telemetry):
    handler, events, environment = CASES[name]
    environment = {"_HANDLER": handler, "LAMBDA_TASK_ROOT": FUNCTIONS, **environment}
    outcome = fake_platform.run(
        command(handler), events, fake_platform.Http, environment, telemetry=telemetry, cwd=FUNCTIONS
    )
    return {
        "answers": [show_answer(answer) for answer in outcome.answers],
        "stdout": settle(outcome.stdout.decode()),
        "stderr": traceback_of_the_end(settle(outcome.stderr.decode())),
        "frames": [[hex(kind), settle(text)] for kind, _, text in outcome.frames],
        "exit code": outcome.exit_code,
    }


def compare(python, name, telemetry):
    theirs = observe(lambda handler: [python, "-m", "awslambdaric", handler], name, telemetry)
    ours = observe(lambda handler: [python, "-S", BOOTSTRAP], name, telemetry)
    return [(what, theirs[what], ours[what]) for what in theirs if theirs[what] != ours[what]]


def around_difference(theirs, ours):
    """Both texts from a little before the first character that differs."""
    theirs, ours = repr(theirs), repr(ours)
    at = next((i for i, pair in enumerate(zip(theirs, ours)) if pair[0] != pair[1]), min(len(theirs), len(ours)))
    start = max(0, at - 60)
    return "  AWS  ...%s\n  ours ...%s" % (theirs[start : at + 200], ours[start : at + 200])


def client_version(python):
    words = "import awslambdaric; print(awslambdaric.__version__)"
    return subprocess.run([python, "-c", words], check=True, stdout=subprocess.PIPE).stdout.decode().strip()


def main(venv, names):
    python = os.path.join(venv, "bin", "python3")
    version = client_version(python)
    if version.split(".")[:2] != CLIENT:
        sys.exit("awslambdaric %s is installed; ours behaves as %s (Python 3.10 or later)" % (version, ".".join(CLIENT)))
    differing = 0
    for name in names or sorted(set(CASES) - set(DIFFERENCES)):
        for telemetry in (True, False):
            for what, theirs, ours in compare(python, name, telemetry):
                differing += 1
                print("%s (%s): %s" % (name, "frames" if telemetry else "stdout", what))
                print(around_difference(theirs, ours))
    print("%d cases, %d differences" % (len(names or CASES), differing))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
