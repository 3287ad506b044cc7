"""Trained perceptrons: spectra to voxels (Chae 2017, eq. 6)."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mpipipe.config.perceptron import PerceptronTraining
from mpipipe.errors import InputError
from mpipipe.networks.perceptron import Perceptron
from mpipipe.training.input_scaling import InputScaling, check_spectra

SHIFT, SCALE = "scaling.shift", "scaling.scale"


def perceptron_state(network: Perceptron, scaling: InputScaling) -> dict[str, Tensor]:
    """Return what a training stores: ``layers.<n>`` ``(output, input)`` of float32, and the scaling of float64."""
    weights = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
    return weights | {SHIFT: torch.from_numpy(scaling.shift), SCALE: torch.from_numpy(scaling.scale)}


class LearnedInverse:
    """Reconstructs scenes as the network was trained: on spectra with the normalisation of its training scenes.

    Attributes
    ----------
    scaling : InputScaling
        What is done to spectra before the first layer.
    layers : tuple of (output, input) ndarray of float32
        Weights of each layer, that of the normalised spectra first.
    """

    def __init__(self, weights: dict[str, Tensor], config: PerceptronTraining) -> None:
        """Load the weights.

        Parameters
        ----------
        weights : dict of Tensor
            From `mpipipe.training.perceptron_train.train_perceptron`.
        config : PerceptronTraining
            How it was trained.

        Raises
        ------
        InputError
            When the weights do not fit the network.
        """
        try:
            shift, scale = weights[SHIFT].numpy(), weights[SCALE].numpy()
            last = weights[f"layers.{int(config.network.hidden_units > 0)}"]
            network = Perceptron(config.network, len(scale), len(last))
            network.load_state_dict({k: v for k, v in weights.items() if k not in (SHIFT, SCALE)})
        except (KeyError, RuntimeError) as error:
            first = " ".join(str(error).split())[:200]
            raise InputError(
                f"weights of the perceptron: found {first}, expected those of its configuration"
            ) from None
        self.scaling = InputScaling(config.normalisation, shift, scale)
        self.layers = tuple(weight.detach().numpy() for weight in network.weights)
        self._network = network

    def apply(self, spectra: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Reconstruct scenes.

        Parameters
        ----------
        spectra : (scene, harmonic) array_like of float
            In the unit of those that it was trained on.

        Returns
        -------
        (scene, voxel) ndarray of float32
            Between 0 and 1 with a sigmoid output.

        Raises
        ------
        InputError
            When axes do not fit, or a value is not finite.
        """
        found = check_spectra(spectra, len(self.scaling.scale))
        with torch.no_grad():
            estimate: npt.NDArray[np.float32] = self._network(
                torch.from_numpy(self.scaling.apply(found))
            ).numpy()
        return estimate
