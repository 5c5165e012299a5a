"""Workbooks as tests read, change and recalculate them."""

import csv
import re
import shutil
import subprocess
import zipfile
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

SUMMARY, CHECK = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

# LibreOffice takes results from the file unless it is told to recalculate always, which is 0.
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop>
</item>
</oor:items>
"""
_AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
"""Every sheet, cells as they are and not as they are shown."""

RATING_COLUMNS = 13


class Recalculated:
    """What LibreOffice makes of a workbook."""

    def __init__(self, soffice: str, path: Path, folder: Path) -> None:
        profile = folder / "profile"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE)
        command = [soffice, f"-env:UserInstallation={profile.as_uri()}", "--headless"]
        subprocess.run(
            [*command, "--convert-to", _AS_CSV, "--outdir", str(folder), str(path)],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        rows = _rows(folder / f"{path.stem}-check.csv")
        self.ratings = _table([row[:RATING_COLUMNS] for row in rows])
        self.windows = _table([row[RATING_COLUMNS + 1 :] for row in rows])
        summary = _rows(folder / f"{path.stem}-summary.csv")
        self.summary = {row[0].strip(): row[1] for row in summary if row[1]}

    @property
    def differences(self) -> list[tuple[Decimal, Decimal]]:
        """Of ratings and of means, of each window."""
        return [
            (Decimal(row["difference of ratings"]), Decimal(row["difference of means"]))
            for row in self.windows
        ]

    def means(self) -> dict[tuple, tuple[str, Decimal]]:
        """How many ratings, and their mean, by window, product and end."""
        return {
            (row["window"], row["product"], int(row["end, ms"])): (
                int(row["ratings by formula"]),
                Decimal(row["mean by formula"]),
            )
            for row in self.windows
        }


def cells(path: Path, sheet: str = CHECK) -> dict[str, tuple[str | None, str, str]]:
    """Kind, text or result, and formula of each cell in a workbook, as they lie there."""
    with zipfile.ZipFile(path) as book:
        root = ET.fromstring(book.read(sheet))  # noqa: S314 - our own workbook
    return {
        cell.get("r"): (
            cell.get("t"),
            "".join(cell.itertext()) if cell.get("t") == "inlineStr" else _text(cell, "v"),
            _text(cell, "f"),
        )
        for cell in root.iter(f"{_MAIN}c")
    }


def changed(path: Path, target: Path, values: dict[str, object]) -> Path:
    """The workbook with other numbers in some cells of its check."""
    with zipfile.ZipFile(path) as book, zipfile.ZipFile(target, "w") as copy:
        for item in book.infolist():
            text = book.read(item)
            if item.filename == CHECK:
                for cell, value in values.items():
                    sought = rf'(<c r="{cell}"[^>]*>)<v>[^<]*</v>'
                    text, found = re.subn(sought, rf"\1<v>{value}</v>", text.decode())
                    assert found == 1, cell
                    text = text.encode()
            copy.writestr(item, text)
    return target


def found() -> str | None:
    """Where LibreOffice is."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def _text(cell, name: str) -> str:
    return cell.findtext(f"{_MAIN}{name}") or ""


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.reader(lines))


def _table(rows: list[list[str]]) -> list[dict[str, str]]:
    head, *rest = rows
    return [dict(zip(head, row, strict=True)) for row in rest if row[0]]
