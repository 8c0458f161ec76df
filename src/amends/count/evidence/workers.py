"""Reading processes: one source each at a time, as many as there are cores; they end when the parent has gone."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

from amends.case import Case
from amends.count.evidence.detect import Choice
from amends.count.evidence.errors import WORKER_DIED
from amends.count.evidence.parse import read_source
from amends.count.evidence.settings import Reading
from amends.count.evidence.sources import Facts
from amends.count.evidence.store import Statement
from amends.errors import AmendsError, Finding, InputError, OperationError, Place

SMALL_BYTES = 24 * 1024 * 1024  # less than this is read here: starting processes would take longer


@dataclass(frozen=True, slots=True)
class Task:
    """One source to be read."""

    statement: Statement
    reading: Reading
    choice: Choice


@dataclass(frozen=True, slots=True)
class _Advanced:
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class _Failed:
    findings: tuple[Finding, ...]
    is_input: bool


@dataclass(frozen=True, slots=True)
class _Crashed:
    where: str


def read_all(case: Case, tasks: Sequence[Task], *, workers: int, advance: Callable[[int], None]) -> Iterator[Facts]:
    """Read every source, the largest first; the facts as they come. Raises: what reading one of them raises, EVI-022."""
    ordered = sorted(tasks, key=lambda task: (-task.statement.size, task.statement.sha256))
    workers = min(workers, len(ordered))
    if workers < 2 or sum(task.statement.size for task in ordered) < SMALL_BYTES:
        for task in ordered:
            yield read_source(case, task.statement, task.reading, task.choice, advance=advance)
        return
    with _processes(case, workers) as connections:
        yield from _shared_out(connections, ordered, advance)


def _shared_out(connections: list[Connection], tasks: list[Task], advance: Callable[[int], None]) -> Iterator[Facts]:
    waiting = list(reversed(tasks))
    busy: dict[Connection, Task] = {}
    for connection in connections:
        if waiting:
            busy[connection] = waiting.pop()
            connection.send(busy[connection])
    while busy:
        for ready in cast("list[Connection]", wait(list(busy))):
            answer = _answer(ready, busy[ready])
            if isinstance(answer, _Advanced):
                advance(answer.stored_bytes)
                continue
            del busy[ready]
            if waiting:
                busy[ready] = waiting.pop()
                ready.send(busy[ready])
            yield answer


def _answer(connection: Connection, task: Task) -> _Advanced | Facts:
    at = Place(task.statement.seen_as.path)
    try:
        answer = connection.recv()
    except EOFError as error:
        raise OperationError(WORKER_DIED, at=at, expected="a reading process that lives to its answer") from error
    if isinstance(answer, _Failed):
        raise (InputError if answer.is_input else OperationError).of(answer.findings)
    if isinstance(answer, _Crashed):
        raise OperationError(WORKER_DIED, at=at, expected=f"no {answer.where}")
    return cast("_Advanced | Facts", answer)


@contextmanager
def _processes(case: Case, number: int) -> Iterator[list[Connection]]:
    context = multiprocessing.get_context("spawn")  # the parent has threads, of Arrow and DuckDB: it must not be forked
    connections: list[Connection] = []
    processes: list[BaseProcess] = []
    try:
        with _interrupts_held():
            for _ in range(number):
                ours, theirs = context.Pipe()
                process: BaseProcess = context.Process(target=_serve, args=(case, theirs), daemon=True)
                process.start()
                theirs.close()
                connections.append(ours)
                processes.append(process)
        yield connections
    finally:
        for connection in connections:
            connection.close()  # an idle process sees the end of its work, a busy one at its next block
        for process in processes:
            process.join()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes that start here never see Ctrl-C, which a terminal sends to all; the parent sees it when they have started."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(case: Case, connection: Connection) -> None:
    """The life of a reading process: a task, its answer, until there is no more."""
    try:
        while True:
            task: Task = connection.recv()
            connection.send(_done(case, task, connection))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent has gone, or wants no more


def _done(case: Case, task: Task, connection: Connection) -> Facts | _Failed | _Crashed:
    try:
        return read_source(
            case, task.statement, task.reading, task.choice, advance=lambda stored_bytes: connection.send(_Advanced(stored_bytes))
        )
    except AmendsError as error:
        return _Failed(error.findings, is_input=isinstance(error, InputError))
    except (BrokenPipeError, ConnectionResetError, EOFError):
        raise
    except Exception as error:  # noqa: BLE001 - the frame of this process: what it cannot name goes to the parent, by its place
        last = traceback.extract_tb(error.__traceback__)[-1]
        return _Crashed(f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}")
