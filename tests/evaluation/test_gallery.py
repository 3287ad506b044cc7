import re
from html.parser import HTMLParser

import pytest
from pydantic import ValidationError

from mpipipe.evaluation.gallery import GalleryEntry, Link, Picture, render_gallery
from mpipipe.evaluation.tables import FormattedTable

VOID = {"meta", "img", "br", "hr", "link", "input"}
HOSTILE = "<script>alert('x')</script> & \"quoted\" |s| {{ 7 * 7 }}"


class Reader(HTMLParser):
    """Checks nesting; collects identifiers, links, tags and text."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.targets, self.tags, self.text = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        self.targets += [value for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def entries():
    table = FormattedTable(
        stub=("σ", "Method", "n"),
        groups=("PSNR (dB)", "SSIM"),
        columns=("ours", "paper", "difference"),
        rows=(("0.1", HOSTILE, "12", "31.0 ± 0.1", "not printed", "–", "0.91", "0.9", "+0.01"),),
        notes=(HOSTILE,),
    )
    links = (Link(label="CSV", path="restoration/tables/denoising.csv"),)
    picture = Picture(png="restoration/figures/a.png", svg="restoration/figures/a.svg", alternative=HOSTILE)
    common = {"caption": HOSTILE, "digest": "0123456789abcdef", "links": links}
    return [
        GalleryEntry(study="inversion", name="mse", title="Mean squared error", table=table, **common),
        GalleryEntry(study="restoration", name="denoising", title=HOSTILE, table=table, **common),
        GalleryEntry(study="restoration", name="a_figure", title="Components", figure=picture, **common),
    ]


def test_page_is_well_formed_and_semantic(entries):
    reader = read(render_gallery(entries, scale="smoke", seed=7))
    tags = [tag for tag, _ in reader.tags]
    for tag in (
        "main",
        "nav",
        "header",
        "section",
        "article",
        "figure",
        "figcaption",
        "caption",
        "h1",
        "h2",
        "h3",
    ):
        assert tag in tags
    assert len(reader.ids) == len(set(reader.ids))
    assert {t[1:] for t in reader.targets if t.startswith("#")} <= set(reader.ids)
    assert all(attrs.get("alt") for tag, attrs in reader.tags if tag == "img")
    for tag, attrs in reader.tags:
        if tag == "th":
            assert attrs.get("scope") in ("col", "colgroup", "row")
        assert not any(name.startswith("on") for name in attrs)


def test_table_cells_and_headings_match(entries):
    reader = read(render_gallery(entries[:1], scale="smoke", seed=7))
    tags = [tag for tag, _ in reader.tags]
    spans = sum(
        int(attrs.get("colspan", 1))
        for tag, attrs in reader.tags
        if tag == "th" and attrs["scope"] == "colgroup"
    )
    assert spans == tags.count("td") == 6


def test_studies_stand_in_order_and_name_recipe_and_files(entries):
    page = render_gallery(entries, scale="smoke", seed=7)
    assert page.index('id="restoration"') < page.index('id="inversion"')
    assert page.count("<code>0123456789abcdef</code>") == 3
    assert 'href="restoration/tables/denoising.csv"' in page
    assert '<a href="restoration/figures/a.svg"' in page


def test_no_script_and_no_network(entries):
    page = render_gallery(entries, scale="smoke", seed=7)
    reader = read(page)
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in reader.tags}
    assert not re.search(r"https?:|//|@import|url\(|javascript:", page.replace("<!DOCTYPE html>", ""))
    assert all(target.startswith("#") or re.fullmatch(r"[\w./-]+", target) for target in reader.targets)
    assert "prefers-color-scheme: dark" in page


def test_all_text_is_escaped(entries):
    page = render_gallery(entries, scale=HOSTILE, seed=7)
    assert "<script" not in page
    assert "{{ 7 * 7 }}" in page
    assert HOSTILE in [text.strip() for text in read(page).text]


def test_same_entries_same_page_and_json_round_trip(entries):
    page = render_gallery(entries, scale="smoke", seed=7)
    again = [GalleryEntry.model_validate_json(entry.model_dump_json()) for entry in entries]
    assert render_gallery(again, scale="smoke", seed=7) == page


def test_a_page_without_entries_says_so():
    assert "There are no results yet." in "".join(read(render_gallery([], scale="smoke", seed=7)).text)


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
def test_links_lead_to_files_below_the_page_only(path):
    with pytest.raises(ValidationError, match="expected a relative path below the page"):
        Link(label="x", path=path)
