from __future__ import annotations

from amends.errors import BAD_VALUE, UNKNOWN_KEY, Finding, InputError, OperationError, Place, UsageError


def test_an_error_says_what_where_what_was_expected_and_what_to_do():
    error = InputError(BAD_VALUE, at=Place("access.log.3", 1204), expected="an offset such as +0900")

    assert str(error).splitlines() == [
        "DOC-002  access.log.3, line 1204: a value is not what it must be",
        "         expected  an offset such as +0900",
        "         next      mend this place and run the command again",
    ]


def test_many_faults_travel_in_one_error():
    faults = [Finding(UNKNOWN_KEY, Place("datamap.yaml", line, 3), "a known key", "remove it") for line in (4, 9)]

    error = InputError.of(faults)

    assert error.findings == tuple(faults)
    assert str(error).count("DOC-003") == 2
    assert isinstance(error, InputError)


def test_the_exit_status_is_the_class():
    assert (UsageError.exit_status, InputError.exit_status, OperationError.exit_status) == (2, 3, 4)


def test_a_finding_as_json_has_place_expectation_and_next_step():
    finding = Finding(BAD_VALUE, Place("misuse.yaml", 2, 5), "an instant", "mend it")

    assert finding.as_json() == {
        "code": "DOC-002",
        "message": "a value is not what it must be",
        "source": "misuse.yaml",
        "line": 2,
        "column": 5,
        "expected": "an instant",
        "next": "mend it",
    }
