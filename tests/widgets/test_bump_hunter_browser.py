"""BumpHunter in a real browser: every fit redone there, Python's digits, no kernel, no net."""

import csv
import io
from typing import NamedTuple

import numpy as np
import pytest
from playwright.sync_api import expect
from scipy.special import ndtr

from hepml import stats
from hepml_widgets import BumpHunter
from hepml_widgets.core.payload import portable
from tests.widgets import looking
from tests.widgets.looking import NOW, STARTS, TEXT, dragged

pytestmark = pytest.mark.browser
EDGES = np.linspace(2600.0, 6600.0, 41)
REGION = (3300.0, 3700.0)
WINDOW = "Number(document.querySelectorAll('[role=slider]')[1].getAttribute('aria-valuenow'))"
WORDS = ".hepml-bump-words"


class Events(NamedTuple):
    mjj: np.ndarray
    score: np.ndarray
    y: np.ndarray


def toy(rng, n=20_000, injected=120):
    mjj = 2600 + rng.exponential(550, 2 * n)
    mjj = np.r_[mjj[mjj < 6600][:n], rng.normal(3500, 60, injected)]
    y = np.repeat([0, 1], [n, injected])
    return mjj, 1 / (1 + np.exp(-rng.normal(3.0 * y - 1))), y


@pytest.fixture
def hunter(rng):
    mjj, score, y = toy(rng)
    return BumpHunter(mjj, score, signal_region=REGION, edges=EDGES, truth=y)


def agrees(page, view):
    """Put Python where the page is, and compare what both say."""
    kept, centre = page.evaluate(NOW), page.evaluate(WINDOW)
    view.threshold = view.spectra.thresholds[np.abs(view.spectra.kept - kept).argmin()]
    centres = np.mean(view.windows, axis=1)
    view.signal_region = view.windows[np.abs(centres - centre).argmin()]
    assert page.evaluate(TEXT) == view.readout
    return view.row, view.span


EVERY = slice(None)
KINDS = {
    "ties": lambda e, _: (EVERY, np.round(e.score, 1), None, {}),
    "one threshold": lambda e, _: (EVERY, np.ones(len(e.mjj)), None, {}),
    "sidebands": lambda e, _: (
        EVERY,
        e.score,
        None,
        {"sidebands": [(2800, 3300), (3700, 5000)]},
    ),
    "deficit": lambda e, rng: (beside(e.mjj) | (rng.random(len(e.mjj)) < 0.5), e.score, None, {}),
    "empty window": lambda e, _: (beside(e.mjj), e.score, None, {"parameters": 5}),
    "weights": lambda e, rng: (EVERY, e.score, rng.gamma(2, 0.5, len(e.mjj)), {}),
    "signed": lambda e, rng: (
        e.mjj < 3900,
        e.score,
        rng.choice([1.0, -0.2], len(e.mjj), p=[0.95, 0.05]),
        {"parameters": 3, "kept": (1, 0.5, 0.2)},
    ),
}
CASES = ("no fit", *KINDS)


def beside(mjj):
    return (mjj < 3300) | (mjj > 3700)


def without_fit(rng):
    """Make a view whose window leaves two sideband bins with events at the tightest cut."""
    mjj = np.r_[rng.uniform(2600, 4000, 60), np.repeat([2650.0, 2750, 3350, 3450, 3950], 9)]
    score = np.r_[np.zeros(60), np.ones(45)]
    view = BumpHunter(mjj, score, signal_region=(5000, 5400), edges=EDGES, parameters=3)
    view.threshold, view.signal_region = 1.0, REGION
    return view


def make_case(case, rng):
    if case == "no fit":
        return without_fit(rng)
    events = Events(*toy(rng, 6000, 60))
    passes, score, weights, options = KINDS[case](events, rng)
    weights = None if weights is None else weights[passes]
    made = {"signal_region": REGION, "edges": EDGES, "truth": events.y[passes], **options}
    return BumpHunter(events.mjj[passes], score[passes], weights, **made)


NUMBERS = """([table, rows]) => {
    const t = hepml.decode(table);
    return rows.map(row => hepml.windowsOf(t, 4).map(span => {
        const {n, b, error, z, p, expected, band, pulls} = hepml.hunt(t, row, span);
        const rows = [expected, band, pulls].map(list => list ? [...list] : null);
        return [[n, b, error, z, p].map(v => Number.isFinite(v) ? v : null), ...rows,
            hepml.joined(hepml.readoutParts(t, row, span))];
    }));
}"""


@pytest.mark.parametrize("case", CASES)
def test_every_fit_has_pythons_numbers(case, rng, expose):
    view = make_case(case, rng)
    page = expose("bump_hunter", "decode", "windowsOf", "hunt", "readoutParts", "joined")
    rows = sorted({0, len(view.counts) // 2, len(view.counts) - 1})
    found = page.evaluate(NUMBERS, [portable(view.payload), rows])
    spans = view.spectra.spans(4)
    for row, fits in zip(rows, found, strict=True):
        for span, (numbers, *lists, _) in zip(spans, fits, strict=True):
            compare(view, row, span, numbers, lists)
    for column in (3, 6, 20):
        view.threshold = view.spectra.thresholds[0]
        view.signal_region = view.spectra.region(spans[column])
        assert found[0][column][-1] == view.readout


def compare(view, row, span, numbers, lists):
    hunt = view.spectra.hunt(row, span)
    if hunt is None:
        assert numbers[1:] == [None] * 4
        assert lists == [None] * 3
        return
    wanted = [hunt.observed, hunt.background, hunt.background_error]
    np.testing.assert_allclose(np.array(numbers[:3], float), wanted, rtol=1e-8, atol=1e-12)
    assert numbers[3] == pytest.approx(hunt.significance, rel=1e-9, abs=1e-8)
    assert numbers[4] == pytest.approx(hunt.p_value, rel=1e-7, abs=1e-300)
    pulls = view.spectra.pulls(row, span)
    for given, mine in zip(lists, (hunt.expected, hunt.expected_error, pulls), strict=True):
        np.testing.assert_allclose(np.array(given, float), mine, rtol=1e-6, atol=1e-9)


def test_tails_of_the_normal_distribution(expose):
    z = [-40, -8, -3, -1e-9, 0, 1e-6, 0.5, 1, 2.999, 3, 3.001, 5, 10, 30]
    page = expose("bump_hunter", "tail")
    found = page.evaluate("z => z.map(hepml.tail)", z)
    np.testing.assert_allclose(found, ndtr(-np.array(z)), rtol=1e-11)


@pytest.mark.parametrize("case", CASES)
def test_hard_cases_read_as_in_python(case, rng, show):
    view = make_case(case, rng)
    page = show(view)
    assert page.evaluate(TEXT) == view.readout
    assert page.locator(WORDS).text_content() == view.words
    if case == "no fit":
        expect(page.locator(".hepml-empty").first).to_contain_text("too few sideband bins")


def test_pseudo_experiments_are_counted_in_the_page(rng, show):
    mjj, score, _ = toy(rng, 5000, 20)
    options = {"signal_region": REGION, "edges": EDGES, "kept": (1, 0.3)}
    first = BumpHunter(mjj, score, **options)
    found = stats.pseudo_experiments(first.counts, EDGES, first.windows, experiments=60)
    view = BumpHunter(mjj, score, global_p=found, **options)
    page = show(view)
    page.locator("[role=slider]").nth(1).focus()
    for key in ("Home", "PageUp", "PageUp", "ArrowRight", "End"):
        page.keyboard.press(key)
        agrees(page, view)
    assert page.locator(WORDS).text_content() == view.words


def test_keys_walk_through_thresholds_and_windows(hunter, show):
    page = show(hunter)
    seen = set()
    for slider in (0, 1):
        page.locator("[role=slider]").nth(slider).focus()
        for key in ("Home", "ArrowRight", "PageUp", "Shift+ArrowUp", "ArrowLeft", "End"):
            page.keyboard.press(key)
            seen.add(agrees(page, hunter))
            text = page.locator("[role=slider]").nth(slider).get_attribute("aria-valuetext")
            assert text == hunter.readout
    assert len(seen) >= 10
    expect(page.locator("[aria-live]")).to_contain_text(hunter.readout, timeout=5000)


def test_the_mouse_drags_both_and_the_spectrum_follows(hunter, show):
    page = show(hunter)
    fit = "document.querySelector('.hepml-line-background').getAttribute('d')"
    seen = set()
    for panel in (1, 3):
        for _ in dragged(page, panel, (0.1, 0.4, 0.7, 0.95)):
            seen.add((agrees(page, hunter), page.evaluate(fit)))
    assert len({outline for _, outline in seen}) >= 7


def test_the_window_gets_wider_and_narrower(hunter, show):
    page = show(hunter)
    for name, high in (("wider", 3800.0), ("narrower", 3700.0), ("narrower", 3600.0)):
        page.get_by_role("button", name=name, exact=True).click()
        hunter.signal_region = (3300.0, high)
        assert page.evaluate(TEXT) == hunter.readout
        assert page.locator(WORDS).text_content() == hunter.words


def test_the_signal_is_drawn_on_demand(hunter, show):
    page = show(hunter)
    button = page.get_by_role("button", name="truth", exact=True)
    expect(page.locator(".hepml-line-signal")).to_have_count(0)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".hepml-line-signal")).to_have_count(1)
    expect(page.locator(".hepml-name-signal")).to_contain_text("true signal")


def test_without_truth_there_is_no_button(rng, show):
    mjj, score, _ = toy(rng, 3000, 0)
    page = show(BumpHunter(mjj, score, signal_region=REGION, edges=EDGES, kept=[1]))
    assert page.get_by_role("button", name="truth", exact=True).count() == 0


@pytest.fixture
def listening(hunter, listen):
    return listen(hunter, "threshold")


def test_nothing_is_sent_while_dragging(listening, hunter):
    during, sent = looking.sent_by_dragging(listening, 1)
    assert during == []
    assert len(sent) == 1
    assert sent[0] in hunter.spectra.thresholds


def test_python_moves_the_view_and_a_closed_one_leaves_nothing(listening, hunter):
    hunter.threshold, hunter.signal_region = hunter.spectra.thresholds[5], (3500, 4100)
    listening.evaluate(f"view.model.set('threshold', {hunter.threshold})")
    listening.evaluate("view.model.set('signal_region', [3500, 4100])")
    assert listening.evaluate(TEXT) == hunter.readout
    before, after = looking.left_behind(listening)
    assert min(before) > 0
    assert after == [0, 0]


def test_page_asks_for_nothing(hunter, show):
    assert looking.outside(show(hunter)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(hunter, show, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(hunter)
    assert page.locator(".hepml").get_attribute("data-theme") == scheme
    ratios = looking.contrasts(page)
    assert len(ratios) > 30
    assert min(ratios) >= 4.5


@pytest.mark.parametrize("width", [320, 480, 720, 1280])
def test_nothing_overflows(hunter, show, page, width):
    page.set_viewport_size({"width": width, "height": 700})
    hunter.truth_shown = True
    show(hunter)
    taken, clipped = looking.width_and_clipped(page)
    assert taken <= width
    assert clipped == []


@pytest.mark.parametrize("width", [360, 480, 1280])
def test_layout_does_not_move_while_dragging(hunter, show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(hunter)
    page.locator("[role=slider]").first.focus(timeout=2000)
    before = looking.places(page)
    for key in ("Home", "ArrowRight", "PageUp", "End"):
        page.keyboard.press(key)
        assert page.evaluate(looking.PLACES) == before


def test_every_control_has_a_name_and_takes_the_focus(hunter, show):
    assert looking.unreachable(show(hunter)) == (0, 0)


def test_data_and_pictures_can_be_taken_away(hunter, show):
    page = show(hunter)
    page.get_by_role("button", name="data").click()
    rows = len(hunter.counts)
    expect(page.locator(".hepml-data tbody tr")).to_have_count(rows)
    files = {name: looking.downloaded(page, name) for name in ("CSV", "SVG", "PNG")}
    for name, start in (STARTS | {"CSV": b"threshold,kept,observed"}).items():
        assert files[name].startswith(start)
    table = list(csv.reader(io.StringIO(files["CSV"].decode())))
    z, _ = hunter.spectra.over_thresholds(hunter.span)
    np.testing.assert_allclose([float(row[5]) for row in table[1:]], z, rtol=1e-8)
