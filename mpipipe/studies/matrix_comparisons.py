"""What is laid over each other on the pages of restored matrices: components, and the phantoms that each matrix gives."""

from collections.abc import Iterator

import numpy as np

from mpipipe.evaluation.comparison import (
    ComparedImage,
    ComparedImages,
    component_picture,
    on_full_grid,
)
from mpipipe.evaluation.component_axes import extent_of
from mpipipe.evaluation.component_example import ComponentExample, images_of
from mpipipe.evaluation.figures import in_order
from mpipipe.studies.compared_images import (
    COMPONENT_TEXT,
    SHOWN,
    Arrays,
    Described,
    central_picture,
    image_comparison,
    plane_mm,
    rated,
    spoken,
)
from mpipipe.studies.image_scores import image_scores


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
            images.append(rated(label, component_picture(plane, panel.known), scores.get(label)))
        what = f"{'xyz'[example['channel']]} coil, {example['frequency_Hz'] / 1e3:.1f} kHz, {example['kind']} particles"
        yield ComparedImages(
            f"{name}-{number}",
            f"{spoken(name)}, component {number + 1}",
            f"{what}{', ' + position.strip() if position.strip() else ''}; noise of σ = {described['sigma']:g}. "
            f"{COMPONENT_TEXT} PSNR of the whole component.",
            plane_mm(example["field_of_view_mm"]),
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
    images = [ComparedImage("Phantom", central_picture(concentration, peak))]
    for number, label in enumerate(names):
        image = arrays[f"image_{number}"]
        if image.shape != concentration.shape:
            image = on_full_grid(image, concentration.shape, factor)
        psnr_db = described["psnr_db"][number]
        one = rated(label, central_picture(image, peak), psnr_db)
        images.append(one if label not in matrices else ComparedImage(label, one.colours, None, one.score))
    slice_text = "Central slice z. " if concentration.ndim == 3 else ""
    yield ComparedImages(
        name,
        f"{spoken(name)} phantom",
        f"Reconstructed with the true, the measured and each restored system matrix. {slice_text}PSNR of the whole image.",
        plane_mm(described["field_of_view_mm"]),
        tuple(images),
        before,
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
            images.append(rated(names[place], picture, None if scores is None else scores[number]))
        kHz = described["frequency_kHz"][number]
        caption = f"Component of the system matrix at {kHz:g} kHz, from noisy and denoised signals. {COMPONENT_TEXT}"
        title = f"System matrix, harmonic {harmonic}"
        yield ComparedImages(
            f"{name}-harmonic-{harmonic}", title, caption, plane_mm(size), tuple(images), "Noisy"
        )
    phantoms = arrays["phantoms"][:SHOWN]
    scores = [image_scores(images[:SHOWN], phantoms)["psnr_db"] for images in arrays["reconstructions"]]
    for number, phantom in enumerate(phantoms):
        estimates = {
            names[place]: (arrays["reconstructions"][place, number], float(scores[place][number]))
            for place in order
            if place != truth
        }
        yield image_comparison(
            f"{name}-phantom-{number}",
            f"Phantom {number + 1} by each matrix",
            "Reconstructed with the noisy and with each denoised system matrix.",
            size,
            phantom,
            estimates,
            before="Noisy",
        )
