#!/bin/sh
# Make .venv: a Python >= 3.12, the packages that requirements/dev.txt pins by hash, and Amends itself, editable.
#
# Safe to run again: where nothing changed it ends at once. The packages come from wherever this machine's pip takes them.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

stamp=.venv/amends-setup.stamp
python=.venv/bin/python

# The place belongs to it: an environment that was moved with its folder does not run.
state() {
    pwd -P
    cksum requirements/dev.txt pyproject.toml scripts/setup.sh
}

is_current() {
    [ -f "$stamp" ] && [ -x .venv/bin/amends ] && [ "$(state)" = "$(cat "$stamp")" ] && "$python" -c '' 2>/dev/null
}

if ! is_current; then
    if ! "$python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 12) or sys.prefix == sys.base_prefix)' 2>/dev/null; then
        base=$(scripts/find-python.sh)
        say "making .venv with $base"
        "$base" -m venv --clear .venv
    fi
    rm -f "$stamp"
    say "installing the pinned packages (a few minutes the first time)"
    "$python" -m pip install --quiet --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt || {
        say "the packages could not be installed: see pip's message above, then run make setup again."
        exit 1
    }
    # what builds the package is pinned above, so nothing more is fetched
    "$python" -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    state >"$stamp"
    say "done: .venv/bin/amends"
fi

scripts/install-for-tests.sh
