"""Restoration and reconstruction of whole matrices of measured size: 3 x 817 x 37² and 3 x 3000 x 37³.

A made-up matrix with white noise is written as MDF, and read, restored and used as a user does. Of the one in space, 3.6 GB, a
part is measured, and the column of the whole is scaled from it by the number of components; ``--large`` measures the whole from
file to file with the code of the verbs ``restore`` and ``reconstruct`` (12 GB of disk, some minutes). Floors: the bytes of the
file read; for DCT-F one cosine transform forth and one back; for the network its forward passes on a constant
batch; for ART one pass over the matrix a sweep, in memory or from the file. Files come from the page cache, since they have
just been written. Peak memory is that of a fresh interpreter with reading.

Errors, over the largest modulus of the matrix or of the image: DCT-F and ART against the same in double precision, a component
that the network restores with others against alone, and ART streamed against in memory.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.fft
import torch
import xarray as xr

import mpipipe as mp
from benchmarks.accuracy import bounded
from benchmarks.measured_size import CHANNELS, Size, block, image, write
from benchmarks.memory import peak_bytes
from benchmarks.report import duration, show
from benchmarks.row import Row
from benchmarks.timing import best, timed
from mpipipe.cli.restore import RestoreRequest, restore_file
from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.networks.registry import build_network
from mpipipe.reconstruction.measured_rows import choose_rows, reconstruct_measured
from mpipipe.restorers.choice import choose_card
from mpipipe.storage.mdf_matrix import open_mdf_matrix
from mpipipe.storage.pretrained import read_cards
from mpipipe.studies.measured_noise import estimate_sigma
from mpipipe.training.restorer import VOXELS_AT_ONCE
from mpipipe.training.tuning import classical_restorer

TITLE = "Whole matrices of measured size"
SWEEPS = 10
STREAMED_SWEEPS = 2
NETWORK = "RDN (phase-aligned)"
ROUNDING = 1e-5
NETWORK_BOUND = {"32": 1e-5, "bf16": 3e-2}
"""Of a component among others against alone: bfloat16 has 8 significant bits, and sums depend on the batch."""
FREE_BYTES = 12 * 10**9


FLAT = Size(817, 817, 817, (37, 37))
SPACE = Size(3000, 224, 4, (37, 37, 37))
"""Just large enough (272 MB) to be streamed."""
TINY = Size(817, 20, 5, (37, 37))


def rows(quick: bool) -> Iterator[Row]:
    """Yield reading, restoration and reconstruction of both sizes."""
    for size in (TINY,) if quick else (FLAT, SPACE):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "matrix.mdf"
            write(path, size)
            S = mp.read_mdf(path)
            yield read_row(path, size)
            yield dct_row(S, path, size, memory=not quick)
            yield network_row(S, path, size, memory=not quick)
            yield art_row(S, size)
            if len(size.grid) == 3:
                yield streamed_row(S, path, size)


def large_rows() -> Iterator[Row]:
    """Yield restoration and reconstruction of the whole matrix in space, from file to file."""
    size = Size(SPACE.whole, SPACE.whole, 0, SPACE.grid)
    with tempfile.TemporaryDirectory() as folder:
        free = shutil.disk_usage(folder).free
        if free < FREE_BYTES:
            print(
                f"{folder}: found {free / 1e9:.0f} GB of room, expected {FREE_BYTES / 1e9:.0f} GB; left out"
            )
            return
        path, out = Path(folder) / "matrix.mdf", Path(folder) / "restored.mdf"
        write(path, size)
        read = timed(lambda: read_bytes(path))
        request = RestoreRequest("denoise", method="DCT-F", overwrite=True)
        seconds = timed(lambda: restore_file(path, out, request))
        few = block(size, 0, 64)
        transforms = best(lambda: cosines(few), repeats=1)[0] * CHANNELS * size.rows / len(few)
        yield Row(
            subject=f"DCT-F, {size.text}, file to file",
            seconds=seconds,
            floor="file read, cosine transforms",
            floor_seconds=read + transforms,
            bound_by="digest and writing, cosine transforms",
            more=rate(seconds, size.rows, size) | {"peak memory": peak(restore_file, path, out, request)},
        )
        c = image(size)
        seconds = timed(lambda: streamed(path, c))
        yield art(f"ART streamed, {size.text}", seconds, (STREAMED_SWEEPS + 3) * read, "file read", size, "")


# -------------------------------------------------------------------------------------------------- figures of a row


def read_bytes(path: Path) -> None:
    """Read a file, 64 MiB at a time."""
    buffer = bytearray(min(2**26, path.stat().st_size))
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def rate(seconds: float, measured: int, size: Size) -> dict[str, str]:
    """Return components a second, and what the whole matrix takes."""
    count = CHANNELS * measured
    found = {"components/s": f"{count / seconds:.0f}"}
    if measured < size.whole:
        found["whole, scaled"] = duration(seconds * size.whole / measured)
    return found


def peak(*call: object) -> str:
    """Return the peak memory of a call in a fresh interpreter."""
    function, *arguments = call
    return f"{peak_bytes(function, *arguments) / 1e9:.2f} GB"


# -------------------------------------------------------------------------------------------------- reading and restoration


def read_row(path: Path, size: Size) -> Row:
    """Return the row of reading the file."""
    seconds, floor = best(lambda: mp.read_mdf(path), lambda: read_bytes(path), repeats=3)
    return Row(
        subject=f"read MDF, {size.text}",
        seconds=seconds,
        floor="bytes read",
        floor_seconds=floor,
        bound_by="memory: reordered voxels",
        more=rate(seconds, size.rows, size),
    )


def restored(path: Path, method: str, rows: int) -> xr.DataArray:
    """Read the first frequencies of a matrix and restore them."""
    return mp.restore(mp.read_mdf(path)[:, :rows], "denoise", method=method, device="cpu")


def cosines(values: npt.NDArray[np.complex64]) -> None:
    """Transform each component forth and back."""
    axes = tuple(range(1, values.ndim))
    scipy.fft.idctn(scipy.fft.dctn(values, norm="ortho", axes=axes), norm="ortho", axes=axes)


def dct_row(S: xr.DataArray, path: Path, size: Size, *, memory: bool) -> Row:
    """Return the row of DCT-F."""
    few = max(1, size.rows // 4)
    values = S.values[:, :few].reshape(-1, *size.grid)
    seconds, part = best(lambda: mp.restore(S, "denoise", method="DCT-F"), lambda: cosines(values), repeats=1)
    more = rate(seconds, size.rows, size)
    if memory:
        more["peak memory"] = peak(restored, path, "DCT-F", size.rows)
    return Row(
        subject=f"DCT-F, {size.text}",
        seconds=seconds,
        floor="cosine transforms",
        floor_seconds=part * size.rows / few,
        error=bounded(dct_error(S[:, :few]), ROUNDING),
        bound_by="cosine transforms (a third one for the noise level), memory",
        more=more,
    )


def dct_error(S: xr.DataArray) -> float:
    """Return the largest difference of restored components from the same in double precision, over their largest modulus."""
    found = mp.restore(S, "denoise", method="DCT-F").values
    values = S.values.reshape(-1, *S.shape[2:]).astype(np.complex128)
    card = choose_card(read_cards(), "denoise", values.ndim - 1, method="DCT-F")
    level = estimate_sigma(values)
    scale = np.abs(values).reshape(len(values), -1).max(axis=1)
    ones = (-1, *[1] * (values.ndim - 1))
    exact = classical_restorer(card.tuned).apply(values / scale.reshape(ones), level / scale)
    exact = (exact * scale.reshape(ones)).reshape(found.shape)
    return float(np.abs(found - exact).max() / np.abs(exact).max())


def network_row(S: xr.DataArray, path: Path, size: Size, *, memory: bool) -> Row:
    """Return the row of the residual dense network."""
    dimension, count = len(size.grid), size.network_rows
    card = choose_card(read_cards(), "denoise", dimension, method=NETWORK)
    config = card.train
    network = build_network(config.network, dimension, 0).eval()
    at_once = min(CHANNELS * count, max(1, VOXELS_AT_ONCE // prod(size.grid)))
    observed = torch.rand((at_once, 2, *size.grid))
    measured = torch.ones((at_once, 1, *size.grid))

    def forward() -> None:
        with (
            torch.inference_mode(),
            torch.autocast("cpu", torch.bfloat16, enabled=config.precision == "bf16"),
        ):
            network(observed, measured)

    part = S[:, :count]
    seconds = timed(lambda: mp.restore(part, "denoise", method=NETWORK, device="cpu"))
    passes = best(forward, repeats=2)[0] * CHANNELS * count / at_once
    more = rate(seconds, count, size)
    if memory:
        # No more than so many go through the network at once.
        more["peak memory"] = peak(restored, path, NETWORK, min(count, 64))
    return Row(
        subject=f"{NETWORK}, {CHANNELS} x {count} x {size.grid[0]}^{dimension}",
        seconds=seconds,
        floor="forward passes",
        floor_seconds=passes,
        error=bounded(alone_error(S, NETWORK, min(count, 4)), NETWORK_BOUND[config.precision]),
        bound_by="forward passes",
        more=more,
    )


def alone_error(S: xr.DataArray, method: str, count: int) -> float:
    """Return the largest difference of the last of some frequencies, restored with the others and alone."""
    among = mp.restore(S[:, :count], "denoise", method=method, device="cpu").values[:, -1]
    alone = mp.restore(S[:, count - 1 : count], "denoise", method=method, device="cpu").values[:, 0]
    return float(np.abs(among - alone).max() / np.abs(alone).max())


# -------------------------------------------------------------------------------------------------- reconstruction


def art_row(S: xr.DataArray, size: Size) -> Row:
    """Return the row of ART with the matrix in memory."""
    values = S.values.reshape(-1, prod(size.grid))
    signal = (values @ image(size)).reshape(S.shape[:2])
    parts = values.view(np.float32)
    seconds, once = best(
        lambda: mp.reconstruct(S, signal, iterations=SWEEPS), lambda: parts.sum(dtype=np.float32), repeats=1
    )
    few = slice(0, max(1, size.rows // 8))
    found = mp.reconstruct(S[:, few], signal[:, few], iterations=SWEEPS).values
    exact = mp.reconstruct(S[:, few].astype(np.complex128), signal[:, few], iterations=SWEEPS).values
    error = bounded(float(np.abs(found - exact).max() / np.abs(exact).max()), 1e-4)
    floor = "matrix read once a sweep, in memory"
    return art(f"ART, {SWEEPS} sweeps, {size.text}", seconds, SWEEPS * once, floor, size, error)


def streamed(
    path: Path, c: npt.NDArray[np.float32], sweeps: int = STREAMED_SWEEPS
) -> npt.NDArray[np.float64]:
    """Reconstruct an image with a matrix that is read anew in each sweep; its signal is read from the file first."""
    config = KaczmarzConfig(iterations=sweeps)
    with open_mdf_matrix(path) as matrix:
        signal = np.empty((1, matrix.channels, len(matrix.frequency)), np.complex64)
        for channel, start, stop in matrix.blocks():
            signal[0, channel, start:stop] = matrix.read(channel, start, stop).reshape(stop - start, -1) @ c
        rows = choose_rows(matrix, matrix.grid.voxels, config)
        return reconstruct_measured(rows, signal, "ART", config, matrix.grid.shape).image


def streamed_row(S: xr.DataArray, path: Path, size: Size) -> Row:
    """Return the row of ART with a matrix that is read anew in each sweep."""
    c, found = image(size), []
    seconds = timed(lambda: found.append(streamed(path, c)[0]))
    read = best(lambda: read_bytes(path), repeats=2)[0]
    signal = (S.values.reshape(-1, prod(size.grid)) @ c).reshape(S.shape[:2])
    whole = mp.reconstruct(S, signal, iterations=STREAMED_SWEEPS).values
    error = bounded(float(np.abs(found[0] - whole).max() / np.abs(whole).max()), 1e-4)
    row = art(
        f"ART streamed, {STREAMED_SWEEPS} sweeps, {size.text}",
        seconds,
        (STREAMED_SWEEPS + 3) * read,  # signal, norm of the matrix, sweeps, residual
        "file read once a pass",
        size,
        error,
    )
    return replace(row, more={**row.more, "peak memory": peak(streamed, path, c)})


def art(subject: str, seconds: float, floor_seconds: float, floor: str, size: Size, error: str) -> Row:
    """Return a row of ART."""
    return Row(
        subject=subject,
        seconds=seconds,
        floor=floor,
        floor_seconds=floor_seconds,
        error=error,
        bound_by="memory and arithmetic of one signal",
        more=rate(seconds, size.rows, size),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true", help="the whole matrix in space")
    show(TITLE, large_rows() if parser.parse_args().large else rows(quick=False))
