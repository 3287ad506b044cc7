"""Job ``gallery``: the pages that show every table, figure and comparison, and the pictures that are compared."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mpipipe.cli.jobs.base import JobRecipe, finish
from mpipipe.evaluation.comparison import ComparedImages, ComparedPicture, Comparison, png_of, shown_at_first
from mpipipe.evaluation.gallery import GalleryEntry
from mpipipe.evaluation.result_pages import ASSETS, Origin, StudyResults, assets, front_page, study_page
from mpipipe.evaluation.vocabulary import TABLES
from mpipipe.storage.arrays import read_arrays
from mpipipe.storage.atomic import whole, write_text
from mpipipe.storage.manifest import manifest_path, verify
from mpipipe.storage.tables import read_json
from mpipipe.studies import image_comparisons, matrix_comparisons
from mpipipe.studies.compared_images import Arrays, Described

Compare = Callable[[str, Arrays, Described], Iterator[ComparedImages]]
# What is drawn of the artifacts of each study, by the stage that they lie in.
COMPARED: dict[tuple[str, str], Compare] = {
    ("restoration", "evaluate"): matrix_comparisons.component_comparisons,
    ("restoration", "reconstruct"): matrix_comparisons.phantom_comparisons,
    ("reconstruction", "evaluate"): image_comparisons.digit_comparisons,
    ("reconstruction", "reconstruct"): image_comparisons.scan_comparisons,
    ("deblurring", "reconstruct"): image_comparisons.deblurring_comparisons,
    ("signal_denoising", "evaluate"): image_comparisons.signal_comparisons,
    ("signal_denoising", "reconstruct"): matrix_comparisons.matrix_comparisons,
    ("inversion", "reconstruct"): image_comparisons.pattern_comparisons,
}


class Recipe(JobRecipe):
    """Entries of the studies and the artifacts that are compared, as inputs."""


def run(recipe: Recipe, page: Path) -> None:
    """Write ``index.html``, a page in each study's folder, and the style sheet, script and pictures of all of them."""
    with whole(page.parent / ASSETS) as folder:
        folder.mkdir()
        studies = [_study(recipe, name, folder) for name in TABLES if _entries(recipe, name)]
        for name, text in assets().items():
            (folder / name).write_text(text, encoding="utf-8")
    scale, seed = recipe.scale, recipe.seed
    for results in studies:
        write_text(
            page.parent / results.study / "index.html", study_page(results, studies, scale=scale, seed=seed)
        )
    write_text(page, front_page(studies, scale=scale, seed=seed))
    described = {
        results.study: {"entries": len(results.entries), "comparisons": len(results.comparisons)}
        for results in studies
    }
    finish(page, recipe, described)


def _entries(recipe: Recipe, study: str) -> list[Path]:
    return [Path(name) for name in recipe.inputs if Path(name).parts[-2:] == (study, "entries.json")]


def _study(recipe: Recipe, study: str, folder: Path) -> StudyResults:
    (path,) = _entries(recipe, study)
    made = verify(path)
    results = Path(*path.parts[:-2])
    origin = Origin(
        rule=f"figures_{study}",
        artifact=path.as_posix(),
        digest=made.provenance,
        recipe=made.recipe,
        versions=made.versions,
        manifest=manifest_path(path).relative_to(results).as_posix(),
    )
    entries = tuple(GalleryEntry.model_validate(entry) for entry in read_json(path)["entries"])
    comparisons = tuple(_comparisons(recipe, study, entries, folder))
    return StudyResults(study=study, entries=entries, comparisons=comparisons, origin=origin)


def _comparisons(
    recipe: Recipe, study: str, entries: Sequence[GalleryEntry], folder: Path
) -> Iterator[Comparison]:
    """Draw what is compared and yield what the page says of it, in the order of the study's figures."""
    names = [entry.name for entry in entries if entry.figure]

    def rank(path: Path) -> int:
        return next((place for place, name in enumerate(names) if _subject(path) in name), len(names))

    compared = [
        path for path in map(Path, recipe.inputs) if path.suffix == ".zarr" and path.parts[3] == study
    ]
    for path in sorted(compared, key=rank):
        arrays, described = read_arrays(path)
        for images in COMPARED[study, path.parts[2]](_subject(path), arrays, described):
            yield _drawn(images, study, folder, path, recipe.inputs[path.as_posix()])


def _subject(path: Path) -> str:
    """Return the problem, calibration or phantom that an artifact is of."""
    return path.parent.name if path.parts[2] == "evaluate" else path.stem


def _drawn(compared: ComparedImages, study: str, folder: Path, source: Path, provenance: str) -> Comparison:
    """Write the pictures of a comparison."""
    pictures = []
    for number, image in enumerate(compared.images):
        file = Path(study, f"{compared.name.replace('_', '-')}-{number}.png")
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(png_of(image.colours))
        pictures.append(
            ComparedPicture(label=image.label, score=image.score, path=f"{ASSETS}/{file.as_posix()}")
        )
    before, after = shown_at_first(compared)
    return Comparison(
        name=compared.name,
        title=compared.title,
        caption=compared.caption,
        width=compared.size_mm[0],
        height=compared.size_mm[1],
        pictures=tuple(pictures),
        before=before,
        after=after,
        source=source.as_posix(),
        digest=provenance,
    )
