import numpy as np
import pytest

from mpipipe.config.line_inverse import LineInverseSearch, TikhonovConfig, TruncatedSvdConfig
from mpipipe.errors import InputError
from mpipipe.noise.spectrum_noise import add_white_noise
from mpipipe.reconstruction.svd_inverse import SvdInverse
from mpipipe.studies.line_inverse import METHODS, reconstruct, score, tune
from tests.reconstruction.line_systems import line_system

VOXELS = 33
SEARCH = LineInverseSearch(rank=(1, 9, 17, 25, 33, 400), regularization=(0, 1e-3, 1e-2, 1e-1, 1))


@pytest.fixture(scope="module")
def matrix():
    return line_system(20, harmonics=60, voxels=VOXELS)[0]


@pytest.fixture(scope="module")
def inverse(matrix):
    return SvdInverse.of(matrix)


def scenes_of(count, seed):
    return np.random.default_rng(seed).integers(0, 2, (count, VOXELS)).astype(float)


def direct(matrix, spectra, settings):
    """The definition: m plus the regularised inverse of u − S m, from NumPy's pseudo-inverse or normal equations."""
    if isinstance(settings, TruncatedSvdConfig):
        s = np.linalg.svd(matrix, compute_uv=False)
        rank = min(settings.rank, np.linalg.matrix_rank(matrix))
        below = s[rank] if rank < len(s) else 0
        X = np.linalg.pinv(matrix, rcond=(s[rank - 1] + below) / 2 / s[0])
    else:
        weight = (settings.regularization * np.linalg.norm(matrix, 2)) ** 2
        X = np.linalg.solve(matrix.T @ matrix + weight * np.eye(VOXELS), matrix.T)
    estimate = settings.prior_mean + (spectra - settings.prior_mean * matrix.sum(axis=1)) @ X.T
    return np.clip(estimate, 0, 1) if settings.clip else estimate


@pytest.mark.parametrize("mean, clip", [(0.0, False), (0.0, True), (0.5, False), (0.5, True)])
@pytest.mark.parametrize(
    "config",
    [TruncatedSvdConfig(rank=12), TikhonovConfig(regularization=0.02)],
    ids=lambda one: type(one).__name__,
)
def test_estimates_are_those_of_the_definition(matrix, inverse, config, mean, clip):
    settings = config.model_copy(update={"prior_mean": mean, "clip": clip})
    truth = scenes_of(7, 0)
    spectra = add_white_noise(truth @ matrix.T, 25.0, np.random.default_rng(1))
    expected = direct(matrix, spectra, settings)
    np.testing.assert_allclose(reconstruct(inverse, spectra, settings), expected, atol=1e-9)
    np.testing.assert_allclose(
        score(inverse, spectra, truth, settings), ((expected - truth) ** 2).mean(axis=1), atol=1e-9
    )


def test_tuning_finds_the_least_error_of_all_that_was_tried(matrix, inverse):
    truth = scenes_of(30, 2)
    spectra = truth @ matrix.T
    tuned = tune(inverse, spectra, truth, (30.0,), SEARCH, np.random.default_rng(3))
    noisy = add_white_noise(spectra, 30.0, np.random.default_rng(3))
    assert [one.method for one in tuned] == list(METHODS)
    for one, configs in zip(
        tuned,
        (
            [TruncatedSvdConfig(rank=rank) for rank in SEARCH.rank],
            [TikhonovConfig(regularization=value) for value in SEARCH.regularization[1:]],
        ),
        strict=True,
    ):
        errors = [
            (
                (direct(matrix, noisy, config.model_copy(update={"prior_mean": mean, "clip": clip})) - truth)
                ** 2
            ).mean()
            for config in configs
            for mean in (0.0, 0.5)
            for clip in (False, True)
        ]
        assert one.mse == pytest.approx(min(errors), rel=1e-9)
        assert score(inverse, noisy, truth, one.settings).mean() == pytest.approx(one.mse)


def test_noise_asks_for_more_regularisation_and_costs_accuracy(matrix, inverse):
    truth = scenes_of(100, 4)
    levels = (np.inf, 40.0, 20.0)
    tuned = tune(inverse, truth @ matrix.T, truth, levels, SEARCH, np.random.default_rng(5))
    assert [one.snr_db for one in tuned] == [level for level in levels for _ in METHODS]
    ranks, lambdas = tuned[0::2], tuned[1::2]
    assert ranks[0].settings.rank >= ranks[1].settings.rank > ranks[2].settings.rank
    assert (
        lambdas[0].settings.regularization
        < lambdas[1].settings.regularization
        <= lambdas[2].settings.regularization
    )
    for method in (ranks, lambdas):
        assert method[0].mse < method[1].mse < method[2].mse < 0.25  # the variance of the scenes
    assert all(one.settings.clip for one in tuned[2:])  # the nearest point of [0, 1] is nearer to every scene


def test_without_information_estimates_are_the_prior_mean(matrix, inverse):
    spectra = scenes_of(5, 12) @ matrix.T
    settings = TikhonovConfig(regularization=1e9, prior_mean=0.5)
    np.testing.assert_allclose(reconstruct(inverse, spectra, settings), 0.5, atol=1e-12)


def test_the_ends_of_what_was_tried_are_reported_unless_nothing_lies_beyond(matrix, inverse):
    truth = scenes_of(30, 6)
    spectra = truth @ matrix.T

    def edges(snr, **search):
        tuned = tune(inverse, spectra, truth, (snr,), LineInverseSearch(**search), np.random.default_rng(7))
        return [one.edges for one in tuned]

    assert edges(20.0, rank=(20, 30), regularization=(1e-6, 1e-5)) == [("rank",), ("regularization",)]
    assert edges(20.0, rank=(1, 2), regularization=(100, 1000)) == [("rank",), ("regularization",)]
    assert edges(20.0, rank=(1,), regularization=(0.0,)) == [(), ()]
    whole = line_system(50, harmonics=60, voxels=VOXELS)[0]
    exact = tune(SvdInverse.of(whole), truth @ whole.T, truth, (np.inf,), SEARCH, np.random.default_rng(8))
    assert [one.edges for one in exact] == [(), ()]
    assert exact[0].settings.rank == VOXELS and exact[1].settings.regularization == 0
    assert max(one.mse for one in exact) < 1e-20


def test_the_same_generator_gives_the_same_settings(matrix, inverse):
    truth = scenes_of(10, 9)
    first, second = (
        tune(inverse, truth @ matrix.T, truth, (20.0, 30.0), SEARCH, np.random.default_rng(10))
        for _ in range(2)
    )
    assert first == second


def test_scenes_of_another_length_or_number_are_refused(matrix, inverse):
    truth = scenes_of(4, 11)
    with pytest.raises(InputError, match=r"scenes: found shape \(4, 32\)"):
        score(inverse, truth @ matrix.T, truth[:, 1:], TikhonovConfig())
    with pytest.raises(InputError, match=r"scenes: found shape \(3, 33\)"):
        score(inverse, truth @ matrix.T, truth[:3], TikhonovConfig())
