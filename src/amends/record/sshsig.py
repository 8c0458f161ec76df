"""Signatures of a person's own key over a file, as `ssh-keygen -Y sign -n NAMESPACE -f KEY FILE` makes them (FILE.sig).

Source: OpenSSH, PROTOCOL.sshsig; RFC 4251, section 5, RFC 5656 and RFC 8332 for keys and signatures. Keys: Ed25519, ECDSA over
the curves of NIST, RSA of 2048 bits or more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

MAGIC = b"SSHSIG"
VERSION = 1
ARMOUR = re.compile(rb"\s*-----BEGIN SSH SIGNATURE-----\s(.{1,20000}?)-----END SSH SIGNATURE-----\s*", re.DOTALL)
DIGESTS = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
LEAST_RSA_BITS = 2048
RSA_HASHES: dict[bytes, hashes.HashAlgorithm] = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
CURVE_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose key signed: its kind, and its fingerprint as `ssh-keygen -l` prints it."""

    kind: str
    fingerprint: str


def signer_of(message: bytes, armoured: bytes, *, namespace: str) -> Signer:
    """The key whose signature this is. Raises: ValueError, in words, where it is none of this message and namespace."""
    found = ARMOUR.fullmatch(armoured)
    if not found:
        raise ValueError("a signature as ssh-keygen -Y sign writes it")
    parts = _Parts(_decoded(b"".join(found[1].split())))
    if parts.take(len(MAGIC)) != MAGIC or parts.number() != VERSION:
        raise ValueError("a signature of the form SSHSIG, version 1")
    public, own_namespace, reserved, digest, signature = parts.strings(5)
    if own_namespace != namespace.encode():
        raise ValueError(f"a signature made with -n {namespace}")
    if digest not in DIGESTS:
        raise ValueError("a signature over SHA-256 or SHA-512")
    signed = MAGIC + b"".join(map(_string, (own_namespace, reserved, digest, DIGESTS[digest](message).digest())))
    kind = _Parts(public).string()  # the key's own reader judges the rest
    try:
        _verify(kind, public, signature, signed)
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise ValueError("a signature of these very bytes, by a key of Ed25519, ECDSA or RSA") from error
    fingerprint = base64.b64encode(hashlib.sha256(public).digest()).rstrip(b"=").decode()
    return Signer(kind.decode("ascii", "replace"), f"SHA256:{fingerprint}")


def _verify(kind: bytes, public: bytes, signature: bytes, signed: bytes) -> None:
    """Raises: InvalidSignature, UnsupportedAlgorithm, ValueError."""
    key = load_ssh_public_key(kind + b" " + base64.b64encode(public))
    algorithm, value = _Parts(signature).strings(2)
    match key:
        case Ed25519PublicKey() if algorithm == b"ssh-ed25519":
            key.verify(value, signed)
        case ec.EllipticCurvePublicKey() if algorithm == kind and key.curve.name in CURVE_HASHES:
            r, s = map(_number, _Parts(value).strings(2))
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(CURVE_HASHES[key.curve.name]))
        case rsa.RSAPublicKey() if algorithm in RSA_HASHES and key.key_size >= LEAST_RSA_BITS:
            key.verify(value, signed, padding.PKCS1v15(), RSA_HASHES[algorithm])
        case _:
            raise UnsupportedAlgorithm(algorithm.decode("ascii", "replace"))


class _Parts:
    """Reads the strings and numbers of RFC 4251 one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) < size:
            raise ValueError("a signature that is whole")
        self._at += size
        return part

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def strings(self, count: int) -> list[bytes]:
        """So many strings, and nothing behind them."""
        found = [self.string() for _ in range(count)]
        if self._at != len(self._data):
            raise ValueError("a signature without anything behind it")
        return found


def _decoded(text: bytes) -> bytes:
    """Base64 in the one spelling that it has."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("a signature in base64") from error
    if base64.b64encode(decoded) != text:
        raise ValueError("a signature in base64 of one spelling")
    return decoded


def _number(text: bytes) -> int:
    """A positive mpint in its shortest form."""
    number = int.from_bytes(text, "big")
    if text != number.to_bytes(number.bit_length() // 8 + 1, "big"):
        raise ValueError("a signature whose numbers have their shortest form")
    return number


def _string(text: bytes) -> bytes:
    return len(text).to_bytes(4, "big") + text
