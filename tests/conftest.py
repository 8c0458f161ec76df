"""What every test may ask for, and how hypothesis searches.

Under CI the examples are the same in every run; at a desk they are new each time. HYPOTHESIS_PROFILE=thorough looks longer.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Nothing here tests speed, and the machines are shared: no deadline, no complaint about slow data.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("desk", max_examples=60, **PATIENT)
settings.register_profile("ci", max_examples=60, derandomize=True, **PATIENT)
settings.register_profile("thorough", max_examples=2_000, **PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "desk"))

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser that can render a page without a screen; see scripts/install-chromium.sh."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("no chromium, which must be there under CI: make setup installs it on Debian as root")
    if found is None:
        pytest.skip("no chromium on this machine")
    return found
