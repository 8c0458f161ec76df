from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.count.evidence.masking import PATTERN, is_secret_column, mask_mail, mask_parameters


@pytest.mark.parametrize(
    "target,masked",
    [
        ("/a?token=abc", "/a?token=***"),
        ("/a?x=1&access_token=abc&y=2", "/a?x=1&access_token=***&y=2"),
        ("/cb?code=4/0Ab&state=s", "/cb?code=***&state=s"),
        ("/f?X-Amz-Signature=00ff&X-Amz-Date=1", "/f?X-Amz-Signature=***&X-Amz-Date=1"),
        ("/f;jsessionid=ABC/x", "/f;jsessionid=***"),
        ("/#id_token=abc", "/#id_token=***"),
        ("token=abc&x=1", "token=***&x=1"),
        ("/a?PASSWORD=Abc", "/a?PASSWORD=***"),
        ("/a?token=", "/a?token="),
        ("/a?tokens=3&zipcode=04524&mode=x", "/a?tokens=3&zipcode=04524&mode=x"),
        ("/a?ids=1,2", "/a?ids=1,2"),
        ("/조?sid=값", "/조?sid=***"),
    ],
)
def test_values_of_secret_parameters_are_masked_and_nothing_else(target, masked):
    assert mask_parameters(pa.array(["/", target, None])).to_pylist() == ["/", masked, None]


def test_a_slice_of_a_column_is_masked_in_its_own_rows():
    whole = pa.array(["/?token=a", "/x", "/?sid=b", "/y"])

    assert mask_parameters(whole.slice(1, 2)).to_pylist() == ["/x", "/?sid=***"]


words = st.sampled_from(
    ["token", "sid", "key", "monkey", "x", "=", "&", "?", ";", "a", "Code", "API-key", " ", "session_id", "é"]
)


@given(st.lists(st.lists(words, max_size=8).map("".join), max_size=6))
def test_the_sieve_lets_through_whatever_the_expression_would_mask(texts):
    wanted = [re.sub(PATTERN, r"\1\2=***", text, flags=re.ASCII) for text in texts]

    assert mask_parameters(pa.array(texts, pa.string())).to_pylist() == wanted


@pytest.mark.parametrize(
    "name",
    [
        "http_authorization",
        "cookie",
        "cookie_sid",
        "sent_http_set_cookie",
        "x-api-key",
        "labels.refresh_token",
        "session_id",
        "passwd",
    ],
)
def test_columns_that_carry_secrets_are_known_by_name(name):
    assert is_secret_column(name)


@pytest.mark.parametrize("name", ["http_referer", "uid", "host", "event.id", "user.name", "upstream_addr", "author"])
def test_other_columns_stay_as_they_are(name):
    assert not is_secret_column(name)


@pytest.mark.parametrize(
    "text,masked",
    [
        ("Key (email)=(kim.a+b@shop.example) already exists.", "Key (email)=(***) already exists."),
        ('invalid value: "조@shop.example", 김@예.한국', 'invalid value: "***", ***'),
        ("role @admin, at 5 @ 3", "role @admin, at 5 @ 3"),
    ],
)
def test_mail_addresses_in_messages_are_masked(text, masked):
    assert mask_mail(text) == masked
