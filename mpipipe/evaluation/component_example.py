"""What is shown of an example component: planes of the truth, of what was measured and of each estimate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.errors import InputError
from mpipipe.evaluation.component_axes import (
    Component,
    Extent,
    Mask,
    check_extent,
    measured_extent,
    mm_text,
    slice_position_mm,
)
from mpipipe.evaluation.figures import wrapped
from mpipipe.restoration.downsampling import measured_grid


@dataclass(frozen=True)
class ComponentExample:
    """One component and what was made of it.

    A volume is shown by the slice through the strongest voxel of the truth; where voxels are missing, by the slice
    whose missing voxels hold most of the truth's energy, among slices that are not missing as a whole.

    Attributes
    ----------
    truth : (x, y[, z]) ndarray of complex64
        True component with max|s| = 1.
    estimates : mapping of str to (x, y[, z]) ndarray of complex64
        Restored components by name, in the order of columns.
    extent_mm : tuple of float
        Edges of the grid: lower and upper along x, y and, of a volume, z.
    label : str
        What the component is, such as ``x coil, 45.6 kHz``.
    observed : (x', y'[, z']) ndarray of complex64, optional
        What was measured: every k-th voxel along each axis.
    known : (x', y'[, z']) ndarray of bool, optional
        Voxels that were measured; none given means all.
    factor : int
        k.
    psnr_db : mapping of str to float
        PSNR in dB that is written on an estimate, or on the measured component under the name ``Noisy``.
    """

    truth: Component
    estimates: Mapping[str, Component]
    extent_mm: Extent
    label: str = ""
    observed: Component | None = None
    known: Mask | None = None
    factor: int = 1
    psnr_db: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ComponentImage:
    """One image of a row.

    Attributes
    ----------
    title : str
        Heading of its column.
    image : (x, y) ndarray of complex64
        Plane that is shown.
    extent_mm : tuple of float
        Edges of its grid.
    known : (x, y) ndarray of bool or None
        Voxels that were measured; None for all.
    score_db : float or None
        PSNR of the whole component.
    note : str
        What else stands on it.
    comparable : bool
        Whether it lies on the grid of the truth, so that it has an error.
    """

    title: str
    image: Component
    extent_mm: Extent
    known: Mask | None = None
    score_db: float | None = None
    note: str = ""
    comparable: bool = False


def check_examples(examples: Sequence[ComponentExample]) -> None:
    """Raise `InputError` when there is no example, names or kinds of measurement differ, or a shape does not fit."""
    if not examples:
        raise InputError("examples: found none, expected at least one component")
    first = examples[0]
    names, kind = list(first.estimates), _observed_title(first)
    for example in examples:
        if list(example.estimates) != names:
            raise InputError(f"examples: found estimates {list(example.estimates)}, expected {names} in each")
        if _observed_title(example) != kind:
            raise InputError(
                f"examples: found {_observed_title(example)!r} beside {kind!r}, expected one kind of measurement"
            )
        check_extent("examples: truth", example.extent_mm, example.truth.ndim)
        for name, image in example.estimates.items():
            _check_shape(name, image.shape, example.truth.shape)
        if example.observed is not None:
            measured = measured_grid(example.truth.shape, example.factor)
            _check_shape("observed", example.observed.shape, measured)
            if example.known is not None:
                _check_shape("known", example.known.shape, measured)


def _check_shape(name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        raise InputError(f"examples: {name}: found shape {found}, expected {expected} as the truth asks for")


def _observed_title(example: ComponentExample) -> str:
    if example.observed is None:
        return ""
    if example.factor > 1:
        ordinal = {2: "2nd", 3: "3rd"}.get(example.factor, f"{example.factor}th")
        return f"Measured\n(every {ordinal} voxel)"
    return "Noisy" if example.known is None else "Measured\n(with gaps)"


def images_of(example: ComponentExample) -> tuple[list[ComponentImage], str]:
    """Return what is shown of an example in the order of columns (truth, measured, estimates), and its label."""
    slices = example.truth.shape[2] if example.truth.ndim == 3 else 0
    number, label = 0, example.label
    if slices:
        number = _shown_slice(example)
        label += f"\nslice z = {mm_text(slice_position_mm(example.extent_mm, slices, number))}"
    extent = example.extent_mm
    panels = [ComponentImage("Truth", _plane(example.truth, number), extent)]
    if example.observed is not None:
        panels.append(_observed_panel(example, example.observed, number))
    for name, image in example.estimates.items():
        score = example.psnr_db.get(name)
        panels.append(
            ComponentImage(wrapped(name), _plane(image, number), extent, score_db=score, comparable=True)
        )
    return panels, label


def _observed_panel(example: ComponentExample, observed: Component, number: int) -> ComponentImage:
    extent, note = measured_extent(example.extent_mm, example.truth.shape, example.factor), ""
    if observed.ndim == 3 and example.factor > 1:
        # The measured slice that is nearest to the one that is shown.
        number = min(round(number / example.factor), observed.shape[2] - 1)
        note = f"z = {mm_text(slice_position_mm(extent, observed.shape[2], number))}"
    return ComponentImage(
        _observed_title(example),
        _plane(observed, number),
        extent,
        known=None if example.known is None else _plane(example.known, number),
        score_db=example.psnr_db.get("Noisy"),
        note=note,
        comparable=example.factor == 1,
    )


def _shown_slice(example: ComponentExample) -> int:
    energy = np.abs(example.truth) ** 2
    if example.known is not None and example.factor == 1 and not example.known.all():
        partly = example.known.any(axis=(0, 1))
        missing = np.sum(energy, axis=(0, 1), where=~example.known)
        return int(np.argmax(np.where(partly, missing, -1.0) if (missing * partly).any() else missing))
    return int(np.argmax(energy.max(axis=(0, 1))))


def _plane(image: npt.NDArray[Any], number: int) -> npt.NDArray[Any]:
    return image[..., number] if image.ndim == 3 else image
