"""A producer of Kafka that waits for its broker without end."""

from collections.abc import Callable

from confluent_kafka import KafkaError, Producer

from starwatch.clients.kafka import Address, made

OWNED = ("enable.idempotence", "transactional.id", "message.timeout.ms")
"""What is decided here: options that a user may not set."""


def patient_producer(
    address: Address, hear: Callable[[KafkaError], None], **settings: object
) -> Producer:
    """An idempotent producer (`acks=all`): messages of a partition keep their order.

    A broker that is away is waited for; what was not acknowledged is kept meanwhile.

    Args:
        address: The cluster.
        hear: Called from `poll` with what is not about one message.
        settings: librdkafka's, with `_` for the dots; those of the address win.

    Raises:
        BadSetting: librdkafka refuses a setting.
    """
    config = {
        "client.id": "starwatch",
        "compression.type": "lz4",
        "linger.ms": 5,
        **{name.replace("_", "."): value for name, value in settings.items()},
        **address.config,
        "enable.idempotence": True,
        "message.timeout.ms": 0,
        "error_cb": hear,
    }
    return made(lambda: Producer(config))
