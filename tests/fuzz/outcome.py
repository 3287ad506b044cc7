"""What may come of reading a hostile file: a correct read, or one line that names the file."""

import resource
import warnings
from pathlib import Path

from mpipipe.errors import InputError
from tests.fuzz.readers import Reader

LONGEST_LINE = 2000
SECONDS = 10


def try_input(reader: Reader, file: Path, data: bytes) -> bool:
    """Read one input, and return whether it was read; whatever else than an `InputError` of one line passes through."""
    file.write_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reader.read(file)
    except InputError as error:
        line = str(error)
        assert "\n" not in line and len(line) < LONGEST_LINE, f"no short line: {line!r}"
        assert line.startswith((str(file.parents[len(Path(reader.file).parts) - 1]), "recipe: ")), (
            f"names no file: {line}"
        )
        return False
    return True


def peak_bytes() -> int:
    """The most memory that this process has held so far."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
