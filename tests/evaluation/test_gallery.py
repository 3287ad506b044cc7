import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from mpipipe.evaluation.comparison import ComparedPicture, Comparison
from mpipipe.evaluation.gallery import GalleryEntry, Link, Picture
from mpipipe.evaluation.result_pages import Origin, StudyResults, assets, front_page, study_page
from mpipipe.evaluation.study_cards import headline_numbers, study_card
from mpipipe.evaluation.tables import FormattedTable
from mpipipe.evaluation.vocabulary import TABLES
from mpipipe.storage.tables import read_json
from tests.evaluation.page_reader import broken_links, read_page

HOSTILE = "<script>alert('x')</script> & \"quoted\" |s| {{ 7 * 7 }}"
RESULTS = Path(__file__).resolve().parents[2] / "results/laptop"


@pytest.fixture
def studies():
    table = FormattedTable(
        stub=("σ", "Method", "n"),
        groups=("PSNR (dB)", "SSIM"),
        columns=("ours", "paper", "difference"),
        rows=(("0.1", HOSTILE, "12", "31.0 ± 0.1", "not printed", "–", "0.91", "0.9", "+0.01"),),
        notes=(HOSTILE,),
    )
    picture = Picture(
        png="restoration/figures/a.png",
        svg="restoration/figures/a.svg",
        alternative=HOSTILE,
        width=3,
        height=2,
    )
    common = {"caption": HOSTILE, "digest": "0123456789abcdef"}
    links = (Link(label="CSV", path="restoration/tables/denoising.csv"),)
    pictures = tuple(
        ComparedPicture(label=label, score=HOSTILE, path=f"pages/restoration/a-{number}.png")
        for number, label in enumerate(("Truth", HOSTILE, "RDN"))
    )
    comparison = Comparison(
        name="a", title=HOSTILE, caption=HOSTILE, width=30.0, height=20.0, pictures=pictures,
        before=1, after=2, source=HOSTILE, digest="0011223344556677",
    )  # fmt: skip
    entries = {
        "restoration": (
            GalleryEntry(study="restoration", name="a", title=HOSTILE, table=table, links=links, **common),
            GalleryEntry(study="restoration", name="a", title="Components", figure=picture, **common),
        ),
        "inversion": (GalleryEntry(study="inversion", name="b", title="B", table=table, **common),),
    }
    return [
        StudyResults(
            study=study,
            entries=found,
            comparisons=(comparison,) if study == "restoration" else (),
            origin=Origin(
                rule=f"figures_{study}",
                artifact=f"results/smoke/{study}/entries.json",
                digest="0123456789abcdef",
                recipe={"seed": 7, "inputs": {HOSTILE: "8899aabbccddeeff"}, "note": HOSTILE},
                versions={"numpy": "2"},
                manifest=f"{study}/entries.json.manifest.json",
            ),
        )
        for study, found in entries.items()
    ]


@pytest.fixture
def pages(studies, tmp_path):
    """The pages and all files that they name, in a folder."""
    run = {"scale": "smoke", "seed": 7}
    (tmp_path / "index.html").write_text(front_page(studies, **run))
    for one in studies:
        (tmp_path / one.study).mkdir()
        (tmp_path / one.study / "index.html").write_text(study_page(one, studies, **run))
        (tmp_path / one.origin.manifest).touch()
    for name in ("restoration/figures/a.png", "restoration/figures/a.svg", "restoration/tables/denoising.csv",
                 "index.html.manifest.json", *(f"pages/restoration/a-{n}.png" for n in range(3))):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name, text in assets().items():
        (tmp_path / "pages" / name).write_text(text)
    return sorted(tmp_path.rglob("*.html"))


def test_pages_are_well_formed_and_semantic(pages):
    for page in pages:
        reader = read_page(page.read_text())
        assert len(reader.named("h1")) == len(reader.named("main")) == 1
        assert len(reader.ids) == len(set(reader.ids))
        assert all(attrs.get("alt") or attrs == {"alt": ""} for attrs in reader.named("img"))
        assert all(attrs["scope"] in ("col", "colgroup", "row") for attrs in reader.named("th"))
        for tag, attrs in reader.tags:
            assert not any(name.startswith("on") for name in attrs), tag
            assert set(attrs.get("aria-labelledby", "").split()) <= set(reader.ids)
    (page,) = (page for page in pages if page.parent.name == "restoration")
    (slider,) = (attrs for _, attrs in read_page(page.read_text()).tags if attrs.get("role") == "slider")
    assert slider["tabindex"] == "0" and {
        "aria-label",
        "aria-valuemin",
        "aria-valuemax",
        "aria-valuenow",
    } <= set(slider)


def test_every_link_resolves_and_a_missing_file_is_found(pages):
    assert [broken_links(page) for page in pages] == [[], [], []]
    (pages[0].parent / "restoration/figures/a.svg").unlink()
    assert sorted(broken for page in pages for broken in broken_links(page)) == [
        "../restoration/figures/a.svg",
        "restoration/figures/a.svg",
    ]


def test_table_cells_and_headings_match(studies):
    reader = read_page(study_page(studies[1], studies, scale="smoke", seed=7))
    data = [attrs for attrs in reader.named("th") if attrs["scope"] == "colgroup"]
    assert sum(int(attrs["colspan"]) for attrs in data) == reader.text.count("ours") * 3 == 6
    table = studies[1].entries[0].table
    shown = "".join(reader.text)
    assert all(cell in shown for cell in table.rows[0])


def test_each_entry_names_its_rule_recipe_seed_and_manifest(studies):
    page = study_page(studies[0], studies, scale="smoke", seed=7)
    entries = page.split("<article")[2:]
    assert len(entries) == 2
    for entry in entries:
        assert "figures_restoration" in entry and "0123456789abcdef" in entry and "seed 7" in entry
        assert 'href="../restoration/entries.json.manifest.json"' in entry and 'href="#origin"' in entry
    assert "8899aabbccddeeff" in page and "0011223344556677" in page


def test_nothing_comes_from_the_network(pages):
    for file in [*pages, *(pages[0].parent / "pages").glob("pages.*")]:
        text = file.read_text().replace("<!DOCTYPE html>", "")
        assert not re.search(
            r"https?:|[\"'(]//|@import|url\(|javascript:|fetch\(|XMLHttpRequest|WebSocket", text
        ), file


def test_all_text_is_escaped(pages):
    for page in pages:
        assert len(read_page(page.read_text()).named("script")) == 1
    page = next(page for page in pages if page.parent.name == "restoration").read_text()
    assert page.count("<script") == 1 and "{{ 7 * 7 }}" in page
    reader = read_page(page)
    assert HOSTILE in [text.strip() for text in reader.text]
    assert any(attrs.get("data-label") == HOSTILE for attrs in reader.named("option"))


def test_same_results_same_page_and_json_round_trip(studies):
    again = [StudyResults.model_validate_json(one.model_dump_json()) for one in studies]
    for page in (front_page, lambda found, **run: study_page(found[0], found, **run)):
        assert page(again, scale="smoke", seed=7) == page(studies, scale="smoke", seed=7)


def test_a_page_without_results_says_so():
    assert "There are no results yet." in "".join(read_page(front_page([], scale="smoke", seed=7)).text)


@pytest.mark.parametrize(
    "path",
    [
        "https://example.org/a.png",
        "//example.org/a",
        "/etc/a",
        "../a.png",
        "a/../../b",
        "javascript:a",
        "a b",
        "",
    ],
)
def test_links_lead_to_files_below_the_results_only(path):
    with pytest.raises(ValidationError, match="expected a relative path below the results"):
        Link(label="x", path=path)


def test_headlines_are_the_cells_of_the_tables():
    table = FormattedTable(
        stub=("σ", "Method"),
        groups=("PSNR", "SSIM"),
        columns=("ours", "paper", "ours ÷ paper"),
        rows=(("1", "A", "9", "8", "7", "6", "5", "4"), ("2", "A", "31", "32", "33", "34", "35", "36")),
    )
    entry = GalleryEntry(study="x", name="scores", title="", caption="", digest="", table=table)
    headline = {"label": "L", "table": "scores", "row": {"σ": "2"}, "ours": ("SSIM", "ours")}
    card = study_card("x").model_copy(
        update={"headlines": tuple(
            study_card("restoration").headlines[0].model_validate(headline | more)
            for more in (
                {"paper": ("SSIM", "paper"), "difference": ("SSIM", "ours ÷ paper")},
                {"said": "about 30"},
                {"row": {"σ": "3"}},
                {"table": "other"},
            )
        )}
    )  # fmt: skip
    found = headline_numbers(card, [entry])
    assert [(one.ours, one.paper, one.difference) for one in found] == [
        ("34", "35", "36 ×"),
        ("34", "about 30", ""),
    ]


@pytest.mark.parametrize("study", TABLES)
def test_each_headline_of_a_study_stands_in_the_recorded_tables(study):
    entries = [
        GalleryEntry.model_validate(_sized(entry))
        for entry in read_json(RESULTS / study / "entries.json")["entries"]
    ]
    card = study_card(study)
    assert len(headline_numbers(card, entries)) == len(card.headlines) >= 2
    assert card.figure in {entry.name for entry in entries if entry.figure}


def _sized(entry):
    figure = entry["figure"] and {"width": 1, "height": 1} | entry["figure"]
    return entry | {"figure": figure}
