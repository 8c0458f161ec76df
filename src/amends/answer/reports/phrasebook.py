"""What the counting rooms say in English, in Korean. A `{slot}` takes whatever stands there into the translation.

The rooms speak one language, so that a log, a test and `--json` read the same everywhere; pages speak the reader's. A sentence
that is missing here stays English on a Korean page, and fails the tests that render every sentence.
"""

from __future__ import annotations

import re
from functools import cache

from amends.answer.reports.words import Label

SENTENCES = {
    # what keeps a scope from being final
    "an equation of the room does not close": "집계의 등식이 맞지 않는다",
    "{n} successful requests of the misuse are not mapped": "오용에 속하는 성공한 요청 {n}건이 데이터 맵에 없다",
    "{n} guesses of a draft in the map are not settled": "데이터 맵에 확인하지 않은 초안의 추정 {n}건이 남아 있다",
    "amends.toml has no window": "amends.toml에 조사 기간이 없다",
    "misuse.yaml selects nothing": "misuse.yaml이 아무것도 선택하지 않는다",
    "the selection is a draft: it has no signatures": "오용 선택은 아직 서명되지 않은 초안이다",
    # warnings
    "the selector {id} selects no event": "선택 {id}에 해당하는 이벤트가 없다",
    "{n} exposed {unit} do not stand in the population's table": "노출된 대상({unit}) 가운데 {n}이 모집단 표에 없다",
    "{table} has no dates: {n} disclosures lean on its being true at all times": (
        "{table}에 날짜가 없다: 노출 {n}건은 이 표가 언제나 참이라는 데 기댄다"
    ),
    "{table}: {n} disclosures only by rows of another day (possible)": (
        "{table}: 노출 {n}건은 다른 날의 행으로만 이어진다(가능성)"
    ),
    "{table}: {n} keys without a row (unnamed)": "{table}: 행이 없는 키 {n}건(대상 미상)",
    # terms of the sum
    "a whole answer, and the log or a table names the subject": "응답이 온전하고, 로그나 표가 대상을 밝힌다",
    "the confirmed ones: nobody else is certain": "확인된 대상: 그 밖에 확실한 대상은 없다",
    "one answer alone held at least {n}, unnamed": "대상을 밝히지 않는 응답 하나에만 최소 {n}이 들어 있었다",
    "only cut, partial or not-modified answers, or a table of another day": (
        "잘렸거나 일부이거나 변경 없음(304)인 응답뿐이거나, 다른 날의 표로 이어졌다"
    ),
    "the most rows of answers whose subjects the log does not name": "로그가 대상을 밝히지 않는 응답이 담을 수 있는 최대 행 수",
    "the most rows of {n} unreadable lines that may belong to the misuse": (
        "오용일 수 있으나 읽지 못한 줄 {n}개가 담을 수 있는 최대 행 수"
    ),
    "the missing logs are of a time or an endpoint at which the selection showed nobody": (
        "없는 로그는 선택이 아무도 드러내지 않은 시간이나 엔드포인트의 것이다"
    ),
    "no log is missing in the window": "조사 기간에 빠진 로그가 없다",
    "the sum of confirmed, possible, unnamed, unread and gap": "확인됨, 가능성 있음, 대상 미상, 읽지 못함, 로그 없음의 합",
    "the sum of confirmed, possible, unnamed, unread and gap, {n}, cut to the population of that time, {m}": (
        "확인됨, 가능성 있음, 대상 미상, 읽지 못함, 로그 없음의 합은 {n}, 그때의 모집단 {m}까지로 줄였다"
    ),
    "whole answers, in the outermost layer that logged any": "온전한 응답, 기록이 있는 가장 바깥 계층 기준",
    "the confirmed ones: no other answer is certain": "확인된 응답: 그 밖에 확실한 응답은 없다",
    "cut, partial or not-modified answers, and those that another layer alone logged": (
        "잘렸거나 일부이거나 변경 없음(304)인 응답, 그리고 다른 계층에만 기록된 응답"
    ),
    "the most answers of {n} unreadable lines that may belong to the misuse": (
        "오용일 수 있으나 읽지 못한 줄 {n}개가 담을 수 있는 최대 응답 수"
    ),
    "the sum of confirmed, possible, unread and gap": "확인됨, 가능성 있음, 읽지 못함, 로그 없음의 합",
    "the upper bound: no log is missing and no successful request is unmapped": (
        "상한과 같다: 빠진 로그도, 맵에 없는 성공한 요청도 없다"
    ),
    "the population": "모집단",
    "the population, and {n} named who do not stand in it": "모집단, 그리고 그 밖에 이름이 확인된 {n}",
    "the window has a gap": "조사 기간에 빈 구간이 있다",
    "no window is set": "조사 기간이 정해지지 않았다",
    "{n} successful requests of the misuse are unmapped": "오용에 속하는 성공한 요청 {n}건이 데이터 맵에 없다",
    "{selector} x {endpoint} x {server}: {rate} an hour x {hours} h": (
        "{selector} × {endpoint} × {server}: 시간당 {rate} × {hours}시간"
    ),
    "{selector} x {endpoint} x {server}: {rate} an hour x {hours} h, cut to the population of that time, {m}": (
        "{selector} × {endpoint} × {server}: 시간당 {rate} × {hours}시간, 그때의 모집단 {m}까지로 줄였다"
    ),
    "{selector} x {endpoint} x {server}: {rate} an hour x {hours} h + {proven} proven": (
        "{selector} × {endpoint} × {server}: 시간당 {rate} × {hours}시간 + 입증된 {proven}"
    ),
    "{selector} x {endpoint} x {server}: {rate} an hour x {hours} h + {proven} proven, cut to the population of that time, {m}": (
        "{selector} × {endpoint} × {server}: 시간당 {rate} × {hours}시간 + 입증된 {proven}, 그때의 모집단 {m}까지로 줄였다"
    ),
    "all together cut to the population of that time, {m}": "모두 합해 그때의 모집단 {m}까지로 줄였다",
    "and {n} more": "그 밖에 {n}건",
    "the map names no population for {kind}": "데이터 맵에 {kind}의 모집단이 없다",
    "no identity table says which accounts and contacts are one person; accounts are not people": (
        "어느 계정과 연락처가 같은 사람인지 알려 주는 표가 없다. 계정 수는 사람 수가 아니다"
    ),
    "nothing bounds how often an account was opened": "한 계정이 몇 번 열람되었는지는 제한할 근거가 없다",
    # assumptions
    "unmapped endpoints gave nothing": "데이터 맵에 없는 엔드포인트는 아무 정보도 내주지 않았다",
    "no faster in the gap than ever seen": "로그가 없는 동안에도 관측된 최고 속도보다 빠르지 않았다",
    "no misuse before the first event or after the last one (amends.toml has no window)": (
        "첫 이벤트 전과 마지막 이벤트 후에는 오용이 없었다(amends.toml에 조사 기간이 없다)"
    ),
    "answers whose bytes were not logged were whole ({n})": "바이트 수가 기록되지 않은 응답은 온전했다({n}건)",
    "an unreadable line held no more answers than requests": "읽지 못한 줄에는 요청 수보다 많은 응답이 없었다",
    "unreadable lines without any value that the selection lists were none of the misuse ({n})": (
        "읽지 못한 줄 가운데 선택이 나열한 값이 없는 줄은 오용이 아니었다({n}줄)"
    ),
    "a table of another day lists the subjects of that time too ({n} disclosures)": (
        "다른 날의 표에도 그때의 대상이 모두 들어 있다(노출 {n}건)"
    ),
    "nobody was seen outside the time that the population's table gives them, but for those who are named": (
        "이름이 확인된 대상을 빼면, 누구도 모집단 표에 적힌 기간 밖에서 열람되지 않았다"
    ),
    "{table} holds for all times, it has no dates ({n} disclosures)": "{table}은 날짜가 없으며 언제나 참이다(노출 {n}건)",
    "window: first to last event, because amends.toml names none": (
        "조사 기간은 첫 이벤트부터 마지막 이벤트까지다(amends.toml에 정해지지 않았다)"
    ),
    # gaps
    "missing rotation": "로그 파일 누락",
    "missing rotation: {files}": "로그 파일 누락: {files}",
    "missing rotation: no source for {n} day": "로그 파일 누락: {n}일분이 없다",
    "missing rotation: no source for {n} days": "로그 파일 누락: {n}일분이 없다",
    "torn end: the rest of the source is missing": "파일이 도중에 끊겼고 나머지가 없다",
    "silence within a source that the traffic does not explain": "통상의 트래픽으로 설명되지 않는 공백",
    "before the first event": "첫 이벤트 이전",
    "after the last event": "마지막 이벤트 이후",
    "no event in its sources": "파일에 이벤트가 없다",
    "no source": "로그 파일이 없다",
    "fault: {what}": "파일 결함: {what}",
    "cacheable, and no log of the edge": "캐시가 대신 답할 수 있는데 에지 로그가 없다",
    "cacheable, and the edge logs nothing that the selection goes by": (
        "캐시가 대신 답할 수 있는데 에지 로그에는 선택의 기준이 되는 값이 없다"
    ),
    # what would change the number
    "the logs of {server} ({layer}) from {start} to {end}": "{server} ({layer}) 로그, {start}부터 {end}까지",
    "all {n} missing logs together": "빠진 로그 {n}건 모두",
    "a copy of {n} unreadable lines that can be read": "읽지 못한 줄 {n}개를 읽을 수 있는 사본",
    "whether cut, partial and not-modified answers came back whole": (
        "잘렸거나 일부이거나 변경 없음(304)인 응답이 온전히 전달되었는지"
    ),
    "who was in the answers whose subjects the log does not name": "로그가 대상을 밝히지 않는 응답에 누가 들어 있었는지",
    # people
    "{n} exposed {unit} have no row in a table of identities": "노출된 대상({unit}) {n}이 신원 표에 없다",
    "{n} groups share an identifier and differ in what a person has one of": (
        "식별자를 함께 쓰지만 한 사람에게 하나뿐인 값이 서로 다른 묶음이 {n}개 있다"
    ),
    "{n} identifiers are held by too many to be anybody's own: they tie nobody in upper": (
        "너무 많은 대상이 함께 쓰는 식별자가 {n}개 있다: 상한에서는 아무도 한 사람으로 묶지 않는다"
    ),
    "confirmed subjects of whom no two share an identifier of any tier; who shares none is taken for two": (
        "확인된 대상 가운데 어떤 식별자도 함께 쓰지 않는 대상의 수; 아무것도 함께 쓰지 않으면 다른 사람으로 본다"
    ),
    "groups of named subjects by primary identifiers": "이름이 확인된 대상을 1차 식별자로 묶은 수",
    "named subjects without a row in a table of identities, each a person alone": (
        "신원 표에 없는 확인된 대상, 각각 한 사람으로 센다"
    ),
    "whom the upper bounds of the kinds hold beyond those who are named, each a person alone": (
        "종류별 상한 가운데 이름이 확인되지 않은 수, 각각 한 사람으로 센다"
    ),
    "the sum of named, unidentified and beyond": "이름 확인, 신원 미상, 그 밖의 합",
    "the ceilings of all kinds: each may be another person": "모든 종류의 한계의 합: 각각 다른 사람일 수 있다",
    # custody
    "hash from ingestion only": "접수할 때의 해시만 있음",
    # what is left over
    "the log does not name the subject": "로그가 대상을 밝히지 않는다",
    "the request names nobody": "요청에 대상이 없다",
    "the table has no row for the key": "표에 키에 해당하는 행이 없다",
    "unreadable lines that may belong to the misuse": "오용일 수 있으나 읽지 못한 줄",
}
JOINS = ("; ", ": ")  # what strings several sentences together, the widest first
SLOT = re.compile(r"\\\{(\w+)\\\}")


def both(english: str) -> Label:
    """The sentence in both languages; English stands in where the book does not have it."""
    return Label(english, korean(english) or english)


def korean(english: str) -> str | None:
    """The Korean sentence; None where the book, or a part of a compound sentence in it, is silent."""
    for pattern, translation in _patterns():
        found = pattern.fullmatch(english)
        if found is not None:
            return translation.format(**found.groupdict())
    for join in JOINS:
        parts = [korean(part) for part in english.split(join)] if join in english else []
        if parts and None not in parts:
            return join.join(part for part in parts if part is not None)
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Those with the fewest slots first, so that a whole sentence wins over one with a gap."""
    ordered = sorted(SENTENCES.items(), key=lambda sentence: sentence[0].count("{"))
    return [(re.compile(SLOT.sub(r"(?P<\1>[^;]+?)", re.escape(english))), korean) for english, korean in ordered]
