"""A log as a busy shop's nginx writes it, seeded and made column by column, 4 us a line: `python nginx_log.py LOG LINES SEED`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LOG_FORMAT = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
    ' "$http_x_forwarded_for" $request_time $request_id'
)
FIRST_SECOND = 1_750_690_801  # 2025-06-23 15:00:01 UTC
CHUNK_LINES = 250_000
LINES_A_SECOND = 25


def write_log(path: Path, *, lines: int, seed: int) -> None:
    """Some 300,000 addresses and 1,500 agents, both with a long tail; ids of 33.7 million customers; about 300 bytes a line."""
    random = np.random.default_rng(seed)
    addresses = pa.array([f"{a}.{b}.{c}.{d}" for a, b, c, d in random.integers(1, 255, (300_000, 4)).tolist()])
    agents = pa.array(
        [_agent(*numbers) for numbers in random.integers((30, 80, 1000, 0), (40, 140, 7000, 200), (1_500, 4)).tolist()]
    )
    with path.open("wb") as log:
        for begin in range(0, lines, CHUNK_LINES):
            chunk = _lines(random, begin, min(CHUNK_LINES, lines - begin), addresses, agents)
            whole = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(chunk)], pa.int32()), chunk), "\n")
            log.write(whole[0].as_buffer())
            log.write(b"\n")


def _agent(webkit: int, major: int, minor: int, patch: int) -> str:
    return (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.{webkit} (KHTML, like Gecko)"
        f" Chrome/{major}.0.{minor}.{patch} Safari/537.36"
    )


def _lines(random: np.random.Generator, begin: int, count: int, addresses: pa.Array[Any], agents: pa.Array[Any]) -> pa.Array[Any]:
    seconds = FIRST_SECOND + np.sort(random.integers(begin // LINES_A_SECOND, (begin + count) // LINES_A_SECOND + 1, count))
    ids = pa.Array.from_buffers(
        pa.string(),
        count,
        [
            None,
            pa.py_buffer(np.arange(0, 32 * count + 1, 32, dtype=np.int32)),
            pa.py_buffer(random.bytes(16 * count).hex().encode()),
        ],
    )
    forwarded = pc.if_else(pa.array(random.random(count) < 0.6), pa.scalar("-"), _pick(random, addresses, count, tail=2))
    parts = [
        _pick(random, addresses, count, tail=2),
        " - - [",
        pc.strftime(pa.array(seconds, pa.timestamp("s", "UTC")), format="%d/%b/%Y:%H:%M:%S +0000"),
        '] "',
        _pick(random, pa.array(["GET"] * 8 + ["POST"] * 2), count),
        " /api/v1/customers/",
        _number(random, 1, 33_700_000, count),
        _pick(random, pa.array(["/profile", "/orders?page=1", "/addresses", "/door-codes", "/orders/last"]), count),
        _pick(random, pa.array([" HTTP/1.1"] * 3 + [" HTTP/2.0"]), count),
        '" ',
        _pick(random, pa.array(["200"] * 18 + ["404", "304"]), count),
        " ",
        _number(random, 40, 60_000, count),
        ' "',
        _pick(random, pa.array(["-"] * 4 + [f"https://shop.example/category/{number}" for number in range(12)]), count),
        '" "',
        _pick(random, agents, count, tail=3),
        '" "',
        forwarded,
        '" 0.',
        pc.utf8_lpad(_number(random, 1, 1000, count), 3, "0"),
        " ",
        ids,
    ]
    return pc.binary_join_element_wise(*[pa.scalar(part) if isinstance(part, str) else part for part in parts], "")


def _pick(random: np.random.Generator, values: pa.Array[Any], count: int, *, tail: int = 1) -> pa.Array[Any]:
    return values.take(pa.array((random.random(count) ** tail * len(values)).astype(np.int64)))


def _number(random: np.random.Generator, low: int, high: int, count: int) -> pa.Array[Any]:
    return pc.cast(pa.array(random.integers(low, high, count)), pa.string())


if __name__ == "__main__":
    write_log(Path(sys.argv[1]), lines=int(sys.argv[2]), seed=int(sys.argv[3]))
