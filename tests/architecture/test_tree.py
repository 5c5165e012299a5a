"""Nothing in the tree depends on one machine or names one registry."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MACHINE = re.compile(r"(?<![\w.*])/(?:work|root|home|Users|tmp|opt)" + r"/\w")
HOSTS = re.compile(
    r"(?:pypi\.org|pythonhosted|index-url|extra-index|find-links|npmjs\.(?:org|com)"
    r"|repo1?\.maven|maven\.org|deb\.debian|archive\.apache)"
)


def tracked():
    """Every text file that git tracks, but this one."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path != Path(__file__):
            yield name, path.read_bytes().decode(errors="replace")


def found(pattern):
    """Where a pattern occurs, as `file:line: text`."""
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in tracked()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_path_of_a_machine():
    assert found(MACHINE) == []


def test_no_host_of_a_registry():
    assert found(HOSTS) == []


def test_every_requirement_is_pinned_and_hashed():
    files = [*(ROOT / "requirements").glob("*.txt"), ROOT / "servers/flink/requirements.txt"]
    for path in sorted(files):
        entries = [e for e in re.split(r"\n(?=\S)", path.read_text()) if not e.startswith("#")]
        bare = [e.split()[0] for e in entries if "==" not in e or "--hash=sha256:" not in e]
        assert (path.name, bare) == (path.name, [])
        assert entries
