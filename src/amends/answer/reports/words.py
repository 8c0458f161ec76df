"""What lay readers call a field, a kind of subject and a term of the sum, in English and Korean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """The same word in both languages."""

    en: str
    ko: str


# fideslang's default data categories under `user` that shops log, and the case's own door code
FIELDS: Mapping[str, Label] = {
    "user.name": Label("name", "이름"),
    "user.contact.email": Label("e-mail address", "이메일 주소"),
    "user.contact.phone_number": Label("phone number", "전화번호"),
    "user.contact.address": Label("address", "주소"),
    "user.contact.address.street": Label("street address", "주소(도로명·상세)"),
    "user.contact.address.city": Label("city", "시·군·구"),
    "user.contact.address.postal_code": Label("postal code", "우편번호"),
    "user.contact.address.door_code": Label("door code", "공동현관 출입번호"),
    "user.date_of_birth": Label("date of birth", "생년월일"),
    "user.demographic.date_of_birth": Label("date of birth", "생년월일"),
    "user.demographic.gender": Label("gender", "성별"),
    "user.behavior.purchase_history": Label("orders", "주문 내역"),
    "user.financial": Label("financial data", "금융 정보"),
    "user.financial.bank_account": Label("bank account", "계좌번호"),
    "user.financial.credit_card": Label("card number", "카드번호"),
    "user.payment": Label("payment data", "결제 정보"),
    "user.authorization.password": Label("password", "비밀번호"),
    "user.government_id": Label("government identifier", "정부 발급 식별번호"),
    "user.account.username": Label("user name", "아이디"),
    "user.unique_id": Label("customer number", "고객 번호"),
}

KINDS: Mapping[str, Label] = {
    "accounts": Label("Accounts", "계정"),
    "contacts": Label("Contacts in address books", "배송지 수령인"),
    "people": Label("Natural persons", "사람(자연인)"),
    "non_members": Label("People who are not members", "비회원"),
    "records": Label("Records", "기록"),
    "views": Label("Answers that gave out data", "정보가 나간 응답"),
}

TERMS: Mapping[str, Label] = {
    "confirmed": Label("named, with a whole answer", "이름이 특정되고 응답이 온전함"),
    "lower": Label("at least", "최소"),
    "possible": Label("answers cut, partial, or joined from another day", "잘렸거나 일부이거나 다른 날의 표와 연결된 응답"),
    "unnamed": Label("answers whose subjects the log does not name", "로그가 대상을 밝히지 않는 응답"),
    "unread": Label("lines that could not be read and may belong to the misuse", "오용일 수 있으나 읽지 못한 줄"),
    "undecided": Label("suspicions not yet decided", "아직 판단하지 않은 의심"),
    "gap": Label("time that no log covers", "로그가 없는 시간"),
    "upper": Label("at most, if the assumptions hold", "가정이 맞을 때의 최대"),
    "ceiling": Label("at most, whatever is assumed", "어떤 가정에서도 넘지 않는 최대"),
}


def field_label(key: str) -> Label:
    """A field's name; a key that is not known here stands for itself."""
    return FIELDS.get(key, Label(key, key))


def kind_label(key: str) -> Label:
    return KINDS.get(key, Label(key, key))


def term_label(key: str) -> Label:
    return TERMS.get(key, Label(key, key))
