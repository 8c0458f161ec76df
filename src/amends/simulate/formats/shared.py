"""What the formats have in common: the request line's target, its method, the number behind a status."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from amends.simulate.chance import Integers
from amends.simulate.endpoints import ENDPOINTS, At
from amends.simulate.requests import STATUS, Outcome, Requests
from amends.simulate.text import concatenated, digits, either, joined_by, picked

METHODS = pa.array([one.method for one in ENDPOINTS] + ["HEAD"])
PATHS = pa.array([one.path for one in ENDPOINTS])
SUFFIXES = pa.array([one.suffix for one in ENDPOINTS])
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SITE = "https://shop.example/"


def methods(given: Requests) -> pa.StringArray:
    return picked(METHODS, np.where(given.outcome == Outcome.HEAD, len(ENDPOINTS), given.endpoint))


def targets(given: Requests) -> pa.StringArray:
    """Path and query as the client sent them."""
    return concatenated(picked(PATHS, given.endpoint), _numbers(given), picked(SUFFIXES, given.endpoint))


def statuses(given: Requests) -> Integers:
    scans = (given.endpoint == At.SCAN_LOG_IN) | (given.endpoint == At.SCAN_ENV)
    return np.where(scans, 404, STATUS[given.outcome])


def _numbers(given: Requests) -> pa.StringArray:
    """The id in the path, the ids of a search joined by commas, or nothing."""
    numbers = digits(given.number)
    listed = given.many > 0
    if listed.any():
        rows = np.flatnonzero(listed)
        offsets = np.concatenate([[0], np.cumsum(given.many[rows])]).astype(np.int32)
        _, ids = given.members_of_lists()
        lists = joined_by(",", digits(ids), offsets)
        places = np.arange(len(given))
        places[rows] = len(given) + np.arange(len(rows))
        numbers = picked(pa.concat_arrays([numbers, lists]), places)
    return either((given.number < 0) & ~listed, "", numbers)
