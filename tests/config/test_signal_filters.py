"""Settings of the filters and the values that tuning tries belong together."""

import pytest
from pydantic import ValidationError

from mpipipe.config.signal_filters import SETTINGS, FilterSearch, WienerFilterSearch


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_values_that_it_may_have(name):
    values = FilterSearch().values(name)
    assert set(values) == set(SETTINGS[name].model_fields)
    for settings in FilterSearch().candidates(name):
        SETTINGS[name].model_validate(settings)


def test_candidates_are_all_combinations():
    search = FilterSearch()
    assert len(search.candidates("Wiener")) == len(search.wiener.noise_factor)
    assert len(search.candidates("Wiener (subspace)")) == len(search.subspace.noise_factor) * len(
        search.subspace.rank
    )
    assert search.candidates("Folded period") == [{}]


@pytest.mark.parametrize("values", [(), (-1.0,)])
def test_impossible_values_are_refused(values):
    with pytest.raises(ValidationError):
        WienerFilterSearch(noise_factor=values)
