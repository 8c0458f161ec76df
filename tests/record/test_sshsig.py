"""Signatures that ssh-keygen makes are known with their key; of other bytes, another purpose or broken form they are refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.record.sshsig import signer_of

KEYS = {"ed25519": [], "ecdsa-256": ["-b", "256"], "ecdsa-521": ["-b", "521"], "rsa": ["-b", "2048"]}


def run(*words: str, folder: Path) -> str:
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module", params=KEYS)
def signed(request: pytest.FixtureRequest, ssh_keygen: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, str]:
    """A message, its signature, and the fingerprint that ssh-keygen prints for the key."""
    folder = tmp_path_factory.mktemp("keys")
    run(ssh_keygen, "-q", "-t", request.param.split("-")[0], *KEYS[request.param], "-N", "", "-f", "key", folder=folder)
    (folder / "file").write_bytes(b"what was taken\n")
    run(ssh_keygen, "-q", "-Y", "sign", "-n", "amends-test", "-f", "key", "file", folder=folder)
    fingerprint = run(ssh_keygen, "-l", "-f", "key.pub", folder=folder).split()[1]
    return (folder / "file").read_bytes(), (folder / "file.sig").read_bytes(), fingerprint


def test_the_key_is_named_as_ssh_keygen_names_it(signed: tuple[bytes, bytes, str]) -> None:
    message, signature, fingerprint = signed

    assert signer_of(message, signature, namespace="amends-test").fingerprint == fingerprint


def test_other_bytes_and_other_purposes_are_refused(signed: tuple[bytes, bytes, str]) -> None:
    message, signature, _ = signed

    for text, namespace in ((message + b"!", "amends-test"), (b"", "amends-test"), (message, "file")):
        with pytest.raises(ValueError, match="a signature"):
            signer_of(text, signature, namespace=namespace)


@settings(max_examples=200)
@given(data=st.data())
def test_a_signature_with_other_bytes_in_it_is_refused_in_words(signed: tuple[bytes, bytes, str], data: st.DataObject) -> None:
    message, signature, _ = signed
    place = data.draw(st.integers(0, len(signature) - 1))
    text = signature[:place] + data.draw(st.binary(max_size=3)) + signature[place + 1 :]

    is_same = b"".join(text.split()) == b"".join(signature.split())  # space may differ, the signature may not

    assert _is_refused(message, text) or is_same


def _is_refused(message: bytes, signature: bytes) -> bool:
    try:
        signer_of(message, signature, namespace="amends-test")
    except ValueError:
        return True
    return False


@given(st.binary(max_size=200))
def test_any_bytes_are_no_signature(junk: bytes) -> None:
    with pytest.raises(ValueError, match="a signature"):
        signer_of(b"x", b"-----BEGIN SSH SIGNATURE-----\n" + junk + b"\n-----END SSH SIGNATURE-----\n", namespace="amends-test")
