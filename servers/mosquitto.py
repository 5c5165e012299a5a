"""Mosquitto, the MQTT broker."""

import getpass
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from servers import answers
from servers.ports import HOST
from servers.programs import path_of

PROGRAMS = ("mosquitto", "mosquitto_passwd", "mosquitto_pub", "mosquitto_sub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mosquitto:
    """A broker whose sessions and queues are on the disk two seconds after they change.

    Args:
        port: Its listener.
        autosave_seconds: It saves when more whole seconds than that have passed: with 1 every two.
            0: never, so that a kill loses everything.
        users: Passwords by user; empty: anyone may come, without a name.
        certificate: PEM file of its certificate and its key; None: no TLS.
        client_ca: PEM file of an authority; clients then need a certificate of it.
        settings: More lines of its configuration, or other values for those here.
    """

    port: int
    autosave_seconds: int = 1
    users: Mapping[str, str] = field(default_factory=dict)
    certificate: Path | None = None
    client_ca: Path | None = None
    settings: Mapping[str, object] = field(default_factory=dict)

    name = "mosquitto"
    user = None
    stop_signal = signal.SIGTERM

    def address(self) -> str:
        """The URL of its listener."""
        return f"{'mqtts' if self.certificate else 'mqtt'}://{HOST}:{self.port}"

    def prepare(self, folder: Path) -> None:
        """Write its configuration and its passwords."""
        data = folder / "data"
        data.mkdir(exist_ok=True)
        passwords = folder / "passwords"
        passwords.unlink(missing_ok=True)
        for user, password in self.users.items():
            create = [] if passwords.exists() else ["-c"]
            command = [path_of("mosquitto_passwd"), *create, "-b", str(passwords), user, password]
            subprocess.run(command, check=True, capture_output=True)
        lines = [f"{key} {value}\n" for key, value in self._settings(data, passwords).items()]
        (folder / "mosquitto.conf").write_text("".join(lines))

    def command(self, folder: Path) -> Sequence[str]:
        """In the foreground, it logs to its output."""
        return path_of("mosquitto"), "-c", str(folder / "mosquitto.conf")

    def answers(self) -> bool:
        """A CONNECT is answered, or the TLS handshake asks for a certificate."""
        if self.client_ca is not None:
            return answers.tls(self.port)
        return answers.mqtt(self.port, tls=self.certificate is not None)

    def _settings(self, data: Path, passwords: Path) -> dict[str, object]:
        settings: dict[str, object] = {
            "per_listener_settings": "false",
            "persistence": "true" if self.autosave_seconds else "false",
            "persistence_location": f"{data}/",
            "autosave_interval": self.autosave_seconds,
            "max_queued_messages": 0,  # the default keeps 1,000 for a session that is away
            "log_dest": "stdout",
            "log_timestamp_format": "%Y-%m-%dT%H:%M:%S",
            "allow_anonymous": "false" if self.users else "true",
        }
        if os.geteuid() == 0:
            settings["user"] = getpass.getuser()  # else it drops to one who may not write here
        if self.users:
            settings["password_file"] = passwords
        settings["listener"] = f"{self.port} {HOST}"
        if self.certificate is not None:  # these belong to the listener above them
            settings |= {"certfile": self.certificate, "keyfile": self.certificate}
        if self.client_ca is not None:
            settings |= {"cafile": self.client_ca, "require_certificate": "true"}
        return settings | dict(self.settings)
