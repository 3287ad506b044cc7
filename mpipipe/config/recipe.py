"""Canonical recipes: one JSON string says all that a job depends on."""

import hashlib
import json


def canonical_json(recipe: object) -> str:
    """Return the one JSON text of a recipe: sorted keys, no spaces, no NaN."""
    return json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(recipe: object) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of the canonical recipe."""
    return hashlib.sha256(canonical_json(recipe).encode()).hexdigest()[:16]
