"""A trained network as a restoration method."""

import numpy as np
import torch
from torch import Tensor

from mpipipe.config.train import TrainConfig
from mpipipe.errors import InputError
from mpipipe.networks.registry import build_network
from mpipipe.restoration.method import Complex, Sigma
from mpipipe.restoration.normalise import peak_modulus
from mpipipe.restoration.phase import aligning_rotation
from mpipipe.training.degradation import from_channels, patch_of, place, to_channels


class NetworkRestorer:
    """Restores components as the network was trained: unit maximum, phase, patch; all undone afterwards."""

    def __init__(
        self,
        weights: dict[str, Tensor],
        config: TrainConfig,
        dimension: int,
        *,
        device: str = "cpu",
        batch: int = 256,
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
        batch : int
            Components that run at once.

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
        self._config, self._dimension, self._device, self._batch = config, dimension, device, batch

    def apply(self, noisy: Complex, sigma: Sigma = 0.0) -> Complex:
        """Restore components of one grid; the network does not need σ.

        Parameters
        ----------
        noisy : (component, x, y[, z]) ndarray of complex64
            Noisy components; grids may be smaller or larger than the training patch.
        sigma : float or (component,) ndarray
            Not used; in the signature of every method.

        Returns
        -------
        (component, x, y[, z]) ndarray of complex64

        Raises
        ------
        InputError
            When the number of axes does not fit, or the images hold NaN or infinity.
        """
        del sigma
        self._check(noisy)
        factor: Complex = (1 / peak_modulus(noisy)).astype(np.complex64)
        if self._config.degradation.phase == "aligned":
            factor = factor * aligning_rotation(noisy)
        scaled = noisy * factor
        parts = [
            self._run(scaled[start : start + self._batch]) for start in range(0, len(scaled), self._batch)
        ]
        restored = np.concatenate(parts) if parts else scaled
        return np.asarray(restored / factor, np.complex64)

    def _run(self, image: Complex) -> Complex:
        grid = image.shape[1:]
        wanted = patch_of(self._config.degradation, grid)
        patch = tuple(max(size, least) for size, least in zip(grid, wanted, strict=True))
        placement = place(np.array([grid]), patch, None)
        valid = torch.from_numpy(placement.valid[:, None].astype(np.float32)).to(self._device)
        before = [(least - size) // 2 for size, least in zip(grid, patch, strict=True)]
        around = [(b, least - size - b) for b, size, least in zip(before, grid, patch, strict=True)]
        padded = np.pad(image, [(0, 0), *around])
        with torch.inference_mode(), self._autocast():
            restored = self._network(to_channels(padded).to(self._device), valid).cpu()
        inside = tuple(slice(b, b + size) for b, size in zip(before, grid, strict=True))
        return from_channels(restored)[(slice(None), *inside)]

    def _autocast(self) -> torch.autocast:
        return torch.autocast(
            self._device.split(":")[0], torch.bfloat16, enabled=self._config.precision == "bf16"
        )

    def _check(self, noisy: Complex) -> None:
        if noisy.ndim != self._dimension + 1:
            raise InputError(
                f"{self._config.network.name}: found components with {noisy.ndim - 1} axes, "
                f"expected {self._dimension}"
            )
        if not np.isfinite(noisy).all():
            raise InputError(
                f"{self._config.network.name}: found NaN or infinity, expected finite components"
            )
