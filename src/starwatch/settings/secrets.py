"""What may be shown of an address: everything but the password in it."""

from urllib.parse import parse_qsl, urlencode, urlsplit

MASK = "***"

_SECRET_KEYS = ("password", "token", "secret", "key")


def without_secrets(url: str) -> str:
    """A URL with a password, and with every parameter that may be a secret, masked.

    >>> without_secrets("mqtt://me:pa@ss@broker:1883/topic?qos=1&token=abc")
    'mqtt://me:***@broker:1883/topic?qos=1&token=***'
    """
    parts = urlsplit(url)
    netloc = parts.netloc
    login, at, host = netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    if at and colon:
        netloc = f"{user}:{MASK}@{host}"
    query = [(key, MASK if is_secret(key) else value) for key, value in parse_qsl(parts.query)]
    shown = urlencode(query, safe="*/:,") if query else parts.query
    return parts._replace(netloc=netloc, query=shown).geturl()


def is_secret(key: str) -> bool:
    """Whether the value of a key may be a secret, by its name."""
    return key.lower().rpartition("_")[2] in _SECRET_KEYS
