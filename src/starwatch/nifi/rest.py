"""A client of the REST API of a NiFi."""

import json
import uuid
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from starwatch.errors import BadSetting, NifiFailed

USUAL = "http://127.0.0.1:8080"
"""Where `make nifi` has it."""

_UNKNOWN = (401, 403)
_JSON = {"Content-Type": "application/json"}


class Nifi:
    """Asks one node.

    Args:
        url: Where its page is: `http://HOST:PORT`, with or without `/nifi`; `https://` too.
        token: Sent as `Authorization: Bearer`; None: nobody in particular asks.
        timeout: How many seconds it may be silent.

    Raises:
        BadSetting: no such URL can be.
    """

    def __init__(self, url: str = USUAL, *, token: str | None = None, timeout: float = 60) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in {"http", "https"} or parts.query or parts.username:
            raise BadSetting(f"{url} is not where a NiFi can be", hint=f"It reads {USUAL}")
        self._base = parts.path.rstrip("/").removesuffix("/nifi")
        self.url = f"{parts.scheme}://{parts.netloc}{self._base}"
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self._timeout = host, port, timeout
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def page(self, group: str) -> str:
        """The URL of its page that shows a process group."""
        return f"{self.url}/nifi/?processGroupId={group}"

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request below `/nifi-api`, and its answer.

        Raises:
            NifiFailed: it does not answer, or refuses.
        """
        sent = None if body is None else json.dumps(body).encode()
        return self._exchange(method, path, sent, _JSON)

    def upload(self, parent: str, name: str, definition: dict[str, Any]) -> str:
        """Make a process group of a flow definition; its id. Nothing in it is started.

        Args:
            parent: Id of the group in which it is made.
            name: Its name.
            definition: As NiFi exports it.

        Raises:
            NifiFailed: it does not answer, or refuses.
        """
        boundary = uuid.uuid4().hex
        fields = {"groupName": name, "positionX": "0", "positionY": "0", "clientId": boundary}
        body = "".join(_field(boundary, f'"{key}"', value) for key, value in fields.items())
        file = '"file"; filename="flow.json"\r\nContent-Type: application/json'
        body += _field(boundary, file, json.dumps(definition)) + f"--{boundary}--\r\n"
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        path = f"/process-groups/{parent}/process-groups/upload"
        return str(self._exchange("POST", path, body.encode(), kind)["id"])

    def _exchange(self, method: str, path: str, body: bytes | None, kind: dict[str, str]) -> Any:
        connection = self._kind(self._host, self._port, timeout=self._timeout)
        try:
            place = f"{self._base}/nifi-api{path}"
            connection.request(method, place, body, {**self._headers, **(kind if body else {})})
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise NifiFailed(
                f"{self.url} does not answer: {why.lower()}",
                hint="Start a NiFi (in a clone: make nifi), or give another --url",
            ) from None
        finally:
            connection.close()
        return self._read(status, text)

    def _read(self, status: int, text: bytes) -> Any:
        if status in range(200, 300):
            try:
                return json.loads(text)
            except ValueError:
                status = 0
        if status in _UNKNOWN:
            raise NifiFailed(
                f"{self.url} lets only known users in",
                hint="Put a token into an environment variable, and name that: --token-env NAME",
            )
        said = " ".join(text.decode(errors="replace").split())[:500]
        if status == 0 or not said or said.startswith("<"):
            raise NifiFailed(
                f"{self.url} answers otherwise than the REST API of NiFi", hint="Check --url"
            )
        raise NifiFailed(f"{self.url} refuses: {said.rstrip('.')}")


def _field(boundary: str, disposition: str, value: str) -> str:
    head = f"--{boundary}\r\nContent-Disposition: form-data; name={disposition}\r\n\r\n"
    return f"{head}{value}\r\n"
