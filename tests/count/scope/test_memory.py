from __future__ import annotations

import pytest

from amends.count.scope.errors import BAD_MEMORY
from amends.count.scope.memory import parse_memory
from amends.errors import UsageError


@pytest.mark.parametrize(
    "text, amount",
    [("4GB", 4 * 10**9), ("512MiB", 512 * 2**20), ("1.5 gb", 1_500_000_000), ("67108864", 2**26), ("1024TiB", 2**50)],
)
def test_an_amount_has_a_number_and_a_unit(text, amount):
    assert parse_memory(text) == amount


@pytest.mark.parametrize(
    "text", ["", "-4GB", "0", "4", "1e9", "nan", "GB", "4 G B", "\u0664GB", "63MiB", "1025TiB", "999999999999TB"]
)
def test_an_amount_that_nobody_meant_is_refused(text):
    with pytest.raises(UsageError) as refused:
        parse_memory(text)

    assert refused.value.code is BAD_MEMORY
