"""The bump hunt: right on spectra whose truth is known, and equal to general minimisers."""

import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special
from scipy import stats as scipy_stats

from hepml import stats
from hepml.stats import _bumps

EDGES = np.linspace(2600.0, 6600.0, 41)
REGION = (3300.0, 3700.0)
WINDOWS = [(low, low + 400.0) for low in np.arange(2900.0, 4901.0, 200.0)]
TRUTH = (0.0, 9.0, -5.0, 0.1)


def shape(total, edges=EDGES, truth=TRUTH):
    """Return the expected events of the dijet function with so many events in all."""
    x = (edges[1:] + edges[:-1]) / 2 / 13000
    log = np.log(x)
    mu = np.diff(edges) * (1 - x) ** truth[1] * x ** (truth[2] + truth[3] * log)
    return total * mu / mu.sum()


def inside(region=REGION, edges=EDGES):
    return (edges[:-1] >= region[0]) & (edges[1:] <= region[1])


def signal(total):
    """Return a normal resonance in the signal region."""
    return total * np.diff(scipy_stats.norm.cdf(EDGES, 3500, 60))


@pytest.mark.parametrize("parameters", [4, 5])
def test_a_spectrum_that_is_the_function_is_found_exactly(parameters):
    mu = shape(50_000)
    hunt = stats.bump_hunt(mu, EDGES, REGION, parameters=parameters)
    np.testing.assert_allclose(hunt.expected, mu, rtol=1e-6)
    np.testing.assert_allclose(hunt.parameters[1:4], TRUTH[1:], atol=2e-3)
    assert hunt.background == pytest.approx(mu[inside()].sum(), rel=1e-7)
    assert (hunt.significance, hunt.chi2) == (
        pytest.approx(0, abs=1e-4),
        pytest.approx(0, abs=1e-6),
    )
    assert hunt.fit_p_value == pytest.approx(1)


def columns(edges, parameters):
    x = (edges[1:] + edges[:-1]) / 2 / 13000
    powers = [np.log(x) ** k for k in range(1, parameters - 1)]
    return np.column_stack([np.ones(len(x)), np.log1p(-x), *powers])


@pytest.mark.parametrize("parameters", [3, 4, 5])
@pytest.mark.parametrize("total", [300, 50_000])
def test_the_fit_is_that_of_a_general_minimiser(rng, parameters, total):
    """SciPy minimises minus the log-likelihood over an orthonormal basis of its own (QR)."""
    n = rng.poisson(shape(total))
    hunt = stats.bump_hunt(n, EDGES, REGION, parameters=parameters)
    side = ~inside()
    basis = np.linalg.qr(columns(EDGES, parameters))[0] * np.sqrt(len(n))
    width = np.diff(EDGES)

    def loss(theta):
        mu = width[side] * np.exp(basis[side] @ theta)
        return np.sum(mu - n[side] * np.log(mu)), basis[side].T @ (mu - n[side])

    start = np.linalg.lstsq(basis, np.log((n + 0.5) / width), rcond=None)[0]
    best = optimize.minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-7})
    mu = width * np.exp(basis @ best.x)
    np.testing.assert_allclose(hunt.expected, mu, rtol=2e-4)
    hessian = (basis[side].T * mu[side]) @ basis[side]
    slope = basis[inside()].T @ mu[inside()]
    error = np.sqrt(slope @ np.linalg.solve(hessian, slope))
    assert hunt.background_error == pytest.approx(error, rel=1e-3)


def test_more_newton_steps_change_nothing(rng, monkeypatch):
    n = rng.poisson(shape(2000))
    first = stats.bump_hunt(n, EDGES, REGION)
    monkeypatch.setattr(_bumps, "STEPS", 60)
    np.testing.assert_allclose(
        stats.bump_hunt(n, EDGES, REGION).expected, first.expected, rtol=1e-11
    )


def hunts(rng, count, total, region=REGION):
    mu = shape(total)
    rows = rng.poisson(mu, (count, len(mu)))
    scan = stats.bump_scan(rows, EDGES, [region])
    return mu[inside(region)].sum(), scan


@pytest.mark.parametrize("total", [2000, 50_000])
def test_pulls_of_the_background_are_unit_normal(rng, total):
    expected, scan = hunts(rng, 1500, total)
    pulls = (scan.background - expected) / scan.background_error
    assert abs(pulls.mean()) < 0.15  # the likelihood's bias, of the order of 1 / σ, and chance
    assert pulls.std() == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("total", [2000, 50_000])
def test_local_p_values_are_uniform_without_a_signal(rng, total):
    _, scan = hunts(rng, 1500, total)
    assert scan.significance.std() == pytest.approx(1, abs=4 / np.sqrt(2 * 1500))
    assert scipy_stats.kstest(scan.p_value[:, 0], "uniform").pvalue > 1e-4


def test_fit_p_values_are_uniform_for_full_bins(rng):
    edges = EDGES[:26]
    p = [
        stats.bump_hunt(rng.poisson(shape(50_000, edges)), edges, REGION).fit_p_value
        for _ in range(300)
    ]
    assert scipy_stats.kstest(p, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("events", [150, 400])
def test_significance_of_the_expected_spectrum_is_asimovs(events):
    """No signal reaches the sidebands; the formula takes background and error from the fit."""
    mu = shape(50_000)
    mu = mu + np.where(inside(), signal(events), 0)
    hunt = stats.bump_hunt(mu, EDGES, REGION)
    s = signal(events)[inside()].sum()
    assert hunt.significance == pytest.approx(
        stats.asimov(s, hunt.background, hunt.background_error), rel=1e-6
    )
    assert hunt.p_value == pytest.approx(scipy_stats.norm.sf(hunt.significance))


def test_injected_signals_scatter_around_asimov(rng):
    mu, s = shape(50_000), np.where(inside(), signal(300), 0)
    scan = stats.bump_scan(rng.poisson(mu + s, (500, 40)), EDGES, [REGION])
    expected = stats.bump_hunt(mu + s, EDGES, REGION).significance
    assert scan.significance.mean() == pytest.approx(expected, abs=4 / np.sqrt(500) + 0.05)


@given(st.floats(0.5, 1e5), st.floats(0.01, 0.5), st.floats(0, 3))
@settings(max_examples=60)
def test_significance_formula_is_the_one_of_the_docstring(b, relative, ratio):
    n, v = b * ratio, (relative * b) ** 2
    first = n * np.log(n * (b + v) / (b**2 + n * v)) if n > 0 else 0
    square = 2 * (first - b**2 / v * np.log((b**2 + n * v) / (b * (b + v))))
    z = _bumps.signed_z(np.array([n]), np.array([b]), np.array([np.sqrt(v)]))[0]
    assert z**2 == pytest.approx(square, rel=1e-5, abs=1e-7 * b)
    assert np.sign(z) == pytest.approx(np.sign(n - b)) or abs(z) < 1e-6


def test_deficit_is_negative():
    n = np.where(inside(), shape(50_000) * 0.9, shape(50_000))
    hunt = stats.bump_hunt(n, EDGES, REGION)
    assert hunt.significance < -3
    assert hunt.p_value > 0.99


def test_a_scan_is_many_hunts(rng):
    rows = np.cumsum(rng.poisson(shape(3000), (3, 40)), axis=0)
    scan = stats.bump_scan(rows, EDGES, WINDOWS)
    for i, row in enumerate(rows):
        for j, window in enumerate(WINDOWS):
            hunt = stats.bump_hunt(row, EDGES, window)
            one = [getattr(hunt, name) for name in ("observed", "background", "significance")]
            many = [
                getattr(scan, name)[i, j] for name in ("observed", "background", "significance")
            ]
            assert many == pytest.approx(one, rel=1e-9, abs=1e-9)
    assert scan.significance[scan.best] == scan.significance.max()


def test_weights_of_one_size_only_scale(rng):
    n = rng.poisson(shape(5000))
    plain = stats.bump_hunt(n, EDGES, REGION)
    scaled = stats.bump_hunt(0.2 * n, EDGES, REGION, sumw2=0.04 * n)
    assert scaled.significance == pytest.approx(plain.significance)
    assert scaled.background == pytest.approx(0.2 * plain.background)
    assert scaled.background_error == pytest.approx(0.2 * plain.background_error)
    assert (scaled.chi2, scaled.ndf) == (pytest.approx(plain.chi2), plain.ndf)


def test_random_weights_keep_the_significance_unit_normal(rng):
    z = []
    for _ in range(400):
        mass = rng.choice((EDGES[1:] + EDGES[:-1]) / 2, 20_000, p=shape(1.0))
        w = rng.exponential(1, 20_000)
        sums = [np.histogram(mass, EDGES[:26], weights=power)[0] for power in (w, w**2)]
        z.append(stats.bump_hunt(sums[0], EDGES[:26], REGION, sumw2=sums[1]).significance)
    assert np.std(z) == pytest.approx(1, abs=0.15)
    assert abs(np.mean(z)) < 0.3


def exponential_spectra(rng, count, total):
    """Rows of summed weights and summed squares, without a signal."""
    rows = np.zeros((2, count, 40))
    for row in range(count):
        place = rng.choice(40, rng.poisson(total), p=shape(1.0))
        weights = rng.exponential(1, len(place))
        rows[:, row] = [np.bincount(place, weights**power, 40) for power in (1, 2)]
    return rows


def prescaled_spectra(rng, count, total):
    """Of the events in the first six bins a tenth is kept, and counts ten times."""
    kept = np.where(np.arange(40) < 6, 0.1, 1.0)
    numbers = rng.poisson(kept * shape(total), (count, 40))
    return numbers / kept, numbers / kept**2


@pytest.mark.parametrize("total", [500, 5000])
@pytest.mark.parametrize("spectra", [exponential_spectra, prescaled_spectra])
def test_weighted_spectra_without_a_signal_rarely_have_a_small_p(rng, total, spectra):
    """With each bin's own weight 20 and 9 % of 500 exponential ones had p < 5 % and < 1 %."""
    rows = spectra(rng, 1500, total)
    p = stats.bump_scan(rows[0], EDGES, [REGION], sumw2=rows[1]).p_value[:, 0]
    for limit in (0.05, 0.01):
        error = np.sqrt(limit * (1 - limit) / 1500)
        assert np.mean(p < limit) < limit + 4 * error
    assert np.mean(p < 0.05) > 0.02


def test_the_weight_of_a_count_is_that_of_a_neighbourhood():
    """By hand: two hundred events of weight 1 per bin stand alone, four of weight 2 do not."""
    sumw = np.array([[200.0, 200.0, 8.0, 8.0, 0.0]])
    sumw2 = np.array([[200.0, 200.0, 16.0, 16.0, 0.0]])
    found = stats.weight_per_count(sumw, sumw2)[0]
    assert found[:2].tolist() == [1.0, 1.0]
    assert found[2] == pytest.approx(232 / 216)
    assert found[3] == pytest.approx(232 / 216)
    assert found[4] == pytest.approx(232 / 216)
    few = stats.weight_per_count(sumw[:, 2:], sumw2[:, 2:])[0]
    assert few.tolist() == [2.0, 2.0, 2.0]
    assert stats.weight_per_count(np.zeros((1, 3)), np.zeros((1, 3))).tolist() == [[1.0, 1.0, 1.0]]


def test_global_p_values_are_uniform_without_a_signal(rng):
    """Sixty values cannot tell steps of 1/40, as 39 experiments give, from any finer ones."""
    p = []
    for seed in range(60):
        rows = np.cumsum(rng.poisson(np.multiply.outer([0.05, 0.95], shape(20_000))), axis=0)
        p.append(stats.pseudo_experiments(rows, EDGES, WINDOWS, experiments=39, rng=seed).p_value)
    assert scipy_stats.kstest(p, "uniform").pvalue > 1e-3


def test_one_window_has_a_trials_factor_of_one(rng):
    n = rng.poisson(shape(20_000)) + np.where(inside(), 12, 0)
    found = stats.pseudo_experiments(n, EDGES, [REGION], experiments=4000)
    assert found.p_value == pytest.approx(found.local_p_value, abs=5 * found.p_value_error + 1e-3)


def test_many_windows_have_one_above_one(rng):
    n = rng.poisson(shape(20_000) + signal(100))
    found = stats.pseudo_experiments(n, EDGES, WINDOWS, experiments=2000)
    assert 2 < found.trials_factor < 2 * len(WINDOWS)
    assert found.significance < found.local_significance
    assert found.scan.windows[found.scan.best[1]] == (3300.0, 3700.0)
    assert repr(found).startswith("GlobalSignificance(local +")


def test_a_seed_gives_the_same_experiments(rng):
    n = rng.poisson(shape(5000))
    first, again = (
        stats.pseudo_experiments(n, EDGES, WINDOWS, experiments=50, rng=4) for _ in range(2)
    )
    np.testing.assert_array_equal(first.largest, again.largest)


def test_rows_of_an_experiment_share_events(rng):
    """A row holds the row before: drawn counts never fall, and have the expected means."""
    rows = np.cumsum(rng.poisson(shape(3000), (3, 40)), axis=0)
    spectra = _bumps.as_spectra(rows, EDGES, None, 13000.0)
    parts, expected = _bumps.slices(spectra), _bumps.null_of(spectra, 4)
    drawn = _bumps.drawn(parts, expected, 300, rng).counts.reshape(300, 3, 40)
    assert (np.diff(drawn, axis=1) >= 0).all()
    sums, means = drawn.sum(axis=2).mean(axis=0), expected.sum(axis=1).cumsum()
    assert np.abs(sums - means).max() < 5 * np.sqrt(means.max() / 300)


def test_a_few_looks_cost_no_more_than_their_number(rng):
    """Every row of an experiment follows the function: none has a bump of the drawing's own."""
    rows = np.cumsum([rng.poisson(shape(total)) for total in (58, 142, 1650)], axis=0)
    for count in (1, 2, 3):
        found = stats.pseudo_experiments(
            rows[:count], EDGES, [REGION], parameters=3, experiments=6000, rng=rng
        )
        for z in (1.5, 2.5):
            chance = 0.5 * special.erfc(z / np.sqrt(2))
            share, error = np.mean(found.largest > z), np.sqrt(count * chance / 6000)
            assert share < count * chance + 4 * error
            assert share > chance - 4 * error


def test_sparse_spectra_are_fitted_without_complaint(rng):
    n = rng.poisson(shape(30))
    hunt = stats.bump_hunt(n, EDGES, REGION, parameters=3)
    assert np.isfinite([hunt.background, hunt.background_error, hunt.significance]).all()
    found = stats.pseudo_experiments(n, EDGES, [REGION], parameters=3, experiments=200)
    assert np.isfinite(found.largest).all()


def test_an_empty_region_is_a_deficit(rng):
    n = np.where(inside(), 0, rng.poisson(shape(3000)))
    hunt = stats.bump_hunt(n, EDGES, REGION)
    assert hunt.observed == 0
    assert hunt.significance < -3


def test_sidebands_can_be_chosen(rng):
    n = rng.poisson(shape(50_000))
    bands = [(2900.0, 3300.0), (3700.0, 4500.0)]
    hunt = stats.bump_hunt(n, EDGES, REGION, bands, parameters=3)
    n[inside((5000.0, 6600.0))] = 999
    n[:3] = 0
    other = stats.bump_hunt(n, EDGES, REGION, bands, parameters=3)
    assert other.background == hunt.background
    assert (hunt.in_sidebands.sum(), hunt.ndf) == (12, 9)


def test_result_is_immutable_and_says_what_it_is():
    hunt = stats.bump_hunt(np.round(shape(50_000)), EDGES, REGION)
    assert repr(hunt).startswith("BumpHunt(")
    assert " events in [3300, 3700], " in repr(hunt)
    assert repr(hunt).endswith("/32)")
    assert repr(stats.bump_scan(hunt.counts, EDGES, WINDOWS)).startswith("BumpScan(1 × 11 thresh")
    with pytest.raises(dataclasses.FrozenInstanceError):
        hunt.observed = 1
    with pytest.raises(ValueError, match="read-only"):
        hunt.expected[0] = 1


FEW = np.where(np.arange(40) < 4, 5, 0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"signal_region": (3310, 3700)}, r"must lie on bin edges, the nearest are \(3300, 3700\)"),
        ({"signal_region": (3700, 3300)}, "is a pair"),
        ({"signal_region": 3500}, "is a pair"),
        ({"sidebands": [(3000, 3500)]}, "overlap"),
        ({"counts": FEW}, "4 bins with events: for 4 parameters at least 5"),
        ({"counts": np.zeros(40)}, "without events"),
        ({"counts": np.ones(39)}, "there are 40 bins"),
        ({"counts": np.ones((2, 40))}, "bump_scan"),
        ({"counts": -np.ones(40)}, "negative in bin 0"),
        ({"counts": np.full(40, np.nan)}, "40 of 40 counts are NaN"),
        ({"counts": ["x"] * 40}, "must be numbers"),
        ({"parameters": 2}, "3, 4 or 5, not 2"),
        ({"sumw2": np.ones(3)}, "there are 40 bins"),
        ({"sqrt_s": 5000.0}, "between 0 and sqrt_s = 5000"),
        ({"edges": EDGES[::-1]}, "strictly rising"),
    ],
)
def test_unusable_input_is_named(changes, sentence):
    arguments = {"counts": shape(5000), "edges": EDGES, "signal_region": REGION} | changes
    with pytest.raises((TypeError, ValueError), match=sentence):
        stats.bump_hunt(**arguments)


@pytest.mark.parametrize(
    ("rows", "windows", "options", "sentence"),
    [
        ([shape(50), shape(40)], WINDOWS, {}, "tightest threshold to the loosest"),
        (shape(50), [], {}, "windows is empty"),
        (shape(50), WINDOWS, {"experiments": 0}, "at least 1"),
    ],
)
def test_unusable_scans_are_named(rows, windows, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        stats.pseudo_experiments(rows, EDGES, windows, **options)


@given(st.lists(st.integers(0, 9), min_size=40, max_size=40), st.sampled_from([3, 4, 5]))
@settings(max_examples=60)
def test_any_counts_give_finite_numbers_or_a_sentence(counts, parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            hunt = stats.bump_hunt(counts, EDGES, REGION, parameters=parameters)
        except ValueError as error:
            assert "events" in str(error)  # noqa: PT017 - either outcome is right
            return
    assert np.isfinite([*hunt.expected, hunt.background_error, hunt.significance, hunt.chi2]).all()
