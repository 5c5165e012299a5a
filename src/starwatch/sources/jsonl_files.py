"""The source `jsonl`: files of one JSON object a line."""

from starwatch.codecs.json_lines import JsonLinesDecoder
from starwatch.codecs.options import InputOptions
from starwatch.ratings.scale import Scale
from starwatch.sources.text_files import TextFile

_BLOCK_BYTES = 1_000_000
"""About 10,000 messages: the objects of so many stay in the cache, which is a third faster. Below
1 MiB, so that no line of a usual block can be too long."""


def jsonl_source(path: str, options: InputOptions, scale: Scale) -> TextFile:
    """Open a file of JSON lines.

    Raises:
        MissingInput: it is not there.
        BadSetting: a column is mapped by number.
    """
    size = min(options.block_bytes, _BLOCK_BYTES)
    return TextFile(path, JsonLinesDecoder(options, scale, where=path), size)
