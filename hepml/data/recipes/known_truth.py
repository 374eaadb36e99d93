"""Three classification problems whose best classifier is known: exact densities, no generator.

Lessons draw fresh events and evaluate the densities with ``GAUSS``, ``MIX`` and ``RES``, each a
`hepml.data.simulate.densities.TwoClasses`.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hepml.data.recipes.base import CountedProcess, Recipe
from hepml.data.schemas import Column
from hepml.data.simulate.densities import (
    FallingSpectrum,
    Gaussian,
    LinearGaussian,
    MassWithFeatures,
    Mixture,
    TruncatedGaussian,
    TwoClasses,
)

__all__ = ["GAUSS", "MIX", "RECIPE", "RES", "KnownTruth"]


def _covariance(widths, correlations):
    """Covariance as tuples, from widths and the correlations that are not zero."""
    matrix = np.eye(len(widths))
    for (i, j), correlation in correlations.items():
        matrix[i, j] = matrix[j, i] = correlation
    matrix *= np.outer(widths, widths)
    return _rounded(matrix)


def _rounded(matrix):
    # Adding 0 turns -0.0 into 0.0.
    return tuple(map(tuple, (matrix.round(6) + 0.0).tolist()))


GAUSS = TwoClasses(
    signal=Gaussian(
        mean=(0.7, 0.4, -0.4, 0.5, 0.0, 0.3),
        covariance=_covariance(
            (0.75, 0.75, 0.8, 0.75, 0.8, 0.9),
            {(0, 1): -0.4, (1, 2): 0.2, (3, 4): -0.4, (4, 5): 0.3},
        ),
    ),
    background=Gaussian(
        mean=(0.0,) * 6,
        covariance=_covariance((1.0,) * 6, {(0, 1): 0.5, (1, 2): 0.3, (3, 4): 0.4}),
    ),
)


def _blobs(*degrees, distance=2.0, radial=0.8, tangential=0.85):
    """Blobs around the origin: with equal probabilities, as far from it and as wide."""
    parts = []
    for angle in np.deg2rad(degrees):
        outward = np.array([np.cos(angle), np.sin(angle)])
        along = np.array([-outward[1], outward[0]])
        covariance = np.outer(outward, outward) * radial**2 + np.outer(along, along) * tangential**2
        (mean,) = _rounded(distance * outward[None, :])
        parts.append(Gaussian(mean, _rounded(covariance)))
    return Mixture((1 / len(parts),) * len(parts), tuple(parts))


# Signal and background take turns around a circle, so that both have the same mean.
MIX = TwoClasses(signal=_blobs(90, 210, 330), background=_blobs(30, 150, 270))

_LOW, _HIGH, _MASS = 2500.0, 6000.0, 3500.0
RES = TwoClasses(
    signal=MassWithFeatures(
        TruncatedGaussian(mean=_MASS, width=105.0, low=_LOW, high=_HIGH),
        LinearGaussian(
            reference=_MASS,
            mean=(0.2, 0.4, 1.0, -1.0),
            slope=(0.0,) * 4,
            covariance=_covariance((0.7, 0.8, 0.7, 0.7), {(0, 1): 0.2, (2, 3): 0.2}),
        ),
    ),
    background=MassWithFeatures(
        FallingSpectrum(low=_LOW, high=_HIGH, energy=13_000.0, a=8.0, b=4.0),
        LinearGaussian(
            reference=_MASS,
            mean=(0.0,) * 4,
            slope=(2.0, -1.5, 1.0, 0.0),
            covariance=_covariance(
                (1.0,) * 4, {(0, 1): 0.4, (2, 3): 0.5, (0, 2): 0.2, (1, 3): -0.2}
            ),
        ),
    ),
)

_F = "float32"
_GAUSS = tuple(f"gauss_{i}" for i in range(1, 7))
_MIX = ("mix_1", "mix_2")
_RES = ("res_mass", *(f"res_{i}" for i in range(1, 5)))


def _ratio(prefix):
    return Column(f"{prefix}_log_ratio", _F, "", f"ln p_s/p_b of the {prefix} columns, exact")


_COLUMNS = (
    Column("EventId", "int32", "", "number of the event, from 100000"),
    *(Column(name, _F, "", "correlated Gaussian of six dimensions") for name in _GAUSS),
    *(Column(name, _F, "", "mixture of three Gaussians in two dimensions") for name in _MIX),
    Column("res_mass", _F, "GeV", "narrow resonance on a falling spectrum"),
    *(Column(name, _F, "", "feature that depends on res_mass in background") for name in _RES[1:]),
    *map(_ratio, ("gauss", "mix", "res")),
    Column("Weight", _F, "", "expected events this one stands for"),
    Column("Label", "int8", "", "1 signal, 0 background"),
)

_NOTES = (
    (
        "three problems in one table: each event carries independent draws of gauss, mix and res"
        " from the densities of its class; take the columns of one problem at a time"
    ),
    "no function of its columns separates a problem better than its log_ratio (Neyman-Pearson)",
    (
        "gauss: the classes differ in means and covariances, so no linear classifier is best; "
        "mix: signal and background take turns on a circle and have the same mean, so a linear "
        "classifier learns nothing"
    ),
    (
        "res: background masses follow (1 - x)^a x^-b with x = res_mass / 13 TeV; the means of "
        "its features are linear in ln(res_mass / 3500 GeV), so a cut on them sculpts the mass; "
        "signal features do not depend on the mass"
    ),
    (
        "the weights give about 2 for S/sqrt(B) within two widths of the resonance, before any "
        "cut on the features"
    ),
    "values are rounded to float32 before the log_ratios are computed: recompute them exactly",
    (
        "fresh events and densities: from hepml.data.recipes.known_truth import GAUSS, MIX, RES;"
        " densities of your own: from hepml.data.simulate.densities import Gaussian, Mixture, ..."
    ),
    "a toy: no detector, no selection, no collisions; Weight and EventId are not features",
)


@dataclass(frozen=True)
class KnownTruth(Recipe):
    """Independent draws of all problems for each event."""

    packages: ClassVar[tuple] = ("scipy",)

    gauss: TwoClasses = GAUSS
    mix: TwoClasses = MIX
    res: TwoClasses = RES

    @property
    def _problems(self):
        return (("gauss", self.gauss, _GAUSS), ("mix", self.mix, _MIX), ("res", self.res, _RES))

    def simulate(self, process, events, rng):
        """See `Recipe.simulate`."""
        columns = {"weight": np.ones(events)}
        for _, problem, names in self._problems:
            points = problem.of(process.label).sample(events, rng)
            columns |= dict(zip(names, points.T.astype(np.float32), strict=True))
        return columns

    def features(self, primary):
        """See `Recipe.features`; the exact log-likelihood ratios."""
        return {
            f"{prefix}_log_ratio": problem.log_ratio(np.stack([primary[n] for n in names], axis=-1))
            for prefix, problem, names in self._problems
        }


RECIPE = KnownTruth(
    name="known_truth",
    title="Three toy problems with exact densities: Gaussians, a mixture, a narrow resonance",
    processes=(
        CountedProcess("signal", 1, 0.4, expected=218.0),
        CountedProcess("background", 0, 0.6, expected=100_000.0),
    ),
    columns=_COLUMNS,
    notes=_NOTES,
    chunk_events=10_000,
)
