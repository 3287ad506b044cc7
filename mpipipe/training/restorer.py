"""A trained network as a restoration method."""

import numpy as np
import torch
from torch import Tensor

from mpipipe.config.train import TrainConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import build_network, network_factor
from mpipipe.restoration.downsampling import measured_grid
from mpipipe.restoration.method import (
    Complex,
    Mask,
    Sigma,
    check_components,
    refuse_finer,
    refuse_missing,
)
from mpipipe.restoration.splines import interpolate
from mpipipe.training.batch import from_channels, normalising_factor, to_channels, to_mask
from mpipipe.training.placement import Placement, patch_of

VOXELS_AT_ONCE, VOXELS_ON_GPU = 2**15, 2**18
"""On a processor, features of more voxels leave the caches, and a component takes up to twice as long."""


class NetworkRestorer:
    """Restores components as the network was trained: unit maximum, phase, patch; all undone afterwards.

    Every component is turned to the same phase first, also for a network that was trained on random phases: it has
    seen this one, and the method then commutes exactly with a global phase.
    """

    def __init__(
        self, weights: dict[str, Tensor], config: TrainConfig, dimension: int, *, device: str = "cpu"
    ) -> None:
        """Load the weights.

        Parameters
        ----------
        weights : dict of Tensor
            State of the network.
        config : TrainConfig
            How it was trained.
        dimension : int
            2 or 3 spatial axes.
        device : str
            Where it runs.

        Raises
        ------
        InputError
            When the weights do not fit the network.
        """
        self._network = build_network(config.network, dimension, seed=0)
        try:
            self._network.load_state_dict(weights)
        except RuntimeError as error:
            first = " ".join(str(error).split())[:200]
            raise InputError(
                f"weights of {config.network.name}: found {first}, expected those of its configuration"
            ) from None
        self._network.to(device).eval()
        self._config, self._dimension, self._device = config, dimension, device
        self._factor = network_factor(config.network)
        self._padding_is_nothing = getattr(config.network, "border", None) == "masked"

    def apply(
        self,
        observed: Complex,
        sigma: Sigma = 0.0,
        *,
        known: Mask | None = None,
        grid: tuple[int, ...] | None = None,
    ) -> Complex:
        """Restore components of one grid; the network does not need σ.

        Parameters
        ----------
        observed : (component, x, y[, z]) ndarray of complex64
            Measured components; grids may be smaller or larger than the training patch.
        sigma : float or (component,) ndarray
            Not used; in the signature of every method.
        known : (component, x, y[, z]) ndarray of bool, optional
            Voxels that were measured, for a network that was trained with missing ones.
        grid : tuple of int, optional
            Grid to restore on; by default the largest that fits the network's factor.

        Returns
        -------
        (component, *grid) ndarray of complex64

        Raises
        ------
        InputError
            When axes or grid do not fit, voxels are missing that the network needs, or measured ones hold NaN.
        """
        del sigma
        self._check(observed, known, grid)
        target = grid or tuple(size * self._factor for size in observed.shape[1:])
        if known is not None:
            observed = np.where(known, observed, np.complex64(0))
        factor = normalising_factor(observed, "aligned")
        scaled = (observed * factor).astype(np.complex64)
        at_once = VOXELS_AT_ONCE if self._device == "cpu" else VOXELS_ON_GPU
        step = max(1, at_once // int(np.prod(target)))
        parts = [
            self._run(
                scaled[start : start + step], None if known is None else known[start : start + step], target
            )
            for start in range(0, len(scaled), step)
        ]
        restored = np.concatenate(parts) if parts else np.zeros((0, *target), np.complex64)
        if self._config.residual != "none":
            sloped = self._config.residual == "sloped_spline"
            restored = restored + interpolate(scaled, target, self._factor, sloped=sloped)
        return np.asarray(restored / factor, np.complex64)

    def _run(self, image: Complex, known: Mask | None, target: tuple[int, ...]) -> Complex:
        grid = image.shape[1:]
        wanted = grid if self._padding_is_nothing else patch_of(self._config.degradation, grid)
        patch = tuple(max(size, least) for size, least in zip(grid, wanted, strict=True))
        offset = np.array([[(least - size) // 2 for size, least in zip(grid, patch, strict=True)]])
        around = [
            (int(b), int(least - size - b)) for b, size, least in zip(offset[0], grid, patch, strict=True)
        ]
        inside = Placement(patch, offset, np.array([grid])).valid
        if known is not None:
            inside = np.pad(known, [(0, 0), *around])
        padded = to_channels(np.pad(image, [(0, 0), *around]))
        with torch.inference_mode(), self._autocast():
            measured = to_mask(np.broadcast_to(inside, (len(image), *patch)))
            restored = self._network(padded.to(self._device), measured.to(self._device)).cpu()
        first = offset[0] * self._factor
        own = tuple(slice(int(start), int(start + size)) for start, size in zip(first, target, strict=True))
        return from_channels(restored)[(slice(None), *own)]

    def _autocast(self) -> torch.autocast:
        return torch.autocast(
            self._device.split(":")[0], torch.bfloat16, enabled=self._config.precision == "bf16"
        )

    def _check(self, observed: Complex, known: Mask | None, grid: tuple[int, ...] | None) -> None:
        name = self._config.network.name
        if observed.ndim != self._dimension + 1:
            raise InputError(
                f"{name}: found components with {observed.ndim - 1} axes, expected {self._dimension}"
            )
        check_components(name, observed, known)
        if self._config.degradation.missing is None:
            refuse_missing(name, known)
        if self._factor == 1:
            refuse_finer(name, observed, grid)
        elif grid is not None and measured_grid(grid, self._factor) != observed.shape[1:]:
            raise InputError(
                f"{name}: found {observed.shape[1:]} measured voxels for the grid {tuple(grid)}, "
                f"expected {measured_grid(grid, self._factor)}, every {self._factor}th along each axis"
            )
