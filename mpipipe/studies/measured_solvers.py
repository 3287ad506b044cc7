"""Measured phantoms by every solver of the reconstruction study, and by a DERnet that is trained for their matrix."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpipipe.config.reconstruction import Solvers
from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.reconstruction.factorisation import factorise, noise_norms
from mpipipe.studies.reconstructors import Denoiser, Settings, solver
from mpipipe.training.reconstructor_apply import LearnedReconstructor
from mpipipe.training.reconstructor_train import train_reconstructor

Complex = npt.NDArray[np.complex64]
Images = npt.NDArray[np.float32]
CLASSICAL = ("ART", "ADMM_L1", "ADMM_TV", "ADMM_L1TV", "PP-MPI", "DIP")


@dataclass(frozen=True)
class MeasuredImages:
    """Images of measured signals by one method.

    Attributes
    ----------
    images : (signal, x, y) ndarray of float32
        Concentrations.
    relative_residual : (signal,) ndarray of float64
        ‖Ax − b‖/‖b‖. A method that fits noise has a small one, so it is no score.
    """

    images: Images
    relative_residual: npt.NDArray[np.float64]


def reconstruct_measured(
    matrix: Complex,
    signals: Complex,
    settings: Mapping[str, Settings],
    solvers: Solvers,
    denoiser: Denoiser | None,
    training: ReconstructorTraining | None,
    phantoms: Images,
    seed: int,
) -> dict[str, MeasuredImages]:
    """Reconstruct measured signals with each method; the noise is what no image explains of a signal.

    Parameters
    ----------
    matrix : (component, x, y) ndarray of complex64
        Measured system matrix.
    signals : (signal, component) ndarray of complex64
        Measured phantoms.
    settings : mapping of Settings
        Tuned settings by method; one that is not there has its defaults.
    solvers : Solvers
        Settings that are not tuned.
    denoiser : callable or None
        Denoiser of PP-MPI; without one it is left out.
    training : ReconstructorTraining or None
        Training of a DERnet for this matrix; None leaves it out.
    phantoms : (item, x, y) ndarray of float32
        Digit phantoms on the grid of the matrix, for that training.
    seed : int
        Seed of that training.
    """
    flat = matrix.reshape(len(matrix), -1)
    norms = noise_norms(factorise(flat, 1.0), signals)
    found: dict[str, Images] = {}
    for method in CLASSICAL:
        if method == "PP-MPI" and denoiser is None:
            continue
        found[method] = solver(method, solvers, matrix, denoiser)(signals, norms, settings.get(method, {}))[0]
    if training is not None:
        held_out = len(phantoms) // 10
        trained = train_reconstructor(
            training, matrix, phantoms[held_out:], validation=phantoms[:held_out], seed=seed
        )
        found["DERnet (Tikhonov start)"] = LearnedReconstructor(trained.weights, training, matrix).apply(
            signals
        )
    return {name: MeasuredImages(images, _residual(flat, signals, images)) for name, images in found.items()}


def _residual(flat: Complex, signals: Complex, images: Images) -> npt.NDArray[np.float64]:
    left = images.reshape(len(images), -1) @ flat.T - signals
    return np.asarray(np.linalg.norm(left, axis=1) / np.linalg.norm(signals, axis=1), np.float64)
