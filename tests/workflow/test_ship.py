"""The folder of shipped restorers from a finished run: the same bytes each time, and methods that can be used."""

import numpy as np
import pytest

from mpipipe.cli.ship_weights import ship
from mpipipe.errors import InputError
from mpipipe.restorers.choice import choose_card
from mpipipe.restorers.opened import open_card
from mpipipe.storage.pretrained import read_card_weights, read_cards


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_gives_the_same_restorers_twice(finished, tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    for out in (first, second):
        ship(finished.path, out)
    assert contents(first) == contents(second)
    cards = read_cards(first)
    assert {card.scale for card in cards} == {"smoke"}
    assert not any("shifted" in card.method for card in cards)
    assert {task for card in cards for task in card.tasks} == {"denoise", "inpaint", "upsample", "complete"}
    card = choose_card(cards, "denoise", 2)
    restorer = open_card(card, 2, lambda: read_card_weights(card, first), "cpu")
    noisy = np.ones((1, 12, 12), np.complex64)
    assert restorer.apply(noisy, 0.1).shape == noisy.shape
    assert (first / "README.md").read_text().count("**") == 2 * len({card.problem for card in cards})


def test_a_folder_without_a_run_is_refused(finished, tmp_path):
    with pytest.raises(InputError, match=r"params\.yaml: found no file"):
        ship(tmp_path, tmp_path / "out")
    (tmp_path / "params.yaml").write_bytes((finished.path / "params.yaml").read_bytes())
    with pytest.raises(InputError, match=r"summary\.csv: found no file"):
        ship(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
