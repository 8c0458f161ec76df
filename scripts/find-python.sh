#!/bin/sh
# Print the path of a Python that Amends runs on (3.12 or newer, able to make environments); provide one where none is found.
#
# A name on the PATH is not enough: pyenv's shims stand there for versions that are not active, and Debian parts `venv` from
# `python3`. So each candidate is run and asked. Name one yourself with PYTHON=/path/to/python3.12.
set -eu

usual_folders=${PYTHON_FOLDERS-/usr/local/bin /usr/bin /opt/homebrew/bin}

say() { printf 'setup: %s\n' "$*" >&2; }

suits() {
    "$1" -c 'import ensurepip, sqlite3, ssl, sys, venv, zlib; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

# The interpreter itself rather than a shim or a link, so that an environment made of it outlives a change of the active version.
real_path() {
    "$1" -c 'import os, sys; print(os.path.realpath(sys.executable))'
}

candidates() {
    # 3.12 first: the version that the tests and figures of this project were made with
    for version in 3.12 3.13 3.14; do
        command -v "python$version" || true
        for folder in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin $usual_folders \
            "$HOME/.local/share/uv/python/cpython-$version"*/bin; do
            if [ -x "$folder/python$version" ]; then printf '%s\n' "$folder/python$version"; fi
        done
    done
    command -v python3 || true
    command -v python || true
    if command -v uv >/dev/null 2>&1; then
        UV_PYTHON_DOWNLOADS=never uv python find '>=3.12' 2>/dev/null || true
    fi
}

first_that_suits() {
    candidates | while IFS= read -r candidate; do
        if suits "$candidate"; then
            real_path "$candidate"
            break
        fi
    done
}

offered_by_debian() {
    LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'
}

install_from_debian() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    for version in 3.12 3.13; do
        if ! offered_by_debian "python$version"; then apt-get update -qq >&2 || return 1; fi
        if offered_by_debian "python$version"; then
            say "installing Debian's python$version"
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "python$version" "python$version-venv" >&2
            return
        fi
    done
    return 1
}

install_by_uv() {
    command -v uv >/dev/null 2>&1 || return 1
    say "asking uv for Python 3.12"
    uv python install 3.12 >&2
}

if [ -n "${PYTHON:-}" ]; then
    if suits "$PYTHON"; then
        real_path "$PYTHON"
        exit 0
    fi
    say "PYTHON=$PYTHON is not a Python 3.12 or newer with venv, ensurepip, sqlite3 and ssl."
    exit 1
fi

found=$(first_that_suits)
if [ -z "$found" ]; then
    if install_from_debian || install_by_uv; then found=$(first_that_suits); fi
fi
if [ -z "$found" ]; then
    say "no Python 3.12 or newer was found or could be installed: install one (with its venv module; or: pip install uv && uv python install 3.12)," \
        "or name it with PYTHON=/path/to/python3.12."
    exit 1
fi
printf '%s\n' "$found"
