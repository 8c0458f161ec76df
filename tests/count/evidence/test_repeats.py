from __future__ import annotations

import gzip
import hashlib
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amends.case import create_case
from amends.count.evidence.ingest import ingest

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
START = datetime(2025, 11, 18, tzinfo=UTC)


def repeats_of(case) -> set[tuple[str, int, str, int]]:
    rows = pq.read_table(case.repeats_file).to_pylist()
    return {(row["source"], row["line"], row["of_source"], row["of_line"]) for row in rows}


def counts(done) -> dict[str, tuple[int, int, int, int]]:
    return {source.name: (source.lines, source.events, source.rejects, source.repeats) for source in done.sources}


def test_the_overlap_of_two_rotations_counts_once(take, line):
    lines = [line(second) for second in range(20)]

    done = take({"access.log.1": b"".join(lines[:12]), "access.log": b"".join(lines[8:])})

    assert counts(done) == {"access.log.1": (12, 12, 0, 0), "access.log": (12, 8, 0, 4)}


def test_the_order_of_ingestion_does_not_matter(case, take, line):
    lines = [line(second) for second in range(20)]

    take({"access.log": b"".join(lines[8:])})
    done = take({"access.log.1": b"".join(lines[:12])})

    assert counts(done) == {"access.log.1": (12, 12, 0, 0), "access.log": (12, 8, 0, 4)}


def test_a_single_equal_line_at_the_joint_stays_an_event(take, line):
    lines = [line(second) for second in range(20)]

    done = take({"access.log.1": b"".join(lines[:10]), "access.log": b"".join(lines[9:])})

    assert [source.repeats for source in done.sources] == [0, 0]


def test_honest_retries_within_one_source_stay_events(take, line):
    done = take({"access.log": line(0) * 3 + line(1)})

    assert done.sources[0].events == 4


def test_a_gz_and_its_plain_file_count_once_even_on_different_servers(case, take, line):
    data = b"".join(line(second) for second in range(5))
    with case.settings_file.open("a") as file:
        file.write('\n[[evidence]]\nmatch = "a/*"\nserver = "a"\n[[evidence]]\nmatch = "b/*"\nserver = "b"\n')
    from amends.case import open_case

    done = take({"a/access.log": data, "b/access.log.gz": gzip.compress(data)})
    assert sum(source.events for source in done.sources) == 5
    assert {source.server for source in ingest(open_case(case.path), [], now=NOW).sources} == {"a", "b"}
    assert len(repeats_of(case)) == 5


def test_the_same_lines_on_different_servers_are_different_requests(take, line):
    lines = [line(second) for second in range(10)]

    take({"one.log": b"".join(lines[:6])}, options={"server": "one"})
    done = take({"two.log": b"".join(lines[3:])}, options={"server": "two"})

    assert [source.repeats for source in done.sources] == [0, 0]


def test_what_grep_cut_out_of_a_source_is_a_repeat(take, line):
    lines = [line(second, target=f"/{second % 3}") for second in range(30)]

    done = take({"access.log": b"".join(lines), "suspect.txt": b"".join(lines[1::3])})

    assert counts(done)["suspect.txt"] == (10, 0, 0, 10)


def test_rejects_within_the_run_stay_rejects(take, line):
    run = line(8) + b"junk\n" + line(9)

    done = take({"access.log.1": line(0) + line(1) + line(2) + run, "access.log": run + line(12) + line(13) + line(14)})

    assert counts(done) == {"access.log.1": (6, 5, 1, 0), "access.log": (6, 3, 1, 2)}


def test_a_torn_last_line_does_not_hide_the_run(take, line):
    lines = [line(second) for second in range(12)]

    done = take({"access.log.1": b"".join(lines[:8]) + lines[8][:30], "access.log": b"".join(lines[5:])})

    assert counts(done) == {"access.log.1": (9, 8, 1, 0), "access.log": (7, 4, 0, 3)}


def test_a_torn_line_that_was_read_as_an_event_never_counts_against_its_whole(case, take, line):
    lines = [line(second, status=200)[:-1] + b" tail\n" for second in range(6)]
    form = (
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $tail'
    )

    done = take(
        {"access.log.1": b"".join(lines[:4]) + lines[4][:-3], "access.log": b"".join(lines[2:])},
        options={"format": "nginx", "log_format": form},
    )

    torn = next(source for source in done.sources if source.name == "access.log.1")
    assert (torn.events, torn.repeats) == (4, 1)
    assert (torn.sha256, 5) in {(source, number) for source, number, *_ in repeats_of(case)}
    assert sum(source.events for source in done.sources) == 6


def test_a_chain_of_overlaps_names_the_line_that_counts(case, take, line):
    lines = [line(second) for second in range(10)]

    done = take({"c.log": b"".join(lines[4:10]), "b.log": b"".join(lines[2:8]), "a.log": b"".join(lines[0:6])})

    by_name = {source.name: source.sha256 for source in done.sources}
    assert sum(source.events for source in done.sources) == 10
    assert {of for _, _, of, _ in repeats_of(case)} == {by_name["a.log"], by_name["b.log"]}
    assert (by_name["c.log"], 1, by_name["a.log"], 5) in repeats_of(case)


@pytest.mark.parametrize("equal", [40, 400])
def test_lines_that_are_all_equal_are_compared_in_linear_time_and_by_the_definition(take, line, equal):
    first = line(0) + line(5) * equal
    second = line(5) * (equal + 3) + line(9)

    done = take({"access.log.1": first, "access.log": second})

    assert counts(done)["access.log"] == (equal + 4, 4, 0, equal)


# Any small case, against the definition written out plainly.


def combined(second: int, target: int) -> bytes:
    moment = START + timedelta(seconds=second)
    return f'192.0.2.1 - - [{moment:%d/%b/%Y:%H:%M:%S} +0000] "GET /{target} HTTP/1.1" 200 512 "-" "agent"'.encode()


BASE = [*(combined(second // 2, second % 2) for second in range(10)), b"junk", combined(5, 0), combined(5, 0), combined(6, 1)]


@st.composite
def small_sources(draw):
    sources = []
    for _ in range(draw(st.integers(2, 4))):
        start = draw(st.integers(0, len(BASE) - 2))
        end = draw(st.integers(start + 1, len(BASE)))
        lines = BASE[start:end]
        if draw(st.booleans()):
            kept = draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
            lines = [line for line, keep in zip(lines, kept, strict=True) if keep] or lines[:1]
        torn = draw(st.sampled_from([None, None, 20, 80]))
        data = b"".join(line + b"\n" for line in lines)
        if torn:
            data = data + BASE[end % len(BASE)][:torn]
        sources.append(data)
    return list(dict.fromkeys(sources))


def is_event(line: bytes) -> bool:
    return line in BASE and line != b"junk"


def defined(sources: list[bytes]) -> dict[tuple[str, int], tuple[str, int]]:
    """The definition of the module, line by line."""
    files = {}
    for data in sources:
        lines = data.split(b"\n")
        torn = lines[-1] != b""
        lines = lines if torn else lines[:-1]
        times = [second for line in lines if is_event(line) for second in [int(line[33:35])]]
        if times and len(lines) >= 2:
            files[hashlib.sha256(data).hexdigest()] = (min(times), lines, torn)
    order = sorted(files, key=lambda name: (files[name][0], name))
    lost: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for one in order:
        for other in order:
            if one == other:
                continue
            for a, b, beheaded in same_lines(files[one], files[other]):
                if not (is_event(files[one][1][a]) and is_event(files[other][1][b])):
                    continue
                loses = beheaded or order.index(one) > order.index(other)
                pair = ((one, a + 1), (other, b + 1)) if loses else ((other, b + 1), (one, a + 1))
                lost.setdefault(pair[0], []).append(pair[1])
    chosen = {line: min(kept, key=lambda end: (order.index(end[0]), end[1])) for line, kept in lost.items()}
    for line, kept in chosen.items():
        while kept in chosen:
            kept = chosen[kept]
        chosen[line] = kept
    return chosen


def same_lines(one, other) -> set[tuple[int, int, bool]]:
    (_, a, torn), (_, b, _) = one, other
    found: set[tuple[int, int, bool]] = set()
    for length in range(min(len(a), len(b)), 1, -1):
        whole = a[-length:] == b[:length]
        begun = torn and length > 2 and a[-length:-1] == b[: length - 1] and b[length - 1].startswith(a[-1])
        if whole or begun:
            rows = range(length)
            found |= {(len(a) - length + row, row, begun and not whole and row == length - 1) for row in rows}
            break
    ends = [a] if not torn else [a, a[:-1]]
    for wanted in ends:
        places, at = [], 0
        for line in wanted:
            at = next((place for place in range(at, len(b)) if b[place] == line), -1) + 1
            if at == 0:
                break
            places.append(at - 1)
        if len(places) < len(wanted) or len(wanted) < 2:
            continue
        if wanted is a:
            return found | {(row, place, False) for row, place in enumerate(places)}
        follower = next((place for place in range(at, len(b)) if b[place].startswith(a[-1])), None)
        if follower is not None:
            return found | {(row, place, False) for row, place in enumerate(places)} | {(len(a) - 1, follower, True)}
    return found


@settings(max_examples=15)
@given(sources=small_sources(), turn=st.randoms(use_true_random=False))
@example(sources=[b"".join(line + b"\n" for line in BASE[:8]), b"".join(line + b"\n" for line in BASE[5:])], turn=None)
def test_repeats_are_those_of_the_definition_whatever_the_order_of_ingestion(sources, turn):
    wanted = {(*line, *kept) for line, kept in defined(sources).items()}
    answers = []
    for shuffled in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            case = create_case(Path(folder) / "case", company="Shop", zone="UTC")
            files = [Path(folder) / f"{number}.log" for number in range(len(sources))]
            for file, data in zip(files, sources, strict=True):
                file.write_bytes(data)
            if shuffled and turn is not None:
                turn.shuffle(files)
            for file in files if shuffled else [None]:
                given_now = [str(file)] if file else [str(one) for one in files]
                ingest(case, given_now, now=NOW, options={"format": "nginx"})
            answers.append(repeats_of(case))

    assert answers == [wanted, wanted]
