"""The results pages in headless Chromium: no errors, no network, and every control by mouse and by keyboard."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.evaluation.page_reader import broken_links
from tests.workflow.conftest import ROOT, Checkout

pytestmark = pytest.mark.slow

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
STUDIES = ("restoration", "reconstruction", "deblurring", "signal_denoising", "inversion")
PAGES = ("index.html", *(f"{study}/index.html" for study in STUDIES))
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
SHOTS = "MPIPIPE_SCREENSHOTS"
FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const outlined = getComputedStyle(one).outlineStyle !== "none";
  const ringed = one.matches(".handle") && getComputedStyle(one, "::after").boxShadow.includes("5px");
  const inSight = box.bottom > 0 && box.top < innerHeight;
  return [one.getAttribute("role") || one.tagName.toLowerCase(), outlined || ringed, inSight];
}"""


def install_chromium() -> None:
    """Install Debian's Chromium where it is missing, or skip with the reason."""
    if CHROMIUM.exists():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip(f"{CHROMIUM} is missing and cannot be installed: no root or no apt-get")
    install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install):
        done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"{' '.join(command)} failed: {done.stderr.strip().splitlines()[-1:]}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    install_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="module", params=["laptop", "smoke"])
def results(request: pytest.FixtureRequest) -> Path:
    """The committed results of the laptop run, and those of a smoke run."""
    if request.param == "laptop":
        if not (ROOT / "results/laptop/restoration/index.html").is_file():
            pytest.skip("the committed laptop run was made before there were pages of the studies")
        return ROOT / "results/laptop"
    checkout: Checkout = request.getfixturevalue("finished")
    return checkout.path / "results/smoke"


@pytest.fixture(scope="module")
def screenshots(module_path: Path) -> Path:
    """The folder that MPIPIPE_SCREENSHOTS names, or a temporary one; the test says which."""
    folder = Path(os.environ.get(SHOTS) or module_path)
    folder.mkdir(parents=True, exist_ok=True)
    print(f"screenshots: {folder}")
    return folder


class Watched:
    """A page that keeps what must not happen: console messages, errors, failures and network requests."""

    def __init__(
        self, browser: Browser, viewport: dict[str, int], scheme: str = "light", **options: bool
    ) -> None:
        self.complaints: list[str] = []
        self.context = browser.new_context(
            viewport=viewport, color_scheme=scheme, reduced_motion="reduce", **options
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        self.page.on("request", self._note)

    def _note(self, request) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.complaints.append(f"network: {request.url}")

    def open(self, file: Path) -> Page:
        self.page.goto(file.as_uri())
        self.page.wait_for_load_state("load")
        return self.page


@pytest.fixture
def desk(browser: Browser) -> Iterator[Watched]:
    watched = Watched(browser, DESK)
    yield watched
    watched.context.close()
    assert watched.complaints == []


def load_all(page: Page) -> None:
    """Load the images that wait to be scrolled to."""
    page.evaluate("document.querySelectorAll('main img').forEach((image) => { image.loading = 'eager'; })")
    page.wait_for_function("[...document.querySelectorAll('main img')].every((image) => image.complete)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_pages_load_whole_without_complaints_or_overflow(
    browser: Browser, results: Path, screenshots: Path, viewport: dict[str, int], scheme: str
) -> None:
    watched = Watched(browser, viewport, scheme)
    for name in PAGES:
        page = watched.open(results / name)
        load_all(page)
        empty = page.evaluate(
            "[...document.querySelectorAll('main img')].filter((one) => !one.naturalWidth).map((one) => one.src)"
        )
        assert empty == [] and page.locator("main img").count() > 0
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], name
        label = f"{results.name}-{name.split('/')[0].removesuffix('.html')}-{scheme}-{viewport['width']}"
        page.screenshot(path=screenshots / f"{label}.png")
    watched.context.close()
    assert watched.complaints == []


def test_no_link_is_broken(results: Path) -> None:
    assert {name: broken_links(results / name) for name in PAGES} == {name: [] for name in PAGES}


def test_without_scripts_everything_is_there(browser: Browser, results: Path) -> None:
    watched = Watched(browser, DESK, java_script_enabled=False)
    page = watched.open(results / "restoration/index.html")
    assert (
        not page.locator(".handle").first.is_visible() and page.locator(".compare .left").first.is_visible()
    )
    left, right = (page.locator(f".compare .{side}").first.bounding_box() for side in ("left", "right"))
    assert left["x"] >= right["x"] + right["width"] or right["x"] >= left["x"] + left["width"]
    assert page.locator("table.data tbody tr").count() > 0
    watched.context.close()
    assert watched.complaints == []


@pytest.mark.parametrize("study", STUDIES)
def test_the_line_between_two_pictures_moves_by_pointer_and_by_keys(
    desk: Watched, results: Path, study: str
) -> None:
    page = desk.open(results / study / "index.html")
    card = page.locator(".compare").first
    handle, stage = card.get_by_role("slider"), card.locator(".stage")
    card.scroll_into_view_if_needed()
    box = stage.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert abs(int(handle.get_attribute("aria-valuenow")) - 25) <= 1
    shown = card.locator("img.left").evaluate("(image) => getComputedStyle(image).clipPath")
    assert re.match(r"inset\(0(px|%)? ", shown) and "75" in shown
    handle.focus()
    for key, expected in (
        ("Home", 0),
        ("ArrowLeft", 0),
        ("End", 100),
        ("PageDown", 90),
        ("ArrowLeft", 88),
        ("ArrowUp", 90),
    ):
        page.keyboard.press(key)
        assert handle.get_attribute("aria-valuenow") == str(expected), key
    assert handle.get_attribute("aria-valuetext").startswith("90 % ")


def test_both_pictures_are_chosen_from_all_methods_and_have_one_size(desk: Watched, results: Path) -> None:
    page = desk.open(results / "restoration/index.html")
    for card in page.locator(".compare").all():
        card.scroll_into_view_if_needed()
        select, picture = card.locator("select[data-side=right]"), card.locator("img.right")
        labels = select.locator("option").evaluate_all("(options) => options.map((one) => one.dataset.label)")
        sizes = set()
        for place, label in enumerate(labels):
            select.select_option(index=place)
            picture.evaluate("(image) => image.decode()")
            assert picture.get_attribute("alt").endswith(f": {label}")
            sizes.add(tuple(picture.evaluate("(image) => [image.naturalWidth, image.naturalHeight]")))
        assert len(labels) >= 3 and len(sizes) == 1
        assert f"the rest {labels[-1]}" in card.get_by_role("slider").get_attribute("aria-valuetext")


def column(page: Page, table: str, number: int) -> list[str]:
    rows = page.locator(f"{table} tbody tr:visible").all()
    return [row.locator("th, td").nth(number).inner_text() for row in rows]


def first_number(text: str) -> float:
    return float(text.split(" ")[0].replace("−", "-"))


def test_a_table_is_sorted_by_numbers_both_ways_and_back(desk: Watched, results: Path) -> None:
    page = desk.open(results / "reconstruction/index.html")
    table = "#table-fixed-snr-data"
    heading = page.locator(f"{table} th.sorted").nth(3)
    before = column(page, table, 3)
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert [first_number(text) for text in column(page, table, 3)] == sorted(map(first_number, before))
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert [first_number(text) for text in column(page, table, 3)] == sorted(
        map(first_number, before), reverse=True
    )
    page.keyboard.press("Space")
    assert heading.get_attribute("aria-sort") is None and column(page, table, 3) == before


def test_missing_values_stay_last_in_either_direction(desk: Watched, results: Path) -> None:
    page = desk.open(results / "reconstruction/index.html")
    table = "#table-fixed-snr-data"
    filled = sum(text != "–" for text in column(page, table, 4))
    assert 0 < filled < len(column(page, table, 4))
    for _ in range(2):
        page.locator(f"{table} th.sorted").nth(4).get_by_role("button").click()
        assert all(text == "–" for text in column(page, table, 4)[filled:])


def test_a_table_is_filtered_by_words_and_by_values(desk: Watched, results: Path) -> None:
    page = desk.open(results / "restoration/index.html")
    card, table = page.locator("#table-denoising"), "#table-denoising-data"
    every = column(page, table, 2)
    card.get_by_role("searchbox").fill("dct-f multiplier")
    shown = column(page, table, 2)
    assert 0 < len(shown) < len(every) and set(shown) == {"DCT-F (multiplier 3)"}
    assert card.locator("output").inner_text() == f"{len(shown)} of {len(every)} rows"
    card.get_by_role("searchbox").fill("")
    select = card.locator(".tools select").last
    value = select.locator("option").nth(1).inner_text()
    select.focus()
    page.keyboard.press("ArrowDown")
    assert column(page, table, 2) == [method for method in every if method == value]
    card.get_by_role("searchbox").fill("no such row")
    assert column(page, table, 2) == [] and card.locator("output").inner_text().startswith("0 of")


def width_of(page: Page) -> float:
    return page.locator(".zoom-view img").bounding_box()["width"]


def test_a_figure_is_enlarged_by_keys_and_focus_returns(
    desk: Watched, results: Path, screenshots: Path
) -> None:
    page = desk.open(results / "deblurring/index.html")
    link = page.locator("a.figure").first
    link.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    assert dialog.is_visible()
    page.locator(".zoom-view img").evaluate("(image) => image.decode()")
    fitted = page.locator(".zoom-view img").bounding_box()
    for _ in range(3):
        page.keyboard.press("+")
    assert width_of(page) == pytest.approx(fitted["width"] * 1.4**3, rel=0.01)
    left = page.locator(".zoom-view img").bounding_box()["x"]
    page.keyboard.press("ArrowRight")
    assert page.locator(".zoom-view img").bounding_box()["x"] == pytest.approx(left - 60, abs=1)
    page.screenshot(path=screenshots / f"{results.name}-zoom.png")
    page.keyboard.press("-")
    assert width_of(page) == pytest.approx(fitted["width"] * 1.4**2, rel=0.01)
    page.keyboard.press("0")
    assert page.locator(".zoom-view img").bounding_box() == pytest.approx(fitted)
    page.keyboard.press("Escape")
    assert not dialog.is_visible() and link.evaluate("(one) => one === document.activeElement")


def test_a_figure_is_enlarged_by_wheel_and_moved_by_pointer(desk: Watched, results: Path) -> None:
    page = desk.open(results / "deblurring/index.html")
    page.locator("a.figure").first.click()
    before = page.locator(".zoom-view img").bounding_box()
    x, y = before["x"] + before["width"] / 4, before["y"] + before["height"] / 4
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    page.wait_for_function(
        f"document.querySelector('.zoom-view img').getBoundingClientRect().width > {before['width']} * 2"
    )
    after = page.locator(".zoom-view img").bounding_box()
    # What lay below the pointer still does.
    assert (x - after["x"]) / after["width"] == pytest.approx(0.25, abs=0.01)
    page.mouse.down()
    page.mouse.move(x + 50, y + 30, steps=3)
    page.mouse.up()
    moved = page.locator(".zoom-view img").bounding_box()
    assert (moved["x"] - after["x"], moved["y"] - after["y"]) == pytest.approx((50, 30), abs=1)
    page.get_by_role("button", name="Zoom in").click()
    assert width_of(page) > moved["width"]
    page.get_by_role("button", name="Close").click()
    assert not page.locator("dialog.zoom").is_visible()


def test_the_theme_is_switched_and_kept(browser: Browser, results: Path) -> None:
    watched = Watched(browser, DESK, "light")
    page = watched.open(results / "index.html")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    switch = page.get_by_role("button", name="Theme")
    switch.focus()
    for _ in range(2):
        page.keyboard.press("Enter")
    assert "dark" in switch.inner_text()
    dark = page.evaluate(background)
    assert sum(map(int, re.findall(r"\d+", dark)[:3])) < 150 < sum(map(int, re.findall(r"\d+", light)[:3]))
    assert watched.open(results / "inversion/index.html").evaluate(background) == dark
    watched.context.close()
    assert watched.complaints == []


def test_a_page_is_walked_through_by_keyboard_with_focus_in_sight(desk: Watched, results: Path) -> None:
    page = desk.open(results / "inversion/index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        assert found[1:] == [True, True], found
        seen.add(found[0])
    assert {"slider", "select", "summary", "a"} <= seen
