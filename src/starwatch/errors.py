"""Every error that Starwatch raises on purpose, in one tree.

StarwatchError
├── UsageError           the command or its settings are wrong; exit 2
│   ├── UnknownColumn    a field of a rating is not found in the input
│   ├── BadScale         a scale that cannot be
│   ├── BadWindow        a window that cannot be
│   ├── BadSetting       any other option, flag or file key
│   ├── NotOnFlink       something that a job on Apache Flink cannot do
│   ├── BadScript        a scenario file that cannot be read
│   └── MissingInput     a file or folder that is not there
└── RunError             the run failed; exit 1
    ├── BrokenInput      a file that ends or breaks in the middle
    ├── OutputFailed     a sink that cannot be written
    │   └── RowRefused   a target that will never take one of the rows
    ├── SourceFailed     a live source that is broken, for now
    │   └── SourceWaits  one whose input others have still to make
    ├── ClusterFailed    a cluster of Flink that is away, refuses or lost a job
    ├── NifiFailed       a NiFi that is away, refuses, or whose flow does not come up
    │   └── MissingBundle one that lacks processors which a flow needs
    ├── Mismatch         a check that found a difference
    └── StateError       a state directory that cannot be used
        ├── StateLocked  another process writes to it
        ├── BadState     it is corrupt, or no state of ours
        ├── NewerState   a newer Starwatch made it
        ├── OtherState   it belongs to another job or other files
        └── NotKept      what is asked for was there, and was let go

Bad *ratings* are not errors: they are values (`starwatch.ratings.rejects`), kept with a reason.
Each error is shown as one line, `error: what. hint`; a traceback only appears with `--debug`.
"""

from typing import ClassVar


class StarwatchError(Exception):
    """A failure with a bounded code, a sentence, and a hint that says how to mend it.

    Args:
        message: What is wrong, in one line, without a full stop.
        hint: What to do about it; may be empty.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """The one line that a user sees, without the leading `error:`."""
        return f"{self.message}. {self.hint}" if self.hint else self.message


class UsageError(StarwatchError):
    """The command or its settings are wrong; nothing was run."""

    code = "usage"
    exit_code = 2


class UnknownColumn(UsageError):
    """A field of a rating is not found in the input."""

    code = "unknown_column"


class BadScale(UsageError):
    """A scale that cannot be."""

    code = "bad_scale"


class BadWindow(UsageError):
    """A window that cannot be."""

    code = "bad_window"


class BadSetting(UsageError):
    """An option, flag, environment variable or file key that cannot be used."""

    code = "bad_setting"


class NotOnFlink(UsageError):
    """Something that a job on Apache Flink cannot do."""

    code = "not_on_flink"


class BadScript(UsageError):
    """A scenario file that cannot be read."""

    code = "bad_script"


class MissingInput(UsageError):
    """A file or folder that is not there, or holds nothing to read."""

    code = "missing_input"


class RunError(StarwatchError):
    """The run failed after it had started."""

    code = "run_failed"


class BrokenInput(RunError):
    """A file that ends or breaks in the middle."""

    code = "broken_input"


class OutputFailed(RunError):
    """A sink that cannot be written."""

    code = "output_failed"


class RowRefused(OutputFailed):
    """A target that will never take one of the rows it was given, whatever is tried."""

    code = "row_refused"


class SourceFailed(RunError):
    """A live source that is broken: it is tried again."""

    code = "source_failed"


class SourceWaits(SourceFailed):
    """A live source whose input others have still to make: it is looked for every moment."""

    code = "source_waits"


class ClusterFailed(RunError):
    """A cluster of Flink that does not answer, refuses what is asked of it, or lost a job."""

    code = "cluster_failed"


class NifiFailed(RunError):
    """A NiFi that does not answer, refuses what is asked of it, or whose flow does not come up."""

    code = "nifi_failed"


class MissingBundle(NifiFailed):
    """A NiFi that lacks processors which a flow needs."""

    code = "missing_bundle"


class Mismatch(RunError):
    """A check that found a difference."""

    code = "mismatch"


class StateError(RunError):
    """A state directory that cannot be used; nothing in it was changed."""

    code = "state_failed"


class StateLocked(StateError):
    """Another process writes to the state directory."""

    code = "state_locked"


class BadState(StateError):
    """The state directory is corrupt, or no state of ours."""

    code = "bad_state"


class NewerState(StateError):
    """The state directory was made by a newer Starwatch."""

    code = "newer_state"


class OtherState(StateError):
    """The state directory belongs to another job, or to other files."""

    code = "other_state"


class NotKept(StateError):
    """What is asked of the state was there once, and was let go: `--keep`, `--keep-size`."""

    code = "not_kept"
