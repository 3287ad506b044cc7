"""Scans among the inputs of the deblurring jobs."""

from mpipipe.cli.jobs.base import JobRecipe, inputs_in
from mpipipe.config.deblurring import SceneName
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.manifest import manifest_path, read_manifest
from mpipipe.studies.deblurring_scores import TestData
from mpipipe.studies.xspace_scan import Images, Scan


def read_windows(recipe: JobRecipe, name: SceneName) -> Scan:
    """Return the windows of a scene."""
    (path,) = inputs_in(recipe, "scene", f"windows-{name}")
    arrays, described = read_arrays(path)
    return Scan(arrays["truth"], arrays["collinear"], float(described["peak"]))


def read_peak(recipe: JobRecipe) -> float:
    """Return the largest signal of the acquisition that every SNR is defined by: all windows of the training scene."""
    (path,) = inputs_in(recipe, "scene", "windows-train")
    return float(read_manifest(manifest_path(path)).description["peak"])


def read_noise(recipe: JobRecipe, split: str) -> Images:
    """Return the gridded noise ``(field, partition, x, y)`` of a split."""
    (path,) = inputs_in(recipe, "scene", f"noise-{split}")
    return read_arrays(path)[0]["noise"]


def read_phantoms(recipe: JobRecipe) -> tuple[list[str], Scan]:
    """Return names and scans of the test phantoms."""
    (path,) = inputs_in(recipe, "scene", "phantoms")
    arrays, described = read_arrays(path)
    return list(described["phantoms"]), Scan(arrays["truth"], arrays["collinear"], float(described["peak"]))


def read_test_data(recipe: JobRecipe) -> TestData:
    """Return all that methods are scored on."""
    names, scan = read_phantoms(recipe)
    return TestData(names, scan, read_windows(recipe, "test"), read_noise(recipe, "test"), read_peak(recipe))
