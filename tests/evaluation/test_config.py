import pytest
from pydantic import ValidationError

from mpipipe.config.evaluate import EvaluateConfig
from mpipipe.config.figures import FiguresConfig
from mpipipe.config.restoration import Problem


@pytest.mark.parametrize("section", [EvaluateConfig, FiguresConfig])
def test_every_knob_has_a_default_and_a_description(section):
    assert section()
    assert all(field.description for field in section.model_fields.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"size_bin_edges": (12,)},
        {"components": 3},
    ],
)
def test_wrong_values_are_refused(wrong):
    with pytest.raises(ValidationError):
        EvaluateConfig(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sigmas": (0.1, 0.06)},
        {"sigmas": ()},
        {"sigmas": (-0.1, 0.1)},
        {"methods": ()},
        {"table": "denoise"},
        {"observation": {"factor": 5}},
        {"observation": {"missing_ratio": 1.0}},
    ],
)
def test_wrong_problems_are_refused(wrong):
    assert Problem(sigmas=(0, 0.1))
    with pytest.raises(ValidationError):
        Problem(**wrong)
