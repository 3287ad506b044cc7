"""Trained networks that denoise signals: each over its root mean square, scaled back by it."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpipipe.config.signal_denoiser import SignalTraining
from mpipipe.errors import InputError
from mpipipe.networks.cycle_unet import LinearEstimate
from mpipipe.networks.signal_denoisers import build_signal_denoiser
from mpipipe.training.held_out_periods import denoise_normalised
from mpipipe.training.signal_pairs import Signals, check_noise_std, signal_rms

PASS_STREAM = 3


class LearnedSignalDenoiser:
    """Denoises signals as the network was trained; one that was trained on recorrupted signals by the mean of passes."""

    def __init__(self, weights: dict[str, Tensor], config: SignalTraining, *, device: str = "cpu") -> None:
        """Load the weights.

        Parameters
        ----------
        weights : dict of Tensor
            State of the network, from `mpipipe.training.signal_train.train_signal_denoiser`.
        config : SignalTraining
            How it was trained.
        device : str
            Where it runs.

        Raises
        ------
        InputError
            When the weights do not fit the network.
        """
        # The linear estimate of a network that corrects one is part of its state.
        known = [weights[name] for name in LinearEstimate._fields if name in weights]
        linear = LinearEstimate(*known) if len(known) == len(LinearEstimate._fields) else None
        network = build_signal_denoiser(config.network, 0, linear=linear)
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            first = " ".join(str(error).split())[:200]
            raise InputError(
                f"weights of {config.network.name}: found {first}, expected those of its configuration"
            ) from None
        self._config, self._network = config, network.to(device)

    def apply(self, signals: npt.ArrayLike, noise_std: npt.ArrayLike | None = None) -> Signals:
        """Denoise signals, each on its own: the result does not depend on the others.

        A network that was trained on recorrupted signals gives ``(1/M) Σ f(y + r σ z_m)``, with M seeded passes
        ``recorruptions``, or ``f(y)`` with M = 0 (Pang et al., CVPR 2021).

        Parameters
        ----------
        signals : (item, time) ndarray of float32
            One noisy period each.
        noise_std : (item,) ndarray of float32, optional
            Standard deviation σ of their noise, in their unit; needed for recorrupted passes alone.

        Returns
        -------
        (item, time) ndarray of float32
            In the unit of the signals; zero where a signal is zero.

        Raises
        ------
        InputError
            When axes do not fit, a value is not finite, or σ is needed and absent or not positive.
        """
        array = np.asarray(signals, np.float32)
        if array.ndim != 2 or 0 in array.shape or not np.isfinite(array).all():
            raise InputError(f"signals: found shape {array.shape}, expected finite values (item, time)")
        passes = self._config.recorruptions if self._config.objective == "recorrupted" else 0
        if not passes:
            return self._denoised(array)
        added = np.float32(self._config.recorruption) * check_noise_std(noise_std, len(array))
        total = np.zeros_like(array)
        for number in range(passes):
            # One draw for all signals: they are not averaged with each other.
            noise = np.random.default_rng([self._config.seed, PASS_STREAM, number]).standard_normal(
                array.shape[1], dtype=np.float32
            )
            total += self._denoised(array + added * noise)
        return total / np.float32(passes)

    def _denoised(self, signals: Signals) -> Signals:
        rms = signal_rms(signals)
        estimate = denoise_normalised(self._network, torch.from_numpy(signals / rms)) * rms
        return np.where(signals.any(axis=-1, keepdims=True), estimate, np.float32(0))
