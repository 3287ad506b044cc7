"""What is laid over each other on the results pages: pictures of components and images before and after each method."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mpipipe.evaluation.comparison import (
    ComparedImage,
    ComparedImages,
    component_picture,
    concentration_picture,
    on_full_grid,
)
from mpipipe.evaluation.component_axes import extent_of
from mpipipe.evaluation.component_example import ComponentExample, images_of
from mpipipe.evaluation.figures import in_order
from mpipipe.evaluation.tables import format_number
from mpipipe.studies.image_scores import image_scores

Arrays = Mapping[str, npt.NDArray[Any]]
Described = Mapping[str, Any]
Images = npt.NDArray[np.float32]

SHOWN = 2
"""Examples of a problem at most."""
LEVEL_DB, SNR = 30.0, 20.0
"""Noise of signals and of x-space images that is shown; where it was not tried, the nearest."""
TRUTH = "Truth"
COMPONENT_TEXT = "Hue is the phase, brightness the modulus."


def component_comparisons(name: str, arrays: Arrays, described: Described) -> Iterator[ComparedImages]:
    """Yield test components of a restoration problem: truth, what was measured, and restored by each method.

    Parameters
    ----------
    name : str
        Problem.
    arrays, described : mapping
        Artifact of the job ``examples``.
    """
    methods = described["methods"]
    for number, example in enumerate(described["examples"][:SHOWN]):
        scores = dict(zip(methods, example["psnr_db"], strict=True))
        truth = arrays[f"truth_{number}"]
        shown = ComponentExample(
            truth=truth,
            estimates={
                one: arrays[f"method_{methods.index(one)}_{number}"] for one in in_order(set(methods))
            },
            extent_mm=extent_of(example["field_of_view_mm"]),
            observed=arrays[f"observed_{number}"],
            known=arrays.get(f"known_{number}"),
            factor=example["factor"],
        )
        panels, position = images_of(shown)
        images = []
        for panel in panels:
            label = panel.title.replace("\n", " ")
            plane = panel.image
            if plane.shape != truth.shape[:2]:
                plane = on_full_grid(plane, truth.shape[:2], example["factor"])
            images.append(_rated(label, component_picture(plane, panel.known), scores.get(label)))
        what = f"{'xyz'[example['channel']]} coil, {example['frequency_Hz'] / 1e3:.1f} kHz, {example['kind']} particles"
        yield ComparedImages(
            f"{name}-{number}",
            f"{_spoken(name)}, component {number + 1}",
            f"{what}{', ' + position.strip() if position.strip() else ''}; noise of σ = {described['sigma']:g}. "
            f"{COMPONENT_TEXT} PSNR of the whole component.",
            _plane_mm(example["field_of_view_mm"]),
            tuple(images),
            images[1].label,
        )


def phantom_comparisons(name: str, arrays: Arrays, described: Described) -> Iterator[ComparedImages]:
    """Yield a phantom reconstructed with the true, the measured and each restored system matrix.

    Parameters
    ----------
    name : str
        Phantom.
    arrays, described : mapping
        Artifact of the job ``reconstruct``.
    """
    concentration, factor = arrays["concentration"], described["observation"]["factor"]
    peak, names = float(concentration.max()), described["names"]
    before = "Observed voxels" if "Observed voxels" in names else "Full calibration"
    matrices = ("True matrix", "Full calibration", before)
    images = [ComparedImage("Phantom", _central(concentration, peak))]
    for number, label in enumerate(names):
        image = arrays[f"image_{number}"]
        if image.shape != concentration.shape:
            image = on_full_grid(image, concentration.shape, factor)
        psnr_db = described["psnr_db"][number]
        one = _rated(label, _central(image, peak), psnr_db)
        images.append(one if label not in matrices else ComparedImage(label, one.colours, None, one.score))
    slice_text = "Central slice z. " if concentration.ndim == 3 else ""
    yield ComparedImages(
        name,
        f"{_spoken(name)} phantom",
        f"Reconstructed with the true, the measured and each restored system matrix. {slice_text}PSNR of the whole image.",
        _plane_mm(described["field_of_view_mm"]),
        tuple(images),
        before,
    )


def digit_comparisons(name: str, arrays: Arrays, described: Described) -> Iterator[ComparedImages]:
    """Yield test phantoms reconstructed by each method at one noise level.

    Parameters
    ----------
    name : str
        Calibration.
    arrays, described : mapping
        Artifact of the job ``reconstruction_examples``.
    """
    levels = described["levels_db"]
    level = _nearest(levels, LEVEL_DB)
    for number, truth in enumerate(arrays["truth"][:SHOWN]):
        estimates = {
            method: (arrays["images"][place, level, number], described["psnr_db"][place][level][number])
            for place, method in _ordered(described["methods"])
        }
        yield _image_comparison(
            f"{name}-digit-{number}",
            f"Digit {number + 1}",
            f"Test phantom from a signal with an SNR of {levels[level]:g} dB.",
            described["field_of_view_mm"],
            truth,
            estimates,
        )


def scan_comparisons(name: str, arrays: Arrays, described: Described) -> Iterator[ComparedImages]:
    """Yield the phantoms of a calibration, reconstructed by each method.

    Parameters
    ----------
    name : str
        Calibration.
    arrays, described : mapping
        Artifact of the job ``phantom_images``.
    """
    for number, phantom in enumerate(described["phantoms"]):
        estimates = {
            method: (arrays["images"][place, number], described["psnr_db"][place][number])
            for place, method in _ordered(described["methods"])
        }
        yield _image_comparison(
            f"{name}-{phantom}",
            f"{_spoken(phantom)} phantom",
            f"Calibration {name}, signal with an SNR of {described['snr_db'][number]:g} dB.",
            described["field_of_view_mm"],
            arrays["concentration"][number],
            estimates,
        )


def deblurring_comparisons(name: str, arrays: Arrays, described: Described) -> Iterator[ComparedImages]:
    """Yield x-space images of phantoms, gridded and sharpened by each method.

    Parameters
    ----------
    name : str
        Start of the names.
    arrays, described : mapping
        Artifact of the job ``deblurred_phantoms``.
    """
    levels = [math.inf if snr is None else snr for snr in described["test_snr"]]
    level = _nearest(levels, SNR)
    for number, phantom in enumerate(described["phantoms"]):
        estimates = {
            method if train_snr is None else f"{method}, SNR {train_snr:g}": (
                arrays["images"][place, number, level],
                described["psnr_db"][place][number][level],
            )
            for place, (method, train_snr) in enumerate(described["methods"])
        }
        symbol = {"lambda": "λ"}.get(phantom, _spoken(phantom))
        yield _image_comparison(
            f"{name}-{phantom}",
            f"{symbol} phantom",
            f"X-space image at an SNR of {levels[level]:g}, before and after each method; networks with their training SNR.",
            described["field_of_view_mm"],
            arrays["truth"][number],
            estimates,
            before="Gridding",
        )


def signal_comparisons(name: str, arrays: Arrays, described: Described) -> Iterator[ComparedImages]:
    """Yield x-space images from noisy and from denoised signals.

    Parameters
    ----------
    name : str
        Problem.
    arrays, described : mapping
        Artifact of the job ``signal_examples``.
    """
    methods = ["Noisy", *described["methods"]]
    every = np.concatenate([arrays["noisy_images"][None], arrays["images"]])
    scores = [image_scores(images, arrays["clean_images"])["psnr_db"] for images in every]
    for number, truth in enumerate(arrays["clean_images"][:SHOWN]):
        estimates = {
            method: (every[place, number], float(scores[place][number]))
            for place, method in _ordered(methods)
        }
        yield _image_comparison(
            f"{name}-{number}",
            f"{_spoken(name)} noise, scene {number + 1}",
            "X-space image from the signal as it was measured and as each method denoises it.",
            described["field_of_view_mm"],
            truth,
            estimates,
            before="Noisy",
        )


def matrix_comparisons(name: str, arrays: Arrays, described: Described) -> Iterator[ComparedImages]:
    """Yield harmonics of a system matrix before and after denoising of its signals, and phantoms from each matrix.

    Parameters
    ----------
    name : str
        Start of the names.
    arrays, described : mapping
        Artifact of the job ``denoised_matrices``.
    """
    names, size = described["matrices"], described["field_of_view_mm"]
    tuned = {one["method"]: one for one in described["tuned"]}
    truth = names.index("Noise-free")
    order = [truth, *(place for place in range(len(names)) if place != truth)]
    for number, harmonic in enumerate(described["harmonics"]):
        planes = arrays["harmonics"][:, number]
        peak = float(np.abs(planes[truth]).max())
        images = []
        for place in order:
            scores = tuned.get(names[place], {}).get("harmonic_psnr_db")
            picture = component_picture(planes[place], peak=peak)
            images.append(_rated(names[place], picture, None if scores is None else scores[number]))
        kHz = described["frequency_kHz"][number]
        caption = f"Component of the system matrix at {kHz:g} kHz, from noisy and denoised signals. {COMPONENT_TEXT}"
        title = f"System matrix, harmonic {harmonic}"
        yield ComparedImages(
            f"{name}-harmonic-{harmonic}", title, caption, _plane_mm(size), tuple(images), "Noisy"
        )
    phantoms = arrays["phantoms"][:SHOWN]
    scores = [image_scores(images[:SHOWN], phantoms)["psnr_db"] for images in arrays["reconstructions"]]
    for number, phantom in enumerate(phantoms):
        estimates = {
            names[place]: (arrays["reconstructions"][place, number], float(scores[place][number]))
            for place in order
            if place != truth
        }
        yield _image_comparison(
            f"{name}-phantom-{number}",
            f"Phantom {number + 1} by each matrix",
            "Reconstructed with the noisy and with each denoised system matrix.",
            size,
            phantom,
            estimates,
            before="Noisy",
        )


def pattern_comparisons(name: str, arrays: Arrays, described: Described) -> Iterator[ComparedImages]:
    """Yield patterns of one-dimensional scenes, a row a scene, reconstructed by each perceptron.

    Parameters
    ----------
    name : str
        Start of the names.
    arrays, described : mapping
        Artifact of the job ``line_patterns``.
    """
    position = described["position_mm"]
    width = (position[-1] - position[0]) * len(position) / (len(position) - 1)
    titles = {"letters": "Letters", "stripes": "Stripes", "test": "Random scenes"}
    for pattern, title in titles.items():
        truth = arrays[f"{pattern}_truth"]
        images = [ComparedImage(TRUTH, _rows(truth))]
        for place, label in enumerate(described["networks"]):
            estimate = arrays[f"{pattern}_images"][place]
            error = float(np.mean(np.square(estimate - truth, dtype=np.float64)))
            score = f"MSE {format_number(error, '.1e')}"
            images.append(ComparedImage(label.replace("\n", " "), _rows(estimate), -error, score))
        yield ComparedImages(
            f"{name}-{pattern}",
            title,
            "A row is a scene and runs along x; each row was reconstructed from its own spectrum.",
            (width, width / 2),
            tuple(images),
            images[1].label,
        )


def _image_comparison(
    name: str,
    title: str,
    caption: str,
    field_of_view_mm: Sequence[float],
    truth: Images,
    estimates: Mapping[str, tuple[Images, float]],
    *,
    before: str | None = None,
) -> ComparedImages:
    """Return images with their PSNR on the scale of the truth; the first lies on the left where none is named."""
    peak = float(truth.max())
    images = [ComparedImage(TRUTH, concentration_picture(truth, peak))]
    images += [
        _rated(label, concentration_picture(image, peak), psnr_db)
        for label, (image, psnr_db) in estimates.items()
    ]
    return ComparedImages(
        name, title, caption, _plane_mm(field_of_view_mm), tuple(images), before or images[1].label
    )


def _ordered(methods: Sequence[str]) -> list[tuple[int, str]]:
    """Return methods with their places, in the order of the tables."""
    return [(methods.index(method), method) for method in in_order(set(methods))]


def _rated(label: str, colours: npt.NDArray[np.uint8], psnr_db: float | None) -> ComparedImage:
    score = "" if psnr_db is None else f"{format_number(psnr_db, '.1f')} dB"
    return ComparedImage(label, colours, psnr_db, score)


def _central(image: Images, peak: float) -> npt.NDArray[np.uint8]:
    return concentration_picture(image[..., image.shape[2] // 2] if image.ndim == 3 else image, peak)


def _rows(image: Images) -> npt.NDArray[np.uint8]:
    """Return the picture of scenes ``(scene, x)`` with the first on top."""
    return concentration_picture(image[::-1].T, 1.0)


def _plane_mm(field_of_view_mm: Sequence[float]) -> tuple[float, float]:
    return float(field_of_view_mm[0]), float(field_of_view_mm[1])


def _nearest(levels: Sequence[float], wanted: float) -> int:
    return min(range(len(levels)), key=lambda place: abs(levels[place] - wanted))


def _spoken(name: str) -> str:
    spoken = name.replace("_", " ").replace(" 2d", ", 2-D").replace(" 3d", ", 3-D").replace(" x", " ×")
    return spoken[:1].upper() + spoken[1:]
