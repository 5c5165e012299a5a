"""Certificates for TLS on loopback."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class Certificates:
    """An authority that vouches for one server and one client, and a stranger.

    Args:
        folder: Where the PEM files are written.
    """

    def __init__(self, folder: Path) -> None:
        ours, other = trustme.CA(), trustme.CA()
        self.authority = folder / "authority.pem"
        self.stranger = folder / "stranger.pem"
        self.server = folder / "server.pem"
        self.client = folder / "client.pem"
        ours.cert_pem.write_to_path(self.authority)
        other.cert_pem.write_to_path(self.stranger)
        for file, name in ((self.server, "127.0.0.1"), (self.client, "client@starwatch.test")):
            issued = ours.issue_cert(name, common_name=name)
            chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
            file.write_bytes(_pkcs8(issued.private_key_pem.bytes()) + chain)


def _pkcs8(key: bytes) -> bytes:
    """A private key in the one form that Java reads."""
    known = load_pem_private_key(key, password=None)
    return known.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
