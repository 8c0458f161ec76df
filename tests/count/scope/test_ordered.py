"""Two ordered streams of tables as one."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from amends.count.scope.ordered import ordered


@given(st.lists(st.text(max_size=2), unique=True, max_size=20), st.data())
def test_the_rows_of_both_come_in_order(subjects: list[str], data: st.DataObject):
    subjects = sorted(subjects, key=str.encode)
    is_left = [data.draw(st.booleans()) for _ in subjects]
    streams = []
    for side in (True, False):
        own = [subject for subject, left in zip(subjects, is_left, strict=True) if left is side]
        size = data.draw(st.integers(1, 4))
        streams.append(iter([pa.table({"subject": own[at : at + size]}) for at in range(0, len(own), size)]))

    tables = list(ordered(*streams))

    assert all(table.num_rows for table in tables)
    assert [subject for table in tables for subject in table.column("subject").to_pylist()] == subjects
