"""What may be shown of an address: everything but the password in it."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

MASK = "***"

SECRET_NAMES = frozenset(
    {
        "apikey",
        "key",
        "passphrase",
        "passwd",
        "password",
        "pem",
        "secret",
        "sslpassword",
        "token",
    }
)
"""Options whose values are never shown, by the last part of their names: `sasl.password`."""

_PARTS = re.compile(r"[._]")


def without_secrets(url: str) -> str:
    """A URL with a password, and with every parameter that may be a secret, masked.

    >>> without_secrets("mqtt://me:pa@ss@broker:1883/topic?qos=1&token=abc")
    'mqtt://me:***@broker:1883/topic?qos=1&token=***'

    Of what is no URL nothing but the scheme is shown: a password may stand anywhere in it.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{url.partition('://')[0]}://{MASK}"
    if "@" in parts.path and "@" not in parts.netloc and ":" in parts.netloc:
        return f"{parts.scheme}://{MASK}"  # a slash in the password
    netloc = parts.netloc
    login, at, host = netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    if at and colon:
        netloc = f"{user}:{MASK}@{host}"
    query = [(key, MASK if is_secret(key) else value) for key, value in parse_qsl(parts.query)]
    shown = urlencode(query, safe="*/:,") if query else parts.query
    return parts._replace(netloc=netloc, query=shown).geturl()


def is_secret(key: str) -> bool:
    """Whether the value of a key may be a secret, by its name: `ca_key`, `sasl.password`."""
    return _PARTS.split(key.lower())[-1] in SECRET_NAMES
