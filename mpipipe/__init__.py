"""Learned restoration and reconstruction for magnetic particle imaging.

The names below are the front door; each is loaded when it is first used, so that ``import mpipipe`` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpipipe.physics.grid import Grid
    from mpipipe.physics.magnetization import mean_moment
    from mpipipe.physics.particle import Particle
    from mpipipe.physics.scanner import Scanner
    from mpipipe.physics.system_function import simulate_system_matrix
    from mpipipe.reconstruction.front import reconstruct
    from mpipipe.restorers.front import restore
    from mpipipe.storage.labelled import open_system_matrix
    from mpipipe.storage.mdf_front import read_mdf
    from mpipipe.storage.mdf_write import write_mdf

_HOME = {
    "Grid": "mpipipe.physics.grid",
    "Particle": "mpipipe.physics.particle",
    "Scanner": "mpipipe.physics.scanner",
    "mean_moment": "mpipipe.physics.magnetization",
    "open_system_matrix": "mpipipe.storage.labelled",
    "read_mdf": "mpipipe.storage.mdf_front",
    "reconstruct": "mpipipe.reconstruction.front",
    "restore": "mpipipe.restorers.front",
    "simulate_system_matrix": "mpipipe.physics.system_function",
    "write_mdf": "mpipipe.storage.mdf_write",
}

__all__ = [
    "Grid",
    "Particle",
    "Scanner",
    "mean_moment",
    "open_system_matrix",
    "read_mdf",
    "reconstruct",
    "restore",
    "simulate_system_matrix",
    "write_mdf",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'mpipipe' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
