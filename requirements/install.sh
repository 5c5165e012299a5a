#!/bin/sh
# Make .venv and install Starwatch in it: `install.sh base` for running it, `install.sh dev` for
# working on it. Every package is pinned and its hash checked. Called by make, which skips it while
# .venv/base.stamp or .venv/dev.stamp is newer than the lock files.
set -eu
kind=$1
began=$(date +%s)

usable() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        if usable "$name"; then
            echo "$name"
            return
        fi
    done
    found=$("${PYTHON:-python3}" --version 2>/dev/null || echo 'none was found')
    echo "Starwatch needs Python 3.11 or newer ($found). Install one, or name it:" >&2
    echo "    make ${kind} PYTHON=/path/to/python3.12" | sed 's/make base/make demo/; s/make dev/make setup/' >&2
    exit 1
}

if ! usable .venv/bin/python || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    python=$(find_python)
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv || {
        echo "$python cannot make virtual environments. On Debian: apt install python3-venv" >&2
        exit 1
    }
fi

case $kind in
    base) files='requirements/base.txt requirements/build.txt' ;;
    dev) files='requirements/dev.txt' ;;
esac
echo "Installing what $(echo "$files" | sed 's/ / and /') pin (quietly; the first time takes a minute)"
PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_DISABLE_PIP_VERSION_CHECK
# shellcheck disable=SC2046,SC2086
.venv/bin/python -m pip install -q --require-hashes $(printf -- '-r %s ' $files)
.venv/bin/python -m pip install -q --no-deps --no-build-isolation -e .

# Without bytecode each start costs twice the time, and some machines forbid Python to write it.
.venv/bin/python -m compileall -q src

touch .venv/base.stamp
[ "$kind" = base ] || touch .venv/dev.stamp
echo "Ready after $(($(date +%s) - began)) s"
