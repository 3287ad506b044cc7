"""The restorers that come with the package: whole, small, with cards that fit; and what is refused."""

import hashlib
import json
import shutil
import tomllib

import numpy as np
import pytest

from mpipipe.config.recipe import canonical_json
from mpipipe.errors import InputError
from mpipipe.storage.pretrained import (
    pretrained_folder,
    read_card_weights,
    read_cards,
    read_prepared,
    write_prepared,
)
from mpipipe.training.restorer import NetworkRestorer

NETWORK = "denoising_2d.rdn-phase-aligned.safetensors"


def test_the_folder_is_small_and_goes_into_the_package(root):
    folder = pretrained_folder()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 30e6
    setup = tomllib.loads((root / "pyproject.toml").read_text())
    assert "pretrained/*" in setup["tool"]["setuptools"]["package-data"]["mpipipe"]


def test_every_card_has_its_file_and_every_file_its_card():
    cards, folder = read_cards(), pretrained_folder()
    weights = {card.file for card in cards if card.train is not None}
    assert weights == {path.name for path in folder.glob("*.safetensors")} and None not in weights
    for card in cards:
        data = (
            canonical_json(card.tuned).encode()
            if card.train is None
            else (folder / str(card.file)).read_bytes()
        )
        assert hashlib.sha256(data).hexdigest() == card.content
        assert card.licence == "MIT" and card.data is not None and card.test and card.baseline
        assert card.method in (folder / "README.md").read_text()


def test_weights_load_into_their_networks():
    for card in read_cards():
        if card.train is not None:
            weights = read_card_weights(card)
            NetworkRestorer(weights, card.train, card.dimensions[0])
            assert card.parameters is not None
            # Statistics of batch normalisation are stored beside the parameters.
            assert card.parameters <= sum(tensor.numel() for tensor in weights.values())


def test_each_problem_has_one_default_and_it_is_the_best_on_the_validation_split():
    cards = read_cards()
    for problem in {card.problem for card in cards}:
        own = [card for card in cards if card.problem == problem]
        kinds = {c.method: (c.validation_psnr_db, c.strongest_psnr_db) for c in own}
        mean = {name: sum(np.mean([*kind.values()]) for kind in of) for name, of in kinds.items()}
        (default,) = [card.method for card in own if card.default]
        assert mean[default] == max(mean.values())


def test_changed_or_missing_weights_are_refused(tmp_path):
    folder = tmp_path / "pretrained"
    shutil.copytree(pretrained_folder(), folder)
    card = next(card for card in read_cards(folder) if card.file == NETWORK)
    data = bytearray((folder / NETWORK).read_bytes())
    data[-1] ^= 1
    (folder / NETWORK).write_bytes(data)
    with pytest.raises(InputError, match=rf"{NETWORK}: found content .* as its card says"):
        read_card_weights(card, folder)
    (folder / NETWORK).unlink()
    with pytest.raises(InputError, match=rf"{NETWORK}: found no file"):
        read_card_weights(card, folder)


def test_changed_parameters_and_broken_cards_are_refused(tmp_path):
    path = tmp_path / "denoising_2d.dct-f.json"
    shutil.copy(pretrained_folder() / path.name, path)
    raw = json.loads(path.read_text())
    raw["tuned"]["levels"][0]["best"] += 1
    path.write_text(json.dumps(raw))
    with pytest.raises(InputError, match=r"dct-f\.json: tuned: found other parameters"):
        read_cards(tmp_path)
    path.write_text("{}")
    with pytest.raises(InputError, match=r"dct-f\.json: method: found field required"):
        read_cards(tmp_path)
    path.unlink()
    with pytest.raises(InputError, match="found no cards"):
        read_cards(tmp_path)


def test_weights_by_their_path(tmp_path):
    assert read_prepared(pretrained_folder() / NETWORK).method == "RDN (phase-aligned)"
    with pytest.raises(InputError, match=r"none\.safetensors: found no file"):
        read_prepared(tmp_path / "none.safetensors")
    lonely = tmp_path / "lonely.safetensors"
    lonely.write_bytes(b"")
    with pytest.raises(
        InputError, match=r"found neither lonely\.json nor lonely\.safetensors\.manifest\.json"
    ):
        read_prepared(lonely)


def test_a_folder_of_other_things_is_not_replaced(tmp_path):
    write_prepared(tmp_path / "out", {"a.json": b"1"})
    write_prepared(tmp_path / "out", {"b.json": b"2"})
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.json"]
    notes = tmp_path / "own/notes.txt"
    notes.parent.mkdir()
    notes.write_text("mine")
    with pytest.raises(InputError, match=r"found notes\.txt, expected a folder of prepared restorers"):
        write_prepared(notes.parent, {"a.json": b"1"})
    assert notes.read_text() == "mine"
