"""What only the webhook promises: which answers mean what, and what it sends."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from outbox_run import fill, following, soon
from sink_rows import context, rows, split

from service.live_sources import Scripted, handed_over
from service.serving import running
from starwatch.errors import BadSetting, OutputFailed
from starwatch.ports import Cursor, Origin, RowContext
from starwatch.service import following as module
from starwatch.service.backup import back_up
from starwatch.service.pauses import Pauses
from starwatch.sinks.registry import open_lasting, parse_sink

OF = context()
WHOLE = rows(OF, 200)


class Receiver:
    """Answers with these statuses, then with 200; keeps what it took, and all headers."""

    def __init__(self, *statuses: int, close: bool = False) -> None:
        self.taken: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.by_key: dict[str, list[dict]] = {}
        self.statuses, self.close = list(statuses), close
        self.connections = 0

    @contextmanager
    def serving(self) -> Iterator[str]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                receiver.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.headers.append(dict(self.headers))
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                if status == 200:
                    receiver.taken += json.loads(body)
                    receiver.by_key.setdefault(self.headers["Idempotency-Key"], json.loads(body))
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
                self.close_connection = receiver.close

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/w"
            finally:
                server.shutdown()
                thread.join()


def opened(url: str):
    origin = RowContext(OF.job, OF.products, Origin("a-state"))
    return open_lasting(parse_sink(url), origin, Cursor(1000))


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 408, 410, 429, 500, 503])
def test_an_answer_that_is_not_about_a_row_is_a_failure_and_is_tried_again(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pauses, "next", lambda _: 0.05)
    receiver = Receiver(status, status)
    fill(tmp_path / "starwatch.db", split(WHOLE, 3))
    with receiver.serving() as url, following(tmp_path, f"{url}#batch=150", OF) as made:
        soon(lambda: made.cursor.rows == len(WHOLE))
        assert (made.health.failures, made.refusals) == (2, 0)
    assert len(receiver.taken) == len(WHOLE)


def test_a_redirect_is_not_followed() -> None:
    with Receiver(302).serving() as url, closing(opened(url)) as sink:
        with pytest.raises(OutputFailed, match=r"answers 302 Found. Redirects are not followed"):
            sink.write(WHOLE)
        assert sink.secured() == Cursor(1000)


def test_a_batch_says_which_rows_it_holds_and_is_signed_only_with_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver = Receiver()
    with receiver.serving() as url:
        monkeypatch.delenv("STARWATCH_WEBHOOK_SECRET", raising=False)
        with closing(opened(f"{url}#batch=150")) as sink:
            sink.write(WHOLE)
        monkeypatch.setenv("STARWATCH_WEBHOOK_SECRET", "sh4red")
        with closing(opened(url)) as sink:
            sink.write(WHOLE)
    one, two, signed = receiver.headers
    assert (one["Starwatch-Rows"], two["Starwatch-Rows"]) == ("1000-1149", "1150-1199")
    assert two["Starwatch-State"] == "a-state"
    assert two["Idempotency-Key"].startswith("a-state-1150-1199-")
    assert "Starwatch-Signature" not in one
    assert signed["Starwatch-Signature"].startswith("sha256=")
    assert "sh4red" not in str(signed)


def test_a_body_that_comes_again_has_its_key_and_another_of_the_same_numbers_has_not() -> None:
    receiver = Receiver(200, 503)
    with receiver.serving() as url:
        with closing(opened(url)) as sink:
            sink.write(WHOLE)
        with closing(opened(url)) as sink, pytest.raises(OutputFailed):
            sink.write(WHOLE)
        with closing(opened(url)) as sink:
            sink.write(rows(OF, 200, seed=2))
    once, again, other = (each["Idempotency-Key"] for each in receiver.headers)
    assert once == again != other
    assert len({each["Starwatch-Rows"] for each in receiver.headers}) == 1


def test_a_receiver_that_goes_by_keys_gets_every_row_of_a_state_that_was_put_back(
    tmp_path: Path,
) -> None:
    def life(folder: Path, url: str, first: int, *products: str) -> None:
        def script(door) -> None:
            door.connected(value=True)
            partition = door.partition("a")
            handed_over(door, partition, *((product, 4) for product in products), first=first)
            door.caught_up(partition, value=True)

        wanted = len(receiver.taken) + 2 * len(products)
        with running(folder, Scripted(script), outputs=[url]):
            soon(lambda: len(receiver.taken) >= wanted)

    receiver = Receiver()
    (tmp_path / "bak").mkdir()
    with receiver.serving() as url:
        life(tmp_path, url, 0, "a")
        back_up(tmp_path / "state", tmp_path / "bak" / "state")
        life(tmp_path, url, 1, "b")
        life(tmp_path / "bak", url, 1, "c")
    kept = {(row["product"], row["start"]) for body in receiver.by_key.values() for row in body}
    assert sorted(product for product, _ in kept) == ["a", "a", "b", "b", "c", "c"]


def test_one_connection_is_kept_and_opened_again_where_the_receiver_closed_it() -> None:
    for close, connections in ((False, 1), (True, 2)):
        receiver = Receiver(close=close)
        with receiver.serving() as url, closing(opened(url)) as sink:
            for _ in range(2):
                sink.write(WHOLE)
        assert (receiver.connections, len(receiver.taken)) == (connections, 2 * len(WHOLE))


def test_a_receiver_that_refuses_everything_is_broken_and_loses_few_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pauses, "next", lambda _: 0.05)
    monkeypatch.setattr(module, "MOST_REFUSALS", 10)
    receiver = Receiver(*[400] * 1000)
    fill(tmp_path / "starwatch.db", [WHOLE])
    with receiver.serving() as url, following(tmp_path, url, OF) as made:
        soon(lambda: made.health.failures)
        assert "refused 10 rows one after the other" in made.health.error
        receiver.statuses.clear()  # it was mended
        soon(lambda: made.cursor.rows == len(WHOLE))
    assert made.refusals == 10
    assert len(receiver.taken) == len(WHOLE) - 10


@pytest.mark.parametrize(
    "bad",
    ["https:///path", "https://h/#batch=0", "https://h/#btch=1", "https://h/#cafile=none.pem"],
)
def test_what_cannot_be_a_target_is_refused_at_once(bad: str) -> None:
    with pytest.raises(BadSetting):
        parse_sink(bad)


def test_a_receiver_that_answers_nothing_is_broken_until_it_takes_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pauses, "next", lambda _: 0.05)
    fill(tmp_path / "starwatch.db", [WHOLE])
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        port = frozen.getsockname()[1]
        with following(tmp_path, f"http://127.0.0.1:{port}/#timeout=0.2", OF) as followed:
            soon(lambda: followed.health.failures)
            seen = set()
            while followed.health.failures < 4:
                seen.add(followed.health.state)
                time.sleep(0.01)
            assert seen == {"broken"}
            frozen.close()
            receiver = ThreadingHTTPServer(("127.0.0.1", port), _Taking)
            with receiver:
                threading.Thread(target=receiver.serve_forever, daemon=True).start()
                soon(lambda: followed.health.state == "running")
                assert followed.health.error == ""
                receiver.shutdown()


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
