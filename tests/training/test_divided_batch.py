"""Batches that a GPU has no memory for; a network stands in that refuses more items than it is allowed."""

import logging

import pytest
import torch
from torch import nn
from torch.nn import functional

from mpipipe.config.optimisation import Optimisation
from mpipipe.errors import InputError
from mpipipe.training import fit as fitting
from mpipipe.training import module, reconstructor_train
from mpipipe.training.ahead import Ahead
from mpipipe.training.data import ComponentBatches
from mpipipe.training.divided_batch import divided, divided_loss
from mpipipe.training.module import RestorationModule, weighted_l1
from mpipipe.training.pairs import NoisyImages, Pairs, PairStream
from mpipipe.training.reconstructor_train import train_reconstructor
from mpipipe.training.supervised import SupervisedModule
from mpipipe.training.train import train_network
from tests.training.blobs import blobs, system_matrix
from tests.training.test_reconstructor_train import tiny as tiny_reconstructor
from tests.training.waves import WaveSource

ITEMS = 7


class SmallMemory(nn.Module):
    """Two layers that hold `most` items; the memory runs out in their forward or their backward pass."""

    def __init__(self, most, *, backward=False, dropout=0.0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.layers = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 3))
        self.most, self.backward, self.seen = most, backward, []

    def forward(self, given):
        self.seen.append(len(given))
        estimate = self.layers(given)
        if self.backward:
            estimate.register_hook(self.allocate)
        else:
            self.allocate(given)
        return estimate

    def allocate(self, tensor):
        if len(tensor) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")


def pairs(items=ITEMS, seed=1):
    rng = torch.Generator().manual_seed(seed)
    return Pairs(torch.randn(items, 5, generator=rng), torch.randn(items, 3, generator=rng))


def loss_of(network):
    return lambda batch: functional.mse_loss(network(batch.given), batch.truth)


def whole_gradient(loss, batch, parameters):
    value = loss(batch)
    return value, torch.autograd.grad(value, parameters)


def train(network, steps=4, batch=ITEMS, **changes):
    """Train on random pairs; return the record of the losses."""
    config = Optimisation(
        steps=steps, batch=batch, learning_rate=0.01, **{"precision": "32", "clip_norm": 0.05, **changes}
    )
    module = SupervisedModule(network, functional.mse_loss, config, seed=3, recipe="")
    clock = fitting.StepClock()
    losses = Losses()
    stream = Ahead(pairs(batch, seed) for seed in range(steps))
    fitting.fit(
        module, stream, config, [clock, losses],
        checkpoint_dir=None, newest=None, accelerator="cpu", progress=False,
    )  # fmt: skip
    return module, losses.values


class Losses(fitting.Callback):
    def __init__(self):
        self.values = []

    def on_train_batch_end(self, _trainer, _module, outputs, *_):
        self.values.append(outputs["loss"].item())


# Parts


@pytest.mark.parametrize("parts", [1, 2, 4, 7])
def test_parts_are_the_batch_in_order_with_shares_that_add_up(parts):
    batch = pairs()
    cut = list(divided(batch, parts))
    assert len(cut) == parts
    assert torch.equal(torch.cat([part.given for _, part in cut]), batch.given)
    assert torch.equal(torch.cat([part.truth for _, part in cut]), batch.truth)
    assert [share for share, _ in cut] == [len(part.given) / ITEMS for _, part in cut]
    assert {len(part.given) for _, part in cut} <= {ITEMS // parts, ITEMS // parts + 1}


@pytest.mark.parametrize("parts", [1, 2, 4, 7])
def test_value_and_gradient_of_the_parts_are_those_of_the_whole(parts):
    network, batch = SmallMemory(ITEMS), pairs()
    parameters = list(network.parameters())
    value, expected = whole_gradient(loss_of(network), batch, parameters)
    loss = divided_loss(loss_of(network), batch, parts, parameters)
    (3 * loss).backward()
    torch.testing.assert_close(loss.detach(), value.detach(), rtol=1e-6, atol=0)
    for parameter, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, 3 * gradient, rtol=1e-5, atol=1e-7)


def test_only_one_part_is_in_memory_at_a_time():
    network, alive = SmallMemory(2), []

    class Held(torch.autograd.Function):
        """Counts the graphs that are alive."""

        @staticmethod
        def forward(ctx, values):
            alive.append(1)
            return values.clone()

        @staticmethod
        def backward(_, upstream):
            alive.pop()
            return upstream

    def loss(batch):
        assert not alive
        return functional.mse_loss(Held.apply(network(batch.given)), batch.truth)

    divided_loss(loss, pairs(), 4, list(network.parameters()))
    assert not alive
    assert network.seen == [2, 2, 2, 1]


def test_a_batch_of_the_restoration_study_is_divided_with_its_masks(source, background, tiny):
    """Fields without axes belong to every part; the loss weights each component alike."""
    batch = ComponentBatches(source, background, tiny, seed=0).batch(0)
    assert batch.base.ndim == 0
    module = RestorationModule(tiny, 2, 1, "")
    parameters = list(module.network.parameters())
    value, expected = whole_gradient(module.batch_loss, batch, parameters)
    divided_loss(module.batch_loss, batch, 4, parameters).backward()
    estimate = module.network(batch.observed, batch.measured)
    torch.testing.assert_close(value, weighted_l1(estimate, batch, tiny.loss_weighting))
    for parameter, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


# Trainings


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(("most", "parts"), [(4, 2), (3, 4), (2, 4), (1, 7)])
def test_a_training_without_memory_for_its_batch_ends_as_one_with(most, parts, backward):
    """Clipping included: it is the gradient of the whole batch that is clipped."""
    roomy, cramped = SmallMemory(ITEMS), SmallMemory(most, backward=backward)
    _, expected = train(roomy)
    module, losses = train(cramped)
    assert module.parts == parts
    assert losses == pytest.approx(expected, rel=1e-5)
    for name, weight in roomy.state_dict().items():
        torch.testing.assert_close(cramped.state_dict()[name], weight, rtol=1e-4, atol=1e-6)


def test_the_division_is_remembered_and_told_once(caplog):
    network = SmallMemory(2)
    with caplog.at_level(logging.WARNING):
        train(network, steps=3)
    assert network.seen == [7, 4] + 3 * [2, 2, 2, 1]
    assert [record.getMessage() for record in caplog.records] == [
        "batches of 7 do not fit into the memory of the GPU: divided into 4 parts from step 1 on"
    ]


def test_memory_that_runs_out_later_repeats_only_that_step():
    roomy, cramped = SmallMemory(ITEMS), SmallMemory(ITEMS)
    _, expected = train(roomy)
    seen = []

    def shrink(*_):
        seen.append(1)
        cramped.most = ITEMS if len(seen) < 3 else 4

    cramped.register_forward_pre_hook(shrink)
    module, losses = train(cramped)
    assert cramped.seen == [7, 7, 7, 4, 3, 4, 3]
    assert losses == pytest.approx(expected, rel=1e-5)
    assert module.global_step == 4


def test_bfloat16_is_divided_too():
    cramped = SmallMemory(4)
    _, expected = train(SmallMemory(ITEMS), precision="bf16")
    _, losses = train(cramped, precision="bf16")
    assert losses == pytest.approx(expected, rel=1e-2)


def test_dropout_follows_from_the_seed_when_divided_and_leaves_the_global_state_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    one, same = SmallMemory(4, dropout=0.5), SmallMemory(4, dropout=0.5)
    train(one)
    train(same)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("backward", [False, True])
def test_an_item_that_does_not_fit_alone_is_one_clear_line(backward):
    with pytest.raises(InputError) as raised:
        train(SmallMemory(0, backward=backward))
    message = str(raised.value)
    assert "\n" not in message
    assert "GPU for SmallMemory with a batch of 7 in 7 part(s), expected it to fit" in message
    assert raised.value.__suppress_context__


def test_both_kinds_of_training_divide(monkeypatch, background, tiny):
    """Networks without batch normalisation, on a device whose memory holds four items."""

    def refuse(network, inputs):
        if network.training and len(inputs[0]) > 4:
            raise torch.OutOfMemoryError

    def once(build):
        def built(*arguments, **named):
            network = build(*arguments, **named)
            network.register_forward_pre_hook(refuse)
            return network

        return built

    config = tiny_reconstructor("ADMM-Net", steps=3, validate_every=3)
    arguments = {"validation": blobs(4, seed=8), "seed": 3, "accelerator": "cpu"}

    def both():
        images = train_reconstructor(
            config, system_matrix(), blobs(20), validation_snr_db=(20.0,), **arguments
        )
        restored = train_network(
            tiny, WaveSource((16, 16)), background, dimension=2, seed=3, accelerator="cpu"
        )
        return images, restored

    whole = both()
    monkeypatch.setattr(
        reconstructor_train, "build_reconstructor", once(reconstructor_train.build_reconstructor)
    )
    monkeypatch.setattr(module, "build_network", once(module.build_network))
    parts = both()
    for one, other in zip(whole, parts, strict=True):
        assert other.card["steps"] == one.card["steps"]
        for name, weight in one.weights.items():
            torch.testing.assert_close(other.weights[name], weight, rtol=1e-3, atol=1e-5)


def test_images_and_pairs_of_a_stream_can_be_divided():
    stream = PairStream(blobs(9), NoisyImages(0.1), 6, seed=0)
    assert sum(len(part.truth) for _, part in divided(stream.batch(0), 4)) == 6


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_that_runs_out_of_memory_divides_the_batch():
    """A true CUDA error: activations of the whole batch exceed what the process may use, those of a half do not."""
    network = nn.Sequential(
        nn.Linear(5, 4096), nn.Tanh(), nn.Linear(4096, 4096), nn.Tanh(), nn.Linear(4096, 3)
    )
    batch, total = 65536, torch.cuda.get_device_properties(0).total_memory
    config = Optimisation(steps=2, batch=batch, precision="32", clip_norm=0.0)
    module = SupervisedModule(network, functional.mse_loss, config, seed=3, recipe="")
    torch.cuda.set_per_process_memory_fraction(3.5 * 2**30 / total)
    try:
        fitting.fit(
            module, Ahead(pairs(batch, seed) for seed in range(2)), config, [fitting.StepClock()],
            checkpoint_dir=None, newest=None, accelerator="gpu", progress=False,
        )  # fmt: skip
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert module.parts in (2, 4)
    assert module.global_step == 2
