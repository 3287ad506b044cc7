"""What is laid over each other on the pages of reconstructed images: phantoms, scenes and patterns by each method."""

import math
from collections.abc import Iterator

import numpy as np

from mpipipe.evaluation.comparison import (
    ComparedImage,
    ComparedImages,
)
from mpipipe.evaluation.tables import format_number
from mpipipe.studies.compared_images import (
    SHOWN,
    TRUTH,
    Arrays,
    Described,
    image_comparison,
    nearest,
    ordered,
    row_picture,
    spoken,
)
from mpipipe.studies.image_scores import image_scores

LEVEL_DB, SNR = 30.0, 20.0
"""Noise of signals and of x-space images that is shown; where it was not tried, the nearest."""


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
    level = nearest(levels, LEVEL_DB)
    for number, truth in enumerate(arrays["truth"][:SHOWN]):
        estimates = {
            method: (arrays["images"][place, level, number], described["psnr_db"][place][level][number])
            for place, method in ordered(described["methods"])
        }
        yield image_comparison(
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
            for place, method in ordered(described["methods"])
        }
        yield image_comparison(
            f"{name}-{phantom}",
            f"{spoken(phantom)} phantom",
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
    level = nearest(levels, SNR)
    for number, phantom in enumerate(described["phantoms"]):
        estimates = {
            method if train_snr is None else f"{method}, SNR {train_snr:g}": (
                arrays["images"][place, number, level],
                described["psnr_db"][place][number][level],
            )
            for place, (method, train_snr) in enumerate(described["methods"])
        }
        symbol = {"lambda": "λ"}.get(phantom, spoken(phantom))
        yield image_comparison(
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
            method: (every[place, number], float(scores[place][number])) for place, method in ordered(methods)
        }
        yield image_comparison(
            f"{name}-{number}",
            f"{spoken(name)} noise, scene {number + 1}",
            "X-space image from the signal as it was measured and as each method denoises it.",
            described["field_of_view_mm"],
            truth,
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
        images = [ComparedImage(TRUTH, row_picture(truth))]
        for place, label in enumerate(described["networks"]):
            estimate = arrays[f"{pattern}_images"][place]
            error = float(np.mean(np.square(estimate - truth, dtype=np.float64)))
            score = f"MSE {format_number(error, '.1e')}"
            images.append(ComparedImage(label.replace("\n", " "), row_picture(estimate), -error, score))
        yield ComparedImages(
            f"{name}-{pattern}",
            title,
            "A row is a scene and runs along x; each row was reconstructed from its own spectrum.",
            (width, width / 2),
            tuple(images),
            images[1].label,
        )
