"""What lay readers call a field, a unit and a term of the sum, in English and Korean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """The same words in both languages."""

    en: str
    ko: str


@dataclass(frozen=True, slots=True)
class UnitWords:
    """A unit: its title, the noun after an English number, the counter after a Korean one."""

    title: Label
    noun: str
    counter: str

    def number(self, count: int) -> Label:
        return Label(f"{count:,} {self.noun}", f"{count:,}{self.counter}")


# fideslang's default data categories under `user` that shops log, and the case's own door code
FIELDS: Mapping[str, Label] = {
    "user.name": Label("name", "이름"),
    "user.contact.email": Label("e-mail address", "이메일 주소"),
    "user.contact.phone_number": Label("phone number", "전화번호"),
    "user.contact.address": Label("address", "주소"),
    "user.contact.address.street": Label("street address", "상세 주소"),
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

UNITS: Mapping[str, UnitWords] = {
    "accounts": UnitWords(Label("Accounts", "계정"), "accounts", "개"),
    "contacts": UnitWords(Label("People in address books", "주소록에 등록된 사람"), "contacts", "명"),
    "people": UnitWords(Label("Natural persons", "사람(자연인)"), "people", "명"),
    "non_members": UnitWords(Label("Natural persons without an account", "회원이 아닌 사람"), "people", "명"),
    "records": UnitWords(Label("Records", "기록"), "records", "건"),
    "views": UnitWords(Label("Answers that gave out data", "정보를 내준 응답"), "answers", "건"),
}

TERMS: Mapping[str, Label] = {
    "confirmed": Label("confirmed", "확인됨"),
    "lower": Label("at least", "최소"),
    "possible": Label("possible", "가능성 있음"),
    "unnamed": Label("not named", "대상 미상"),
    "unread": Label("unreadable", "읽지 못함"),
    "named": Label("named", "이름 확인"),
    "unidentified": Label("not identified", "신원 미상"),
    "beyond": Label("not named", "그 밖"),
    "undecided": Label("undecided", "미결정"),
    "gap": Label("no log", "로그 없음"),
    "upper": Label("up to, if the assumptions hold", "가정이 맞을 때의 최대"),
    "ceiling": Label("at most, whatever is assumed", "가정과 무관한 최대"),
}


def field_label(key: str) -> Label:
    """A field's name; a key that is not known here stands for itself."""
    return FIELDS.get(key, Label(key, key))


def unit_words(unit: str) -> UnitWords:
    """A unit's words; the case's own unit stands for itself."""
    return UNITS.get(unit, UnitWords(Label(unit, unit), unit, ""))


def term_label(name: str) -> Label:
    return TERMS.get(name, Label(name, name))
