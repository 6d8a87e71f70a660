#!/bin/bash
# Tests the runtimes on the host's interpreters: Python 3.8 and later (PATH, pyenv), the node and the ruby of PATH.
#
#   runtimes/test.sh                      the oldest, the newest and the usual Python; below a minute
#   ALL=1                  ...            every Python
#   AWSLAMBDARIC_VENV=DIR  ...            also against AWS's Python client in that virtual environment
#   AWS_LAMBDA_RIC=DIR     ...            also against AWS's Node.js client, unpacked there from npm
# Exits with 1 where anything failed.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
failed=0

# check NAME COMMAND...: runs it; shows what it wrote only where it failed.
check() {
  local name="$1" log
  shift
  log="$("$@" 2>&1)" && { echo "ok      $name"; return; }
  failed=1
  printf 'FAILED  %s\n%s\n' "$name" "$log"
}

# The interpreters, one for each minor version.
pythons() {
  local python version
  declare -A seen
  for python in "$(command -v python3)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3 /usr/bin/python3; do
    version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2]) if sys.version_info >= (3, 8) else None' 2>/dev/null)"
    [[ "$version" == 3.* && -z "${seen[$version]:-}" ]] || continue
    seen[$version]=1
    echo "$version $python"
  done
}

# All of them, or those between which the rest lies.
chosen() {
  local usual
  usual="$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  sort --version-sort | if [[ -n "${ALL:-}" ]]; then cat; else sed -n "1p; \$p; /^$usual /p" | uniq; fi
}

while read -r version python; do
  check "python $version" "$python" python/tests/test_runtime.py
done < <(pythons | chosen)

check "examples" python3 python/tests/test_examples.py

if command -v node >/dev/null; then
  check "node $(node --version)" node --test nodejs/tests/runtime.test.mjs
else
  echo "skipped node: there is none in PATH"
fi

if command -v ruby >/dev/null; then
  check "ruby $(ruby -e 'print RUBY_VERSION')" python3 ruby/tests/test_runtime.py
else
  echo "skipped ruby: there is none in PATH"
fi

if [[ -n "${AWSLAMBDARIC_VENV:-}" ]]; then
  check "python like AWS's client" python3 python/tests/differential.py "$AWSLAMBDARIC_VENV"
fi
if [[ -n "${AWS_LAMBDA_RIC:-}" ]]; then
  check "node like AWS's client" node nodejs/tests/differential.mjs "$AWS_LAMBDA_RIC"
fi
exit "$failed"
