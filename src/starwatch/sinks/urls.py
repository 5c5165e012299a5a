"""URLs of servers that rows go to: taken apart, checked, and shown without their secrets."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from starwatch.errors import BadSetting
from starwatch.settings.secrets import is_secret

TIMEOUT_SECONDS = 30.0
"""How long a server may take for one exchange before the sink is taken for broken: more than any
healthy one needs, and short enough for somebody who looks to see what is wrong."""

_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]*\]|[^:\[\]]*)(:[0-9]{0,5})?")
"""A host, perhaps with its port."""


@dataclass(frozen=True, slots=True)
class SinkUrl:
    """A URL of a sink.

    Attributes:
        scheme: What stands before `://`.
        host: Name or address.
        port: None where none is given.
        user: None where none is given.
        password: None where none is given.
        path: What follows the host, without the first slash.
        options: What stands behind `?`.
    """

    scheme: str
    host: str
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, options: Collection[str], *, host: str = "127.0.0.1") -> Self:
        """Take a URL apart.

        Args:
            text: The URL.
            options: The options that it may have.
            host: The host where it names none.

        Raises:
            BadSetting: it is no URL, or has an option that is not known.
        """
        parts = split_url(text)
        try:
            port = parts.port
        except ValueError:
            raise _unreadable(text) from None
        given = _known(text, parts.query, options)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or host,
            port=port,
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            path=unquote(parts.path.removeprefix("/")),
            options=given,
        )

    def number(self, name: str, default: float, *, lowest: float, whole: bool = False) -> float:
        """An option that is a number.

        Raises:
            BadSetting: it is none, or below the lowest.
        """
        text = self.options.get(name)
        if text is None:
            return default
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            value = lowest - 1
        if not lowest <= value < float("inf"):
            kind = "a whole number" if whole else "a number"
            raise BadSetting(f"the option {name}={text} is not {kind} from {lowest:g} up")
        return value

    @property
    def timeout(self) -> float:
        """Seconds that the server may take for one exchange: the option `timeout`.

        Raises:
            BadSetting: it is no such number.
        """
        return self.number("timeout", TIMEOUT_SECONDS, lowest=0.1)


def with_options(text: str, options: Mapping[str, Any]) -> str:
    """A URL with further options behind those that it has.

    >>> with_options("redis://db/0?prefix=shop", {"maxlen": 10})
    'redis://db/0?prefix=shop&maxlen=10'

    Of a web address they stand behind `#`, for what is behind `?` is the receiver's.

    >>> with_options("https://shop.example/hook?id=1", {"batch": 100})
    'https://shop.example/hook?id=1#batch=100'
    """
    if not options:
        return text
    mark = "#" if text.startswith(("http://", "https://")) else "?"
    return f"{text}{'&' if mark in text else mark}{urlencode(options)}"


def fragment_options(text: str, options: Collection[str]) -> dict[str, str]:
    """The options behind `#` of a web address, whose `?` belongs to the receiver.

    Raises:
        BadSetting: one of them is not known.
    """
    return _known(text, split_url(text).fragment, options)


def without_secrets(text: str) -> str:
    """A URL without password and without the values of options that are secrets.

    >>> without_secrets("postgresql://u:hidden@host:5432/db?table=windows")
    'postgresql://u@host:5432/db?table=windows'

    Of a web address anything behind `?` may be a secret; it is replaced by what tells it from
    others, and what stands behind `#` is left out.

    >>> without_secrets("https://shop.example/windows?t=hidden#batch=100")
    'https://shop.example/windows?936673ee'
    """
    try:
        parts = split_url(text)
    except BadSetting:
        return f"{text.partition('://')[0]}://…"
    user, at, host = parts.netloc.rpartition("@")
    query = parts.query
    if parts.scheme in {"http", "https"}:
        query = hashlib.sha256(query.encode()).hexdigest()[:8] if query else ""
    else:
        pairs = parse_qsl(query, keep_blank_values=True)
        open_pairs = [pair for pair in pairs if not is_secret(pair[0])]
        query = urlencode(open_pairs, safe="/.:")
    name = user.partition(":")[0]
    return f"{parts.scheme}://{name}{at * bool(name)}{host}{parts.path}{'?' * bool(query)}{query}"


def split_url(text: str) -> SplitResult:
    """The parts of a URL, which may name several hosts.

    Raises:
        BadSetting: it cannot be read, perhaps because of a special character in the password.
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _unreadable(text) from None
    user, _, hosts = parts.netloc.rpartition("@")
    torn = "@" in parts.path and not user and parts.scheme not in {"http", "https"}
    if torn or not all(map(_HOST.fullmatch, hosts.split(","))):
        raise _unreadable(text)
    return parts


def _known(text: str, query: str, options: Collection[str]) -> dict[str, str]:
    """The options of a query, all of which must be known."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    for name in given:
        if name not in options:
            raise BadSetting(
                f"the option {name!r} of {without_secrets(text)} is not known",
                hint=f"The options are {', '.join(sorted(options))}",
            )
    return given


def _unreadable(text: str) -> BadSetting:
    return BadSetting(
        f"the address {text.partition('://')[0]}://… cannot be read",
        hint="It reads SCHEME://USER:PASSWORD@HOST:PORT/…; write special characters of a"
        " password as %40 for @, %2F for /",
    )
