#!/bin/sh
# Provide the browser that some tests look at pages with, where a test asks for it and this is a machine to install things on.
#
# Tests take it through the fixture `chromium` of tests/conftest.py. Without a browser they are skipped, but never under CI.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

is_wanted() { grep -rqsE --include='test_*.py' '[( ]chromium[:,)]' tests; }
is_there() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }

if is_there || ! is_wanted; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing Debian's chromium for the tests that look at pages"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >&2
elif [ -n "${CI:-}" ]; then
    say "no chromium, which tests need under CI: install it."
    exit 1
else
    say "no chromium: the tests that look at pages will be skipped; install it to run them."
fi
