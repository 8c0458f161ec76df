"""A block of lines at once: the same grammar as `strict.py`, read with numpy.

A line is taken only where every check proves that the strict reading gives the same values: its quotes are as many as the
format's, no backslash stands before one, its segments are long enough, its literals stand where they must, each field ends at
the first stop and its kind accepts it. All other lines are left to the strict reader, one by one.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import numpy as np

from amends.count.evidence.grammar import QUOTE, LineFormat, Literal, Segment, Slot
from amends.count.evidence.kinds import Numbers, Outputs, Span
from amends.count.evidence.lanes import Bytes, Lanes, Positions, Truths, first_byte, matches
from amends.count.evidence.schema import PAD, TIME, TIMES_US, Block

LINE_FEED = 0x0A
CARRIAGE_RETURN = 0x0D
BACKSLASH = 0x5C
SPACE = 0x20
COMMA = 0x2C
COLON = 0x3A
CACHED_BYTES = 128 * 1024  # looked at in one go, so that it and its masks stay in the second-level cache
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the lines of a block begin (`text`: after a byte order mark) and end (at the line feed), as places in its buffer."""

    start: Positions
    text: Positions
    end: Positions


@dataclass(frozen=True, slots=True)
class Taken:
    """The lines that the vector reading proved: their numbers in the block, and for each slot its outputs."""

    rows: Positions
    outputs: list[Outputs]


class VectorReader:
    """A format's vector reading. Not for two threads at once: the masks of a block are kept for the next."""

    def __init__(self, form: LineFormat) -> None:
        self._form = form
        self._least = [sum(_fixed_width(piece) or 0 for piece in segment.pieces) for segment in form.segments]
        self._mask = np.empty(CACHED_BYTES, np.bool_)
        self._other = np.empty(CACHED_BYTES, np.bool_)

    def read(self, block: Block) -> tuple[Lines, Taken]:
        """Every line of the block, and what could be taken of it. A block of no bytes has no lines."""
        lines, rows, quotes = self._cut(block)
        if not len(rows):
            return lines, Taken(rows, [])
        buffer = block.buffer
        start, end = _pick(lines.text, rows), _pick(lines.end, rows)
        end = end - (buffer[end - 1] == CARRIAGE_RETURN)
        bounds = [start - 1, *quotes, end]  # a segment stands between two bounds, neither of which belongs to it
        good = np.ones(len(rows), np.bool_)
        for index, least in enumerate(self._least):
            good &= bounds[index + 1] - bounds[index] > least
        for quote in quotes if self._form.escapes else ():
            good &= buffer[quote - 1] != BACKSLASH
        if not good.all():
            kept = np.flatnonzero(good)
            rows, bounds = rows[kept], [bound[kept] for bound in bounds]
        return lines, self._fields(Lanes(buffer), rows, bounds)

    def _fields(self, lanes: Lanes, rows: Positions, bounds: list[Positions]) -> Taken:
        good = np.ones(len(rows), np.bool_)
        outputs: list[Outputs] = []
        for index, segment in enumerate(self._form.segments):
            outputs += _read_segment(lanes, segment, bounds[index] + 1, bounds[index + 1], good)
        if good.all():
            return Taken(rows, outputs)
        kept = np.flatnonzero(good)
        return Taken(rows[kept], [tuple(_kept(output, kept) for output in slot) for slot in outputs])

    def _cut(self, block: Block) -> tuple[Lines, Positions, list[Positions]]:
        """The lines; the numbers of those with the format's count of quotes, no NUL and good UTF-8; and the places of their
        quotes.
        """
        body = block.buffer[PAD : PAD + block.size]
        quotes_wanted = self._form.quotes
        marks, feeds = self._marks(body)
        table = self._table(block.buffer, marks, feeds) if len(body) and body[-1] == LINE_FEED else None
        if table is not None:
            *quotes, end = table
            rows = np.arange(len(end))
        else:
            is_feed = block.buffer[marks] == LINE_FEED
            end, quote = marks[is_feed], marks[~is_feed]
            if len(body) and body[-1] != LINE_FEED:
                end = np.append(end, PAD + len(body))
            first = np.searchsorted(quote, np.concatenate(([PAD], end[:-1] + 1))) if len(end) else np.zeros(0, np.int64)
            rows = np.flatnonzero(np.diff(np.append(first, len(quote))) == quotes_wanted)
            quotes = [quote[first[rows] + index] for index in range(quotes_wanted)]
        start = np.empty(len(end), np.int64)
        start[:1] = PAD
        start[1:] = end[:-1] + 1
        text = _after_mark(block, start)
        bad = self._bad_bytes(body)
        if len(bad):
            clean = np.ones(len(end), np.bool_)
            clean[np.searchsorted(end, bad + PAD)] = False
            kept = np.flatnonzero(clean[rows])
            rows, quotes = rows[kept], [one[kept] for one in quotes]
        return Lines(start, text, end), rows, quotes

    def _table(self, buffer: Bytes, marks: Positions, feeds: int) -> list[Positions] | None:
        """The marks of lines that all have exactly the wanted quotes: one array for each quote, and one for the line feeds.
        Else None.
        """
        width = self._form.quotes + 1
        if len(marks) != feeds * width:
            return None
        columns = np.ascontiguousarray(marks.reshape(-1, width).T)
        # As many line feeds as lines, each of them in the last column: no other column can hold one.
        return list(columns) if width == 1 or (buffer[columns[-1]] == LINE_FEED).all() else None

    def _marks(self, body: Bytes) -> tuple[Positions, int]:
        """The places of all line feeds, and of all quotes where the format has any; and how many line feeds there are."""
        places: list[Positions] = []
        feeds = 0
        for begin in range(0, len(body), CACHED_BYTES):
            part = body[begin : begin + CACHED_BYTES]
            mask = np.equal(part, LINE_FEED, out=self._mask[: len(part)])
            feeds += int(np.count_nonzero(mask))
            if self._form.quotes:
                mask |= np.equal(part, QUOTE, out=self._other[: len(part)])
            found = np.flatnonzero(mask)
            found += PAD + begin
            places.append(found)
        return np.concatenate(places) if places else np.zeros(0, np.int64), feeds

    def _bad_bytes(self, body: Bytes) -> Positions:
        """Where NUL stands, and where bytes above 127 stand unless the whole block is good UTF-8."""
        if not len(body):
            return np.zeros(0, np.int64)
        bad = np.flatnonzero(body == 0) if body.min() == 0 else np.zeros(0, np.int64)
        if body.max() >= 128 and not _is_utf8(body):
            bad = np.concatenate((bad, np.flatnonzero(body >= 128)))
        return bad


def _is_utf8(body: Bytes) -> bool:
    try:
        codecs.utf_8_decode(memoryview(body), "strict", True)
    except UnicodeDecodeError:
        return False
    return True


def _after_mark(block: Block, start: Positions) -> Positions:
    """Where the text of each line begins: a byte order mark at the start of a source belongs to no field."""
    if block.offset or block.size < 3 or block.buffer[PAD : PAD + 3].tobytes() != BYTE_ORDER_MARK:
        return start
    text = start.copy()
    text[0] += 3
    return text


def _pick(places: Positions, rows: Positions) -> Positions:
    return places if len(rows) == len(places) else places[rows]


def _kept(output: Span | Numbers, rows: Positions) -> Span | Numbers:
    return Span(output.start[rows], output.end[rows]) if isinstance(output, Span) else output[rows]


def _fixed_width(piece: Literal | Slot) -> int | None:
    """The bytes that the vector reading expects of a piece; None where it must look for the end."""
    if isinstance(piece, Literal):
        return len(piece.text)
    kind = piece.field.kind
    return kind.width if kind.width is not None else kind.vector_width if _ends_itself(piece) else None


def _ends_itself(slot: Slot) -> bool:
    """Whether a value that its kind accepts cannot hold the byte that ends it."""
    alphabet = slot.field.kind.alphabet
    return alphabet is not None and slot.stop not in alphabet and slot.forbidden not in alphabet


def _read_segment(lanes: Lanes, segment: Segment, start: Positions, end: Positions, good: Truths) -> list[Outputs]:
    """The outputs of a segment's slots in order; `good` loses the rows where a check fails.

    What has a fixed width is taken from both ends; what is left in the middle, from the left.
    """
    pieces = segment.pieces
    outputs: dict[int, Outputs] = {}
    first, last = 0, len(pieces)
    left, right = start, end
    while first < last and (width := _fixed_width(pieces[first])) is not None:
        _take(lanes, pieces[first], left, left + width, good, outputs, first)
        first, left = first + 1, left + width
    while first < last and (width := _fixed_width(pieces[last - 1])) is not None:
        _take(lanes, pieces[last - 1], right - width, right, good, outputs, last - 1)
        last, right = last - 1, right - width
    if first == last:
        good &= left == right
    for index in range(first, last):
        piece = pieces[index]
        width = _fixed_width(piece)
        if width is not None:
            good &= left + width <= right
            left = np.minimum(left, right - width)
            stop = left + width
        else:
            assert isinstance(piece, Slot)  # only a field can be of no fixed width
            stop = _slot_end(lanes, piece, left, right, good, is_last=index == last - 1)
        _take(lanes, piece, left, stop, good, outputs, index)
        left = stop
    return [outputs[index] for index, piece in enumerate(pieces) if isinstance(piece, Slot)]


def _take(
    lanes: Lanes, piece: Literal | Slot, start: Positions, end: Positions, good: Truths, outputs: dict[int, Outputs], index: int
) -> None:
    if isinstance(piece, Literal):
        good &= matches(lanes, piece.text, start)
        return
    kind = piece.field.kind
    truths, outputs[index] = kind.vector(lanes, start, end)
    if truths is not None:
        good &= truths
    if kind.types == (TIME,):
        (us,) = outputs[index]
        assert not isinstance(us, Span)  # a time is a number
        good &= (us >= TIMES_US.start) & (us < TIMES_US.stop)


def _slot_end(lanes: Lanes, slot: Slot, left: Positions, right: Positions, good: Truths, *, is_last: bool) -> Positions:
    """Where a field of no fixed width ends: at `right` if it is the last such one of its segment, else before its stop."""
    if is_last:
        end = right
        for byte in (slot.stop, slot.forbidden):
            if byte is not None and not _ends_itself(slot):
                good &= _first_stop(lanes, slot, byte, left, right) == right
    else:
        assert slot.stop is not None  # another piece follows in this segment
        found = _first_stop(lanes, slot, slot.stop, left, right)
        good &= (found < right) & (found - slot.lead >= left)
        end = np.maximum(found - slot.lead, left)
    return end


def _first_stop(lanes: Lanes, slot: Slot, byte: int, left: Positions, right: Positions) -> Positions:
    """The first place of a byte in [left, right), else `right`; in a list, of a space that does not stand between its items."""
    found = first_byte(lanes, byte, left, right)
    if slot.field.kind.stop_rule != "list" or slot.stop != SPACE or byte != SPACE:
        return found
    open_rows = np.flatnonzero(found < right)
    while len(open_rows):
        here, begin = found[open_rows], left[open_rows]
        after_comma = (lanes.buffer[here - 1] == COMMA) & (here > begin)
        around_colon = (lanes.buffer[here + 1] == COLON) & (lanes.buffer[here + 2] == SPACE)
        step = np.where(after_comma, 1, np.where(around_colon, 3, 0))
        goes_on = step > 0
        open_rows, following = open_rows[goes_on], (here + step)[goes_on]
        limit = right[open_rows]
        found[open_rows] = first_byte(lanes, byte, np.minimum(following, limit), limit)
        open_rows = open_rows[found[open_rows] < limit]
    return found
