"""Kaczmarz over blocks that are read anew in each sweep: the iteration of the whole matrix."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from mpipipe.config.reconstruct import KaczmarzConfig
from mpipipe.errors import InputError
from mpipipe.reconstruction.kaczmarz import solve
from mpipipe.reconstruction.streamed import RowBlock, solve_streamed

COMPONENTS, VOXELS, BATCH = 67, 40, 3


def system(seed: int, kind: type = np.complex64) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((COMPONENTS, VOXELS)) + 1j * rng.standard_normal((COMPONENTS, VOXELS))
    rows *= 10.0 ** rng.uniform(-9, -5, (COMPONENTS, 1))  # as in a measured matrix, volts of all sizes
    image = np.maximum(rng.standard_normal((BATCH, VOXELS)), 0)
    weights = rng.uniform(0.5, 2.0, COMPONENTS)
    return rows.astype(kind), (image @ rows.T).astype(kind), weights


def in_blocks(block: RowBlock, rows: int) -> Callable[[], Iterable[RowBlock]]:
    def read() -> Iterable[RowBlock]:
        for start in range(0, len(block.matrix), rows):
            part = slice(start, start + rows)
            yield replace(
                block, matrix=block.matrix[part], signal=block.signal[:, part], weights=block.weights[part]
            )

    return read


@pytest.mark.parametrize("rows", [8, 13, COMPONENTS], ids=["even", "odd", "whole"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"real": False, "positive": False},
        {"regularization": 0.0},
        {"regularization": 1e-13, "normalization": "absolute"},
    ],
    ids=["default", "complex", "plain", "absolute"],
)
def test_blocks_give_the_images_of_the_whole_matrix(rows: int, settings: dict) -> None:
    A, b, weights = system(1, np.complex128)
    config = KaczmarzConfig(iterations=7, **settings)
    whole = solve(A, b, config, weights=weights)
    streamed = solve_streamed(in_blocks(RowBlock(A, b, weights), rows), config)
    assert np.abs(streamed.image - whole.image).max() < 2e-6 * np.abs(whole.image).max()
    np.testing.assert_allclose(streamed.relative_residual, whole.relative_residual, rtol=1e-5, atol=1e-9)
    assert streamed.iterations == 7


def test_it_converges_to_the_tikhonov_solution() -> None:
    A, b, weights = system(2, np.complex128)
    A, b = A / np.abs(A).max(axis=1, keepdims=True), b / np.abs(A).max(axis=1)
    config = KaczmarzConfig(iterations=4000, regularization=0.05, real=False, positive=False)
    found = solve_streamed(in_blocks(RowBlock(A, b, weights), 11), config).image
    WA, Wb = weights[:, None] * A, weights * b
    penalty = 0.05 * np.linalg.norm(WA) ** 2 / VOXELS
    exact = np.linalg.solve(WA.conj().T @ WA + penalty * np.eye(VOXELS), WA.conj().T @ Wb.T).T
    assert np.abs(found - exact).max() < 1e-5 * np.abs(exact).max()


def test_rows_without_signal_take_no_part_and_passes_are_counted() -> None:
    A, b, weights = system(3)
    A[10:30] = 0
    calls: list[tuple[int, int]] = []
    config = KaczmarzConfig(iterations=3)
    found = solve_streamed(
        in_blocks(RowBlock(A, b, weights), 10), config, progress=lambda *c: calls.append(c)
    )
    kept = np.r_[0:10, 30:COMPONENTS]
    expected = solve(A[kept], b[:, kept], config, weights=weights[kept])
    np.testing.assert_allclose(found.image, expected.image, atol=1e-5 * expected.image.max())
    assert calls == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"blocks": 0}, "rows: found none"),
        ({"config": {"row_order": "random"}}, "row_order: found 'random'"),
        ({"nan": True}, "NaN"),
    ],
    ids=["none", "random", "nan"],
)
def test_what_cannot_be_solved_is_refused(change: dict, expected: str) -> None:
    A, b, weights = system(4)
    if change.get("nan"):
        A[3, 3] = np.nan
    read = in_blocks(RowBlock(A, b, weights), 16) if change.get("blocks", 1) else lambda: []
    with pytest.raises(InputError, match=expected):
        solve_streamed(read, KaczmarzConfig(iterations=1, **change.get("config", {})))
