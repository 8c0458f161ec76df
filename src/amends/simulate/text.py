"""Numbers to text and text to lines, by Arrow's kernels: never a Python loop over rows."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from amends.simulate.chance import Integers, Words
from amends.simulate.clock import DAY_MS

kernels: Any = pyarrow.compute  # their stubs know fewer forms than the kernels take
Text = Any  # pa.StringArray or a str that stands for every row
OCTETS = pa.array([str(number) for number in range(256)])
GROUPS_OF_16_BITS = 1 << 32  # a client from here on is an IPv6 address
HEX = np.frombuffer(b"".join(b"%02x" % number for number in range(256)), "S2")


def concatenated(*parts: Text) -> pa.StringArray:
    """The parts side by side, row by row; a null counts as nothing."""
    joined: pa.StringArray = kernels.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")
    return joined


def picked(table: pa.StringArray, places: npt.NDArray[Any]) -> pa.StringArray:
    """The texts at these places of a table."""
    texts: pa.StringArray = table.take(places)
    return texts


def either(condition: npt.NDArray[np.bool_], one: Text, other: Text) -> pa.StringArray:
    """Row by row the one where the condition holds, else the other."""
    texts: pa.StringArray = kernels.if_else(pa.array(condition), one, other)
    return texts


def joined_by(separator: str, texts: pa.StringArray, offsets: npt.NDArray[np.int32]) -> pa.StringArray:
    """Runs of texts as one text each; run n goes from offset n to the next."""
    arrow: Any = pa
    lists: pa.StringArray = kernels.binary_join(arrow.ListArray.from_arrays(arrow.array(offsets), texts), separator)
    return lists


def digits(numbers: Integers) -> pa.StringArray:
    texts: pa.StringArray = kernels.cast(pa.array(numbers), pa.string())
    return texts


def zero_filled(numbers: Integers, width: int) -> pa.StringArray:
    """Decimal digits with zeros in front."""
    texts: pa.StringArray = kernels.utf8_lpad(digits(numbers), width, "0")
    return texts


def digits_or(numbers: Integers, absent: npt.NDArray[np.bool_], instead: str) -> pa.StringArray:
    return either(absent, instead, digits(numbers))


def hex16(words: Words) -> pa.StringArray:
    """Sixteen hexadecimal digits each."""
    data = np.ascontiguousarray(HEX[words.astype(">u8").view(np.uint8)])
    offsets = np.arange(0, 16 * len(words) + 1, 16, dtype=np.int32)
    return pa.StringArray.from_buffers(len(words), pa.py_buffer(offsets), pa.py_buffer(data))


def hex16_or(words: Words, instead: str) -> pa.StringArray:
    """As `hex16`; `instead` where the word is 0."""
    absent = words == 0
    if absent.all():
        return picked(pa.array([instead]), np.zeros(len(words), np.int64))
    return either(absent, instead, hex16(words))


def addresses(clients: Integers) -> pa.StringArray:
    """Client addresses as servers write them; each distinct one is made once."""
    distinct, places = np.unique(clients, return_inverse=True)
    four = distinct[distinct < GROUPS_OF_16_BITS]
    six = distinct[distinct >= GROUPS_OF_16_BITS]
    made = [
        concatenated(_octet(four, 24), ".", _octet(four, 16), ".", _octet(four, 8), ".", _octet(four, 0)),
        concatenated("2001:db8:", _group(six, 16), ":", _group(six, 0), "::1"),  # RFC 3849; zeros pressed as RFC 5952 wants
    ]
    return picked(pa.concat_arrays(made), places)


def address(client: int) -> str:
    return str(addresses(np.array([client], np.int64))[0].as_py())


@cache
def clock_table() -> pa.StringArray:
    """hh:mm:ss for every second of a day."""
    pairs = [f"{number:02d}" for number in range(60)]
    return pa.array([f"{hour}:{minute}:{second}" for hour in pairs[:24] for minute in pairs for second in pairs])


@cache
def thousandths() -> pa.StringArray:
    return pa.array([f"{number:03d}" for number in range(1000)])


def clock(time: Integers, midnight: int) -> pa.StringArray:
    """hh:mm:ss of instants on one day."""
    return picked(clock_table(), (time - midnight) // 1000)


def civil_dates(days: Integers, epoch_ms: int) -> pa.StringArray:
    """Days after the epoch's day as dates, yyyy-mm-dd."""
    first = (epoch_ms + 9 * 3_600_000) // DAY_MS
    dates: pa.StringArray = kernels.strftime(pa.array((days + first).astype(np.int32), pa.date32()), format="%Y-%m-%d")
    return dates


def civil_times(ms: Integers) -> pa.StringArray:
    """Instants with the offset of Seoul, whole seconds."""
    local = pa.array(ms // 1000 + 9 * 3600).cast(pa.timestamp("s"))
    return concatenated(kernels.strftime(local, format="%Y-%m-%dT%H:%M:%S"), "+09:00")


def parts_of(lines: pa.StringArray) -> tuple[memoryview, npt.NDArray[np.int32]]:
    """The bytes of all rows without gaps, and where each row starts (one more than rows)."""
    _, offsets, data = lines.buffers()
    assert offsets is not None  # a text array has offsets, whatever it holds
    places = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(data)[: int(places[-1])] if data is not None else memoryview(b""), places


def _octet(clients: Integers, shift: int) -> pa.StringArray:
    return picked(OCTETS, (clients >> shift) & 255)


def _group(clients: Integers, shift: int) -> pa.StringArray:
    """Four hexadecimal digits, none of them a leading zero."""
    values = ((clients >> shift) & 0xFFFF) | 0x1000
    pairs = np.ascontiguousarray(HEX[np.stack([values >> 8, values & 255], axis=1)])
    offsets = np.arange(0, 4 * len(values) + 1, 4, dtype=np.int32)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(offsets), pa.py_buffer(pairs))
