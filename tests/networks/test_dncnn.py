import pytest
import torch
from pydantic import ValidationError

from mpipipe.config.networks import DnCNNConfig
from mpipipe.networks.initialisation import carry_input
from mpipipe.networks.masking import MaskedBatchNorm
from mpipipe.networks.registry import build_network


def test_published_dncnn_has_its_layers():
    network = build_network(DnCNNConfig(), 2, seed=0)
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [64] * 16 + [2]
    assert {c.kernel_size for c in convolutions} == {(3, 3)}
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules()) == 15


def test_output_is_the_input_minus_a_predicted_noise():
    network = build_network(DnCNNConfig(depth=4, width=6, normalisation="none"), 2, seed=0)
    x = torch.randn(3, 2, 9, 7, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.convolutions[-1].weight.zero_()
        network.convolutions[-1].bias.fill_(0.25)
    assert torch.equal(network(x), x - 0.25)


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_stack_that_carries_its_input_starts_as_a_share_of_it(dimension):
    """Without mixing and without other features in the last layer, the predicted noise is the share, to rounding."""
    config = DnCNNConfig(depth=5, width=7, normalisation="none", start="identity")
    network = build_network(config, dimension, seed=0)
    carry_input(list(network.convolutions), mixing=0, share=0.25)
    with torch.no_grad():
        network.convolutions[-1].weight[:, 4:] = 0
        x = torch.randn(2, 2, *(8, 7, 6)[:dimension], generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(network(x), 0.75 * x, rtol=1e-6, atol=1e-6)


def test_other_features_start_as_they_were_drawn():
    config = DnCNNConfig(depth=4, width=9)
    drawn = build_network(config, 3, seed=1).convolutions
    carrying = build_network(config.model_copy(update={"start": "identity"}), 3, seed=1).convolutions
    for one, other in zip(drawn[:-1], carrying[:-1], strict=True):
        assert torch.equal(one.weight[4:], other.weight[4:])
    assert torch.equal(drawn[-1].weight[:, 4:], carrying[-1].weight[:, 4:])
    # Real and imaginary part are carried alike and apart.
    last = carrying[-1].weight[:, :4, 1, 1, 1]
    assert torch.equal(last, 0.1 * torch.tensor([[1.0, -1, 0, 0], [0, 0, 1, -1]]))


@pytest.mark.parametrize("changes", [{"width": 3}, {"depth": 2}])
def test_too_small_a_stack_carries_nothing(changes):
    with pytest.raises(ValidationError, match="expected at least 4 and 3 for start: identity"):
        DnCNNConfig(start="identity", **changes)


@pytest.mark.parametrize("training", [True, False])
def test_masked_norm_without_mask_is_pytorchs(training):
    ours, theirs, x = MaskedBatchNorm(4), torch.nn.BatchNorm2d(4), 3 + 2 * torch.randn(5, 4, 6, 7)
    for _ in range(3):
        a, b = ours.train()(x), theirs.train()(x)
    if not training:
        a, b = ours.eval()(x), theirs.eval()(x)
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.running_var, theirs.running_var, rtol=1e-4, atol=1e-5)
