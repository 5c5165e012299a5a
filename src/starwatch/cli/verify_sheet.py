"""The option `--excel` of `starwatch verify`: where the workbook goes, and whether it can."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from starwatch.errors import BadSetting

if TYPE_CHECKING:
    from starwatch.recompute.run import Recomputation

ENGINE = "engine"
"""What the rows of a state are called that an engine emits again."""

excel_option = click.option(
    "--excel",
    metavar="FILE",
    help="Write a workbook that counts every window by formulas: beside the rows of the first"
    " --against, or of the state. Needs pip install 'starwatch[excel]'.",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A workbook to be written.

    Attributes:
        path: Where to.
        beside: Which rows the formulas stand beside: a file, or `ENGINE`.
    """

    path: Path
    beside: str

    @classmethod
    def asked(cls, excel: str | None, against: tuple[str, ...]) -> Self | None:
        """The workbook that a command line asks for, if it does.

        Raises:
            BadSetting: it cannot be written.
        """
        if excel is None:
            return None
        path = Path(excel)
        if path.suffix.lower() != ".xlsx":
            raise BadSetting(
                f"--excel writes a workbook, and {excel} does not end in .xlsx",
                hint="Name it check.xlsx",
            )
        if path.is_dir() or not path.parent.is_dir():
            raise BadSetting(
                f"--excel cannot write {excel}", hint="Name a file in a folder that is there"
            )
        try:
            import xlsxwriter  # noqa: F401, PLC0415 - an extra, and only when it runs
        except ImportError:
            raise BadSetting(
                "--excel needs the package xlsxwriter, which is not here",
                hint="Install it: pip install 'starwatch[excel]'",
            ) from None
        return cls(path, against[0] if against else ENGINE)

    def check_room(self, recomputation: "Recomputation") -> None:
        """Refuse what does not fit, before anything is compared.

        Raises:
            BadSetting: a sheet has too few rows.
        """
        from starwatch.sheets.contents import check_room  # noqa: PLC0415 - only when it runs

        check_room(recomputation.database)

    def write(self, recomputation: "Recomputation") -> None:
        """Write it beside the rows that were compared last, and say so.

        Raises:
            BadSetting: a sheet has too few rows.
            OutputFailed: it cannot be written.
        """
        from starwatch.sheets.contents import Contents  # noqa: PLC0415 - only when it runs
        from starwatch.sheets.workbook import write_workbook  # noqa: PLC0415

        contents = Contents(recomputation.database, recomputation.rules)
        engines = "what the engine emits for all that the state has journalled"
        against = engines if self.beside == ENGINE else self.beside
        write_workbook(self.path, contents, recomputation.rules, against)
        click.echo(
            f"{self.path}: {contents.ratings_number:,} ratings,"
            f" {contents.windows_number:,} windows by formulas"
        )
