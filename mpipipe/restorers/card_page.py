"""A page of prepared restorers in Markdown: what each does, what it learned from, how well it does."""

from collections.abc import Mapping, Sequence

from mpipipe.config.restorer_card import HeldOutScore, RestorerCard

HEAD = """# Prepared restorers

Written by `mpipipe ship` from a finished run; do not edit. Each method has a card (`….json`) with its settings, what it was
trained or tuned on, scores and the SHA-256 of its weights (`….safetensors`) or tuned parameters. Licence of all: MIT.

Scores are those of the run's test split, simulated system matrices that no method was trained or tuned on: mean over n
matrices, PSNR in dB (peak 1, mean of |error|² over complex voxels, components at max|s| = 1) and SSIM (7-wide windows, data
range 2, real and imaginary part averaged), at each standard deviation σ of the complex noise. The default (bold) has the best
mean PSNR on the *validation* split, of components drawn at random and of the strongest of each matrix (both columns, mean
over σ); a network of several trainings is scored by their mean, and the first one is here.
"""


def card_page(cards: Sequence[RestorerCard]) -> str:
    """Return the page of cards, one section a problem.

    Parameters
    ----------
    cards : sequence of RestorerCard
        In the order of the page.
    """
    problems = dict.fromkeys(card.problem for card in cards)
    return "\n".join(
        [HEAD, *(line for name in problems for line in _section([c for c in cards if c.problem == name]))]
    )


def _section(cards: Sequence[RestorerCard]) -> list[str]:
    first = cards[0]
    sigmas = [score.sigma for score in first.test]
    heading = [
        "Method",
        "Validation (dB)",
        "Strongest (dB)",
        *(f"σ = {sigma:g}" for sigma in sigmas),
        "n",
        "Steps",
        "Weights",
        "SHA-256",
    ]
    rows = [heading, ["---"] * len(heading), *(_row(card) for card in cards)]
    return [f"## {first.problem}", "", *_about(first), "", *(f"| {' | '.join(row)} |" for row in rows), ""]


def _about(card: RestorerCard) -> list[str]:
    tasks = ", ".join(f"`{task}`" for task in card.tasks)
    factor = f", factor {card.factor}" if card.factor > 1 else ""
    dimension = card.dimensions[0] if card.data is None else card.data.size.dimension
    lines = [f"For {tasks} in {dimension}-D{factor}. Scale {card.scale}."]
    if card.data is not None:
        size, low, high = card.data.size, *card.data.grid_size
        particle, scanner = card.data.particle, card.data.scanner
        lines.append(
            f"Ensemble {card.data.ensemble}: {size.train} system matrices to train on, {size.val} to tune on, {size.test} "
            f"to report on; grids of {low} to {high} voxels an axis; core diameter {_range(particle.core_diameter_nm)} nm, "
            f"anisotropy {_range(particle.anisotropy_J_per_m3)} J/m³; drive field {_range(scanner.drive_amplitude_mT)} mT, "
            f"gradient {_range(scanner.gradient_xy_T_per_m)} T/m, dividers {', '.join(map(str, scanner.divider))}."
        )
    return lines


def _row(card: RestorerCard) -> list[str]:
    validation = [_mean(scores) for scores in (card.validation_psnr_db, card.strongest_psnr_db)]
    steps = (
        str(card.train.steps)
        if card.train is not None
        else "tuned"
        if (card.tuned or {}).get("levels")
        else "–"
    )
    weights = "–" if card.parameters is None else f"{card.parameters:,}".replace(",", " ")
    name = f"**{card.method}**" if card.default else card.method
    count = str(card.test[0].n) if card.test else "–"
    return [name, *validation, *map(_score, card.test), count, steps, weights, f"`{card.content[:12]}`"]


def _mean(scores: Mapping[str, float]) -> str:
    return f"{sum(scores.values()) / len(scores):.2f}" if scores else "–"


def _score(score: HeldOutScore) -> str:
    return f"{score.psnr_db:.2f} / {score.ssim:.3f}"


def _range(values: tuple[float, float]) -> str:
    return f"{values[0]:g} to {values[1]:g}"
