"""A bridge that runs: its two ends, its books every minute, its end."""

import logging
from pathlib import Path
from threading import Thread
from typing import Protocol
from urllib.parse import urlsplit

from starwatch.bridge.books import Books
from starwatch.bridge.crossing import Crossing
from starwatch.bridge.formats import FORMATS
from starwatch.bridge.parcels import Target
from starwatch.bridge.refused import RefusedFile
from starwatch.errors import BadSetting
from starwatch.service.stop import Stop

_LOG = logging.getLogger(__name__)

BOOKS_SECONDS = 60.0
_LOOK_SECONDS = 0.25
_END_SECONDS = 15.0
"""Longer than a connection takes that is just being made."""

_TYPES = {"as-is": "", "csv": "text/csv; charset=utf-8"}


class Intake(Protocol):
    """Where messages come from."""

    name: str

    def run(self, stop: Stop) -> None:
        """Receive until the end is asked for; what is delivered soon behind that is acknowledged.

        A side that is away is tried until it comes.
        """


def target_for(url: str, form: str) -> Target:
    """What `--to` names; it begins to connect.

    Raises:
        BadSetting: it cannot be used, or a package is missing.
    """
    scheme = _scheme(url)
    if scheme == "kafka":
        try:
            from starwatch.bridge.kafka_target import kafka_target  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise BadSetting(
                f"kafka:// needs the package {error.name!r}, which is not here",
                hint="Install it: pip install 'starwatch[kafka]'",
            ) from None
        return kafka_target(url)
    if scheme in {"http", "https"}:
        from starwatch.bridge.http_target import http_target  # noqa: PLC0415

        return http_target(url, _TYPES[form])
    raise BadSetting(
        f"a bridge cannot lead to {scheme or 'nowhere'}://",
        hint="Give --to kafka://HOST:PORT/TOPIC or http://HOST:PORT/PATH",
    )


def intake_for(url: str, target: str, crossing: Crossing) -> Intake:
    """What `--from` names.

    Raises:
        BadSetting: it cannot be used.
    """
    scheme = _scheme(url)
    if scheme in {"mqtt", "mqtts"}:
        from starwatch.bridge.mqtt_intake import MqttIntake, mqtt_address  # noqa: PLC0415

        return MqttIntake(*mqtt_address(url, target), crossing)
    if scheme in {"http", "https"}:
        from starwatch.bridge.http_intake import HttpIntake, http_place  # noqa: PLC0415

        return HttpIntake(http_place(url), crossing)
    raise BadSetting(
        f"a bridge cannot come from {scheme or 'nowhere'}://",
        hint="Give --from mqtt://HOST:PORT/TOPIC or http://127.0.0.1:PORT/PATH",
    )


def run_bridge(  # noqa: PLR0913
    source: str, to: str, *, form: str, keyed: bool, refused: Path, books: Books, stop: Stop
) -> None:
    """Take messages on until the end is asked for.

    Args:
        source: The URL where they come from.
        to: The URL where they go.
        form: A name of `FORMATS`.
        keyed: Whether the product is the key.
        refused: The file of those that cannot be delivered.
        books: What is counted; logged once a minute.
        stop: Asks for the end.

    Raises:
        BadSetting: a URL or the file cannot be used.
        OutputFailed: the target refuses for good.
    """
    kept = RefusedFile(refused)
    target = target_for(to, form)
    try:
        crossing = Crossing(FORMATS[form], target, kept, books, keyed=keyed)
        intake = intake_for(source, target.name, crossing)
        _LOG.info("from %s to %s as %s", intake.name, target.name, form)
        ticker = Thread(target=_tick, args=(books, stop), daemon=True)
        ticker.start()
        faults: list[BaseException] = []
        receiver = Thread(target=_receive, args=(intake, stop, faults), daemon=True)
        receiver.start()
        while not stop.is_set() and target.failure is None and receiver.is_alive():
            stop.wait(_LOOK_SECONDS)
        stop.set()
        receiver.join(_END_SECONDS)
    finally:
        target.close()
        kept.close()
    for fault in (target.failure, *faults):
        if fault is not None:
            raise fault


def _receive(intake: Intake, stop: Stop, faults: list[BaseException]) -> None:
    try:
        intake.run(stop)
    except Exception as error:  # nobody foresaw it: it ends the bridge  # noqa: BLE001
        faults.append(error)


def _tick(books: Books, stop: Stop) -> None:
    while not stop.is_set():
        stop.wait(BOOKS_SECONDS)
        if not stop.is_set():
            _LOG.info("%s", books.line())


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return url.partition("://")[0]
