"""The shop's endpoints: what they look like in a log, how long their whole answers are, and what they give out.

`casefiles.py` writes the data map from the same list, as the shop's own engineers would.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

NAME = "user.name"
EMAIL = "user.contact.email"
PHONE = "user.contact.phone_number"
STREET = "user.contact.address.street"
BORN = "user.date_of_birth"
DOOR_CODE = "user.contact.address.door_code"  # the case's own: the taxonomy ends at the address
FIELDS = (NAME, EMAIL, PHONE, STREET, BORN, DOOR_CODE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`path` stands before the request's number or list, `suffix` after it. `body` is the range of a whole answer's bytes;
    an answer below `min_sent` was cut. `parameter` names what the number is: None where the path is the whole of it."""

    id: str
    method: str
    path: str
    body: tuple[int, int]
    parameter: str | None = None
    suffix: str = ""
    min_sent: int | None = None
    is_mapped: bool = True


class At(IntEnum):
    """Places in ENDPOINTS."""

    HOME = 0
    PRODUCT = 1
    STATIC = 2
    HEALTH = 3
    CART = 4
    LOG_IN = 5
    REFRESH = 6
    PROFILE = 7
    ADDRESSES = 8
    DOOR_CODES = 9
    SEARCH = 10
    ORDER = 11
    ROBOTS = 12
    ADMIN_QUEUE = 13
    ADMIN_CUSTOMER = 14
    WISHLIST = 15
    SCAN_LOG_IN = 16
    SCAN_ENV = 17
    SHELF = 18


ENDPOINTS = (
    Endpoint("home", "GET", "/", (9_000, 14_000)),
    Endpoint("product", "GET", "/products/", (6_000, 22_000), "product_id"),
    Endpoint("static", "GET", "/static/app.js?v=", (48_000, 52_000), "v"),
    Endpoint("health", "GET", "/health", (2, 3)),
    Endpoint("cart", "POST", "/api/v1/cart", (80, 900)),
    Endpoint("log-in", "POST", "/api/v1/login", (310, 360)),
    Endpoint("refresh", "POST", "/api/v1/token/refresh", (300, 340)),
    Endpoint("profile", "GET", "/api/v1/customers/", (420, 640), "customer_id", min_sent=300),
    Endpoint("my-addresses", "GET", "/api/v1/me/addresses", (320, 2_600), min_sent=300),
    Endpoint("door-codes", "GET", "/api/v1/me/door-codes", (90, 160), min_sent=80),
    Endpoint("search", "GET", "/api/v1/search?ids=", (60, 2_200), "ids", suffix="&limit=20"),
    Endpoint("order", "GET", "/api/v2/orders/", (700, 1_900), "order_id"),
    Endpoint("robots", "GET", "/robots.txt", (120, 121)),
    Endpoint("admin-queue", "GET", "/admin/queue?page=", (5_000, 9_000), "page"),
    Endpoint("admin-customer", "GET", "/admin/customers/", (3_800, 6_200), "customer_id"),
    Endpoint("wishlist", "GET", "/api/v1/customers/", (200, 1_400), "customer_id", suffix="/wishlist", is_mapped=False),
    Endpoint("scan-log-in", "GET", "/wp-login.php", (146, 147), is_mapped=False),
    Endpoint("scan-env", "GET", "/.env", (146, 147), is_mapped=False),
    Endpoint("shelf", "GET", "/api/v1/shelves/", (900, 2_400), "shelf_id", is_mapped=False),  # says nothing about anybody
)
MOST_IN_BOOK = 20  # entries that an address book may hold, says the shop
SHORTEST = tuple(one.body[0] for one in ENDPOINTS)
SPREAD = tuple(one.body[1] - one.body[0] for one in ENDPOINTS)

AGENTS = (
    "-",
    "shop-monitor/2.1 (+https://shop.example/status)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)",
    "ShopApp/5.2.1 (Android 15; SM-S921N; ko_KR)",
    "ShopApp/5.2.1 (iOS 18.3; iPhone16,2; ko_KR)",
    "ShopApp/5.1.9 (Android 14; SM-A546S; ko_KR)",
    "ShopApp/5.0.4 (iOS 17.6; iPhone14,5; ko_KR)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:135.0) Gecko/20100101 Firefox/135.0",
    "Mozilla/5.0 (Linux; Android 14; SM-S918N) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Mobile Safari/537.36",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "Go-http-client/2.0",
)
MONITOR_AGENT = 1
ROBOT_AGENTS = (2, 3)
APP_AGENTS = (4, 5, 6, 7)
WEB_AGENTS = (8, 9, 10, 11, 12)
SCRIPT_AGENTS = (13, 14, 15)
