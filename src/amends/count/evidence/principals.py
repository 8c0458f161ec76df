"""Credentials: hashed under the case's key, each distinct value once, and kept in clear apart, in `secrets/principals/`.

Whoever deletes `secrets/principals/` loses the clear form and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.case import PRINCIPAL_BYTES, keyed_hashes
from amends.count.evidence.arrow import Column, column
from amends.count.evidence.arrow import texts as texts_of
from amends.count.evidence.clear_forms import ClearForms

MOST_KNOWN = 400_000  # distinct values of a kind whose hashes are remembered: some 30 MB
HASH = pa.binary(PRINCIPAL_BYTES)


@dataclass(slots=True)
class _Known:
    """Texts, and the hash of each."""

    texts: Column
    hashes: npt.NDArray[np.void]


class KeyedHashes:
    """The keyed hashes of one source's credentials; `clear` gets the distinct ones in clear, some more than once."""

    def __init__(self, key: bytes, clear: ClearForms | None = None) -> None:
        self._key, self._clear = key, clear
        self._known: dict[str | None, _Known] = {}

    def of(self, texts: Column, *, kind: str | None) -> Column:
        """One hash a row, null for null; with a `kind`, the clear form is kept.

        `texts` may be chunked. Cost: a hash table over it and over what is known, so give many rows at once.
        """
        chunked: Any = texts if isinstance(texts, pa.ChunkedArray) else pa.chunked_array([texts])
        encoded = chunked.dictionary_encode().combine_chunks()
        hashes = self._hashes(encoded.dictionary, kind)
        found: Any = pa.Array.from_buffers(HASH, len(hashes), [None, pa.py_buffer(hashes)])
        return found.take(encoded.indices)

    def as_text(self, texts: Column) -> Column:
        """`hmac:` and 32 hexadecimal digits a row: what `extra` holds of a column of secrets."""
        encoded = texts.dictionary_encode()
        hashes = self._hashes(encoded.dictionary, None)
        return texts_of([f"hmac:{digest.tobytes().hex()}" for digest in hashes]).take(encoded.indices)

    def _hashes(self, distinct: Column, kind: str | None) -> npt.NDArray[np.void]:
        """The hash of each of these texts; those not known before are hashed now."""
        known = self._known.get(kind) or _Known(texts_of([]), _as_array([]))
        found: Any = pc.index_in(distinct, value_set=known.texts)
        place = found.fill_null(-1).to_numpy(zero_copy_only=False).copy()
        is_fresh = place < 0
        if is_fresh.any():
            texts = distinct.filter(column(is_fresh))
            hashes = _as_array(keyed_hashes(self._key, texts.cast(pa.binary()).to_pylist()))
            if kind is not None and self._clear is not None:
                self._clear.add(hashes, kind, texts)
            place[is_fresh] = np.arange(len(known.hashes), len(known.hashes) + len(hashes))
            known = _Known(pa.concat_arrays([known.texts, texts]), np.concatenate([known.hashes, hashes]))
            if len(known.hashes) <= MOST_KNOWN:
                self._known[kind] = known
            else:
                self._known.pop(kind, None)  # begin anew with the next batch: only speed is lost
        hashes_of: npt.NDArray[np.void] = known.hashes[place]
        return hashes_of


def _as_array(hashes: list[bytes]) -> npt.NDArray[np.void]:
    return np.frombuffer(b"".join(hashes), dtype=f"V{PRINCIPAL_BYTES}")
