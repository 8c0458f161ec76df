"""Time stamps of an outside authority over a file (RFC 3161), as `openssl ts -query` and an authority's answer make them.

An answer is good where it is over these very bytes and its signer's certificate leads to the given root. The raw answer is kept,
so that `openssl ts -verify` can check it too: some authorities order their certificates in a way that this reader refuses.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response


def stamped_at(message: bytes, answer: bytes, roots: bytes) -> datetime:
    """When the authority saw these bytes. `roots`: its certificates in PEM.

    Raises: ValueError, in words, where it is no stamp of these bytes, or not of an authority that leads to these roots.
    """
    try:
        stamp = decode_timestamp_response(answer)
        certificates = x509.load_pem_x509_certificates(roots)
    except ValueError as error:
        raise ValueError("an answer of RFC 3161 in DER, and the authority's certificates in PEM") from error
    builder = VerifierBuilder()
    for certificate in dict.fromkeys(certificates):
        builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(stamp, message)
    except (VerificationError, ValueError) as error:
        raise ValueError(
            "a time stamp over these very bytes, by an authority whose certificate leads to the given root"
        ) from error
    return stamp.tst_info.gen_time
