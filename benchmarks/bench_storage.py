"""Writing and reading ensembles in Zarr, against one plain file of the same values on the same disk.

A part is simulated as a job does it (smooth components, padded with NaN to the ensemble's largest grid), written with checksums,
and read chunk by chunk in shuffled order as trainings read. The floor writes the same values, uncompressed, as one file in one
call, and reads them back; both writes end when the data are on the disk (``fsync``). Before a read "from disk" the system is
asked to drop the pages of the files (``POSIX_FADV_DONTNEED``); where it does not comply, or the disk has a cache of its own,
that is a read from memory like the others. Stored bytes are fewer than the values', so a part can be read in less than
its floor. The values that are read are those that were written, bit for bit.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import mpipipe as mp
from benchmarks.report import show
from benchmarks.row import Row
from benchmarks.timing import timed
from mpipipe.storage.ensemble import EnsembleReader, StoredMatrix, write_part
from mpipipe.storage.manifest import verify, write_manifest

TITLE = "Storage of ensembles"
COMPONENTS = 256
"""Of each matrix, as the laptop's studies store them."""
REPEATS = 3
PARTS = {
    "2-D part, 40 matrices": ((30, 30), 40, (102, 96, 99)),
    "3-D part, 3 matrices": ((30, 30, 30), 3, (24, 20, 22)),
}
"""Largest grid, matrices and dividers; in space those of a short period, which simulates faster."""
TINY = {"2-D part, 2 matrices": ((30, 30), 2, (16, 12, 14))}
SIZES = (0.73, 0.87, 1.0)
"""Grids of the matrices along an axis, over the largest."""
DISK, MEMORY = "disk", "memory"


def rows(quick: bool) -> Iterator[Row]:
    """Yield writing, reading from disk and from memory, and the check of the digest, for each kind of part."""
    for name, (largest, count, divider) in (TINY if quick else PARTS).items():
        matrices = simulated(largest, count, divider)
        with tempfile.TemporaryDirectory() as folder:
            yield from part_rows(name, matrices, largest, Path(folder))


def simulated(largest: tuple[int, ...], count: int, divider: tuple[int, int, int]) -> list[StoredMatrix]:
    """Return simulated matrices of some sizes and particles."""
    found = []
    for number in range(count):
        grid = tuple(round(SIZES[number % len(SIZES)] * size) for size in largest)
        scanner = mp.Scanner(drive_amplitude_mT=(12, 12, 12 if len(grid) == 3 else 0), divider=divider)
        particle = mp.Particle(core_diameter_nm=16 + 0.2 * number)
        S = mp.simulate_system_matrix(
            scanner, particle, mp.Grid(shape=grid, field_of_view_mm=(24.0,) * len(grid))
        )
        values = S.values.reshape(-1, *grid)
        # A short period has fewer components, which then come again.
        kept = np.resize(np.flatnonzero(np.isfinite(values).reshape(len(values), -1).all(axis=1)), COMPONENTS)
        channel, frequency = np.divmod(kept.astype(np.int32), S.shape[1])
        found.append(StoredMatrix(values[kept], channel, frequency, number, {}))
    return found


def part_rows(
    name: str, matrices: list[StoredMatrix], largest: tuple[int, ...], folder: Path
) -> Iterator[Row]:
    """Yield the rows of one part."""
    part, plain = folder / "part.zarr", folder / "plain.bin"
    values = padded(matrices, largest)
    write, floor = (np.inf, np.inf)
    for _ in range(REPEATS):
        shutil.rmtree(part, ignore_errors=True)
        write = min(write, timed(lambda: write_whole(part, matrices, largest)))
        floor = min(floor, timed(lambda: write_plain(plain, values)))
    write_manifest(part, {}, {})
    files = [path for path in part.rglob("*") if path.is_file()]
    stored = sum(path.stat().st_size for path in files)
    about = {
        "stored / values": f"{stored / values.nbytes:.0%}",
        "files": f"{len(files)} ({len(files) / (stored / 1e9):.0f} a gigabyte)",
    }
    yield row(f"{name}, write", values, write, floor, "plain file, fsync", "compression on one core", about)
    for source in (DISK, MEMORY):
        read, floor = read_times(part, plain, values, dropped=source == DISK)
        subject = f"{name}, read from {source}"
        yield row(subject, values, read, floor, "plain file", "decompression on one core", {}, exact=True)
    check = min(timed(lambda: verify(part)) for _ in range(REPEATS))
    one = min(timed(lambda: [path.read_bytes() for path in files]) for _ in range(REPEATS))
    yield row(f"{name}, compare with the manifest", values, check, one, "stored files read", "SHA-256", {})


def row(
    subject: str,
    values: npt.NDArray[np.complex64],
    seconds: float,
    floor_seconds: float,
    floor: str,
    bound_by: str,
    more: dict[str, str],
    *,
    exact: bool = False,
) -> Row:
    """Return a row with both rates, of the values' bytes."""
    rates = {"MB/s": rate(values, seconds), "MB/s of the floor": rate(values, floor_seconds)}
    return Row(
        subject=f"{subject} ({values.nbytes / 1e6:.0f} MB)",
        seconds=seconds,
        floor=floor,
        floor_seconds=floor_seconds,
        error="0 (bound 0)" if exact else "",
        bound_by=bound_by if seconds > 1.2 * floor_seconds else "disk",
        more=rates | more,
    )


def rate(values: npt.NDArray[np.complex64], seconds: float) -> str:
    """Return the megabytes of values a second."""
    return f"{values.nbytes / 1e6 / seconds:.0f}"


def padded(matrices: list[StoredMatrix], largest: tuple[int, ...]) -> npt.NDArray[np.complex64]:
    """Return the components of all matrices on the largest grid, as a part holds them."""
    values = np.full((sum(len(m.values) for m in matrices), *largest), complex(np.nan, np.nan), np.complex64)
    start = 0
    for matrix in matrices:
        own = tuple(slice(0, size) for size in matrix.grid)
        values[(slice(start, start + len(matrix.values)), *own)] = matrix.values
        start += len(matrix.values)
    return values


def write_whole(part: Path, matrices: list[StoredMatrix], largest: tuple[int, ...]) -> None:
    """Write a part and wait until it is on the disk."""
    write_part(part, matrices, largest)
    for path in part.rglob("*"):
        if path.is_file():
            sync(path)


def write_plain(path: Path, values: npt.NDArray[np.complex64]) -> None:
    """Write values as one file and wait until they are on the disk."""
    with path.open("wb", buffering=0) as file:
        file.write(values.data)
    sync(path)


def sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def read_times(
    part: Path, plain: Path, values: npt.NDArray[np.complex64], *, dropped: bool
) -> tuple[float, float]:
    """Return the times of reading a part in shuffled chunks and of reading the plain file, s."""
    reader = EnsembleReader([part], check=False)
    order = np.random.default_rng(0).permutation(reader.num_chunks)
    length = reader.parts[0].chunk_length
    found, floor = np.empty_like(values), np.empty_like(values)
    files = [plain, *(path for path in part.rglob("*") if path.is_file())]
    times = []

    def read_part() -> None:
        for chunk in order:
            start = chunk * length
            read = reader.read_chunk(int(chunk)).values
            found[start : start + len(read)] = read

    def read_plain() -> None:
        with plain.open("rb", buffering=0) as file:
            file.readinto(floor.data.cast("B"))

    read_part()
    for _ in range(REPEATS):
        if dropped:
            drop(files)
        times.append((timed(read_part), timed(read_plain)))
    for array in (found, floor):
        assert np.array_equal(array.view(np.uint64), values.view(np.uint64))
    mine, other = np.min(times, axis=0)
    return float(mine), float(other)


def drop(files: list[Path]) -> None:
    """Ask the system to forget the pages of files that it holds in memory."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in files:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    show(TITLE, rows(quick=False))
