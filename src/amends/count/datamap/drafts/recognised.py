"""Data categories by the names and formats of an answer's members: a guess, and always marked as one."""

from __future__ import annotations

import re

# By the first that is found in the member's name in snake case. Keys: fideslang's default taxonomy.
NAMES = (
    (r"mail", "user.contact.email"),
    (r"(^|_)fax(_|$)", "user.contact.fax_number"),
    (r"phone|mobile|(^|_)(tel|cell|msisdn)(_|$)", "user.contact.phone_number"),
    (r"passw|(^|_)pwd$", "user.authorization.password"),
    (r"(^|_)ip(_addr(ess)?)?$|(^|_)ipv[46]$", "user.device.ip_address"),
    (r"(^|_)(door|gate|entrance|entry)(_\w+)?_(code|password|pin)$", "user.contact.address.door_code"),
    (r"zip|postal|post_?code", "user.contact.address.postal_code"),
    (r"(^|_)(city|town)$", "user.contact.address.city"),
    (r"(^|_)country(_code|_name)?$", "user.contact.address.country"),
    (r"(^|_)(province|prefecture)$", "user.contact.address.state"),
    (r"street|(^|_)road|(^|_)addr(ess)?(_?line)?_?\d?$|(^|_)(detail|base|delivery|shipping)_addr", "user.contact.address.street"),
    (r"birth|(^|_)dob$", "user.date_of_birth"),
    (r"(^|_)(user_?name|login(_id)?|nick_?name|screen_name)$", "user.account.username"),
    (r"(^|_)(first|given|fore)_?name$", "user.name.first"),
    (r"(^|_)(last|family|sur)_?name$", "user.name.last"),
    (r"(^|_)(full|real|display|legal|recipient|receiver|customer|member|holder|contact|person)_?name$|^name$", "user.name"),
    (r"passport", "user.government_id.passport_number"),
    (r"driv(er|ing)s?_licen[cs]e", "user.government_id.drivers_license_number"),
    (
        r"(^|_)(ssn|rrn|nin)$|social_security|resident_(registration_)?(no|number)|national_(id|number)",
        "user.government_id.national_identification_number",
    ),
    (r"iban|bank_account|(^|_)account_(no|number)$", "user.financial.bank_account"),
    (r"card_(no|num|number)$|(^|_)(pan|credit_card|card_last_?4)$", "user.financial.credit_card"),
    (r"(^|_)(gender|sex)$", "user.gender"),
    (r"(^|_)(lat|latitude|lng|lon|longitude|geo_?location)$", "user.location.precise"),
    (r"(^|_)(device_id|udid|idfa|gaid|imei)$", "user.device.device_id"),
    (r"^(orders|order_items|order_history|purchases|purchase_history)$", "user.behavior.purchase_history"),
    (r"search_history|recent_searches", "user.behavior.search_history"),
)
FORMATS = {"email": "user.contact.email", "password": "user.authorization.password"}  # of OpenAPI's strings
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def category(name: str, form: str | None = None) -> str | None:
    """The likely category of a member, by its name and a string's `format`; None: neither says."""
    words = HUMP.sub("_", name).replace("-", "_").replace(" ", "_").lower()
    by_name = next((key for pattern, key in NAMES if re.search(pattern, words)), None)
    return by_name or FORMATS.get(form or "")
