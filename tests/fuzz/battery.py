"""Read thousands of damaged files with one reader: ``python -m tests.fuzz.battery READER FOLDER INPUTS``.

A process of its own, since a library written in C can end the process or take all memory. It prints how many inputs were
tried and how much memory they took above the valid file; the last input stays in the folder.
"""

import faulthandler
import sys
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from tests.fuzz.forked import use_copies
from tests.fuzz.mutations import mutated
from tests.fuzz.outcome import SECONDS, peak_bytes, try_input
from tests.fuzz.readers import READERS


def main(name: str, folder: Path, inputs: int) -> None:
    reader, file = READERS[name], folder / READERS[name].file
    use_copies()
    reader.write(folder)
    valid = file.read_bytes()
    assert try_input(reader, file, valid), "the valid file is not read"
    before, outcomes = peak_bytes(), []

    @settings(
        max_examples=inputs,
        derandomize=True,
        database=None,
        deadline=timedelta(seconds=SECONDS),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=mutated(valid))
    def check(data: bytes) -> None:
        outcomes.append(try_input(reader, file, data))

    check()
    growth = peak_bytes() - before
    print(f"{name}: tried {len(outcomes)}, read {sum(outcomes)}, grew by {growth / 2**20:.1f} MiB")
    assert growth < reader.growth, f"grew by {growth} bytes, expected less than {reader.growth}"


if __name__ == "__main__":
    faulthandler.enable()
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
