"""`starwatch flink sql` as a user calls it."""

import subprocess
import sys

import pytest


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
