"""Messages that come packed with gzip."""

import zlib

_GZIP = b"\x1f\x8b"
_GZIP_BITS = 31
"""What zlib calls gzip with the largest window."""


def unpacked(payload: bytes, largest: int) -> bytes | None:
    """A payload, unpacked if it is packed; None where that cannot be, or is too much.

    Args:
        payload: As it came; all members of gzip in it count.
        largest: Unpacked, it may hold so many bytes; no more are ever unpacked.
    """
    if not payload.startswith(_GZIP):
        return payload
    parts: list[bytes] = []
    left, rest = largest, payload
    while rest:
        stream = zlib.decompressobj(_GZIP_BITS)
        try:
            part = stream.decompress(rest, left + 1)
        except zlib.error:
            return None
        left -= len(part)
        if left < 0 or not stream.eof:
            return None
        parts.append(part)
        rest = stream.unused_data
    return b"".join(parts)
