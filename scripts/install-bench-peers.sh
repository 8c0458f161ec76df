#!/bin/sh
# Provide the programs that benchmarks compare with: GoAccess. Only `make bench` needs it.
set -eu

if command -v goaccess >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    printf "bench: installing Debian's goaccess\n" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends goaccess >&2
else
    printf 'bench: no goaccess: the bars that compare with it are left out; install it to measure them.\n' >&2
fi
