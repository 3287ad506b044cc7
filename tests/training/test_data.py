from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mpipipe.config.train import DegradationConfig
from mpipipe.errors import InputError
from mpipipe.training.data import ComponentBatches
from tests.training.waves import WaveSource


def same(one, two):
    return all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_batches_follow_from_seed_and_step(source, background, tiny):
    one = list(islice(ComponentBatches(source, background, tiny, seed=1), 12))
    late = list(islice(ComponentBatches(source, background, tiny, seed=1, first_step=7), 5))
    other = list(islice(ComponentBatches(source, background, tiny, seed=2), 12))
    assert all(same(a, b) for a, b in zip(one[7:], late, strict=True))
    assert not any(same(a, b) for a, b in zip(one, other, strict=True))
    assert len({batch.observed.numpy().tobytes() for batch in one}) == 12


def test_workers_give_the_same_stream(source, background, tiny):
    alone = list(islice(ComponentBatches(source, background, tiny, seed=3, first_step=2), 7))
    loader = DataLoader(
        ComponentBatches(source, background, tiny, seed=3, first_step=2), batch_size=None, num_workers=2
    )
    shared = list(islice(loader, 7))
    assert all(same(a, b) for a, b in zip(alone, shared, strict=True))


def test_every_chunk_once_an_epoch_in_changing_order(background, tiny):
    source = WaveSource((8,) * 6)
    batches = ComponentBatches(source, background, tiny, seed=4)
    epochs = [[batches._chunk_at(6 * epoch + place) for place in range(6)] for epoch in range(5)]
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_a_window_is_read_once_and_mixes_its_chunks(background, tiny):
    source = WaveSource((24,) * 8)
    config = tiny.model_copy(update={"buffer_chunks": 4, "batch": 12})
    batches = ComponentBatches(source, background, config, seed=5)
    source.reads = 0
    for step in range(8):
        batches.batch(step)
    assert source.reads == 4
    components, cut = batches._read_window(0)
    assert all(len(set(components.matrix[chosen])) > 1 for chosen in cut)
    assert Counter(np.ravel(cut).tolist()) == Counter(range(96))


def test_short_chunks_are_made_up_by_repeats(background, tiny):
    source = WaveSource((9, 2, 2))
    config = tiny.model_copy(update={"buffer_chunks": 3, "batch": 9})
    batches = ComponentBatches(source, background, config, seed=6)
    assert all(len(batches.batch(step).sigma) == 9 for step in range(7))


def test_similar_grids_share_a_batch_and_its_small_patch(background, tiny):
    source = WaveSource((64,) * 8, largest=(24, 24))
    degradation = DegradationConfig(patch=24, patch_step=6)
    config = tiny.model_copy(update={"degradation": degradation, "buffer_chunks": 8, "batch": 16})
    batches = list(islice(ComponentBatches(source, background, config, seed=7), 32))
    patches = {tuple(batch.observed.shape[2:]) for batch in batches}
    assert len(patches) > 3
    assert all(size % 6 == 0 for patch in patches for size in patch)
    padding = 1 - np.mean([batch.valid.mean() for batch in batches])
    full = ComponentBatches(
        source, background, config.model_copy(update={"degradation": DegradationConfig(patch=24)}), 7
    )
    assert padding < 0.6 * (1 - np.mean([batch.valid.mean() for batch in islice(full, 32)]))


def test_empty_split_is_refused(background, tiny):
    with pytest.raises(InputError, match="found no components"):
        ComponentBatches(WaveSource(()), background, tiny, seed=0)
