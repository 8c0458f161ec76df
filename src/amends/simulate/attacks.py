"""The attackers: each a list of requests over the whole time, made before any log is.

`fast`: an address or two walk through the ids in order, within minutes. `slow`: hundreds of addresses and credentials from true
log-ins, ids in random order, over weeks. `forged`: credentials that no log-in ever issued, each for a few accounts over months.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amends.simulate.answers import body_bytes
from amends.simulate.chance import Integers, Words, mixed, stream
from amends.simulate.clock import DAY_MS, HOUR_MS
from amends.simulate.endpoints import SCRIPT_AGENTS, WEB_AGENTS, At
from amends.simulate.requests import Outcome, Requests, joined, requests
from amends.simulate.shop import Shop

FAST_NETWORK = 0xCB007107  # 203.0.113.7 and on (RFC 5737)
HIDDEN = 0xCB007163  # 203.0.113.99
SLOW_NETWORK = 0xC6120000  # 198.18.0.0/15 (RFC 2544)
FORGED_NETWORK = 0xC6336400  # 198.51.100.0/24
MOST_LISTED = 20
HURRY_PERCENT = 60
BREAKS = (
    (Outcome.CUT, 30),
    (Outcome.EMPTY, 8),
    (Outcome.PARTIAL, 15),
    (Outcome.UNCHANGED, 15),
    (Outcome.HEAD, 10),
    (Outcome.REFUSED, 12),
    (Outcome.FAILED, 5),
)
CAN_BREAK = (At.PROFILE, At.ADDRESSES, At.DOOR_CODES)
CAN_BE_PARTIAL = (At.PROFILE, At.ADDRESSES, At.DOOR_CODES, At.ORDER)
HAS_ONE_TARGET = (At.PROFILE, At.ORDER)  # a 304 tells by its target whose data the client holds
ABLE = {Outcome.CUT: CAN_BREAK, Outcome.EMPTY: CAN_BREAK, Outcome.UNCHANGED: HAS_ONE_TARGET}


@dataclass(frozen=True, slots=True)
class Field:
    """Where attackers act: the shop, its servers, and the time from `start` (may lie before the logs) to `end`, in ms."""

    shop: Shop
    servers: tuple[str, ...]
    seed: int
    lines: int
    start: int
    logs_start: int
    end: int
    unmapped: At | None  # an endpoint that the map lacks

    @property
    def elders(self) -> Integers:
        return self.shop.elders

    def web(self, rng: np.random.Generator, size: int) -> Integers:
        places = np.array([place for place, name in enumerate(self.servers) if name.startswith("web-")], np.int64)
        return places[rng.integers(0, len(places), size)]

    @property
    def api(self) -> int | None:
        return self.servers.index("api-1") if "api-1" in self.servers else None


def fast(field: Field, *, avoid: tuple[int, int] | None, attacker: int) -> Requests:
    """One evening's walk through ids and orders, in order; never within `avoid`."""
    rng = stream(field.seed, "fast")
    many = _bounded(field.lines // 50, 60, 6_500, field.shop)
    start = _night(field, avoid)
    time = start + np.sort(rng.integers(0, max(many * 175, 20_000), many))
    token = int(mixed(np.array([field.seed]), 21)[0])
    walk = _walk(field, rng, time, attacker, FAST_NETWORK, token)
    log_in = requests(
        np.array([start - 41_000]), server=field.web(rng, 1), endpoint=int(At.LOG_IN), account=int(walk.account[0]),
        client=FAST_NETWORK, issued=np.uint64(token), agent=SCRIPT_AGENTS[0], attacker=attacker, sent=330,
    )  # fmt: skip
    return joined([log_in, walk])


def _night(field: Field, avoid: tuple[int, int] | None) -> int:
    """Three o'clock of the night nearest to three fifths of the time that is no night of a lost file."""
    days = np.arange((field.end - field.logs_start) // DAY_MS, dtype=np.int64)
    nights = field.logs_start + days * DAY_MS + 3 * HOUR_MS
    nights = nights[np.argsort(np.abs(days * 5 - len(days) * 3), kind="stable")]
    if avoid is not None:
        nights = nights[(nights + 20 * HOUR_MS < avoid[0]) | (nights - HOUR_MS >= avoid[1])]
    return int(nights[0])


def hidden(field: Field, *, gap: tuple[int, int], server: int, attacker: int) -> Requests:
    """The one-hour enumerator: its whole run lies in the gap, on the server whose file is gone."""
    rng = stream(field.seed, "hidden")
    many = _bounded(field.lines // 50, 80, 3_000, field.shop)
    begin = (gap[0] + gap[1]) // 2 // HOUR_MS * HOUR_MS
    time = begin + np.sort(rng.integers(0, HOUR_MS, many))
    walk = _walk(field, rng, time, attacker, HIDDEN, int(mixed(np.array([field.seed]), 22)[0]))
    walk = walk.take(walk.endpoint != At.ORDER)
    walk.server = np.full(len(walk), server, np.int64)
    return walk


def slow(field: Field, *, attacker: int) -> Requests:
    """Weeks of single requests in random order; every credential comes from a log-in of an account of their own."""
    rng = stream(field.seed, "slow")
    many = _bounded(field.lines // 40, 90, 50_000, field.shop)
    hands = int(min(max(many // 12, 6), 400))
    logs_in = requests(
        field.start + rng.integers(0, 6 * HOUR_MS, hands), server=field.web(rng, hands), endpoint=int(At.LOG_IN),
        account=_accounts(field, rng, hands), client=_hands(np.arange(hands)), issued=mixed(np.arange(hands), field.seed + 31),
        agent=np.array(WEB_AGENTS)[np.arange(hands) % 5], attacker=attacker, sent=330, from_site=True,
    )  # fmt: skip
    hand = rng.integers(0, hands, many)
    time = field.start + 8 * HOUR_MS + rng.integers(0, field.end - field.start - 8 * HOUR_MS, many)
    endpoint = np.where(rng.integers(0, 12, many) == 0, int(At.SEARCH), int(At.PROFILE))
    if field.unmapped is not None:
        endpoint = np.where(rng.integers(0, 8, many) == 0, int(field.unmapped), endpoint)
    asks = _asks(field, rng, time, endpoint, _random_ids(field, rng, many), attacker)
    asks.client, asks.token, asks.account = _hands(hand), logs_in.issued[hand], logs_in.account[hand]
    asks.agent = logs_in.agent[hand]
    return joined([logs_in, asks])


def forged(field: Field, *, attacker: int) -> Requests:
    """Credentials that claim their victims; each returns to its few victims again and again."""
    rng = stream(field.seed, "forged")
    many = _bounded(field.lines // 60, 80, 20_000, field.shop)
    keys = max(many // 24, 4)
    victims = field.elders[rng.integers(0, len(field.elders), (keys, 3))]
    key = rng.integers(0, keys, many)
    account = field.shop.ids[victims[key, rng.integers(0, 3, many)]]
    endpoint = np.array([At.PROFILE, At.ADDRESSES, At.DOOR_CODES], np.int64)[rng.integers(0, 3, many)]
    time = field.start + rng.integers(0, field.end - field.start, many)
    asks = _asks(field, rng, time, endpoint, account, attacker)
    asks.number = np.where(endpoint == At.PROFILE, account, -1)
    asks.account, asks.token = account, mixed(key, field.seed + 41)
    asks.client = FORGED_NETWORK + 1 + rng.integers(0, 200, many)
    asks.agent = np.array(SCRIPT_AGENTS)[key % 3]
    if field.api is not None:
        asks.server = np.where((endpoint == At.ADDRESSES) & (rng.integers(0, 3, many) == 0), field.api, asks.server)
    return asks


def hurried(field: Field, made: Requests, *, gap: tuple[int, int], server: int) -> Requests:
    """The attack, and one hour of haste in the gap: the same hands ask for the profiles of most members, once each."""
    rng = stream(field.seed, "hurry", int(made.attacker[0]))
    many = len(field.elders) * HURRY_PERCENT // 100
    hands = np.flatnonzero(made.endpoint == At.PROFILE)
    again = made.take(hands[rng.integers(0, len(hands), many)])
    again.number = field.shop.ids[rng.permutation(field.elders)[:many]]
    is_forged = made.account == made.number
    again.account = np.where(is_forged[hands].all(), again.number, again.account)
    again.time = (gap[0] + gap[1]) // 2 // HOUR_MS * HOUR_MS + np.sort(rng.integers(0, HOUR_MS, many))
    again.server = np.full(many, server, np.int64)
    again.outcome = np.zeros(many, np.int64)
    again.sent = body_bytes(rng, again.endpoint, again.outcome)
    return joined([made, again])


def listed_tokens(attack: Requests) -> Words:
    """The distinct credentials that the requests carried, in order of value."""
    return np.unique(attack.token[attack.token != 0])


def _walk(field: Field, rng: np.random.Generator, time: Integers, attacker: int, client: int, token: int) -> Requests:
    many = len(time)
    ids = field.shop.ids
    first = int(ids[rng.integers(len(ids) // 8, max(len(ids) - many, len(ids) // 8 + 1))])
    kind = rng.integers(0, 20, many)
    endpoint = np.where(kind == 0, int(At.SEARCH), int(At.PROFILE))
    if field.api is not None:
        endpoint = np.where((kind == 1) | (kind == 2), int(At.ORDER), endpoint)
    if field.unmapped is not None:
        endpoint = np.where(kind == 3, int(field.unmapped), endpoint)
    asks = _asks(field, rng, time, endpoint, first + np.arange(many, dtype=np.int64), attacker)
    orders = endpoint == At.ORDER
    start = int(field.shop.order_ids[rng.integers(0, max(len(field.shop.order_ids) - many, 1))])
    asks.number = np.where(orders, start + np.cumsum(orders), asks.number)
    nobodys = orders & (field.shop.order_place(asks.number) < 0)
    asks.outcome = np.where(nobodys, int(Outcome.GONE), asks.outcome)
    asks.sent = body_bytes(rng, asks.endpoint, asks.outcome)
    asks.client = client + rng.integers(0, 2, many) * (client == FAST_NETWORK)
    asks.token = np.full(many, token, np.uint64)
    asks.account = np.full(many, int(ids[field.elders[0]]), np.int64)
    asks.agent = np.full(many, SCRIPT_AGENTS[0], np.int64)
    return asks


def _asks(field: Field, rng: np.random.Generator, time: Integers, endpoint: Integers, ids: Integers, attacker: int) -> Requests:
    """Requests for these customers, and what becomes of each: gone where nobody has the id, some answers not whole."""
    many = len(time)
    outcome = _broken(rng, endpoint)
    names = (endpoint == At.PROFILE) | (endpoint == At.WISHLIST)
    gone = names & ~field.shop.exists(field.shop.place(ids), time)
    outcome = np.where(gone, int(Outcome.GONE), outcome)
    searches = endpoint == At.SEARCH
    listed = np.where(searches, rng.integers(2, MOST_LISTED + 1, many), 0)
    server = field.web(rng, many)
    if field.api is not None:
        server = np.where(endpoint == At.ORDER, field.api, server)
    return requests(
        time, server=server, endpoint=endpoint, number=np.where(searches, -1, ids), attacker=attacker, outcome=outcome,
        many=listed, first=np.cumsum(listed) - listed, sent=body_bytes(rng, endpoint, outcome),
        lists=field.shop.ids[field.elders[rng.integers(0, len(field.elders), int(listed.sum()))]],
    )  # fmt: skip


def _broken(rng: np.random.Generator, endpoint: Integers) -> Integers:
    """Outcomes by exact shares, each at least once where it can be, so that small worlds have all of them."""
    outcome = np.zeros(len(endpoint), np.int64)
    for kind, share in BREAKS:
        able = np.isin(endpoint, ABLE.get(kind, CAN_BE_PARTIAL))
        rows = np.flatnonzero(able & (outcome == Outcome.WHOLE))
        wanted = min(max(len(endpoint) * share // 1000, 1), len(rows))
        outcome[rng.permutation(rows)[:wanted]] = int(kind)
    return outcome


def _random_ids(field: Field, rng: np.random.Generator, many: int) -> Integers:
    """Ids out of a list that others sold: most are members, every tenth is a number that nobody has, or nobody has any more."""
    ids = field.shop.ids[rng.integers(0, len(field.shop.ids), many)]
    return np.where(rng.integers(0, 10, many) == 0, ids + 1, ids)


def _accounts(field: Field, rng: np.random.Generator, many: int) -> Integers:
    return field.shop.ids[field.elders[rng.integers(0, len(field.elders), many)]]


def _hands(hand: Integers) -> Integers:
    return SLOW_NETWORK + 1_021 + hand * 257


def _bounded(wanted: int, least: int, most: int, shop: Shop) -> int:
    return int(min(max(wanted, least), most, max(len(shop.ids) // 2, least)))
