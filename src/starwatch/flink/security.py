"""How Kafka's Java client is let in: the settings of librdkafka in its words."""

from collections.abc import Mapping
from typing import Any

from starwatch.errors import NotOnFlink
from starwatch.settings.secrets import MASK

_MODULES = "org.apache.flink.kafka.shaded.org.apache.kafka.common.security"
"""The connector brings Kafka's client under a name of its own."""

_OWN = {"bootstrap.servers", "log_level", "logger"}


def java_security(config: Mapping[str, Any], *, masked: bool) -> dict[str, str]:
    """Settings of the Java client.

    Args:
        config: The connection as librdkafka has it.
        masked: Whether the password is left out, for what is shown.

    Raises:
        NotOnFlink: there is a setting that the Java client has not.
    """
    given = {key: str(value) for key, value in config.items() if key not in _OWN}
    protocol = given.pop("security.protocol", "PLAINTEXT")
    told = {} if protocol == "PLAINTEXT" else {"security.protocol": protocol}
    if "sasl.mechanism" in given:
        told["sasl.mechanism"] = given.pop("sasl.mechanism")
        user, password = given.pop("sasl.username"), given.pop("sasl.password")
        told["sasl.jaas.config"] = _login(
            told["sasl.mechanism"], user, MASK if masked else password
        )
    if "ssl.ca.location" in given:
        told["ssl.truststore.type"] = "PEM"
        told["ssl.truststore.location"] = given.pop("ssl.ca.location")
    for name in given:
        raise NotOnFlink(
            f"the Kafka option {name} is of librdkafka, and Flink reads by Kafka's Java client",
            hint="Leave it out of the source, or set it in the SQL by hand",
        )
    return told


def _login(mechanism: str, user: str, password: str) -> str:
    module = "plain.Plain" if mechanism == "PLAIN" else "scram.Scram"
    return (
        f"{_MODULES}.{module}LoginModule required"
        f" username={_quoted(user)} password={_quoted(password)};"
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
