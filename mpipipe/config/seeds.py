"""Random seeds derived from what they are for."""

import hashlib
import json


def derive_seed(base: int, *keys: str | int) -> int:
    """Derive a seed for one draw from the project's seed and the names of the draw.

    Independent streams follow from different names, and a draw keeps its stream when others are added.

    Parameters
    ----------
    base : int
        Seed of ``params.yaml``.
    *keys : str or int
        What the draw is for, such as scale, study and item.

    Returns
    -------
    int
        Seed below 2**63, the same on every machine.
    """
    text = json.dumps([base, *keys], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
