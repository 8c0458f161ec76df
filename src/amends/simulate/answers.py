"""What the servers answer: how a request ends, and how many bytes of body are sent."""

from __future__ import annotations

import numpy as np

from amends.simulate.chance import Integers
from amends.simulate.endpoints import ENDPOINTS, SHORTEST, SPREAD, At
from amends.simulate.requests import Outcome


def ordinary_outcomes(rng: np.random.Generator, endpoint: Integers) -> Integers:
    """Most answers are whole; files are often unchanged, products sometimes gone, lines sometimes break."""
    draw = rng.integers(0, 1000, len(endpoint))
    outcome = np.where(draw < 2, int(Outcome.FAILED), int(Outcome.WHOLE))
    outcome = np.where((endpoint == At.STATIC) & (draw >= 600), int(Outcome.UNCHANGED), outcome)
    outcome = np.where((endpoint == At.PRODUCT) & (draw >= 988), int(Outcome.GONE), outcome)
    can_break = np.array([one.min_sent is not None for one in ENDPOINTS])[endpoint]
    return np.where(can_break & (draw >= 995), int(Outcome.CUT), outcome)


def body_bytes(rng: np.random.Generator, endpoint: Integers, outcome: Integers) -> Integers:
    """What was sent: a whole body's size, a part of it below `min_sent`, or what an error page weighs."""
    shortest, spread = np.array(SHORTEST, np.int64)[endpoint], np.array(SPREAD, np.int64)[endpoint]
    whole = shortest + rng.integers(0, 1 << 30, len(endpoint)) % spread
    least = np.array([one.min_sent or one.body[0] for one in ENDPOINTS], np.int64)[endpoint]
    part = 1 + rng.integers(0, 1 << 30, len(endpoint)) % np.maximum(least - 1, 1)
    sent = np.where((outcome == Outcome.CUT) | (outcome == Outcome.PARTIAL), part, whole)
    sent = np.where((outcome == Outcome.EMPTY) | (outcome == Outcome.UNCHANGED) | (outcome == Outcome.HEAD), 0, sent)
    return np.where(outcome >= Outcome.REFUSED, np.array([0] * 6 + [153, 146, 170], np.int64)[outcome], sent)
