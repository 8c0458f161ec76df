"""The client behind trusted proxies."""

from __future__ import annotations

import pyarrow as pa
import pytest

from amends.count.evidence.forwarded import Forwarded

PROXIES = Forwarded(["10.0.0.0/8", "2001:db8:ffff::/48"])


@pytest.mark.parametrize(
    "peer, forwarded, client",
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, 10.9.9.9", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),  # what stands further left may be made up
        ("198.51.100.1", "203.0.113.7", "198.51.100.1"),  # nobody's proxy: its list is its own invention
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "-", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("::ffff:10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8:ffff::1", "2001:db8::7", "2001:db8::7"),
        ("", "203.0.113.7", None),
    ],
)
def test_the_first_address_that_no_trusted_proxy_has_is_the_client(peer: str, forwarded: str, client: str | None) -> None:
    assert PROXIES.client(peer, forwarded) == client


def test_rows_without_a_list_or_a_peer_keep_what_they_have() -> None:
    peers, lists = pa.array(["10.0.0.1", None, "10.0.0.1"]), pa.array([None, "203.0.113.7", "203.0.113.7"])

    assert PROXIES.clients(peers, lists).to_pylist() == ["10.0.0.1", None, "203.0.113.7"]
