"""The source `csv`: files of delimited text."""

from starwatch.codecs.delimited import CsvDecoder
from starwatch.codecs.options import InputOptions
from starwatch.ratings.scale import Scale
from starwatch.sources.text_files import TextFile


def csv_source(path: str, options: InputOptions, scale: Scale) -> TextFile:
    """Open a CSV file.

    Raises:
        MissingInput: it is not there.
    """
    return TextFile(path, CsvDecoder(options, scale, where=path), options.block_bytes)
