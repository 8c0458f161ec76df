"""Where the elements of a JSON document begin and end, found as the bytes come: a document of any size costs the memory of its
longest element.

An element is an item of the array under one of given names in an object (`{"Records": [...]}`), of an array that is the document,
or an object that holds no such array. Documents may follow one another. Only strings, brackets and commas are looked at; what an
element holds is for its reader to judge, so a bad element costs itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.count.evidence.schema import LINE_BYTES, RAW_BYTES

BOM = b"\xef\xbb\xbf"
SPACE = b" \t\r\n"
QUOTE, BACKSLASH = 0x22, 0x5C
NAME_BYTES = 200  # before an array, in which its name is looked for
_NAME = re.compile(rb'"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*\Z')
_IS_MARK = np.zeros(256, np.bool_)
_IS_MARK[list(b'"\\,{}[]')] = True
_STEP = np.zeros(256, np.int64)
_STEP[list(b"{[")] = 1
_STEP[list(b"}]")] = -1

type Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Element:
    """The bytes of one element without the space around them, and where they stand; of one that is too long the beginning.
    `is_torn`: the document ends within it.
    """

    offset: int
    text: bytes
    length: int
    is_torn: bool = False

    @property
    def is_long(self) -> bool:
        return self.length > len(self.text)


class ElementCutter:
    """Feed it a document; it gives the elements as they end. After `finish`, `fault` says what was not as it must be."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(name.encode() for name in names)
        self._scanner = _Scanner()
        self._level = 0  # the depth at which commas part elements; 0: outside of an array, where an object may be an element
        self._at = 0  # the place of the next byte in the stream
        self._length = 0  # how many bytes there are since the last cut
        self._held = bytearray()  # these bytes; the first of them where they are too many
        self._is_tail = False  # what follows belongs to an object whose array has been read
        self._in_array = 0  # elements of this array
        self._ended = 0  # elements
        self.fault: str | None = None

    def feed(self, chunk: bytes) -> Iterator[Element]:
        while chunk:
            marks = self._scanner.scan(chunk)
            done, index = 0, -1
            while (index := marks.next_of(self._level, index)) < len(marks.places):
                place = int(marks.places[index])
                self._hold(chunk[done:place])
                yield from self._met(chunk[place : place + 1], int(marks.depths[index]))
                done = place + 1
                if self._level and not self._length and len(chunk) <= LINE_BYTES:
                    places = marks.commas_of(self._level, index)
                    yield from self._items(chunk, done, places.tolist())
                    if len(places):
                        done = int(places[-1]) + 1
                        index = int(np.searchsorted(marks.places, done - 1))
            self._hold(chunk[done : marks.end])
            chunk = chunk[marks.end :]
            if chunk:
                self._note("a bracket closes what is not open")
                self._skip()
                chunk = chunk[1:]

    def finish(self) -> Iterator[Element]:
        """What is left at the end of the stream."""
        is_blank = self._is_tail or not self._without_mark().strip(SPACE)
        if self._scanner.is_outside:
            if not is_blank:
                self._note("bytes that are no document")
            return
        self._note("the document ends " + ("before its array does" if is_blank else f"inside element {self._ended + 1}"))
        if not is_blank:
            yield self._cut(is_torn=True)

    def _met(self, byte: bytes, depth: int) -> Iterator[Element]:
        """A bracket or a comma that counts at this level."""
        if self._level == 0:
            yield from self._met_outside(byte, depth)
            return
        if byte == b"," or self._in_array or self._held.strip(SPACE):
            yield self._cut()
            self._in_array += 1
        self._skip()
        if depth < self._level:
            self._is_tail = self._level == 2
            self._level = 0

    def _items(self, chunk: bytes, begin: int, commas: list[int]) -> Iterator[Element]:
        """The elements before commas that follow one another: as `_met` would cut them, one by one."""
        shift = self._at - begin
        for comma in commas:
            text = chunk[begin:comma].lstrip(SPACE)
            yield Element(shift + comma - len(text), text.rstrip(SPACE), len(text.rstrip(SPACE)))
            begin = comma + 1
        self._at = shift + begin
        self._in_array += len(commas)
        self._ended += len(commas)

    def _met_outside(self, byte: bytes, depth: int) -> Iterator[Element]:
        if byte in b"[{" and depth == 1:
            if self._without_mark().strip(SPACE):
                self._note(f"bytes that are no document, before offset {self._at}")
            self._clear()
        if byte == b"[" and (depth == 1 or self._is_named()):
            self._level, self._in_array = depth, 0
            self._skip()
            return
        self._hold(byte)
        if depth == 0:
            if not self._is_tail:
                yield self._cut()
            self._clear()
            self._is_tail = False

    def _is_named(self) -> bool:
        """Whether the array that begins here stands under one of the names."""
        found = None if self._is_tail else _NAME.search(bytes(self._held[-NAME_BYTES:]))
        return found is not None and found[1] in self._names

    def _without_mark(self) -> bytes:
        """What is held, without the byte order mark of a document."""
        return bytes(self._held).removeprefix(BOM if self._at == self._length else b"")

    def _hold(self, text: bytes) -> None:
        self._at += len(text)
        if self._is_tail:
            return
        self._length += len(text)
        if self._length <= LINE_BYTES:
            self._held += text
        else:
            del self._held[RAW_BYTES:]
            self._held += text[: RAW_BYTES - len(self._held)]

    def _cut(self, *, is_torn: bool = False) -> Element:
        begin, length = self._at - self._length, self._length
        text = bytes(self._held).lstrip(SPACE)
        space = len(self._held) - len(text)
        if length == len(self._held):
            text = text.rstrip(SPACE)
            length = space + len(text)
        self._clear()
        self._ended += 1
        return Element(begin + space, text, length - space, is_torn)

    def _skip(self) -> None:
        """A byte that belongs to no element, and ends what was held."""
        self._at += 1
        self._clear()

    def _clear(self) -> None:
        self._held.clear()
        self._length = 0

    def _note(self, fault: str) -> None:
        self.fault = self.fault or f"json: {fault}"


@dataclass(frozen=True, slots=True)
class _Marks:
    """Brackets and commas outside of strings: their places in the chunk, and the depth after each. `levels`: for each level the
    indices of the marks that count there. `end`: where scanning had to stop, at a bracket that closes nothing; else the chunk's
    end.
    """

    places: Places
    depths: Places
    levels: tuple[Places, Places, Places]
    end: int

    def next_of(self, level: int, index: int) -> int:
        """The first mark after this one that counts at the level; past the last if there is none."""
        wanted = self.levels[level]
        at = int(np.searchsorted(wanted, index, side="right"))
        return int(wanted[at]) if at < len(wanted) else len(self.places)

    def commas_of(self, level: int, index: int) -> Places:
        """The places of those marks after this one that part items at the level, up to the bracket that ends them."""
        wanted = self.levels[level][np.searchsorted(self.levels[level], index, side="right") :]
        ends = np.flatnonzero(self.depths[wanted] < level)
        found: Places = self.places[wanted[: ends[0]] if len(ends) else wanted]
        return found


class _Scanner:
    """Tells strings from structure, with numpy, and remembers where it is between two chunks."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._is_escaped = False  # the first byte of the next chunk

    @property
    def is_outside(self) -> bool:
        """Whether everything that was opened is closed."""
        return self._depth == 0 and not self._in_string

    def scan(self, chunk: bytes) -> _Marks:
        text = np.frombuffer(chunk, np.uint8)
        places = np.flatnonzero(_IS_MARK[text])
        kinds = text[places]
        escaped = self._escaped(places[kinds == BACKSLASH], len(text))
        quotes = places[kinds == QUOTE]
        quotes = quotes[~np.isin(quotes, escaped, assume_unique=True)]
        places = places[(kinds != BACKSLASH) & (kinds != QUOTE)]
        places = places[(np.searchsorted(quotes, places) + self._in_string) % 2 == 0]
        steps = _STEP[text[places]]
        depths = self._depth + np.cumsum(steps)
        below = np.flatnonzero(depths < 0)
        if len(below):
            kept = int(below[0])
            end = int(places[kept])
            self._depth, self._in_string, self._is_escaped = 0, False, False
            return _marks(places[:kept], steps[:kept], depths[:kept], end)
        self._depth = int(depths[-1]) if len(depths) else self._depth
        self._in_string ^= len(quotes) % 2 == 1
        return _marks(places, steps, depths, len(chunk))

    def _escaped(self, backslashes: Places, size: int) -> Places:
        """The places that a backslash escapes: of those that stand together, the first, third, ... escapes the byte after it."""
        before = np.zeros(int(self._is_escaped), np.int64)
        if not len(backslashes):
            self._is_escaped = False
            return before
        first = np.maximum.accumulate(np.where(np.diff(backslashes, prepend=-2) != 1, backslashes, 0))
        shift = (first == 0) & self._is_escaped  # the first byte of all is escaped: if it is a backslash, it escapes nothing
        active = backslashes[(backslashes - first + shift) % 2 == 0]
        self._is_escaped = bool(len(active)) and int(active[-1]) == size - 1
        return np.concatenate((before, active + 1))


def _marks(places: Places, steps: Places, depths: Places, end: int) -> _Marks:
    is_open, is_close, is_comma = steps > 0, steps < 0, steps == 0
    outside = np.flatnonzero((is_open & (depths <= 2)) | (is_close & (depths == 0)))
    items, named = (np.flatnonzero((is_comma & (depths == level)) | (is_close & (depths == level - 1))) for level in (1, 2))
    return _Marks(places, depths, (outside, items, named), end)
