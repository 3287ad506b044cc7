"""File names of methods."""

import re


def slug(method: str) -> str:
    """Return the file name of a method: lower case, words joined by hyphens (``DCT-F (one phase)`` → ``dct-f-one-phase``)."""
    return re.sub(r"[^a-z0-9]+", "-", method.lower()).strip("-")
