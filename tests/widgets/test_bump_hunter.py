"""BumpHunter's contract in Python: exact counts, the library's fits, honest input."""

import math

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from hepml import stats
from hepml_widgets import BumpHunter
from hepml_widgets.bump_hunter.payload import beyond_one_window, by_experiments, cuts_keeping
from hepml_widgets.core.drawing import plain

EDGES = np.linspace(2600.0, 6600.0, 41)
REGION = (3300.0, 3700.0)


def falling(rng, n):
    """Masses from an exponential, which the fitted function describes."""
    mjj = 2600 + rng.exponential(550, 2 * n)
    return mjj[mjj < 6600][:n]


def toy(rng, n=20_000, injected=120):
    mjj = np.r_[falling(rng, n), rng.normal(3500, 60, injected)]
    y = np.repeat([0, 1], [n, injected])
    return mjj, 1 / (1 + np.exp(-rng.normal(3.0 * y - 1))), y


@pytest.fixture
def events(rng):
    return toy(rng)


@pytest.fixture
def hunter(events):
    mjj, score, y = events
    return BumpHunter(mjj, score, signal_region=REGION, edges=EDGES, truth=y)


def size(table):
    return sum(len(value) if isinstance(value, bytes | str) else 8 for value in table.values())


def test_representation_is_stable(events):
    mjj, score, _ = events
    made = BumpHunter(mjj, score, signal_region=REGION, edges=EDGES, kept=(1, 0.1))
    assert repr(made) == "BumpHunter(20120 events in 40 bins, 2 thresholds)"


@pytest.mark.parametrize("signed", [False, True])
def test_counts_are_histograms_of_what_passes(events, rng, signed):
    mjj, score, y = (values[events[0] < 4200] for values in events)
    weights = rng.choice([1.0, -0.1], len(y), p=[0.95, 0.05]) if signed else None
    made = BumpHunter(
        mjj, score, weights, signal_region=REGION, edges=EDGES, truth=y, kept=(1, 0.3, 0.1)
    )
    ones = np.ones(len(y)) if weights is None else weights
    for row, cut in enumerate(made.spectra.thresholds):
        passes = score >= cut
        assert made.spectra.kept[row] == passes.mean()
        for found, w in ((made.counts, ones), (made.spectra.truth, ones * y)):
            wanted = np.histogram(mjj[passes], EDGES, weights=w[passes])[0]
            np.testing.assert_allclose(found[row], wanted, rtol=1e-9, atol=1e-9)
        if signed:
            squares = np.histogram(mjj[passes], EDGES, weights=ones[passes] ** 2)[0]
            np.testing.assert_allclose(made.sumw2[row], squares, rtol=1e-9, atol=1e-9)
    assert (made.sumw2 is None) == (not signed)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=30),
    st.lists(st.floats(0.01, 1), min_size=1, max_size=6),
)
def test_a_cut_keeps_what_was_asked_and_its_ties(score, fractions):
    score = np.array(score)
    cuts, kept = cuts_keeping(score, fractions)
    assert (np.diff(cuts) < 0).all()
    np.testing.assert_allclose(kept, [(score >= cut).mean() for cut in cuts])
    assert kept.max() >= max(fractions) - 1e-9
    assert ((score > cuts[0]).mean() < min(fractions)) or len(score) == 1


def test_the_fit_is_that_of_the_library(events, hunter):
    mjj, score, _ = events
    hunter.threshold = np.quantile(score, 0.9)
    hunter.signal_region = (3400, 3800)
    counts = np.histogram(mjj[score >= hunter.threshold], EDGES)[0]
    wanted = stats.bump_hunt(counts, EDGES, (3400, 3800))
    assert hunter.hunt.significance == wanted.significance
    np.testing.assert_array_equal(hunter.hunt.expected, wanted.expected)


def test_sidebands_and_weights_reach_the_fit(events):
    mjj, score, y = events
    bands, weights = [(2800, 3300), (3700, 5600)], np.full(len(y), 0.5)
    made = BumpHunter(mjj, score, weights, signal_region=REGION, edges=EDGES, sidebands=bands)
    counts = np.histogram(mjj, EDGES)[0]
    wanted = stats.bump_hunt(counts / 2, EDGES, REGION, bands, sumw2=counts / 4)
    assert made.hunt.significance == pytest.approx(wanted.significance, rel=1e-12)
    made.signal_region = (3500, 3900)
    assert made.hunt.in_sidebands.sum() == 5 + 17  # the window takes two bins out of 19


def test_all_thresholds_and_windows_are_those_of_a_scan(hunter):
    scan = stats.bump_scan(hunter.counts, EDGES, [REGION])
    z, p = hunter.spectra.over_thresholds(hunter.span)
    np.testing.assert_allclose(z, scan.significance[:, 0], rtol=1e-9)
    np.testing.assert_allclose(p, scan.p_value[:, 0], rtol=1e-9)
    scan = stats.bump_scan(hunter.counts[hunter.row], EDGES, hunter.windows)
    z, _ = hunter.spectra.over_windows(hunter.row, hunter.width)
    np.testing.assert_allclose(z, scan.significance[0], rtol=1e-9)


def test_pulls_of_background_have_unit_width(rng):
    pulls = [
        BumpHunter(falling(rng, 20_000), rng.random(20_000), signal_region=REGION, edges=EDGES,
                   kept=[1.0]).pulls[:20]
        for _ in range(60)
    ]  # fmt: skip
    outside = np.delete(pulls, slice(7, 11), axis=1)
    # A fit of four parameters to 36 bins takes a ninth of the variance away.
    assert np.std(outside) == pytest.approx(math.sqrt(32 / 36), abs=0.07)
    assert np.mean(outside) == pytest.approx(0, abs=0.1)


def test_an_injected_signal_stands_out_only_above_a_threshold(hunter):
    z, _ = hunter.spectra.over_thresholds(hunter.span)
    assert z[-1] < 4
    assert np.nanmax(z) > 6


@pytest.mark.parametrize("value", [-math.inf, -3.0, 0.4, 0.97, 7.0])
def test_threshold_moves_to_the_nearest(hunter, value):
    hunter.threshold = value
    rows = hunter.spectra.thresholds
    assert hunter.threshold in rows
    if math.isfinite(value):
        assert abs(hunter.threshold - value) == np.abs(rows - value).min()


def test_region_moves_to_the_nearest_edges(hunter):
    hunter.signal_region = (3449, 3820)
    assert hunter.signal_region == (3400.0, 3800.0)
    assert hunter.hunt.signal_region == (3400.0, 3800.0)
    with pytest.raises(traitlets.TraitError, match="at least one bin on either side"):
        hunter.signal_region = (2600, 3000)
    with pytest.raises(traitlets.TraitError, match="is a pair"):
        hunter.signal_region = (3000,)
    assert hunter.signal_region == (3400.0, 3800.0)


def test_readout_is_made_of_the_hunt(hunter):
    hunter.threshold = hunter.spectra.thresholds[-1]
    hunt, (p, trials) = hunter.hunt, hunter.global_p
    assert f"observed {int(hunt.observed) // 1000}" in hunter.readout
    assert f"Z {hunt.significance:.2f} σ".replace("-", "−") in hunter.readout
    assert np.isnan(trials) if p > 0.5 else p == pytest.approx(trials * hunt.p_value)
    assert hunter.words == "global p over all windows of this width (35), approximate"


def test_a_deficit_has_no_global_p(rng):
    mjj = falling(rng, 20_000)
    gap = (mjj > 3300) & (mjj < 3700) & (rng.random(20_000) < 0.3)
    made = BumpHunter(
        mjj[~gap], rng.random((~gap).sum()), signal_region=REGION, edges=EDGES, kept=[1]
    )
    assert made.hunt.significance < -3
    assert np.isnan(made.global_p).all()
    assert made.readout.endswith("global p – · trials –")


def test_global_p_of_the_windows_agrees_with_pseudo_experiments(rng):
    """The approximation is better than a factor of two where it matters, near two sigma."""
    mjj = falling(rng, 40_000)
    made = BumpHunter(mjj, rng.random(40_000), signal_region=REGION, edges=EDGES, kept=[1])
    toys = stats.pseudo_experiments(made.counts, EDGES, made.windows, experiments=1500).largest
    stretches = []
    for seed in range(40):
        counts = np.random.default_rng(seed).poisson(made.hunt.expected)
        scan = stats.bump_scan(counts, EDGES, made.windows).significance[0]
        stretches.append(beyond_one_window(2.5, 0.0062, scan)[0])
    assert np.mean(stretches) == pytest.approx(np.mean(toys >= 2.5), rel=1.0)


@given(st.floats(0.01, 9), st.lists(st.floats(-9, 9) | st.just(np.nan), min_size=1, max_size=30))
def test_trials_are_no_more_than_windows(z, others):
    scanned = np.array([z, *others])
    found, trials = beyond_one_window(z, ndtr(-z), scanned)
    assert ndtr(-z) <= found <= 1
    if found > 0.5:
        assert np.isnan(trials)
    else:
        assert 1 <= trials <= np.isfinite(scanned).sum() * (1 + 1e-12)


def test_trials_are_not_told_where_the_global_p_saturates(rng):
    mjj = falling(rng, 20_000)
    made = BumpHunter(mjj, rng.random(20_000), signal_region=REGION, edges=EDGES, kept=[1])
    for span in made.windows:
        made.signal_region = span
        p, _ = made.global_p
        told = made.readout.rpartition("trials ")[2]
        assert (told == "–") == (not p <= 0.5)
    assert beyond_one_window(0.1, 0.46, np.full(20, 0.1))[0] == 1
    assert np.isnan(beyond_one_window(0.1, 0.46, np.full(20, 0.1))[1])


def test_a_global_p_that_no_experiment_reached_is_a_limit():
    largest = np.linspace(0, 2.9, 99)
    p, trials = by_experiments(3.0, 0.00135, largest)
    assert p == 0.01
    assert np.isnan(trials)
    p, trials = by_experiments(2.9, 0.00187, largest)
    assert p == 0.02
    assert trials == pytest.approx(0.02 / 0.00187)


@pytest.mark.parametrize(
    ("words", "title", "centre"),
    [
        ({}, "mass [GeV]", "centre of the window [GeV]"),
        ({"name": "m_{bb}", "unit": "TeV"}, "m_{bb} [TeV]", "centre of the window [TeV]"),
        ({"name": "mjj", "unit": ""}, "mjj", "centre of the window"),
    ],
)
def test_titles_are_the_users(words, title, centre, rng):
    mjj = falling(rng, 5000)
    made = BumpHunter(mjj, rng.random(5000), signal_region=REGION, edges=EDGES, kept=[1], **words)
    assert made.titles == (title, centre)
    shown = {axes.get_xlabel() for axes in made.figure().axes}
    assert {plain(title), plain(centre)} <= shown
    assert not {"mjj [GeV]"} & shown


def test_a_column_brings_its_name(rng):
    pandas = pytest.importorskip("pandas")
    mjj = pandas.Series(falling(rng, 5000), name="m_4l")
    made = BumpHunter(mjj, rng.random(5000), signal_region=REGION, edges=EDGES, kept=[1])
    assert made.titles[0] == "m_4l [GeV]"


def test_global_p_counts_pseudo_experiments(events):
    mjj, score, _ = events
    first = BumpHunter(mjj, score, signal_region=REGION, edges=EDGES, kept=(1, 0.1))
    found = stats.pseudo_experiments(first.counts, EDGES, first.windows, experiments=50)
    made = BumpHunter(mjj, score, signal_region=REGION, edges=EDGES, kept=(1, 0.1), global_p=found)
    row, column = found.scan.best
    made.threshold, made.signal_region = made.spectra.thresholds[row], made.windows[column]
    assert made.global_p[0] == found.p_value
    assert made.global_p[1] == pytest.approx(found.trials_factor, nan_ok=True)
    assert made.words == "global p from 50 pseudo-experiments"


def test_default_edges_hold_the_region_and_the_events(rng):
    mjj = rng.uniform(2000, 6000, 5000)
    made = BumpHunter(mjj, mjj, signal_region=(3000, 3500), kept=[1])
    assert {3000.0, 3500.0} <= set(made.edges)
    np.testing.assert_allclose(np.diff(made.edges), 125)
    assert made.edges[0] <= mjj.min()
    assert made.edges[-1] >= mjj.max()
    assert made.note == ""


def test_events_beyond_the_axis_are_said(rng):
    mjj = np.r_[falling(rng, 9000), np.full(1000, 9000.0)]
    made = BumpHunter(mjj, mjj, signal_region=REGION, edges=EDGES, kept=[1])
    assert " of the events lie beyond the axis" in made.words
    assert made.counts.sum() == np.histogram(mjj, EDGES)[0].sum()


def test_thresholds_too_tight_for_a_fit_are_left_out_or_refused(rng):
    mjj, score = falling(rng, 1000), rng.random(1000)
    made = BumpHunter(mjj, score, signal_region=REGION, edges=EDGES)
    assert made.spectra.kept.min() > 0.004
    for row in range(len(made.counts)):
        assert made.spectra.hunt(row, made.span) is not None
    with pytest.raises(ValueError, match=r"With 0\.10.% of the events kept, too few sideband"):
        BumpHunter(mjj, score, signal_region=REGION, edges=EDGES, kept=[1, 0.001])


def test_a_bin_of_negative_sum_is_named(rng):
    mjj, score = falling(rng, 3000), rng.random(3000)
    weights = np.where((mjj > 2800) & (mjj < 2900) & (score > 0.4) & (score < 0.6), -3.0, 1.0)
    sentence = r"With 60.* of the events kept, the weights between 2800 and 2900 GeV add up to -"
    with pytest.raises(ValueError, match=sentence):
        BumpHunter(mjj, score, weights, signal_region=REGION, edges=EDGES, kept=[1, 0.6, 0.3])


def test_a_window_without_a_fit_reads_as_dashes(rng):
    mjj = np.r_[falling(rng, 2000), np.repeat([2650.0, 3350, 3450, 3550, 3950, 4050], 9)]
    score = np.r_[np.zeros(2000), np.ones(54)]
    made = BumpHunter(mjj, score, signal_region=(5000, 5400), edges=EDGES, kept=[1, 54 / 2054])
    made.threshold = 1
    made.signal_region = (3300, 3700)
    assert made.hunt is None
    assert "observed 27 · expected – · Z – · p – · global p – · trials –" in made.readout
    assert made.figure().axes


def test_the_signal_is_shown_on_demand_only(hunter, events):
    assert hunter.truth_shown is False
    labels = [text.get_text() for text in hunter.figure().axes[0].get_legend().get_texts()]
    assert "true signal" not in labels
    hunter.truth_shown = True
    labels = [text.get_text() for text in hunter.figure().axes[0].get_legend().get_texts()]
    assert "true signal" in labels
    plain = BumpHunter(*events[:2], signal_region=REGION, edges=EDGES, kept=[1])
    with pytest.raises(traitlets.TraitError, match="give truth="):
        plain.truth_shown = True


def test_state_that_a_browser_sends_is_taken_as_it_is(hunter):
    row, window = 3, list(hunter.windows[7])
    hunter.set_state({"threshold": hunter.spectra.thresholds[row], "signal_region": window})
    assert (hunter.row, list(hunter.signal_region)) == (row, window)


def test_the_largest_table_is_small_and_does_not_grow(rng):
    sizes = []
    for n in (20_000, 80_000):
        mjj, score, y = toy(rng, n, 100)
        edges = np.linspace(2600, 6600, 81)
        made = BumpHunter(
            mjj, score, np.ones(len(y)), signal_region=(3300, 3700), edges=edges, truth=y,
            kept=np.linspace(0.02, 1, 50),
        )  # fmt: skip
        sizes.append(size(made.payload))
    assert sizes[0] == sizes[1] <= 100_000


def test_figure_shows_four_labelled_panels(hunter):
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in hunter.figure().axes]
    assert labels == [
        ("mass [GeV]", "events / bin"),
        ("share of events kept", "local p"),
        ("mass [GeV]", "pull [σ]"),
        ("centre of the window [GeV]", "local p"),
    ]


def test_page_is_self_contained_and_small(hunter, tmp_path):
    page = hunter.to_html(tmp_path / "bump.html").read_text(encoding="utf-8")
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert len(page) < 250_000
    assert hunter.describe() in page


MEV = {"mjj": np.linspace(2e6, 6e6, 300), "signal_region": (3.3e6, 3.7e6), "edges": None}
BAD = {
    "another unit": (MEV, "give masses in GeV, or sqrt_s in their unit"),
    "nan mass": ({"mjj": [np.nan, 3000.0]}, "mjj"),
    "length": ({"mjj": [3000.0]}, "mjj"),
    "no events": ({"mjj": [], "score": []}, "No events"),
    "text": ({"score": ["a", "b"]}, "dtype"),
    "region": ({"signal_region": (3700, 3300)}, "signal_region is a pair"),
    "off the edges": ({"signal_region": (3310, 3700)}, "must lie on bin edges"),
    "bins": ({"edges": np.linspace(2600, 6600, 99)}, "at most 80 bins, not 98"),
    "share": ({"kept": [0.0]}, "above 0 and up to 1"),
    "shares": ({"kept": np.full(99, 0.5)}, "1 to 50 shares"),
    "overlap": ({"sidebands": [(2600, 3500)]}, "overlap"),
    "truth": ({"truth": np.arange(300) % 3}, "Labels are 1"),
    "parameters": ({"parameters": 2}, "parameters is 3, 4 or 5"),
    "negative": ({"weights": np.full(300, -1.0)}, "negative"),
    "experiments": ({"global_p": 0.03}, "pseudo_experiments, not float"),
}


@pytest.mark.parametrize("case", BAD)
def test_unusable_input_is_named(case, rng):
    changed, sentence = BAD[case]
    good = {"mjj": falling(rng, 300), "score": rng.random(300), "signal_region": REGION}
    with pytest.raises((ValueError, TypeError), match=sentence):
        BumpHunter(**{**good, "edges": EDGES, **changed})


def test_too_many_pseudo_experiments_are_refused(events, hunter):
    scan = stats.bump_scan(hunter.counts[-1], EDGES, [REGION])
    many = stats.GlobalSignificance(scan, np.zeros(2001), 0.1, 1, 0.1, 0.1, 1, 1)
    with pytest.raises(ValueError, match="at most 2000"):
        BumpHunter(*events[:2], signal_region=REGION, edges=EDGES, global_p=many)
