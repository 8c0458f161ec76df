"""From what a format parsed to the columns of events: whose server, who asked, what is kept of secrets, and the rest as
`extra`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence.arrow import Column, coded, column, constant, map_of_columns, maps, nulls, texts
from amends.count.evidence.derived import Derived
from amends.count.evidence.errors import NO_SUCH_COLUMN
from amends.count.evidence.forwarded import Forwarded
from amends.count.evidence.masking import is_secret_column, mask_parameters
from amends.count.evidence.principals import KeyedHashes
from amends.count.evidence.schema import EVENTS, HASH, LOGGED, NAME, Parsed
from amends.count.evidence.settings import Reading
from amends.errors import InputError, Place

ADDRESS = "address"  # the kind of a principal that is only a client's address
CLIENT = "client"
EXTRA = "extra"


class EventColumns:
    """Makes the events of one source, block by block.

    The principal is the first present of the block's `principal` columns, else the client's address. A format may name columns
    `account` and `server` itself; the block's settings win. What no column of events takes goes to `extra`, under its own name.
    """

    def __init__(self, columns: pa.Schema, reading: Reading, *, source: str, name: str, hashes: KeyedHashes) -> None:
        self._source, self._reading, self._hashes = source, reading, hashes
        self._server = _first_in(columns.names, reading.server, "server" if reading.server is None else None)
        self._account = reading.account or _first_in(columns.names, "account")
        for name_asked in reading.roles:
            if name_asked not in columns.names:
                logged = ", ".join(other for other in columns.names if other not in ("line", EXTRA))
                raise InputError(NO_SUCH_COLUMN, at=Place(name), expected=f"one of {logged}; {name_asked!r} is not logged here")
        named = [*reading.principal, *filter(None, (self._account, reading.issued))]
        self._derived = {name: one for name in named if (one := Derived.parse(name)).steps}
        self._has_map = EXTRA in columns.names
        used = {"line", EXTRA, *LOGGED, *named, *filter(None, (self._server,))} | (set(reading.roles) if self._has_map else set())
        self._unmapped = [other for other in columns.names if other not in used]
        self._hidden = {one.column for one in self._derived.values()}  # hold credentials, whatever their names are
        self._forwarded = Forwarded(reading.trusted_proxies)
        self._kinds = [*reading.principal, ADDRESS]
        clear = [pa.field(_clear(number), pa.string()) for number in range(len(self._kinds))]
        self._drafted = pa.schema([*(field for field in EVENTS if field.type != HASH), *clear, pa.field("issued", pa.string())])
        if self._unmapped and self._has_map:
            raise ValueError(f"a format with a map of extra columns puts {self._unmapped} there too")

    @property
    def server(self) -> str | None:
        """The constant server of this source; None where it is not named, or is a logged column."""
        return None if self._server else self._reading.server

    def draft(self, parsed: Parsed) -> pa.RecordBatch:
        """The block's events, the credentials still in clear: `finish` hashes those of many blocks at once, which is cheaper."""
        batch, rows = parsed.events, parsed.events.num_rows
        logged: dict[str, Column] = {name: batch.column(name) for name in batch.schema.names}
        logged |= {name: one.of(logged[one.column]) for name, one in self._derived.items()}
        if self._reading.forwarded is not None:
            peers = logged.get(CLIENT)
            logged[CLIENT] = self._forwarded.clients(
                nulls(rows, pa.string()) if peers is None else peers, logged[self._reading.forwarded]
            )
        candidates, kind = self._candidates(logged, rows)
        made = {
            "source": constant(self._source, rows),
            "server": _named(logged[self._server]) if self._server else _constant_or_null(self._reading.server, rows),
            "layer": _constant_or_null(self._reading.layer, rows),
            "principal_kind": kind,
            "account": logged.get(self._account or ""),
            "target": mask_parameters(logged["target"]) if "target" in logged else None,
            EXTRA: self._extra(logged, rows),
        }
        chosen = [made[field.name] if field.name in made else logged.get(field.name) for field in EVENTS if field.type != HASH]
        clear = [*candidates, logged.get(self._reading.issued or "")]
        present = zip([*chosen, *clear], self._drafted, strict=True)
        columns: list[Column] = [nulls(rows, field.type) if values is None else values for values, field in present]
        return pa.RecordBatch.from_arrays(columns, schema=self._drafted)

    def finish(self, drafts: Sequence[pa.RecordBatch]) -> pa.Table:
        """The drafts as events, in the schema EVENTS: each distinct credential hashed once."""
        table = pa.Table.from_batches(list(drafts), self._drafted)
        principal: Column = None
        for number, kind in enumerate(self._kinds):
            values = table.column(_clear(number))
            if principal is None or values.null_count < table.num_rows:
                found = self._hashes.of(values, kind=kind if kind != ADDRESS else None)  # addresses stand in `client` in clear
                principal = found if principal is None else pc.coalesce(principal, found)
        issued = self._hashes.of(table.column("issued"), kind=self._reading.issued)
        made: dict[str, Column] = {"principal": principal, "issued": issued}
        columns = [made[name] if name in made else table.column(name) for name in EVENTS.names]
        return pa.Table.from_arrays(columns, schema=EVENTS)

    def _candidates(self, logged: Mapping[str, Column], rows: int) -> tuple[list[Column], Column]:
        """For each kind of principal the texts of those rows that have this and none before; and the kind of each row."""
        found: list[Column] = []
        kinds = np.full(rows, -1, dtype=np.int32)
        for number, name in enumerate([*self._reading.principal, CLIENT]):
            values = logged.get(name)
            is_open = kinds < 0
            if values is None or not is_open.any():
                found.append(None)
                continue
            if not is_open.all():
                values = pc.if_else(column(is_open), values, pa.scalar(None, pa.string()))
            found.append(values)
            kinds[is_open & values.is_valid().to_numpy(zero_copy_only=False)] = number
        return found, coded(kinds, texts(self._kinds), null=kinds < 0)

    def _extra(self, logged: Mapping[str, Column], rows: int) -> Column | None:
        if self._has_map:
            return self._safe_map(logged[EXTRA])
        safe = {name: self._safe(name, logged[name]) for name in self._unmapped}
        return map_of_columns(safe, rows) if safe else None

    def _safe(self, name: str, values: Column) -> Column:
        is_secret = name in self._hidden or is_secret_column(name)
        return self._hashes.as_text(values) if is_secret else mask_parameters(values)

    def _safe_map(self, extra: Column) -> Column:
        """The format's own map, its values treated by the names of their keys."""
        keys, values = extra.keys, mask_parameters(extra.items)
        encoded = keys.dictionary_encode()
        secret = column([is_secret_column(name) for name in encoded.dictionary.to_pylist()], pa.bool_()).take(encoded.indices)
        if secret.true_count:
            hashed = self._hashes.as_text(extra.items.filter(secret))
            values = pc.replace_with_mask(values, secret, hashed)
        return maps(extra.offsets, keys, values)


def _clear(number: int) -> str:
    """A column of a draft: the principals of one kind in clear."""
    return f"principal {number} in clear"


def _constant_or_null(text: str | None, rows: int) -> Column:
    return nulls(rows, NAME) if text is None else constant(text, rows)


def _named(values: Column) -> Column:
    return values.dictionary_encode().cast(NAME)


def _first_in(names: Iterable[str], *wanted: str | None) -> str | None:
    known = set(names)
    return next((name for name in wanted if name in known), None)
