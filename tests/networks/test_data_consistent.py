import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mpipipe.config.deblurrer import DataConsistentConfig, ResNetConfig
from mpipipe.errors import InputError
from mpipipe.networks.data_consistent import DataConsistentGenerator, KnownBlur
from mpipipe.networks.deblurrers import build_deblurrer
from mpipipe.physics.grid import Grid
from mpipipe.physics.particle import Particle
from mpipipe.physics.scanner import Scanner
from mpipipe.reconstruction.blur import Blur
from mpipipe.storage.weights import write_weights

CONFIG = DataConsistentConfig(
    name="DataConsistent",
    stages=3,
    generator=ResNetConfig(width=4, blocks=1, dropout=0, normalisation="none"),
)
SCANNER = Scanner(
    gradient_T_per_m=(3, 3, -6),
    drive_amplitude_mT=(30, 30, 0),
    divider=(900, 891, 1),
    base_frequency_Hz=22.275e6,
    waveform="sine",
)


@pytest.fixture(scope="module")
def blur():
    grid = Grid(shape=(16, 16), field_of_view_mm=(20, 20))
    return Blur.along(Particle(core_diameter_nm=25), SCANNER, grid, sub_samples=2)


@pytest.fixture(scope="module")
def known(blur):
    return KnownBlur(torch.from_numpy(blur.transfer), torch.from_numpy(blur.weight.copy()))


def drawn(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_blur_is_that_of_the_forward_model(blur, known):
    network = DataConsistentGenerator(CONFIG, known)
    concentrations = drawn(3, 1, 16, 16)
    expected = blur.apply(concentrations[:, 0].numpy())
    np.testing.assert_allclose(network.blurred(concentrations).numpy(), expected, atol=1e-5 * expected.max())


def test_a_weak_filter_inverts_the_ideal_blur(known):
    """With the ideal directions and a source in the middle, whose images end within the padding, Wiener gives it back."""
    ideal = KnownBlur(known.transfer[:2], torch.eye(2)[:, :, None, None])
    config = CONFIG.model_copy(update={"regularizations": (1e-9, 1e-1)})
    network = DataConsistentGenerator(config, ideal)
    spectrum = torch.zeros(1, 1, 32, 32)
    spectrum[0, 0, 8, 8] = 1.0
    # Images on the whole padded grid: nothing is cut off, so the filter is the inverse.
    images = torch.fft.irfft2(torch.fft.rfft2(spectrum) * ideal.transfer, (32, 32))
    power = ideal.transfer.square().sum(0)
    back = (torch.fft.rfft2(images) * ideal.transfer).sum(1) / (power + 1e-9 * power.max())
    sharp = torch.fft.irfft2(back, (32, 32))[0]
    assert sharp.argmax() == 8 * 32 + 8
    assert sharp.max().item() == pytest.approx(1, abs=0.1)
    # The network pads with zeros what it does not see: the weak filter is sharper than the strong one.
    weak, strong = network.filtered(images[..., :16, :16])[0]
    assert weak.max() > 2 * strong.max() > 0


def test_without_later_stages_it_is_the_first_alone(known):
    single = CONFIG.model_copy(update={"stages": 1})
    network = DataConsistentGenerator(single, known)
    x = drawn(2, 2, 16, 16)
    expected = network.stages[0](torch.cat([x, network.filtered(x)], 1))
    assert torch.equal(network(x), expected)


def test_a_later_stage_sees_what_the_data_contradict(known):
    """An estimate that explains the data leaves nothing, so the next stages see an empty residual."""
    network = DataConsistentGenerator(CONFIG, known)
    truth = drawn(1, 1, 16, 16)
    seen = []
    for stage in network.stages[1:]:
        stage.register_forward_hook(lambda _module, given, _out: seen.append(given[0]))
    network.stages[0].forward = lambda _images: truth
    network(network.blurred(truth))
    assert len(seen) == 2 and seen[0].shape == (1, 6, 16, 16)
    assert torch.equal(seen[0][:, :1], truth)
    assert seen[0][:, 1:3].abs().max() < 1e-5 * network.blurred(truth).abs().max()


def test_every_stage_learns_and_saved_weights_give_the_same_images(known, tmp_path):
    network = build_deblurrer(CONFIG, 1, known)
    x = drawn(2, 2, 16, 16)
    network(x).square().mean().backward()
    for stage in network.stages:
        assert stage.last.weight.grad.abs().max() > 0
    write_weights(tmp_path / "weights.safetensors", network.state_dict())
    state = load_file(tmp_path / "weights.safetensors")
    other = build_deblurrer(CONFIG, 2, KnownBlur(torch.zeros_like(known.transfer), known.weight.clone()))
    other.load_state_dict(state)
    assert torch.equal(other(x), network(x))


def test_the_blur_is_needed():
    with pytest.raises(InputError, match="DataConsistent: found no blur"):
        build_deblurrer(CONFIG, 0)
