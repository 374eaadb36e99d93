"""Significance against its formulas in 60 digits, against finite differences and toys."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepml import stats

STEP = Decimal(10) ** -15


def literal(s, b, sigma_b=0):
    """Both formulas as they are printed (arXiv:1007.1727 eq. 97; Cowan 2012), for Decimals."""
    if not sigma_b:
        return (2 * ((s + b) * (1 + s / b).ln() - s)).sqrt()
    v, n = sigma_b**2, s + b
    first = n * (n * (b + v) / (b**2 + n * v)).ln()
    second = b**2 / v * (1 + v * s / (b * (b + v))).ln()
    return (2 * (first - second)).sqrt()


@pytest.fixture(autouse=True)
def many_digits():
    with localcontext() as context:
        context.prec = 90
        yield


def reference(*values):
    with localcontext() as context:
        context.prec = 90
        return float(literal(*map(Decimal, values)))


YIELDS = [1e-9, 1e-3, 0.1, 0.3, 1.0, 10.0, 250.0, 1e6]


@pytest.mark.parametrize("relative", [0, 1e-6, 0.01, 0.3, 2.0])
@pytest.mark.parametrize("b", [1e-6, 0.2, 10.0, 1e3, 1e8])
def test_significance_is_the_printed_formula_to_the_last_digits(b, relative):
    mine = stats.significance(YIELDS, b, relative * b)
    expected = [reference(s, b, relative * b) for s in YIELDS]
    np.testing.assert_allclose(mine, expected, rtol=3e-15)


@given(s=st.floats(1e-12, 1e9), b=st.floats(1e-9, 1e12), relative=st.floats(0, 3))
def test_significance_anywhere(s, b, relative):
    sigma_b = relative * b if relative > 1e-9 else 0.0
    assert stats.significance(s, b, sigma_b) == pytest.approx(reference(s, b, sigma_b), rel=1e-13)


@given(s=st.floats(1e-12, 1e9), b=st.floats(0, 1e12), b_r=st.floats(0.1, 100))
def test_ams_is_the_significance_over_a_regularised_background(s, b, b_r):
    assert stats.ams(s, b, b_r) == stats.significance(s, b + b_r)


def test_ams_by_hand():
    expected = np.sqrt(2 * ((50 + 200 + 10) * np.log(1 + 50 / 210) - 50))
    assert stats.ams(50, 200) == pytest.approx(expected, rel=1e-14)


def test_asimov_is_the_other_name():
    assert stats.asimov is stats.significance


def test_limits():
    assert stats.significance(1e-9, 4.0) == pytest.approx(1e-9 / 2)
    assert stats.significance(1e-9, 4.0, 3.0) == pytest.approx(1e-9 / np.sqrt(13))
    known, unsure = stats.significance(5, 50), stats.significance(5, 50, 1e-9)
    assert unsure == pytest.approx(known)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((3, 0), np.inf),
        ((0, 0), 0),
        ((3, 0, 1), 0),
        ((0, 5), 0),
        ((-2, 5), 0),
        ((-2, 5, 1), 0),
        ((-9, 5), 0),
        ((2, -1), np.nan),
        ((-2, -1), np.nan),
        ((2, -1, 1), np.nan),
        ((np.nan, 1), np.nan),
        ((1, np.nan), np.nan),
    ],
)
def test_defined_cases(arguments, expected):
    np.testing.assert_equal(stats.significance(*arguments), expected)


def test_ams_of_negative_background():
    assert stats.ams(5, -3) == stats.significance(5, 7)
    assert np.isnan(stats.ams(5, -11))


def test_scalars_give_floats_and_arrays_broadcast():
    assert type(stats.significance(1, 2)) is float
    assert type(stats.ams_error(1, 2, 0.1, 0.1)) is float
    assert stats.significance(np.ones((3, 1)), np.arange(4), 0.1).shape == (3, 4)


def test_negative_sigma_is_refused():
    with pytest.raises(ValueError, match="sigma_b is a standard deviation"):
        stats.significance(1, 2, -0.1)


def finite_differences(s, b, sigma_b):
    s, b, sigma_b = map(Decimal, (s, b, sigma_b))
    in_s = literal(s * (1 + STEP), b, sigma_b) - literal(s * (1 - STEP), b, sigma_b)
    in_b = literal(s, b * (1 + STEP), sigma_b) - literal(s, b * (1 - STEP), sigma_b)
    return float(in_s / (2 * STEP * s)), float(in_b / (2 * STEP * b))


@pytest.mark.parametrize("sigma_b", [0.0, 1e-3, 0.5, 20.0])
@pytest.mark.parametrize("b", [0.3, 10.0, 1e4])
@pytest.mark.parametrize("s", [1e-5, 1.0, 300.0])
def test_error_propagates_the_derivatives(s, b, sigma_b):
    in_s, in_b = finite_differences(s, b, sigma_b)
    assert stats.significance_error(s, b, 0.1, 0, sigma_b) == pytest.approx(0.1 * in_s, rel=1e-9)
    from_b = stats.significance_error(s, b, 0, 0.1, sigma_b)
    assert from_b == pytest.approx(0.1 * abs(in_b), rel=1e-6)
    both = stats.significance_error(s, b, 0.3, 0.4, sigma_b)
    assert both == pytest.approx(np.hypot(0.3 * in_s, 0.4 * in_b), rel=1e-6)


def test_ams_error_propagates_the_derivatives():
    in_s, in_b = finite_differences(40.0, 110.0, 0.0)
    expected = np.hypot(2 * in_s, 5 * in_b)
    assert stats.ams_error(40, 100, 2, 5) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("sigma_b", [0, 8])
def test_error_is_the_spread_of_toys(rng, sigma_b):
    s, b = rng.normal(40, 1, 20_000), rng.normal(100, 3, 20_000)
    spread = np.std(stats.significance(s, b, sigma_b))
    assert stats.significance_error(40, 100, 1, 3, sigma_b) == pytest.approx(spread, rel=0.03)
    spread = np.std(stats.significance(s, b, sigma_b / 100 * b))
    error = stats.significance_error(40, 100, 1, 3, sigma_b, relative=True)
    assert error == pytest.approx(spread, rel=0.03)


def test_error_without_signal_is_that_of_a_small_one():
    assert stats.significance_error(0, 16, 2, 1) == pytest.approx(0.5)
    assert stats.significance_error(-3, 16, 2, 1, 3) == pytest.approx(0.4)
    assert np.isnan(stats.significance_error(1, 0, 1, 1))


def test_asimov_value_is_the_median_of_pseudo_experiments(rng):
    """Discovery significance of Poisson counts, without the help of the formula for its median."""
    n = rng.poisson(60 + 100, 20_001)
    observed = np.sqrt(2 * (n * np.log(n / 100) - (n - 100)))
    assert stats.significance(60, 100) == pytest.approx(np.median(observed), abs=0.05)


@pytest.fixture
def curve(rng):
    y = rng.integers(0, 2, 3000)
    weights = rng.exponential(1, 3000) * np.where(y == 1, 0.02, 1)
    return stats.roc_curve(y, rng.normal(y, 1), weights)


def test_scan_is_the_functions_row_by_row(curve):
    scan = stats.significance_scan(curve, sigma_b=0.1, b_r=5)
    s, b = curve.sumw_signal, curve.sumw_background
    s_err, b_err = np.sqrt(curve.sumw2_signal), np.sqrt(curve.sumw2_background)
    np.testing.assert_allclose(scan.significance, stats.significance(s, b, 0.1 * b))
    np.testing.assert_allclose(scan.ams, stats.ams(s, b, 5))
    np.testing.assert_allclose(scan.ams_error, stats.ams_error(s, b, s_err, b_err, 5))
    np.testing.assert_array_equal(scan.threshold, curve.threshold)
    plain = stats.significance_scan(curve)
    np.testing.assert_allclose(
        plain.significance_error, stats.significance_error(s, b, s_err, b_err), rtol=1e-9
    )


def test_scan_error_keeps_the_relative_uncertainty(curve):
    scan = stats.significance_scan(curve, sigma_b=0.2)
    row = scan.best()
    s, b = curve.sumw_signal[row], curve.sumw_background[row]
    s_err, b_err = np.sqrt(curve.sumw2_signal[row]), np.sqrt(curve.sumw2_background[row])
    h = 1e-5
    in_s = (stats.significance(s + h, b, 0.2 * b) - stats.significance(s - h, b, 0.2 * b)) / h / 2
    up, down = b + h, b - h
    in_b = (stats.significance(s, up, 0.2 * up) - stats.significance(s, down, 0.2 * down)) / h / 2
    expected = np.hypot(in_s * s_err, in_b * b_err)
    assert scan.significance_error[row] == pytest.approx(expected, rel=1e-4)


def test_best_cut_is_the_largest_finite_value_where_the_background_is_known(curve):
    scan = stats.significance_scan(curve, sigma_b=0.1)
    some = curve.sumw_background > 0
    known = some & (curve.sumw_background**2 >= 25 * curve.sumw2_background)
    np.testing.assert_array_equal(scan.trusted, known)
    for of in ("significance", "ams"):
        values = getattr(scan, of)
        assert values[scan.best(of)] == values[known].max()
        assert scan.trusted[scan.best(of)]
    empty = stats.significance_scan(stats.roc_curve([1], [0.5]))
    assert np.isinf(empty.significance[1])
    assert empty.best() is None
    assert repr(scan) == f"SignificanceScan({len(curve)} cuts, sigma_b=0.1, b_r=10.0)"


@pytest.mark.parametrize("weight", [1.0, 0.02, 3e4])
def test_twentyfive_background_events_of_one_weight_are_just_enough(weight):
    scores = np.arange(40.0)
    curve = stats.roc_curve(np.repeat([1, 0], 40), np.tile(scores, 2), np.full(80, weight))
    scan = stats.significance_scan(curve)
    assert scan.effective_background == pytest.approx(np.arange(41))
    assert curve.threshold[scan.trusted].max() == scores[-25]


def test_effective_events():
    sumw, sumw2 = np.array([0, -2, 3, 4.0]), np.array([0, 2, 3, 8.0])
    assert stats.effective_events(sumw, sumw2).tolist() == [0, 0, 3, 2]
    assert stats.effective_events(4, 8) == 2


def test_scan_over_negative_background_is_nan():
    curve = stats.roc_curve([1, 0, 0], [3, 2, 1], [1, -4, 9])
    scan = stats.significance_scan(curve, b_r=2)
    np.testing.assert_array_equal(np.isnan(scan.significance), [False, False, True, False])
    np.testing.assert_array_equal(np.isnan(scan.ams), [False, False, True, False])


def test_scan_refuses_a_negative_uncertainty(curve):
    with pytest.raises(ValueError, match="relative uncertainty"):
        stats.significance_scan(curve, sigma_b=-0.1)
