"""What other people wrote and the page ships is what its hashes say; and the page stays small."""

import gzip
import hashlib
from pathlib import Path

import starwatch

STATIC = Path(starwatch.__file__).parent / "page" / "static"
VENDOR = STATIC / "vendor"
MOST_BYTES = 150_000


def test_vendored_files_are_those_that_were_taken():
    lines = (VENDOR / "hashes.txt").read_text().splitlines()
    hashes = {name: digest for digest, name in (line.split() for line in lines)}
    for name, digest in hashes.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
    assert {path.name for path in VENDOR.iterdir()} == {*hashes, "hashes.txt", "versions.txt"}


def test_each_has_a_version_and_a_licence():
    for line in (VENDOR / "versions.txt").read_text().splitlines():
        name, version, *_ = line.replace(",", "").split()
        assert (VENDOR / f"{name}.esm.js").is_file()
        assert version.count(".") == 2
        assert "Permission is hereby granted" in (VENDOR / f"{name}.licence.txt").read_text()


def test_all_modules_and_styles_are_small_together():
    shipped = [path for path in STATIC.rglob("*") if path.suffix in {".js", ".css", ".svg"}]
    size = sum(len(gzip.compress(path.read_bytes())) for path in shipped)
    assert size < MOST_BYTES, size
