#!/bin/sh
# Write the lock files anew from pyproject.toml: every version pinned, every hash written down, for
# every platform and Python from 3.11 on, and no host named. Versions already locked stay, unless an
# argument is given. uv makes them; it is itself locked in uv.txt.
set -eu
.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt

compile() {
    out=$1.txt
    shift
    .venv/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
        --custom-compile-command 'make lock' ${upgrade} --output-file "$out" "$@" >/dev/null
    echo "wrote $out"
}

upgrade=${1:+--upgrade}
compile requirements/base pyproject.toml
compile requirements/dev pyproject.toml --all-extras --group dev --constraints requirements/base.txt
compile requirements/build --group build --constraints requirements/dev.txt
compile requirements/uv --group lock
compile servers/flink/requirements servers/flink/requirements.in --no-deps
