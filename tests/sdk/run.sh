#!/usr/bin/env bash
# Drives the real binary ($LAMBDAD_BIN, default target/debug/lambdad) with real AWS clients.
# `run.sh` runs all; `run.sh test_invoke test_logs.Streams` runs those alone (node's with `run.sh node`).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LAMBDAD_CACHE=${LAMBDAD_CACHE:-$here/../../.cache}
export LAMBDAD_BIN=${LAMBDAD_BIN:-$here/../../target/debug/lambdad}
export PYTHONDONTWRITEBYTECODE=1
"$here/prepare.sh"
python=$LAMBDAD_CACHE/sdk/venv/bin/python
cd "$here"

status=0
[ "${1:-}" = node ] || {
    if [ $# -gt 0 ]; then "$python" -m unittest -v "$@"; else "$python" -m unittest discover -v -s . -p 'test_*.py'; fi
} || status=$?
[ $# -gt 0 ] && [ "$1" != node ] ||
    LAMBDAD_NODE_MODULES=$(cd "$LAMBDAD_CACHE" && pwd)/sdk/node \
        "$python" harness.py exec "$LAMBDAD_CACHE/sdk/node-bin/node" --test sdk_node.test.mjs || status=$?
exit $status
