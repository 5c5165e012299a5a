"""The pipeline of 2021, whole and on loopback: `python3 -m servers.reference start`.

    replay → Mosquitto → bridge → NiFi → bridge → Kafka → Flink → Kafka → Starwatch's page

NiFi has HTTP at both edges, for its MQTT and Kafka bundles are not to be had from Maven; a bridge
stands before and behind it. All begins anew at each start; but where some of one that came up whole
runs, what is missing is started again and goes on where it was.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import urlopen

from servers import flink, kafka, mosquitto, nifi
from servers.errors import ServerError
from servers.folders import ROOT
from servers.kinds import provide
from servers.ports import HOST, free_port, listens
from servers.server import Kind, Server
from starwatch.errors import StarwatchError
from starwatch.ratings.durations import duration

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

REPLAY = "replay"

MEMORY, WHOLE = "started.json", "whole"
"""In the folder: what it was started with; and a file that says that all of it came up."""

ENDED = ("CANCELED", "FAILED", "FINISHED")
"""States of a job on Flink that goes on no more."""

DUPLICATES = ("off", "ids", "content")
"""What the job may know a rating again by."""

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
        duplicates: What a rating is known again by. No id goes through the CSV, so with `ids` what
            a killed bridge or NiFi brings again counts again, as in 2021, and so does a file that
            is played again.
    """

    folder: Path
    ports: dict[str, int]
    data: Path | None = None
    every: str = "1s"
    duplicates: str = "ids"

    @property
    def remembered(self) -> "Pipeline | None":
        """The one that was started last in its folder."""
        memory = self.folder / MEMORY
        if not memory.exists():
            return None
        known = json.loads(memory.read_text())
        data = known["data"] and Path(known["data"])
        how = known["every"], known.get("duplicates", "ids")
        return Pipeline(self.folder, known["ports"], data, *how)

    @property
    def stages(self) -> dict[str, Kind]:
        """All of it by name, in the order in which it is started."""
        return {kind.name: kind for kind in (*self._servers(), *self._programs())}

    @property
    def running(self) -> bool:
        """Whether any stage of it runs."""
        return any(self._server(kind).running for kind in self.stages.values())

    def start(self) -> Iterator[str]:
        """Start everything in its order, or what is missing; a line for each that was started.

        One of which not everything came up is ended first, and begun anew.

        Raises:
            ServerError: a stage did not come up, or all run.
        """
        whole = self.running and (self.folder / WHOLE).exists()
        yield from self._mend() if whole else self._begin_anew()

    def stop(self) -> Iterator[str]:
        """Stop what runs, the last stage first."""
        for kind in reversed(self.stages.values()):
            if self._server(kind).stop():
                yield f"{kind.name:<11} stopped"

    def kill(self, names: Sequence[str]) -> Iterator[str]:
        """Kill -9 stages, as a lecture does.

        Raises:
            ServerError: there is none of this name.
        """
        stages = self.stages
        if unknown := set(names) - set(stages):
            raise ServerError(f"no stage is called {min(unknown)}. There are {', '.join(stages)}")
        for name in names:
            server = self._server(stages[name])
            told = "killed" if server.running else "does not run"
            server.kill()
            yield f"{name:<11} {told}"

    def _begin_anew(self) -> Iterator[str]:
        self._refuse_to_lose()
        yield from self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        known = {
            "ports": self.ports,
            "data": self.data and str(self.data),
            "every": self.every,
            "duplicates": self.duplicates,
        }
        (self.folder / MEMORY).write_text(json.dumps(known))
        if self.data is None:
            _once("generate", *MADE_UP, "--out", str(self._file), "--quiet")
        provide("mosquitto", "kafka", "flink", "nifi")
        with ThreadPoolExecutor() as threads:
            yield from threads.map(self._begin, self._servers())
        yield f"flow        {self._flow()}"
        yield f"job         {self._job()}"
        for program in self._programs():
            yield self._begin(program)
        (self.folder / WHOLE).touch()

    def _refuse_to_lose(self) -> None:
        """See that nothing of a user's own goes with what an earlier one left."""
        if self.data and self.data.is_relative_to(self.folder.resolve()):
            raise ServerError(f"{self.data} goes with {self.folder}, which is made anew. Copy it")
        others = self.folder.exists() and any(self.folder.iterdir())
        if others and not (self.folder / MEMORY).exists():
            raise ServerError(f"{self.folder} holds something else. Remove it, or take another one")

    def _mend(self) -> Iterator[str]:
        """Start what is missing, each on what it had; replay would send its ratings once more."""
        servers, programs = (
            [kind for kind in kinds if not self._server(kind).running and kind.name != REPLAY]
            for kinds in (self._servers(), self._programs())
        )
        if not servers and not programs:
            raise ServerError("it runs already. Stop it first: make reference-stop")
        with ThreadPoolExecutor() as threads:
            yield from threads.map(self._begin, servers)
        yield f"flow        {self._flow()}"
        if not self._job_runs():
            yield f"job         {self._job()}"
        yield from map(self._begin, programs)

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
        before = ("bridge", "--from", broker, "--to", taken, *self._refused("in"))
        behind = ("bridge", "--from", given, "--to", log, *self._refused("out"))
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
            Program(name=REPLAY, words=play, where=f"{self._file.name} → {broker}"),
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
        """Submit the job, or let it go on from its last checkpoint; its page."""
        (self.folder / "starwatch.toml").write_text(
            f'time = "arrival"\nduplicates = "{self.duplicates}"\n'
            f'[[source]]\nurl = "{self._kafka}"\n[flink]\ncheckpoint = "1s"\n'
        )
        cluster = f"http://{HOST}:{self.ports['flink']}"
        whole = (self.folder / "flink" / "checkpoints").glob("*/chk-*/_metadata")
        last = max(whole, key=lambda file: file.stat().st_mtime, default=None)
        how = ["submit"] if last is None else ["resume", "--savepoint", str(last.parent)]
        job = _once("flink", *how, *self._rules, "--cluster", cluster).strip()
        return f"{cluster}/#/job/running/{job}"

    def _job_runs(self) -> bool:
        with urlopen(f"http://{HOST}:{self.ports['flink']}/jobs/overview", timeout=60) as answer:
            return any(job["state"] not in ENDED for job in json.load(answer)["jobs"])

    @property
    def _rules(self) -> tuple[str, ...]:
        return "--config", str(self.folder / "starwatch.toml"), "--format", "csv"

    @property
    def _file(self) -> Path:
        return self.data or self.folder / "made-up.csv"

    @property
    def _mqtt(self) -> str:
        return f"mqtt://{HOST}:{self.ports['mosquitto']}/{TOPIC}"

    @property
    def _kafka(self) -> str:
        return f"kafka://{HOST}:{self.ports['kafka']}/{TOPIC}"

    def _refused(self, which: str) -> tuple[str, str]:
        return "--refused", str(self.folder / f"refused-{which}.jsonl")

    def _http(self, which: str) -> str:
        return f"http://{HOST}:{self.ports[which]}/ratings"


def _once(*words: str) -> str:
    """Run a command to its end; what it printed."""
    done = subprocess.run([*STARWATCH, *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServerError(f"starwatch {words[0]} {words[1]}: {done.stderr.strip()}")
    return done.stdout


def main(words: list[str]) -> int:
    """Start or stop it, or kill some of it; the exit code."""
    given = _arguments(words)
    try:
        for line in _done(given):
            print(line, flush=True)
    except ServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "interrupted: make reference begins anew, make reference-stop ends it", file=sys.stderr
        )
        return 130
    return 0


def _done(given: argparse.Namespace) -> Iterator[str]:
    pipeline = _meant(given)
    if given.what == "kill":
        return pipeline.kill(given.names)
    return pipeline.stop() if given.what == "stop" else pipeline.start()


def _meant(given: argparse.Namespace) -> Pipeline:
    """The one that runs in that folder, or else the one that is asked for.

    Raises:
        ServerError: something else is asked for than what runs.
    """
    ports = dict(given.ports)
    how = given.every or "1s", given.duplicates or "ids"
    asked = Pipeline(given.folder, USUAL | ports, given.data, *how)
    ran = asked.remembered
    if ran is None or not ran.running:
        return asked
    if given.what != "start":
        return ran
    same = replace(
        ran,
        ports=ran.ports | ports,
        data=given.data or ran.data,
        every=given.every or ran.every,
        duplicates=given.duplicates or ran.duplicates,
    )
    if same != ran:
        raise ServerError("it runs already, and otherwise. Stop it first: make reference-stop")
    return ran


def _port(word: str) -> tuple[str, int]:
    name, _, port = word.partition("=")
    if name not in USUAL or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r} is not NAME=PORT, with NAME of {list(USUAL)}")
    return name, int(port)


def _pause(word: str) -> str:
    try:
        duration(word)
    except StarwatchError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return word


def _file(word: str) -> Path:
    if not Path(word).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {word}")
    return Path(word).resolve()


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python3 -m servers.reference", description=__doc__)
    parser.add_argument("what", choices=("start", "kill", "stop"))
    parser.add_argument("names", nargs="*", metavar="NAME", help="the stages to kill -9")
    parser.add_argument("--data", type=_file, metavar="FILE", help="a file of ratings to replay")
    parser.add_argument("--every", type=_pause, help="from one rating to the next; 1s if not given")
    parser.add_argument(
        "--duplicates", choices=DUPLICATES, help="what a rating is known again by; ids if not given"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "reference", help="for everything")
    parser.add_argument(
        "--port", dest="ports", type=_port, action="append", default=[], metavar="NAME=PORT"
    )
    given = parser.parse_args(words)
    if bool(given.names) != (given.what == "kill"):
        parser.error("kill takes the names of stages, start and stop take none")
    return given


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
