"""A broker inside this process, for trying where there is no Mosquitto: amqtt (extra `broker`).

It speaks MQTT 3.1.1 only, knows no shared subscriptions, and keeps everything in memory: what waits
in it is gone with the process.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from starwatch.errors import RunError

_START_SECONDS = 10.0


class KeptSessions(BaseAuthPlugin):  # type: ignore[misc]
    """Lets everybody in as somebody: of those who are nobody amqtt keeps no session."""

    async def authenticate(self, *, session: Session) -> bool:
        """Whether a client may come: it may."""
        session.is_anonymous = False
        return True


class SessionBroker(Broker):  # type: ignore[misc]
    """A broker that gives what waited for a client as what it is, and not as a retained message.

    amqtt sets RETAIN there, and a receiver must take it for something old (MQTT 3.1.1 [3.3.1.3]).
    """

    async def _publish_session_retained_messages(self, session: Session) -> None:
        handler = self._get_handler(session)
        while handler is not None and not session.retained_messages.empty():
            kept = await session.retained_messages.get()
            await handler.mqtt_publish(kept.topic, kept.data, kept.qos, retain=False)


@contextmanager
def amqtt_running(host: str, port: int) -> Iterator[str]:
    """A broker, open to all, as long as the context lasts; gives its URL.

    Raises:
        RunError: it does not come up.
    """
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="broker", daemon=True)
    thread.start()
    try:
        made = asyncio.run_coroutine_threadsafe(_started(host, port), loop)
        try:
            broker = made.result(_START_SECONDS)
        except Exception as error:
            raise RunError(f"the broker in this process did not come up: {error}") from error
        try:
            yield f"mqtt://{host}:{port}"
        finally:
            asyncio.run_coroutine_threadsafe(broker.shutdown(), loop).result(_START_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_START_SECONDS)
        loop.close()


async def _started(host: str, port: int) -> SessionBroker:
    name = f"{KeptSessions.__module__}.{KeptSessions.__name__}"
    listeners = {"default": ListenerConfig(bind=f"{host}:{port}")}
    broker = SessionBroker(BrokerConfig(listeners=listeners, plugins={name: {}}))
    await broker.start()
    return broker
