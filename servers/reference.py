"""The pipeline of 2021, whole and on loopback: `python3 -m servers.reference start`.

    replay → Mosquitto → bridge → NiFi → bridge → Kafka → Flink → Kafka → Starwatch's page

NiFi has HTTP at both edges, for its MQTT and Kafka bundles are not to be had from Maven; a bridge
stands before and behind it. All begins anew at each start.
"""

import argparse
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from servers import flink, kafka, mosquitto, nifi
from servers.errors import ServerError
from servers.folders import ROOT
from servers.kinds import provide
from servers.ports import HOST, free_port, listens
from servers.server import Kind, Server

STARWATCH = (sys.executable, "-m", "starwatch")

TOPIC = "amazon"
"""What the reference calls its topics."""

USUAL = {
    "mosquitto": 1883,
    "kafka": 9092,
    "flink": 8081,
    "nifi": 8080,
    "nifi-in": 8085,
    "nifi-out": 8086,
    "page": 8321,
}
"""The port of each stage; Flink takes the two behind its own as well."""

MADE_UP = ("--products", "12", "--rate", "2", "--for", "1h", "--incidents", "3", "--seed", "2021")
"""The shop that is replayed where no file is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A command of Starwatch that goes on until it is stopped.

    Args:
        name: Of its folder.
        words: Of the command.
        where: What it is between, for whoever reads the list.
        listens_at: Its port; None: it listens nowhere.
    """

    name: str
    words: Sequence[str]
    where: str
    listens_at: int | None = None

    user = None
    stop_signal = signal.SIGTERM

    @property
    def port(self) -> int:
        """Where it listens; for one that does not, a port where nobody does."""
        return self.listens_at or free_port()

    def address(self) -> str:
        """What it is between."""
        return self.where

    def prepare(self, _folder: Path) -> None:
        """It needs nothing."""

    def command(self, _folder: Path) -> Sequence[str]:
        """In the foreground, it logs to its output."""
        return [*STARWATCH, *self.words]

    def answers(self) -> bool:
        """It listens, if it does so anywhere."""
        return self.listens_at is None or listens(self.listens_at)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All stages in one folder.

    Args:
        folder: Made anew at each start.
        ports: As in `USUAL`.
        data: The file that is replayed; None: a made-up shop.
        every: From one rating to the next.
    """

    folder: Path
    ports: dict[str, int]
    data: Path | None = None
    every: str = "1s"

    def start(self) -> Iterator[str]:
        """Start everything in its order; a line for each stage.

        Raises:
            ServerError: a stage did not come up.
        """
        if any(self._server(kind).running for kind in (*self._servers(), *self._programs())):
            raise ServerError("it runs already. Stop it first: make reference-stop")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        provide("mosquitto", "kafka", "flink", "nifi")
        with ThreadPoolExecutor() as threads:
            yield from threads.map(self._begin, self._servers())
        yield f"flow        {self._flow()}"
        yield f"job         {self._job()}"
        for program in self._programs():
            yield self._begin(program)

    def stop(self) -> Iterator[str]:
        """Stop what runs, the last stage first."""
        for kind in reversed([*self._servers(), *self._programs()]):
            if self._server(kind).stop():
                yield f"{kind.name:<11} stopped"

    def _servers(self) -> tuple[Kind, ...]:
        rest = self.ports["flink"]
        jobmanager = flink.JobManager(port=rest, rpc_port=rest + 1)
        return (
            mosquitto.Mosquitto(port=self.ports["mosquitto"]),
            nifi.NiFi(port=self.ports["nifi"]),
            kafka.Kafka(port=self.ports["kafka"]),
            jobmanager,
            flink.TaskManager(jobmanager=jobmanager, port=rest + 2),
        )

    def _programs(self) -> tuple[Kind, ...]:
        """From the page back to the edge, so that nothing waits for what is behind it."""
        broker, log = self._mqtt, self._kafka
        taken, given = self._http("nifi-in"), self._http("nifi-out")
        page = str(self.ports["page"])
        state = str(self.folder / "page" / "state")
        watch = ("run", "--engine", "flink", *self._rules, "--state", state, "--port", page)
        refused = ("--refused", str(self.folder / "refused.jsonl"))
        before = ("bridge", "--from", broker, "--to", taken, *refused)
        behind = ("bridge", "--from", given, "--to", log, *refused)
        play = ("replay", str(self._file), "--every", self.every, "--to", broker)
        return (
            Program(name="page", words=watch, where=f"http://{HOST}:{page}/", listens_at=int(page)),
            Program(
                name="bridge-out",
                words=behind,
                where=f"{given} → {log}",
                listens_at=self.ports["nifi-out"],
            ),
            Program(name="bridge-in", words=before, where=f"{broker} → {taken}"),
            Program(name="replay", words=play, where=f"{self._file.name} → {broker}"),
        )

    def _begin(self, kind: Kind) -> str:
        self._server(kind).start()
        return f"{kind.name:<11} {kind.address()}"

    def _server(self, kind: Kind) -> Server:
        return Server(kind, self.folder / kind.name)

    def _flow(self) -> str:
        ends = ("--from", self._http("nifi-in"), "--to", self._http("nifi-out"))
        url = f"http://{HOST}:{self.ports['nifi']}"
        return _once("nifi", "deploy", "--edges", "http", *ends, "--url", url).splitlines()[-1]

    def _job(self) -> str:
        """Submit the job; its page."""
        (self.folder / "starwatch.toml").write_text(
            f'time = "arrival"\n[[source]]\nurl = "{self._kafka}"\n[flink]\ncheckpoint = "1s"\n'
        )
        cluster = f"http://{HOST}:{self.ports['flink']}"
        job = _once("flink", "submit", *self._rules, "--cluster", cluster).strip()
        return f"{cluster}/#/job/running/{job}"

    @property
    def _rules(self) -> tuple[str, ...]:
        return "--config", str(self.folder / "starwatch.toml"), "--format", "csv"

    @property
    def _file(self) -> Path:
        if self.data is not None:
            return self.data
        file = self.folder / "made-up.csv"
        if not file.exists():
            _once("generate", *MADE_UP, "--out", str(file), "--quiet")
        return file

    @property
    def _mqtt(self) -> str:
        return f"mqtt://{HOST}:{self.ports['mosquitto']}/{TOPIC}"

    @property
    def _kafka(self) -> str:
        return f"kafka://{HOST}:{self.ports['kafka']}/{TOPIC}"

    def _http(self, which: str) -> str:
        return f"http://{HOST}:{self.ports[which]}/ratings"


def _once(*words: str) -> str:
    """Run a command to its end; what it printed."""
    done = subprocess.run([*STARWATCH, *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServerError(f"starwatch {words[0]} {words[1]}: {done.stderr.strip()}")
    return done.stdout


def main(words: list[str]) -> int:
    """Start or stop it; the exit code."""
    given = _arguments(words)
    pipeline = Pipeline(given.folder, USUAL | dict(given.ports), given.data, given.every)
    try:
        if given.what == "stop":
            for line in pipeline.stop():
                print(line, flush=True)
        else:
            for line in pipeline.start():
                print(line, flush=True)
    except ServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _port(word: str) -> tuple[str, int]:
    name, _, port = word.partition("=")
    if name not in USUAL or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r} is not NAME=PORT, with NAME of {list(USUAL)}")
    return name, int(port)


def _file(word: str) -> Path:
    if not Path(word).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {word}")
    return Path(word).resolve()


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python3 -m servers.reference", description=__doc__)
    parser.add_argument("what", choices=("start", "stop"))
    parser.add_argument("--data", type=_file, metavar="FILE", help="a file of ratings to replay")
    parser.add_argument("--every", default="1s", help="from one rating to the next")
    parser.add_argument("--folder", type=Path, default=ROOT / "reference", help="for everything")
    parser.add_argument(
        "--port", dest="ports", type=_port, action="append", default=[], metavar="NAME=PORT"
    )
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
