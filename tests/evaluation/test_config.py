import pytest
from pydantic import ValidationError

from mpipipe.config.evaluate import EvaluateConfig
from mpipipe.config.figures import FiguresConfig


@pytest.mark.parametrize("section", [EvaluateConfig, FiguresConfig])
def test_every_knob_has_a_default_and_a_description(section):
    assert section()
    assert all(field.description for field in section.model_fields.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"sigmas": (0.1, 0.06)},
        {"sigmas": ()},
        {"sigmas": (0, 0.1)},
        {"size_bin_edges": (12,)},
        {"components": 3},
    ],
)
def test_wrong_values_are_refused(wrong):
    with pytest.raises(ValidationError):
        EvaluateConfig(**wrong)
