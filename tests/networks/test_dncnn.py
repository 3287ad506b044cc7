import pytest
import torch

from mpipipe.config.networks import DnCNNConfig
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


@pytest.mark.parametrize("training", [True, False])
def test_masked_norm_without_mask_is_pytorchs(training):
    ours, theirs, x = MaskedBatchNorm(4), torch.nn.BatchNorm2d(4), 3 + 2 * torch.randn(5, 4, 6, 7)
    for _ in range(3):
        a, b = ours.train()(x), theirs.train()(x)
    if not training:
        a, b = ours.eval()(x), theirs.eval()(x)
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.running_var, theirs.running_var, rtol=1e-4, atol=1e-5)
