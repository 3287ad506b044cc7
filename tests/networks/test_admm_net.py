"""ADMM-Net's steps against linear algebra and their definitions."""

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from mpipipe.config.reconstructors import ADMMNetConfig
from mpipipe.networks.admm_net import TikhonovStep
from mpipipe.networks.forward_model import real_rows
from mpipipe.networks.piecewise_linear import PiecewiseLinear
from mpipipe.networks.reconstructors import build_reconstructor
from mpipipe.networks.registry import num_parameters
from tests.networks.systems import box_images, normalised_signals, random_matrix

GRID = (7, 5)
SMALL = ADMMNetConfig(stages=3, filters=4, kernel=3, breakpoints=7)


def lively_layer(channels=3, breakpoints=9, bound=1.5, seed=0):
    layer = PiecewiseLinear(channels, breakpoints, bound)
    layer.values.data.normal_(generator=torch.Generator().manual_seed(seed))
    return layer


def by_definition(layer, features):
    """Piecewise linear functions of (batch, channel, x, y), with the outer lines continued."""
    q, out = layer.values.detach().double().numpy(), np.empty(features.shape)
    p = np.linspace(-layer.bound, layer.bound, q.shape[1])
    for c, values in enumerate(q):
        u = features[:, c]
        inner = np.interp(u, p, values)
        first, last = ((values[i + 1] - values[i]) / (p[i + 1] - p[i]) for i in (0, len(p) - 2))
        out[:, c] = inner + np.minimum(u - p[0], 0) * first + np.maximum(u - p[-1], 0) * last
    return out


def test_piecewise_linear_takes_its_values_at_the_breakpoints():
    layer = lively_layer()
    p = torch.linspace(-1.5, 1.5, 9).view(1, 1, 9, 1).expand(1, 3, 9, 1)
    torch.testing.assert_close(layer(p)[0, :, :, 0], layer.values.detach(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("breakpoints", [2, 9, 101])
def test_piecewise_linear_is_its_definition(breakpoints):
    layer = lively_layer(breakpoints=breakpoints)
    features = 1.5 * torch.randn(4, 3, 8, 6, generator=torch.Generator().manual_seed(1))
    assert (features.abs() > 1.5).float().mean() > 0.1
    np.testing.assert_allclose(
        layer(features).detach(), by_definition(layer, features.double().numpy()), rtol=1e-4, atol=2e-4
    )


def test_piecewise_linear_goes_on_with_its_outer_lines():
    layer = lively_layer()
    outside = torch.tensor([-100.0, -50.0, -3.0, 3.0, 50.0, 100.0]).view(1, 1, 6, 1).expand(1, 3, 6, 1)
    below, above = layer(outside)[0, :, :, 0].detach().split(3, 1)
    step = 3 / 8
    for values, u, i in ((below, (-100.0, -50.0, -3.0), 0), (above, (3.0, 50.0, 100.0), 7)):
        slope = (layer.values[:, i + 1] - layer.values[:, i]).detach() / step
        torch.testing.assert_close((values[:, 2] - values[:, 0]) / (u[2] - u[0]), slope, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close((values[:, 1] - values[:, 0]) / (u[1] - u[0]), slope, rtol=1e-4, atol=1e-4)


def test_piecewise_linear_starts_as_the_identity():
    features = 3 * torch.randn(2, 5, 4, 4, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(PiecewiseLinear(5)(features), features, rtol=1e-5, atol=1e-5)


def test_piecewise_linear_has_the_gradients_of_its_definition():
    layer = lively_layer(channels=2, breakpoints=5)
    features = torch.tensor([-2.0, -1.0, 0.2, 1.3, 1.9]).view(1, 1, 5, 1).repeat(1, 2, 1, 1).requires_grad_()
    layer(features)[0, 1].sum().backward()
    p, q, h = np.linspace(-1.5, 1.5, 5), layer.values.detach().numpy(), 0.75
    interval = [0, 0, 2, 3, 3]
    slopes = [(q[1, i + 1] - q[1, i]) / h for i in interval]
    np.testing.assert_allclose(features.grad[0, 1, :, 0], slopes, rtol=1e-4, atol=1e-5)
    expected = np.zeros(5)
    for u, i in zip(features[0, 1, :, 0].tolist(), interval, strict=True):
        expected[i] += 1 - (u - p[i]) / h
        expected[i + 1] += (u - p[i]) / h
    np.testing.assert_allclose(layer.values.grad[1], expected, rtol=1e-4, atol=1e-5)
    assert not layer.values.grad[0].any()
    assert not features.grad[0, 0].any()


@pytest.mark.parametrize("components", [30, 10])  # 35 voxels: more real rows than voxels, and fewer
@pytest.mark.parametrize("rho", [1e-3, 0.1, 10.0])
def test_tikhonov_step_solves_its_normal_equations(components, rho):
    rows = real_rows(random_matrix(components, GRID))
    step, rng = TikhonovStep(rows), np.random.default_rng(3)
    b, v = rng.standard_normal((4, len(rows))), rng.standard_normal((4, 35))
    A = rows / np.linalg.norm(rows, 2)
    expected = np.linalg.solve(A.T @ A + rho * np.eye(35), (b @ A + rho * v).T).T
    with torch.no_grad():
        got = step(step.project(torch.from_numpy(b)), torch.from_numpy(v).float(), torch.tensor(rho))
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-3 * np.abs(expected).max())
    assert step.gain.item() == pytest.approx(np.linalg.norm(rows, 2))


def test_real_rows_are_the_matrix_of_real_images():
    A, c = random_matrix(), box_images(1, GRID)[0]
    b = np.tensordot(A, c, 2)
    np.testing.assert_allclose(
        real_rows(A) @ c.ravel(), np.concatenate([b.real, b.imag]), rtol=1e-5, atol=1e-5
    )


def without_prior(stages, rho, matrix):
    network = build_reconstructor(SMALL.model_copy(update={"stages": stages, "rho": rho}), matrix, seed=4)
    with torch.no_grad():
        network.priors[0].synthesis.weight.zero_()
    return network


@pytest.mark.parametrize("stages", [1, 4, 10])
@pytest.mark.parametrize("components", [30, 10])
def test_without_a_prior_it_is_iterated_tikhonov(components, stages):
    # z = x then, and β stays zero: x = (AᵀA + ρ)⁻¹ (Aᵀb + ρ x), from x = 0.
    matrix, rho = random_matrix(components, GRID), 0.05
    signal, _ = normalised_signals(matrix, box_images(3, GRID))
    U, s, Vt = np.linalg.svd(real_rows(matrix), full_matrices=False)
    relative = (s / s[0]) ** 2
    filters = (1 - (rho / (relative + rho)) ** (stages + 1)) / s
    expected = (signal.flatten(1).numpy() @ U * filters @ Vt).reshape(3, *GRID)
    assert expected.min() < 0
    with torch.no_grad():
        got = without_prior(stages, rho, matrix)(signal)
    np.testing.assert_allclose(got, np.maximum(expected, 0), rtol=1e-3, atol=1e-4 * expected.max())


def test_without_a_prior_and_noise_the_image_comes_back_as_stages_grow():
    matrix, images = random_matrix(60, GRID), box_images(4, GRID)
    signal, moduli = normalised_signals(matrix, images)
    errors = []
    for stages in (1, 4, 16, 64):
        with torch.no_grad():
            got = without_prior(stages, 0.1, matrix)(signal) * moduli
        errors.append(np.abs(got.numpy() - images).max())
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-4


@pytest.mark.parametrize("shared", [True, False])
def test_network_is_admm_with_a_learned_prior(shared):
    matrix, config = random_matrix(20, GRID), SMALL.model_copy(update={"shared_weights": shared})
    network, generator = build_reconstructor(config, matrix, seed=5), torch.Generator().manual_seed(6)
    for parameter in network.parameters():
        parameter.data.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    signal, _ = normalised_signals(matrix, box_images(2, GRID))
    with torch.no_grad():
        got = network(signal).numpy()
    expected = np.stack([plain_admm(network, matrix, b) for b in signal.flatten(1).double().numpy()])
    assert (expected > 0).mean() > 0.1
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4 * expected.max())


def plain_admm(network, matrix, b):
    rows = real_rows(matrix)
    gain = np.linalg.norm(rows, 2)
    A, z, beta = rows / gain, np.zeros(35), np.zeros(35)
    rho, gamma = network.log_rho.detach().double().exp().numpy(), network.gamma.detach().double().numpy()

    def image(r):
        return np.linalg.inv(A.T @ A + r * np.eye(35)) @ (A.T @ b + r * (z - beta))

    for stage in range(3):
        x = image(rho[stage])
        z = prior(network.priors[min(stage, len(network.priors) - 1)], (x + beta).reshape(GRID)).ravel()
        beta = beta + gamma[stage] * (x - z)
    return np.maximum(image(rho[3]), 0).reshape(GRID) / gain


def prior(module, mu):
    k1, b1, k2, b2 = (
        p.detach().double().numpy() for p in (*module.analysis.parameters(), *module.synthesis.parameters())
    )
    maps = np.stack([correlate2d(mu, k[0], "same") + b for k, b in zip(k1, b1, strict=True)])
    active = by_definition(module.activation, maps[None])[0]
    return mu - sum(correlate2d(a, k, "same") for a, k in zip(active, k2[0], strict=True)) - b2[0]


@pytest.mark.parametrize(("shared", "priors"), [(True, 1), (False, 4)])
def test_parameters_are_those_of_the_published_layers(shared, priors):
    # 128 filters of 5 × 5 with biases, 128 functions of 101 values, one filter back; ρ for 5 x-steps, γ for 4 stages.
    count = priors * (128 * 25 + 128 + 128 * 101 + 128 * 25 + 1) + 5 + 4
    network = build_reconstructor(ADMMNetConfig(shared_weights=shared), random_matrix(), seed=7)
    assert num_parameters(network) == count
    assert len(network.priors) == priors


def test_penalty_and_rate_start_as_configured():
    network = build_reconstructor(ADMMNetConfig(rho=0.3, gamma=0.7), random_matrix(), seed=8)
    torch.testing.assert_close(network.log_rho.exp().detach(), torch.full((5,), 0.3))
    assert network.gamma.tolist() == pytest.approx([0.7] * 4)
