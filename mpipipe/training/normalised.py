"""Networks that see a unit maximum, for signals and images of any amplitude: scaled at the input, and back at the output."""

import torch
from torch import Tensor, nn


class NormalisedReconstructor(nn.Module):
    """A network between ``b / b_max`` and the image over ``b_max``, the signal's largest modulus (Peng 2024, eqs. 9-10)."""

    def __init__(self, network: nn.Module, components: int) -> None:
        """Wrap a network.

        Parameters
        ----------
        network : torch.nn.Module
            From ``(batch, 2, component)``, real and imaginary part, to ``(batch, x, y)``.
        components : int
            Number of components.
        """
        super().__init__()
        self.network = network
        self.register_buffer("component_scale", torch.ones(components))
        self.component_scale: Tensor

    def equalise(self, signal: Tensor) -> None:
        """Divide each component, from now on, by its root mean square over signals of the training split.

        A layer that sees all components learns from the weak ones as fast as from the strong ones then. The scale
        is part of the state.

        Parameters
        ----------
        signal : (batch, component) Tensor of complex64
            Signals with noise: where there is nothing else, it bounds the scale.
        """
        peak = signal.abs().amax(1)
        kept = signal[peak > 0] / peak[peak > 0, None]
        rms = kept.abs().square().mean(0).sqrt()
        self.component_scale.copy_(torch.where(rms > 0, 1 / rms, 1))

    def forward(self, signal: Tensor) -> Tensor:
        """Return the images of signals.

        Parameters
        ----------
        signal : (batch, component) Tensor of complex64
            Signals of any amplitude.

        Returns
        -------
        (batch, x, y) Tensor of float32
            As many times larger as their signals; zero for a signal of zeros.
        """
        peak = signal.abs().amax(1)
        scaled = signal / torch.where(peak > 0, peak, 1)[:, None] * self.component_scale
        image = self.network(torch.view_as_real(scaled).movedim(-1, 1).contiguous())
        restored: Tensor = image.float() * peak[:, None, None]
        return restored


class NormalisedDenoiser(nn.Module):
    """A denoiser of images over their own maximum."""

    def __init__(self, network: nn.Module) -> None:
        """Wrap a network.

        Parameters
        ----------
        network : torch.nn.Module
            From ``(batch, 1, x, y)`` to the same shape.
        """
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        """Return denoised images.

        Parameters
        ----------
        image : (batch, x, y) Tensor of float32
            Noisy images of any amplitude; noise may make them negative.

        Returns
        -------
        (batch, x, y) Tensor of float32
            As many times larger as the noisy images; zero for one that has no positive value.
        """
        peak = image.amax((1, 2))[:, None, None].clamp(min=0)
        scaled = image / torch.where(peak > 0, peak, 1)
        denoised: Tensor = self.network(scaled[:, None])[:, 0].float() * peak
        return denoised
