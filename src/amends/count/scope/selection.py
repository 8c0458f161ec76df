"""Selectors as conditions on the mapped events.

Lists travel as tables of the engine, so that no value of the evidence or of a person becomes SQL, and a list may be long.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from amends.count.datamap.mapping import EVENT_COLUMNS, column_sql
from amends.count.datamap.model import DataMap
from amends.count.scope.misuse import HASH_COLUMNS, Condition, Conditions, Misuse, Selector
from amends.engine import Engine, Query, Table
from amends.engine.query import I64, TEXT
from amends.units import microseconds

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network
type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

BITS = 64  # selectors whose membership one column holds
MAPPED_BITS = 96  # of an IPv6 address, before an IPv4 address within it


@dataclass(frozen=True, slots=True)
class Selection:
    """The selectors with their SQL: a condition on the mapped events each; null is false.

    `unmapped`: for each a condition on the events themselves, which holds wherever its own does; the same where no endpoint
    stands in it.
    """

    selectors: tuple[Selector, ...]
    conditions: tuple[str, ...]
    unmapped: tuple[str, ...]

    @property
    def any(self) -> str:
        """Is the event within the misuse?"""
        return _any(self.conditions)

    @property
    def any_unmapped(self) -> str:
        """Can the event be within the misuse, whatever its endpoint?"""
        return _any(self.unmapped)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of `masks`."""
        return tuple(f"selectors_{number}" for number in range(-(-len(self.conditions) // BITS)))

    @property
    def masks(self) -> tuple[str, ...]:
        """Bit masks of the selectors that hold an event of the misuse, 64 a column, beginning with the first."""
        if len(self.conditions) == 1:
            return ("1::UBIGINT",)
        masks = []
        for start in range(0, len(self.conditions), BITS):
            parts = [
                f"case when {condition} then {1 << place}::UBIGINT else 0::UBIGINT end"
                for place, condition in enumerate(self.conditions[start : start + BITS])
            ]
            masks.append(" | ".join(parts))
        return tuple(masks)


def prepare(misuse: Misuse, map: DataMap, events: Table, *, engine: Engine) -> Selection:
    """Register the lists of all selectors in the engine, and say each selector in SQL."""
    lists = _Lists(engine, events)
    endpoints = {endpoint.id: index for index, endpoint in enumerate(map.endpoints)}
    conditions, unmapped = [], []
    for selector in misuse.selectors:
        condition = _conditions(selector.where, endpoints, lists)
        beyond = "true"
        if selector.but_not is not None:
            beyond = f"not coalesce({_conditions(selector.but_not, endpoints, lists)}, false)"
        needs_map = selector.where.of("endpoint") or (selector.but_not and selector.but_not.of("endpoint"))
        conditions.append(f"({condition}) and {beyond}")
        unmapped.append(_conditions(_without_endpoint(selector.where), endpoints, lists) if needs_map else conditions[-1])
    return Selection(misuse.selectors, tuple(conditions), tuple(unmapped))


def _any(conditions: Iterable[str]) -> str:
    return " or ".join(f"({condition})" for condition in conditions) or "false"


def _without_endpoint(conditions: Conditions) -> Conditions:
    return replace(conditions, all=tuple(condition for condition in conditions.all if condition.column != "endpoint"))


def events_by_selector(mapped: Table, selection: Selection) -> Query:
    """How many events each selector selects, and how many all of them together."""
    if len(selection.conditions) == 1:  # the engine tells one condition below the rows, in half the time
        counts_one = 'count(*) as s0, count(*) as "any"'
        return Query({"s0": I64, "any": I64}, f"select {counts_one} from {mapped} where {selection.any}")
    names = [f"s{place}" for place in range(len(selection.conditions))]
    told = ", ".join(f"({condition}) as {name}" for name, condition in zip(names, selection.conditions, strict=True))
    counts = [f"count(*) filter ({name}) as {name}" for name in names]
    counts.append(f'count(*) filter ({" or ".join(names) or "false"}) as "any"')
    return Query(
        columns={**dict.fromkeys(names, I64), "any": I64},
        # each condition is told once: every mention of a list is a join of its own
        sql=f"select {', '.join(counts)} from (select {told or '1 as nothing'} from {mapped})",
    )


def within(since: datetime | None, until: datetime | None) -> str:
    """[since, until) on the column `time`; open ends are open."""
    parts = []
    if since is not None:
        parts.append(f"time >= make_timestamptz({microseconds(since)})")
    if until is not None:
        parts.append(f"time < make_timestamptz({microseconds(until)})")
    return " and ".join(parts) or "true"


class _Lists:
    """Tables of values, named in the order of their making."""

    def __init__(self, engine: Engine, events: Table) -> None:
        self.engine = engine
        self.events = events
        self.number = 0

    def of(self, values: pa.Array[Any]) -> str:
        name = f"listed_{self.number}"
        self.number += 1
        self.engine.register(name, pa.table({"value": values}))
        return f"select value from {Table.named(name)}"

    def clients_in(self, networks: Sequence[Network]) -> str:
        """The addresses that are logged in a form of IPv6 and stand inside networks, whichever of its spellings they have.

        SQL has no arithmetic for them: distinct ones are looked at here.
        """
        single = {network[0] for network in networks if network.num_addresses == 1}
        wider = [network for network in networks if network.num_addresses > 1]
        query = Query(
            columns={"client": TEXT}, sql=f"select distinct client from {self.events} where contains(client, ':') order by client"
        )
        inside: list[str] = []
        for batch in self.engine.batches(query):
            inside += [text for text in map(str, batch.column(0).to_pylist()) if _is_inside(text, single, wider)]
        return self.of(pa.array(inside, pa.string()))


def _conditions(conditions: Conditions, endpoints: dict[str, int], lists: _Lists) -> str:
    parts = [f"({_condition(condition, endpoints, lists)})" for condition in conditions.all]
    if conditions.since is not None or conditions.until is not None:
        parts.insert(0, within(conditions.since, conditions.until))
    return " and ".join(parts) or "true"


def _condition(condition: Condition, endpoints: dict[str, int], lists: _Lists) -> str:
    column, values = condition.column, condition.values
    if column == "endpoint":
        return f"endpoint in ({', '.join(str(endpoints[value]) for value in values)})"
    if column == "status":
        return f"status in ({', '.join(str(int(value)) for value in values)})"
    if column == "client":
        return _client(condition, lists)
    parts = []
    if column in HASH_COLUMNS and values:
        parts.append(f"{column} in ({lists.of(pa.array([bytes.fromhex(value) for value in values], pa.binary()))})")
    elif values:
        parts.append(f"{_column(column)} in ({lists.of(pa.array(values, pa.string()))})")
    if condition.prefixes:
        prefixes = lists.of(pa.array(condition.prefixes, pa.string()))
        parts.append(f"exists (select 1 from ({prefixes}) as beginning where starts_with(target, beginning.value))")
    return " or ".join(parts) or "false"


def _client(condition: Condition, lists: _Lists) -> str:
    """An address is the same however it is spelt, and an IPv4 address within IPv6 (RFC 4291, section 2.5.5.2) is itself."""
    networks = [as_logged(ipaddress.ip_network(text)) for text in condition.networks]
    addresses = [network for text in condition.values if (network := one_address(text)) is not None]
    exact = {*condition.values, *(str(address[0]) for address in addresses)}
    parts = [_in_network(network) for network in networks if isinstance(network, ipaddress.IPv4Network)]
    if exact:
        parts.append(f"client in ({lists.of(pa.array(sorted(exact), pa.string()))})")
    if networks or addresses:
        parts.append(f"client in ({lists.clients_in((*networks, *addresses))})")
    return " or ".join(parts) or "false"


def one_address(text: str) -> Network | None:
    """An address as the network that holds it alone; None where the text is something else."""
    try:
        return as_logged(ipaddress.ip_network(ipaddress.ip_address(text)))
    except ValueError:
        return None


def as_logged(network: Network) -> Network:
    """A network of IPv4 addresses within IPv6 as the network that they are in themselves."""
    if isinstance(network, ipaddress.IPv6Network) and (first := network[0].ipv4_mapped) and network.prefixlen >= MAPPED_BITS:
        return ipaddress.IPv4Network((first, network.prefixlen - MAPPED_BITS))
    return network


def _column(name: str) -> str:
    """An event's column as text; a column of the map's own name wins over the format's."""
    return name if name in EVENT_COLUMNS else column_sql(name)


def _in_network(network: ipaddress.IPv4Network) -> str:
    octets = [f"try_cast(split_part(client, '.', {place}) as BIGINT)" for place in (1, 2, 3, 4)]
    number = " + ".join(f"{octet} * {256 ** (3 - place)}" for place, octet in enumerate(octets))
    first, last = int(network.network_address), int(network.broadcast_address)
    shape = r"regexp_full_match(client, '(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}')"
    return f"case when {shape} then {number} between {first} and {last} else false end"


def _is_inside(text: str, single: Collection[Address], wider: Sequence[Network]) -> bool:
    found = one_address(text)
    return found is not None and (found[0] in single or any(found[0] in network for network in wider))
