"""One measured figure of speed, beside its floor and beside other ways to the same result."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """Times of one run on one machine; ratios are taken of these alone.

    Attributes
    ----------
    subject : str
        What was done, with its size: ``3-D 19³, fluid``.
    seconds : float
        Time of ours, s.
    floor : str
        What cannot be avoided, in words: ``real Fourier transforms alone``.
    floor_seconds : float or None
        Its time, measured in the same run, s.
    target : float or None
        Ratio of time to floor that is asked for.
    others : mapping of str to float
        Other ways to the same result, by name, s.
    error : str
        Largest error against the reference path and the bound that was asserted: ``3e-6 (bound 1e-4)``.
    bound_by : str
        What bounds the time: ``memory bandwidth``.
    more : mapping of str to str
        Further figures by name: ``images/s``, ``peak memory``.
    """

    subject: str
    seconds: float
    floor: str = ""
    floor_seconds: float | None = None
    target: float | None = None
    others: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    bound_by: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
