"""The deblurring study's section: what does not fit together is one clear line."""

from typing import Any

import pytest

from mpipipe.config.params import resolve
from mpipipe.errors import InputError


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"shown_snr": 11}, "shown_snr: found 11, expected one of train_snr"),
        ({"train_snr": {"Network (retinal scene)": [5]}}, "expected one of train_snr of Network []"),
        (
            {"train_snr": {"Network": [15], "Network (retinal scene)": [5]}},
            "found no 'Network (retinal scene)'",
        ),
        ({"phantoms": ["fork"]}, "phantoms: found ['fork'], expected lambda among them"),
        ({"test_snr": [0]}, "test_snr"),
        ({"acquisition": {"refinement": 1}}, "refinement"),
        (
            {"acquisition": {"grid": {"shape": [40, 30], "field_of_view_mm": [20, 20]}}},
            "found [40, 30] pixels",
        ),
        (
            {"acquisition": {"grid": {"shape": [40], "field_of_view_mm": [20]}}},
            "expected a square of two axes",
        ),
        ({"training": {"Network": {"perceptual": {"source": "vgg16"}}}}, "weights: found null"),
    ],
)
def test_what_does_not_fit_is_one_line(section: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        resolve({"deblurring": section})
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_the_defaults_are_the_published_ones() -> None:
    config = resolve({}).deblurring
    scanner = config.acquisition.scanner
    assert scanner.drive_frequency_Hz[:2] == pytest.approx((24750, 25000))
    assert scanner.period_s == pytest.approx(4e-3)
    assert scanner.base_frequency_Hz >= 20e6
    # 30 mT over 3 T/m reach 10 mm: the field of view of 2 x 2 cm².
    assert scanner.drive_amplitude_mT[0] / scanner.gradient_T_per_m[0] == 10
    assert config.acquisition.fine_grid.shape == (560, 560)
    assert (config.windows.train, config.windows.val, config.scene.size_mm) == (3000, 300, 71.4)
    training = config.training["Network"]
    assert training.steps * training.batch == 10 * config.windows.train
