"""`starwatch flink sql` as a user calls it."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml


def starwatch(*words: str, **kwargs) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "starwatch", *words],
        capture_output=True,
        text=True,
        check=False,
        **kwargs,
    )


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "starwatch.toml"
    file.write_text(
        'window = ["1m", "1h/10m"]\nscale = "0.5..5/0.5"\n'
        '[[source]]\nurl = "kafka://127.0.0.1:9092/ratings"\nuser = "u"\npassword = "geheim"\n'
        '[flink]\nprefix = "shop-"\n'
    )
    return str(file)


def test_settings_become_sql(config):
    told = starwatch("flink", "sql", "--config", config, "--column", "stars=overall")
    assert (told.returncode, told.stderr) == (0, "")
    assert "'$.overall'" in told.stdout
    assert (
        "HOP(TABLE `counted`, DESCRIPTOR(`t`), INTERVAL '10' MINUTE(2), INTERVAL '1' HOUR(1))"
        in (told.stdout)
    )
    assert "'topic' = 'shop-windows'" in told.stdout
    assert "geheim" not in told.stdout


def test_a_flag_wins_over_the_file(config):
    told = starwatch("flink", "sql", "--config", config, "--window", "5m", "--duplicates", "off")
    assert "'5m/5m'" in told.stdout
    assert "'1h/10m'" not in told.stdout
    assert "`known`" not in told.stdout


def test_a_refusal_is_one_line(config):
    told = starwatch("flink", "sql", "--config", config, "--lateness", "5s")
    assert told.returncode == 2
    assert told.stderr.startswith("error: ")
    assert told.stderr.count("\n") == 1
    assert told.stdout == ""


def test_what_application_mode_needs_is_written(config, tmp_path):
    folder = tmp_path / "job"
    told = starwatch("flink", "submit", "--config", config, "--application", str(folder))
    assert told.returncode == 0
    names = ["job.sql", "Containerfile", "deployment.yaml"]
    assert told.stdout.split() == [str(folder / name) for name in names]
    script = folder / "job.sql"
    assert "geheim" in script.read_text()
    assert script.stat().st_mode & 0o077 == 0
    masked = starwatch("flink", "sql", "--config", config).stdout
    assert script.read_text().replace("geheim", "***") == masked
    assert f"--scriptUri {script.as_uri()}" in told.stderr


def test_the_resource_for_kubernetes_is_of_the_job(config, tmp_path):
    with Path(config).open("a") as file:
        file.write("parallelism = 5\n")
    starwatch("flink", "submit", "--config", config, "--application", str(tmp_path))
    resource = yaml.safe_load((tmp_path / "deployment.yaml").read_text())
    spec = resource["spec"]
    assert resource["metadata"]["name"] == "shop-ratings"
    assert spec["job"]["parallelism"] == 5
    assert spec["taskManager"]["replicas"] * 2 >= 5
    (mount,) = spec["podTemplate"]["spec"]["containers"][0]["volumeMounts"]
    assert spec["job"]["args"] == ["--scriptUri", f"file://{mount['mountPath']}/job.sql"]


def test_a_folder_that_cannot_be_is_told_in_one_line(config, tmp_path):
    (tmp_path / "job.sql").mkdir()
    told = starwatch("flink", "submit", "--config", config, "--application", str(tmp_path))
    assert told.returncode == 1
    assert told.stderr.startswith(f"error: {tmp_path}/job.sql cannot be written: ")
    assert told.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_told_with_what_to_do(config):
    told = starwatch("flink", "submit", "--config", config, "--application", "/proc/nowhere")
    assert told.returncode == 1
    assert told.stderr.startswith("error: /proc/nowhere cannot be written: ")
    assert told.stderr.endswith(
        "Name a folder that can be made, or written to: --application DIR\n"
    )


def refused(*words):
    told = starwatch("flink", "sql", *words)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (2, "", 1)
    return told.stderr


@pytest.mark.parametrize("topic", ["starwatch-back", "ratings,starwatch-windows"])
def test_a_job_does_not_read_what_it_writes(topic):
    said = refused("--source", f"kafka://127.0.0.1:9092/{topic}")
    assert "the job would read the topic starwatch-" in said


@pytest.mark.parametrize("checkpoint", ["0s", "1ms", "10m"])
def test_checkpoints_come_before_kafka_gives_a_transaction_up(config, checkpoint):
    with Path(config).open("a") as file:
        file.write(f'checkpoint = "{checkpoint}"\n')
    assert "from 100ms to 5m" in refused("--config", config)
