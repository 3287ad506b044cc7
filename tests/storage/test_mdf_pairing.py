"""Matrix and measurement of one scanner, and of two."""

import numpy as np
import pytest

import mpipipe
from mpipipe.errors import InputError
from mpipipe.storage.mdf_matrix import open_mdf_matrix
from mpipipe.storage.mdf_pairing import check_pair
from tests.storage.test_mdf_matrix import simulated


@pytest.fixture
def pair(tmp_path):
    """Return a function that gives the headers of a matrix, and of a measurement with something changed."""

    def headers(changes):
        mpipipe.write_mdf(tmp_path / "S.mdf", simulated(), overwrite=True)
        with open_mdf_matrix(tmp_path / "S.mdf") as matrix:
            found = matrix.header
        return found, found.replace(changes)

    return headers


DRIVE, RECEIVER = "/acquisition/drivefield", "/acquisition/receiver"


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        (
            f"{DRIVE}/divider",
            np.array([[8], [6], [5]]),
            "found dividers 8, 6, 5, expected 8, 6, 7 as in .*S.mdf",
        ),
        (
            f"{DRIVE}/strength",
            np.array([[[0.012], [0.0101], [0.009]]]),
            "amplitudes in T 0.012, 0.0101, 0.009",
        ),
        (f"{DRIVE}/phase", np.array([[[1.5], [1.5], [1.5]]]), "phases in rad 1.5, 1.5, 1.5, expected 1.5708"),
        (f"{DRIVE}/baseFrequency", 1.25e6, "base frequency in Hz 1.25e"),
        (
            f"{DRIVE}/waveform",
            np.array([["sine"], ["sine"], ["triangle"]], object),
            "waveforms sine, sine, triangle",
        ),
        (f"{DRIVE}/numChannels", 2, "drive-field channels 2, expected 3"),
        ("/acquisition/gradient", np.diag([-1, -1, 2.1])[None, None], "gradient in T/m -1, 0, 0, 0, -1"),
        (f"{DRIVE}/cycle", 1e-3, "trajectory cycle in s 0.001, expected"),
        (
            "/acquisition/offsetField",
            np.array([[[0, 0, 0.01]]]),
            "offset field in T 0, 0, 0.01, expected 0, 0, 0",
        ),
        ("/acquisition/numPeriodsPerFrame", 4, "periods a frame 4, expected 1"),
        (f"{RECEIVER}/numChannels", 2, "receive channels 2, expected 3"),
        (f"{RECEIVER}/bandwidth", 1e6, r"bandwidth in Hz 1e\+06"),
        (f"{RECEIVER}/numSamplingPoints", 336, "samples a period 336, expected 168"),
        (f"{RECEIVER}/unit", "V", "unit V, expected 1/s"),
        ("/measurement/isTransferFunctionCorrected", True, "transfer function corrected True"),
        ("/measurement/frequencySelection", np.array([100]), "no frequency of the system matrix"),
    ],
)
def test_a_measurement_of_another_scanner_is_refused(pair, key, value, line):
    with pytest.raises(InputError, match=line) as error:
        check_pair(*pair({key: value}))
    assert key in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (f"{DRIVE}/strength", np.array([[[0.01201], [0.01], [0.009]]])),
        (f"{DRIVE}/phase", np.array([[[np.pi / 2 - 2 * np.pi]] * 3]).reshape(1, 3, 1)),
        ("/acquisition/gradient", None),
        ("/measurement/frequencySelection", np.array([3, 4])),
        ("/study/name", "another"),
    ],
)
def test_what_does_not_matter_is_no_obstacle(pair, key, value):
    check_pair(*pair({key: value}))


def test_another_tracer_is_a_warning(pair):
    with pytest.warns(UserWarning, match="/tracer/name: found perimag, but"):
        check_pair(*pair({"/tracer/name": np.array(["perimag"], object)}))


def test_phase_divider_and_waveform_of_a_channel_without_a_field_do_not_matter(pair):
    matrix, _ = pair({})
    matrix = matrix.replace({f"{DRIVE}/strength": np.array([[[0.012], [0.01], [0.0]]])})
    changes = {
        f"{DRIVE}/divider": np.array([[8], [6], [99]]),
        f"{DRIVE}/phase": np.array([[[np.pi / 2], [np.pi / 2], [0.3]]]),
        f"{DRIVE}/waveform": np.array([["sine"], ["sine"], ["triangle"]], object),
    }
    check_pair(matrix, matrix.replace(changes))
