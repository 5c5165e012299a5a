"""Application mode: a cluster for one job alone, which makes the job from a file of SQL itself.

Flink's own `SqlDriver` runs the file (FLIP-480, Flink 2.0 and later), so neither PyFlink nor a jar
of ours is needed. The file is what `starwatch flink sql` prints, with its passwords.
"""

from pathlib import Path

from starwatch.flink.job import FlinkJob
from starwatch.flink.sql import as_text

FLINK = "2.3.0"
"""The version that this is tried with."""

DRIVER = "org.apache.flink.table.runtime.application.SqlDriver"
"""The class that runs a file of SQL; it is in Flink's `lib/`, and its helper in `opt/`."""

CONNECTOR = "flink-sql-connector-kafka-5.0.0-2.2.jar"

SCRIPT, IMAGE, DEPLOYMENT = "job.sql", "Containerfile", "deployment.yaml"

SLOTS = 2
"""Of each TaskManager on Kubernetes: as many as it has processors."""

_NAME = 45
"""What the operator takes of a name, for it makes longer ones of it."""


def application_files(job: FlinkJob) -> dict[str, str]:
    """What application mode needs: the texts of files by name.

    >>> list(application_files(FlinkJob("ratings", {}, ("INSERT INTO a SELECT 1",))))
    ['job.sql', 'Containerfile', 'deployment.yaml']
    """
    return {SCRIPT: as_text(job), IMAGE: _CONTAINERFILE, DEPLOYMENT: _deployment(job)}


def write_application(job: FlinkJob, folder: Path) -> list[Path]:
    """Write the files into a folder, made if absent; those of these names are written anew.

    The SQL may hold passwords, so nobody but its owner can read it.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in application_files(job).items():
        file = folder / name
        file.unlink(missing_ok=True)
        file.touch(mode=0o600 if name == SCRIPT else 0o644)
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def resource_name(job: FlinkJob) -> str:
    """The job's name as Kubernetes takes names: letters, digits and hyphens, up to 45.

    >>> resource_name(FlinkJob("Shop_1.ratings", {}, ()))
    'shop-1-ratings'
    """
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in job.name.lower())
    name = kept.lstrip("-0123456789")[:_NAME].strip("-")
    return name or "ratings"


_CONTAINERFILE = f"""\
# The image that {DEPLOYMENT} names: Flink, and what reads and writes Kafka in its SQL.
# {CONNECTOR} of Maven Central (org.apache.flink) belongs beside this file.
#
#   podman build -t starwatch-flink:{FLINK} .
FROM flink:{FLINK}-java17
COPY {CONNECTOR} $FLINK_HOME/lib/
"""


def _deployment(job: FlinkJob) -> str:
    """A resource for the Flink Kubernetes Operator (its API v1beta1)."""
    name = resource_name(job)
    parallelism = int(job.settings.get("parallelism.default", "1"))
    version = "_".join(FLINK.split(".")[:2])
    return f"""\
# The job as an application on Kubernetes, for the Flink Kubernetes Operator. In place of CHANGE-ME
# belongs where checkpoints and savepoints go, such as a bucket: all pods must reach it.
#
#   kubectl create secret generic {name} --from-file={SCRIPT}
#   kubectl apply -f {DEPLOYMENT}
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata:
  name: {name}
spec:
  image: starwatch-flink:{FLINK}
  flinkVersion: v{version}
  mode: standalone
  serviceAccount: flink
  flinkConfiguration:
    taskmanager.numberOfTaskSlots: "{SLOTS}"
    execution.checkpointing.dir: CHANGE-ME/checkpoints
    execution.checkpointing.savepoint-dir: CHANGE-ME/savepoints
    execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION
    high-availability.type: kubernetes
    high-availability.storageDir: CHANGE-ME/ha
  jobManager:
    resource: {{memory: 1024m, cpu: 0.5}}
  taskManager:
    replicas: {-(-parallelism // SLOTS)}
    resource: {{memory: 2048m, cpu: {SLOTS}}}
  podTemplate:
    spec:
      containers:
        - name: flink-main-container
          volumeMounts:
            - {{name: job, mountPath: /job}}
      volumes:
        - name: job
          secret: {{secretName: {name}}}
  job:
    entryClass: {DRIVER}
    args: [--scriptUri, file:///job/{SCRIPT}]
    parallelism: {parallelism}
    upgradeMode: savepoint
"""
