#!/bin/sh
# Pin what pyproject.toml asks for, by hash and without addresses: requirements/core.txt and requirements/dev.txt.
#
# Keeps the versions that stand there where they still fit; `scripts/requirements.sh --upgrade` takes the newest.
set -eu
cd "$(dirname "$0")/.."

pin() {
    out=$1
    shift
    UV_CUSTOM_COMPILE_COMMAND='make requirements' .venv/bin/uv pip compile --quiet --universal --python-version 3.12 \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
        --output-file "$out" pyproject.toml "$@" >/dev/null
}

# dev.txt is pinned first, and the core's versions follow it: one environment, one set of versions
pin requirements/dev.txt --extra web --extra report --extra stats --extra sigma --group dev "$@"
pin requirements/core.txt --constraint requirements/dev.txt "$@"
