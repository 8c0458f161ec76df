"""What every test may ask for, and how hypothesis searches.

Under CI the examples are the same in every run; at a desk they are new each time. HYPOTHESIS_PROFILE=thorough looks longer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
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
    """The path of a browser that can render a page without a screen; see scripts/install-for-tests.sh."""
    return _program(*BROWSERS)


@pytest.fixture(scope="session")
def ssh_keygen() -> str:
    """OpenSSH's ssh-keygen, which signs as a person would."""
    return _program("ssh-keygen")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A time stamping authority of our own, played by OpenSSL."""
    return Authority(_program("openssl"), tmp_path_factory.mktemp("authority"))


class Authority:
    """Stamps bytes (RFC 3161). `roots`: its certificate in PEM."""

    def __init__(self, openssl: str, folder: Path) -> None:
        self._openssl, self._folder = openssl, folder
        (folder / "tsa.cnf").write_text(TSA, "utf-8")
        (folder / "serial").write_text("01\n", "utf-8")
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "tsa.cnf")
        self._run("req", "-x509", *new_key, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Root", "-extensions", "root")
        self._run("req", *new_key, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Authority of tests")
        root = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial")
        self._run("x509", "-req", "-in", "tsa.csr", *root, "-out", "tsa.pem", "-extfile", "tsa.cnf", "-extensions", "tsa")
        self.roots = (folder / "root.pem").read_bytes()

    def stamp(self, data: bytes) -> bytes:
        """The answer to a request about these bytes."""
        (self._folder / "data").write_bytes(data)
        self._run("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "request.tsq")
        self._run("ts", "-reply", "-queryfile", "request.tsq", "-config", "tsa.cnf", "-section", "stamps", "-out", "answer.tsr")
        return (self._folder / "answer.tsr").read_bytes()

    def _run(self, *words: str) -> None:
        subprocess.run([self._openssl, *words], cwd=self._folder, check=True, capture_output=True)


TSA = """
[req]
distinguished_name = name
prompt = no
[name]
CN = tests
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[stamps]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def _program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"no {names[0]}, which must be there under CI: make setup installs it on Debian as root")
    if found is None:
        pytest.skip(f"no {names[0]} on this machine")
    return found
