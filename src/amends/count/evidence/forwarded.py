"""Who asked, where proxies stand between: the client by the list of `X-Forwarded-For`, as far as proxies are trusted.

Every proxy adds the address that it was asked from; whatever stands left of the first address that no trusted proxy wrote may be
made up by whoever asked. So the list is read from its right, beginning with the connection's own address, and the first address
outside the trusted networks is the client.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from amends.count.evidence.arrow import Column, texts

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NOWHERE = "\x1f"  # between the two texts of a pair: in no address


class Forwarded:
    """Reads lists of forwarded addresses. `trusted`: the networks of the proxies that add to them."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = [ipaddress.ip_network(text) for text in trusted]
        self._is_trusted = lru_cache(maxsize=100_000)(self._look)

    def clients(self, peers: Column, lists: Column) -> Column:
        """The client of each row; `peers`: the addresses of the connections. Each distinct pair is read once."""
        empty = pa.scalar("", pa.string())
        pairs: Column = pc.binary_join_element_wise(pc.coalesce(peers, empty), pc.coalesce(lists, empty), NOWHERE)
        encoded = pairs.dictionary_encode()
        found = [self.client(*pair.split(NOWHERE, 1)) for pair in encoded.dictionary.to_pylist()]
        return texts(found).take(encoded.indices)

    def client(self, peer: str, forwarded: str) -> str | None:
        """One client. Where an entry of the list is no address (`unknown`), the proxy that wrote it is the last that is known."""
        client = peer
        for text in reversed(forwarded.split(",") if forwarded not in ("", "-") else []):
            if not self._is_trusted(client):
                break
            text = _bare(text.strip())
            if _address(text) is None:
                break
            client = text
        return client or None

    def _look(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


def _bare(text: str) -> str:
    """Without a port, which some proxies add: `203.0.113.7:4711`, `[2001:db8::1]:4711`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
