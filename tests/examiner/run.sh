#!/usr/bin/env bash
# Compares the contracts of the real binary ($LAMBDAD_BIN, default target/debug/lambdad) with AWS's public models, which
# are read from the botocore of the clients' venv; first the examiner's own tests.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LAMBDAD_CACHE=${LAMBDAD_CACHE:-$here/../../.cache}
export LAMBDAD_BIN=${LAMBDAD_BIN:-$here/../../target/debug/lambdad}
export PYTHONDONTWRITEBYTECODE=1
"$here/../sdk/prepare.sh"
cd "$here"
exec "$LAMBDAD_CACHE/sdk/venv/bin/python" -m unittest discover -v -s . -p 'test_*.py'
