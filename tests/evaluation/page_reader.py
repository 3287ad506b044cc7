"""Reads a page for the tests: nesting, identifiers, links, tags and text."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

VOID = {"meta", "img", "br", "hr", "link", "input"}


class PageReader(HTMLParser):
    """Checks nesting; collects identifiers, links, tags with their attributes, and text."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.targets, self.tags, self.text = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        self.ids += [value for name, value in attrs if name == "id"]
        self.targets += [value for name, value in attrs if name in ("href", "src")]
        if tag == "option" and "data-label" in found:
            self.targets.append(found["value"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def named(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def read_page(html):
    reader = PageReader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def broken_links(page: Path):
    """Return the links of a page that lead to no file, or to no place of a page."""
    found = []
    for target in read_page(page.read_text(encoding="utf-8")).targets:
        parts = urlsplit(target)
        if parts.scheme == "data":
            continue
        file = page.parent / unquote(parts.path) if parts.path else page
        places = read_page(file.read_text(encoding="utf-8")).ids if file.suffix == ".html" else []
        if (
            parts.scheme
            or parts.netloc
            or not file.is_file()
            or (parts.fragment and parts.fragment not in places)
        ):
            found.append(target)
    return found
