"""The signal denoisers' section: published defaults, and what does not fit is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from mpipipe.config.signal_denoiser import PlainSignalUNetConfig, SignalTraining, SignalUNetConfig


def test_the_defaults_are_the_published_ones() -> None:
    config = SignalTraining()
    assert (config.batch, config.learning_rate, config.alpha, config.beta) == (4, 1e-4, 0.05, 0.01)
    assert (config.objective, config.penalty) == ("noise2noise", "l1")
    assert isinstance(config.network, SignalUNetConfig)
    assert config.steps * config.batch == 10 * 8000
    assert not config.mirror


def test_the_network_is_chosen_by_its_name() -> None:
    plain = SignalTraining.model_validate({"network": {"name": "PlainSignalUNet", "width": 8}})
    assert isinstance(plain.network, PlainSignalUNetConfig)
    assert SignalTraining.model_validate(plain.model_dump(mode="json")) == plain


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"network": {"name": "SignalUNet", "kernel": 4}}, "found 4, expected an odd number"),
        ({"network": {"name": "SignalUNet", "growth": [1, 2, 4]}}, "growth"),
        ({"network": {"name": "PlainSignalUNet", "growth": [1, 2, 4, 0]}}, "growth"),
        ({"network": {"name": "PlainSignalUNet", "dropout": 0.1}}, "dropout"),
        ({"network": {"name": "unknown"}}, "unknown"),
        ({"recorruption": 0}, "recorruption"),
        ({"objective": "supervised"}, "objective"),
        ({"penalty": "l3"}, "penalty"),
    ],
)
def test_what_does_not_fit_is_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SignalTraining.model_validate(section)
