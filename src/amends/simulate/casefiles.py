"""What a team that knows its shop would have written: amends.toml, datamap.yaml, and the right misuse.yaml with its lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amends.simulate.clock import DAY_MS, instant, iso
from amends.simulate.endpoints import ENDPOINTS, MOST_IN_BOOK, At
from amends.simulate.formats import apache, nginx
from amends.simulate.layout import Plan

COMPANY = "Shop Example Co., Ltd."
AUTHOR = "j.kim"


@dataclass(frozen=True, slots=True)
class Chosen:
    """One selector of the right selection: by `clients` in place, by a list of addresses or of credentials in a file.

    `time`: [from, to) in ms; None: the whole window.
    """

    id: str
    reason: str
    clients: tuple[str, ...] = ()
    column: str = "client"
    listed: tuple[str, ...] = ()
    time: tuple[int, int] | None = None


def write_case(folder: Path, plan: Plan, *, born_from: int, snapshot: int, chosen: Sequence[Chosen]) -> None:
    """The three files and the lists; `lookups/` comes from elsewhere."""
    folder.mkdir(mode=0o700)
    (folder / "amends.toml").write_text(settings(plan), encoding="utf-8")
    (folder / "datamap.yaml").write_text(datamap(plan, born_from=born_from, snapshot=snapshot), encoding="utf-8")
    (folder / "misuse.yaml").write_text(misuse(plan, chosen), encoding="utf-8")
    for one in chosen:
        if one.listed:
            (folder / f"{one.id}.txt").write_text("".join(f"{value}\n" for value in one.listed), encoding="utf-8")


def settings(plan: Plan) -> str:
    blocks = [_evidence(name) for name in plan.servers]
    return f"""\
# A simulated shop; made by amends simulate.

[case]
company = "{COMPANY}"
zone = "Asia/Seoul"
window = {{from = {iso(plan.window_start)}, to = {iso(plan.end_ms)}}}   # when misuse was possible
languages = ["ko", "en"]
jurisdictions = ["KR"]

{"".join(blocks)}"""


def _evidence(server: str) -> str:
    if server == "api-1":
        return f"""\
[[evidence]]
match = "{server}/api.json*"
server = "{server}"
layer = "app"
time_is = "end"
format = "json"             # names of the Elastic Common Schema
principal = ["labels.token"]
account = "user.id"

"""
    if server == "admin-1":
        return f"""\
[[evidence]]
match = "{server}/access.log*"
server = "{server}"
layer = "app"
time_is = "start"
format = "apache"
log_format = '{apache.LOG_FORMAT}'
principal = ["user"]

"""
    return f"""\
[[evidence]]
match = "{server}/access.log*"
server = "{server}"
layer = "app"
time_is = "end"
format = "nginx"
log_format = '{nginx.LOG_FORMAT}'
principal = ["tok"]
account = "uid"
issued = "iss"

"""


def datamap(plan: Plan, *, born_from: int, snapshot: int) -> str:
    kept = {place: ENDPOINTS[place].min_sent for place in (At.PROFILE, At.ADDRESSES, At.DOOR_CODES)}
    return f"""\
# Which endpoint gives out which fields of whom. Written by the engineers who know the shop.
version: 1
subjects:
  account:
    label: {{en: customer account, ko: 고객 계정}}
    population: {{table: lookups/members.csv, id: customer_id, from: joined_on, to: closed_on}}
    identity: {{table: lookups/identities.csv, country_code: 82, primary: {{email: email, phone: phone}}, unique: birthday}}
  contact:
    label: {{en: person in an address book, ko: 배송지 수령인}}
    population: {{table: lookups/contacts.csv, id: contact_id}}
    identity: {{table: lookups/contact_phones.csv, country_code: 82, primary: {{phone: phone}}}}
endpoints:
  - id: profile
    request: GET /api/v1/customers/{{customer_id}}
    disclosed_when: {{status: [200], min_sent: {kept[At.PROFILE]}}}
    discloses:
      - {{subject: account, key: path.customer_id, fields: [user.name, user.contact.email, user.contact.phone_number]}}
      - {{subject: account, key: path.customer_id, fields: [user.date_of_birth], valid: {{from: {iso(born_from)}}}}}
  - id: my-addresses
    request: GET /api/v1/me/addresses
    disclosed_when: {{status: [200], min_sent: {kept[At.ADDRESSES]}}}
    discloses:
      - {{subject: account, key: account, fields: [user.contact.address.street]}}
      - {{subject: contact, {_book_key(plan, snapshot)}, fields: [user.name, user.contact.phone_number]}}
  - id: door-codes
    request: GET /api/v1/me/door-codes
    disclosed_when: {{status: [200], min_sent: {kept[At.DOOR_CODES]}}}
    discloses:
      - {{subject: account, key: account, fields: [user.contact.address.door_code]}}
  - id: search           # answers only where every id is a member's: else 404
    request: GET /api/v1/search
    discloses:
      - {{subject: account, key: query.ids, split: ",", rows: {{from: query.limit, default: 20, most: 100}}, fields: [user.name]}}
  - id: order
    request: GET /api/v2/orders/{{order_id}}
    discloses:
      - subject: account
        key: path.order_id
        join: {{table: lookups/orders.csv, on: order_id, give: customer_id, immutable: true}}
        fields: [user.contact.address.street, user.contact.phone_number]
  - id: admin-customer   # the support staff's console
    request: GET /admin/customers/{{customer_id}}
    discloses:
      - subject: account
        key: path.customer_id
        fields: [user.name, user.contact.email, user.contact.phone_number, user.contact.address.street]
  # These give out nothing about anybody.
{"".join(_nothing(id, request) for id, request in NOTHING)}"""


NOTHING = (
    ("log-in", "POST /api/v1/login"),
    ("refresh", "POST /api/v1/token/refresh"),
    ("cart", "POST /api/v1/cart"),
    ("admin-queue", "GET /admin/queue"),
    ("home", "GET /"),
    ("product", "GET /products/{product_id}"),
    ("static", "GET /static/{file}"),
    ("health", "GET /health"),
    ("robots", "GET /robots.txt"),
)


def _nothing(id: str, request: str) -> str:
    return f"  - {{id: {id}, request: '{request}', discloses: []}}\n"


def _book_key(plan: Plan, snapshot: int) -> str:
    joins = plan.variant.joins
    if joins == "none":
        return f"key: unknown, rows: [0, {MOST_IN_BOOK}]"
    dates = "from: added_at, to: removed_at" if joins == "dated" else f"as_of: {instant(snapshot).date().isoformat()}"
    return f"key: account, join: {{table: lookups/address_book.csv, on: customer_id, give: contact_id, {dates}}}"


def misuse(plan: Plan, chosen: Sequence[Chosen]) -> str:
    """No selector reaches beyond the window: what lies before it is not known to the team."""
    at = iso(plan.end_ms + 2 * DAY_MS + 9 * 3_600_000)
    selectors = []
    for one in chosen:
        values = f"{{file: {one.id}.txt}}" if one.listed else f"[{', '.join(one.clients)}]"
        start, end = one.time or (plan.window_start, plan.end_ms)
        time = f"time: {{from: {iso(start)}, to: {iso(end)}}}"
        head = f"- id: {one.id}\n  author: {AUTHOR}\n  at: {at}\n  reason: {one.reason}\n"
        selectors.append(f"{head}  where: {{{one.column}: {values}, {time}}}\n")
    return "".join(selectors) if selectors else "[]\n"
