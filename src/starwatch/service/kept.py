"""What was not counted, one JSON object a line: rejects as they came, and late ratings."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from starwatch.errors import BadSetting, OutputFailed
from starwatch.ratings.batch import NO_TIME, Batch
from starwatch.ratings.durations import moment_label
from starwatch.ratings.rejects import Reject
from starwatch.ratings.scale import Scale


class KeptFile:
    """A file of JSON lines; a reader sees them as they are written.

    Args:
        path: Where to; replaced if it is there.

    Raises:
        BadSetting: it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._encoder = msgspec.json.Encoder()
        try:
            self._file: IO[bytes] = Path(path).open("wb")  # noqa: SIM115 - held until `close`
        except OSError as error:
            raise BadSetting(
                f"{path} cannot be written: {error.strerror}",
                hint="Name a file in a folder of yours",
            ) from None

    def write(self, lines: Sequence[dict[str, Any]]) -> None:
        """Add lines.

        Raises:
            OutputFailed: the disk is full, or the file broke.
        """
        try:
            self._file.write(self._encoder.encode_lines(lines))
            self._file.flush()
        except OSError as error:
            raise OutputFailed(f"{self._path} cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """Finish the file; safe to call twice."""
        try:
            self._file.close()
        except OSError as error:
            raise OutputFailed(f"{self._path} cannot be written: {error.strerror}") from None


def reject_lines(
    rejects: Sequence[tuple[int, Reject]], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Rejects with the name of their file, their row from 0, the reason, and what came.

    What came is text in `raw` where it is UTF-8, and `raw_base64` otherwise.
    """
    return [
        {"file": names[file], "row": reject.position, "reason": str(reject.reason)}
        | _raw(reject.raw)
        for file, reject in rejects
    ]


def _raw(raw: bytes) -> dict[str, str]:
    try:
        return {"raw": raw.decode()}
    except UnicodeDecodeError:
        return {"raw_base64": base64.b64encode(raw).decode()}


def late_lines(late: Batch, names: Sequence[str], scale: Scale) -> list[dict[str, Any]]:
    """Late ratings with the name of their file, their row from 0, and all that is known of them."""
    values = np.array([str(value) for value in scale.values])
    ids = [""] * len(late) if late.rating_id is None else late.rating_id.to_pylist()
    columns = zip(
        late.partition.tolist(),
        late.position.tolist(),
        late.reviewer.to_pylist(),
        late.product.to_pylist(),
        values[late.stars].tolist(),
        late.event_ms.tolist(),
        late.arrival_ms.tolist(),
        ids,
        strict=True,
    )
    return [
        {
            "file": names[file],
            "row": row,
            "reviewer": reviewer,
            "product": product,
            "stars": stars,
            "event_time": None if event == NO_TIME else moment_label(event),
            "arrival": moment_label(arrival),
        }
        | ({"id": rating_id} if rating_id else {})
        for file, row, reviewer, product, stars, event, arrival, rating_id in columns
    ]
