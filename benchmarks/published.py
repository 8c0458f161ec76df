"""Published logs: files that others made and that no commit of ours holds, ingested, and the account of their lines.

    python benchmarks/published.py [--logs FOLDER]

FOLDER holds the test logs of fail2ban (Debian: `fail2ban`, below fail2ban/tests/files/logs): lines that servers wrote while they
were attacked, sent in by those who ran them, with a comment before each and lines of other logs between them. How many lines a
file has, and how many of them are access log lines at a glance, is counted here and not by the readers.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from shared.bars import Result, bar, finish, parser

INSTALLED = Path("/usr/lib/python3/dist-packages/fail2ban/tests/files/logs")
PACKAGE = "fail2ban"
COMBINED = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
NO_ZONE = "%{%d/%b/%Y:%H:%M:%S}t"
AGENT = '"%r" %>s %b "%{Referer}i" "%{User-Agent}i"'
# The access logs among them. The package does not say how the servers were configured: the settings are read off the lines.
FORMATS = {
    "nginx-bad-request": {"format": "nginx", "log_format": f'{COMBINED} "$http_x_forwarded_for"'},
    "nginx-botsearch": {"format": "nginx", "log_format": f'{COMBINED} "$http_x_forwarded_for"'},
    "apache-badbots": {"format": "apache"},
    "apache-fakegooglebot": {
        "format": "apache",
        "log_format": f"%h %l %u - [{NO_ZONE} ] %v {AGENT} %X %I %O %D",
        "zone": "UTC",
    },
    "apache-pass": {"format": "apache", "log_format": f"%h %l %u [{NO_ZONE}] {AGENT}", "zone": "UTC"},
    "traefik-auth": {"format": "nginx", "log_format": f'{COMBINED} $number "$frontend" "$backend" $duration'},
    "haproxy-http-auth": {"format": "haproxy", "wrapper": "syslog", "zone": "UTC"},
}
AT_A_GLANCE = re.compile(rb"[^#].*\[\d\d/[A-Z][a-z]{2}/\d{4}:")


def version() -> str:
    """Of the installed package; a folder of another origin has none."""
    asked = ["dpkg-query", "-W", "-f", "${Version}", PACKAGE]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else "not installed"


def account(file: Path, settings: dict[str, str]) -> dict[str, object]:
    from amends.case import create_case
    from amends.count.evidence.ingest import ingest

    data = file.read_bytes()
    lines = data.splitlines()
    with tempfile.TemporaryDirectory(prefix="amends-bench-") as folder:
        case = create_case(Path(folder) / "case", company="Shop", zone="UTC")
        (source,) = ingest(case, [str(file)], now=datetime.now(UTC), options=settings, workers=1).account.sources
    return {
        "file": file.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": settings["format"],
        "lines": data.count(b"\n") + (not data.endswith(b"\n")),
        "events": source.events,
        "rejects": ", ".join(f"{count} {reason}" for reason, count in sorted(source.reasons.items())),
        "repeats": source.repeats,
        "unaccounted": data.count(b"\n") + (not data.endswith(b"\n")) - source.events - source.rejects - source.repeats,
        "access lines at a glance": sum(AT_A_GLANCE.match(line) is not None for line in lines),
        "comments": sum(line.startswith(b"#") for line in lines),
    }


def measured(files: Sequence[Path], version: str, *, quick: bool) -> Result:
    rows = [account(file, FORMATS[file.name]) for file in files]
    unaccounted = sum(abs(int(str(row["unaccounted"]))) for row in rows)
    lines = sum(int(str(row["lines"])) for row in rows)
    missed = sum(abs(int(str(row["access lines at a glance"])) - int(str(row["events"]))) for row in rows)
    bars = [
        bar("lines unaccounted", unaccounted, 0, beside=f"of {lines:,} in {len(rows)} files", noise=0.0, quick=quick),
        bar("access lines at a glance that are no events, or the reverse", missed, 0, beside="", noise=0.0, quick=quick),
    ]
    return Result(bars, {"package": PACKAGE, "version": version}, {"files": rows})


def main() -> int:
    options = parser(__doc__ or "")
    options.add_argument("--logs", type=Path, default=INSTALLED, metavar="FOLDER")
    options.add_argument("--package-version", help="where the folder is unpacked and not installed")
    given = options.parse_args()
    files = [given.logs / name for name in FORMATS if (given.logs / name).exists()]
    if not files:
        print(f"published: no log in {given.logs}; install {PACKAGE}, or name a folder with --logs", file=sys.stderr)
        return 0
    return finish("published", measured(files, given.package_version or version(), quick=given.quick), given)


if __name__ == "__main__":
    sys.exit(main())
