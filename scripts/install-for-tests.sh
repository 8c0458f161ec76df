#!/bin/sh
# Provide the programs that some tests ask for, where this is a machine to install things on: a browser that looks at pages, OpenSSH
# and OpenSSL, which sign and stamp what Amends then checks.
#
# Tests take them through fixtures of tests/conftest.py. Without them they are skipped, but never under CI.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

# provide "PACKAGES" PROGRAM...: any one of the programs will do
provide() {
    packages=$1
    shift
    for program in "$@"; do
        if command -v "$program" >/dev/null 2>&1; then return 0; fi
    done
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installing Debian's $packages for the tests"
        apt-get update -qq
        # shellcheck disable=SC2086 # several packages in one word
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2
    elif [ -n "${CI:-}" ]; then
        say "no $1, which tests need under CI: install it."
        exit 1
    else
        say "no $1: the tests that ask for it will be skipped; install it to run them."
    fi
}

provide "chromium fonts-noto-cjk" chromium chromium-browser google-chrome
provide openssh-client ssh-keygen
provide openssl openssl
