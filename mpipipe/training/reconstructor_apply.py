"""Trained networks of the reconstruction study: signals to images, and the denoiser of plug-and-play."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mpipipe.config.reconstructor_training import ReconstructorTraining
from mpipipe.config.reconstructors import ImageDenoiserConfig
from mpipipe.errors import InputError
from mpipipe.networks.dernet import DERnet
from mpipipe.networks.reconstructors import build_image_denoiser, build_reconstructor
from mpipipe.training.best_weights import apply_network
from mpipipe.training.normalised import NormalisedDenoiser, NormalisedReconstructor

Images = npt.NDArray[np.float32]


class LearnedReconstructor:
    """Reconstructs images as the network was trained: from signals over their largest modulus, scaled back by it."""

    def __init__(
        self,
        weights: dict[str, Tensor],
        config: ReconstructorTraining,
        matrix: npt.NDArray[np.complex64],
        *,
        device: str = "cpu",
    ) -> None:
        """Load the weights.

        Parameters
        ----------
        weights : dict of Tensor
            State of the normalised network, from `mpipipe.training.reconstructor_train.train_reconstructor`.
        config : ReconstructorTraining
            How it was trained.
        matrix : (component, x, y) ndarray of complex64
            System matrix that it was trained with.
        device : str
            Where it runs.

        Raises
        ------
        InputError
            When the network is a denoiser, or the weights do not fit network and matrix.
        """
        if isinstance(config.network, ImageDenoiserConfig):
            raise InputError(f"network: found {config.network.name}, expected one from signal to image")
        network = NormalisedReconstructor(build_reconstructor(config.network, matrix, seed=0), len(matrix))
        _load(network, weights, config.network.name)
        if isinstance(network.network, DERnet):
            network.network.mapping.join_linear_part()
        self._network = network.to(device)
        self._components, self._name = len(matrix), config.network.name

    def apply(self, signal: npt.NDArray[Any]) -> Images:
        """Reconstruct images.

        Parameters
        ----------
        signal : ([batch,] component) ndarray of complex64
            Signals, in the unit of matrix times image.

        Returns
        -------
        ([batch,] x, y) ndarray of float32
            At least 0; as many times larger as their signals.

        Raises
        ------
        InputError
            When the components are not those of the matrix, or a value is not finite.
        """
        b = np.asarray(signal)
        if b.ndim not in (1, 2) or b.shape[-1] != self._components or 0 in b.shape:
            raise InputError(
                f"{self._name}: found a signal of shape {b.shape}, expected ([batch,] {self._components})"
            )
        if not np.isfinite(b).all():
            raise InputError(f"{self._name}: found NaN or infinity in the signal, expected finite values")
        rows = np.ascontiguousarray(np.atleast_2d(b), np.complex64)
        images = apply_network(self._network, torch.from_numpy(rows))
        return images[0] if b.ndim == 1 else images


class NetworkDenoiser:
    """The trained denoiser of PP-MPI, as plug-and-play calls it."""

    def __init__(
        self, weights: dict[str, Tensor], config: ReconstructorTraining, *, device: str = "cpu"
    ) -> None:
        """Load the weights.

        Parameters
        ----------
        weights : dict of Tensor
            State of the normalised network, from `mpipipe.training.reconstructor_train.train_image_denoiser`.
        config : ReconstructorTraining
            How it was trained.
        device : str
            Where it runs.

        Raises
        ------
        InputError
            When the network is no denoiser, or the weights do not fit it.
        """
        if not isinstance(config.network, ImageDenoiserConfig):
            raise InputError(f"network: found {config.network.name}, expected ImageDenoiser")
        network = NormalisedDenoiser(build_image_denoiser(config.network, seed=0))
        _load(network, weights, config.network.name)
        self._network = network.to(device)

    def __call__(self, images: npt.NDArray[Any]) -> Images:
        """Denoise images.

        Parameters
        ----------
        images : (batch, x, y) ndarray of float32
            Noisy images of any amplitude.

        Returns
        -------
        (batch, x, y) ndarray of float32
            At least 0; zero for an image without a positive value.

        Raises
        ------
        InputError
            When axes do not fit, or a value is not finite.
        """
        noisy = np.asarray(images)
        if noisy.ndim != 3 or 0 in noisy.shape or not np.isfinite(noisy).all():
            raise InputError(f"denoiser: found shape {noisy.shape}, expected finite images (batch, x, y)")
        return apply_network(self._network, torch.from_numpy(np.ascontiguousarray(noisy, np.float32)))


def _load(network: nn.Module, weights: dict[str, Tensor], name: str) -> None:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        first = " ".join(str(error).split())[:200]
        raise InputError(f"weights of {name}: found {first}, expected those of its configuration") from None
