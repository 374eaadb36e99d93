"""AnomalyMonitor in a real browser: Python's digits and sentences everywhere, no kernel, no net."""

import csv
import io

import numpy as np
import pytest
from playwright.sync_api import expect

from hepml_widgets import AnomalyMonitor
from hepml_widgets.anomaly_monitor.payload import RATES
from hepml_widgets.core.payload import portable
from tests.support.toy_anomalies import DAYS, populations, toy
from tests.widgets import looking
from tests.widgets.looking import NOW, STARTS, TEXT, dragged

pytestmark = pytest.mark.browser
NASTY = ["<img src=x onerror=alert(1)>", "</script>&amp;", "pT_miss \u202e[GeV]"]
SAID = """[...document.querySelectorAll('.hepml-anomaly-words p:not([aria-hidden])')]
    .map(p => p.textContent)"""
PERIOD = "Number(document.querySelectorAll('[role=slider]')[1].getAttribute('aria-valuenow'))"
NULL = np.linspace(0.45, 0.55, 999)
RATE_NAMES = ["5\u202f%", "1\u202f%", "0.1\u202f%"]


@pytest.fixture
def monitor(rng):
    return toy(rng)


def said(view):
    """Collect the sentences in the order in which they stand."""
    verdicts = view.verdicts
    return [verdicts[key] for key in ("both", "points", "population") if key in verdicts]


def agrees(page, view):
    """Put Python where the page is, and compare what both say."""
    view.threshold = page.evaluate(NOW)
    view.period = view.periods[page.evaluate(PERIOD)].name
    assert page.evaluate(TEXT) == view.readout
    assert page.evaluate(SAID) == said(view)
    return view.threshold, view.period


def weighted(rng, weights, n=300):
    samples = rng.gamma(2, 1, 2 * n), rng.gamma(2, 1.1, n)
    w = [rng.choice(weights, len(one)) for one in samples]
    return AnomalyMonitor(*samples, reference_weights=w[0], weights=w[1])


def with_features(scores, columns):
    x = np.array(columns, dtype=float)
    return AnomalyMonitor(scores, scores, reference_features=x, features=x, exposure=3)


def many_periods(rng):
    days = {f"a rather long name of day {k}": rng.normal() for k in range(60)}
    ks = {day: {f"x{k}": rng.uniform() for k in range(12)} for day in days}
    return AnomalyMonitor(populations=days, null=rng.normal(size=(60, 99)), ks=ks, statistic="D")


CASES = {
    "all": toy,
    "none": lambda rng: weighted(rng, [1.0]),
    "weights": lambda rng: weighted(rng, [0.1, 2.0]),
    "signed": lambda rng: weighted(rng, [1.0, 2.0, -0.7]),
    "nearly cancelling": lambda rng: weighted(rng, [1.0, 1.0, -0.9], 100),
    "tiny weights": lambda rng: weighted(rng, [1e-12, 3e-12]),
    "one event today": lambda _: AnomalyMonitor([0.1] * 19 + [0.3], [0.2]),
    "ties": lambda _: with_features([0.5] * 30, [[1, 2]] * 30),
    "far out": lambda _: with_features(
        [1e-3, 1e9, 2, 3] * 5, [[1, 2], [1e9, 3], [0, 0], [-1e9, 0]] * 5
    ),
    "saturated": lambda rng: AnomalyMonitor(*(rng.beta(0.1, 0.1, (2, 900)))),
    "many periods": many_periods,
    "one period": lambda _: AnomalyMonitor(populations=0.56, null=NULL, ks={"a": 0, "b": 1}),
    "few permutations": lambda _: AnomalyMonitor(populations={"a": 1, "b": 2}, null=[0, 3] * 10),
    "p of zero": lambda rng: toy(rng, ks={DAYS[-1]: {"pt": 0.0, "eta": 1.0}}),
}
NUMBERS = """table => {
    const t = hepml.decode(table);
    const finite = v => Number.isFinite(v) ? v : null;
    const [rows, days] = [t.points?.texts.length ?? 0, t.population?.periods.length ?? 0];
    const found = {points: [], periods: []};
    for (let row = 0; row < rows; row += 1) {
        const p = t.points;
        const text = [0, 1, 2].map(a => hepml.pointWords(t, {row, a}));
        found.points.push([
            ['observed', 'observed_error', 'expected', 'expected_error', 'p_value'].map(
                name => finite(p[name][row])),
            hepml.joined(hepml.readoutParts({points: p}, {row})), text]);
    }
    for (let i = 0; i < days; i += 1) {
        const one = t.population.periods[i];
        found.periods.push([
            [...one.ps], [...one.corrected], one.features,
            [0, 1, 2].map(a => hepml.isAlarm(one, a)),
            hepml.joined(hepml.readoutParts({population: t.population}, {i})),
            [0, 1, 2].map(a => hepml.populationWords(t, {i, a}))]);
    }
    return found;
}"""


@pytest.mark.parametrize("case", CASES)
def test_every_number_and_sentence_is_pythons(case, rng, expose):
    view = CASES[case](rng)
    names = ("decode", "pointWords", "populationWords", "readoutParts", "isAlarm")
    page = expose("anomaly_monitor", *names, "joined")
    found = page.evaluate(NUMBERS, portable(view.payload))
    rows = view.points.threshold if view.points else []
    for row, (numbers, text, sentences) in enumerate(found["points"]):
        view.threshold = rows[row]
        wanted = [getattr(view.points, name)[row] for name in view.points.COLUMNS[1:]]
        np.testing.assert_allclose(np.array(numbers, float), wanted, rtol=1e-9, atol=1e-300)
        assert view.readout.startswith(text)
        for rate, one in zip(RATES, sentences, strict=True):
            view.false_alarm = rate
            assert one == view.verdicts["points"]
    periods = zip(view.periods, found["periods"], strict=True)
    for period, (ps, corrected, features, alarms, text, sentences) in periods:
        wanted = list(period.features.values())[: len(ps)]
        np.testing.assert_allclose(ps, [p for p, _ in wanted], rtol=1e-9)
        np.testing.assert_allclose(corrected, [p for _, p in wanted], rtol=1e-9)
        assert len(features) == len(wanted) == min(8, len(period.features))
        assert alarms == [bool(period.is_alarm(rate)) for rate in RATES]
        view.period = period.name
        assert view.readout.endswith(text)
        for rate, one in zip(RATES, sentences, strict=True):
            view.false_alarm = rate
            assert one == view.verdicts["population"]
    assert len(found["points"]) == len(rows)


@pytest.mark.parametrize("strange", [0, 30])
@pytest.mark.parametrize("shift", [0, 0.04])
def test_both_are_told_apart_as_in_python(rng, show, strange, shift):
    view = toy(rng, strange=strange, shift=shift, n=600)
    page = show(view)
    for rate, name in zip(RATES, RATE_NAMES, strict=True):
        page.get_by_role("button", name=name, exact=True).click()
        view.false_alarm = rate
        assert page.evaluate(SAID) == said(view)


@pytest.mark.parametrize("case", CASES)
def test_hard_cases_are_drawn(case, rng, show):
    view = CASES[case](rng)
    page = show(view)
    for name in RATE_NAMES:
        page.get_by_role("button", name=name, exact=True).click()
        for slider in page.locator("[role=slider]").all():
            for key in ("Home", "End"):
                slider.press(key)
    view.false_alarm = 0.001
    if view.points:
        view.threshold = page.evaluate(NOW)
    assert page.evaluate(TEXT) == view.readout
    assert page.evaluate(SAID) == said(view)
    bad = ", ".join(f"svg [{name}*=NaN]" for name in ("d", "cx", "x", "y", "width", "transform"))
    assert page.locator(bad).count() == 0


def test_keys_walk_through_thresholds_and_periods(monitor, show):
    page = show(monitor)
    assert agrees(page, monitor) == (monitor.threshold, "day 8")
    seen = set()
    for slider in (0, 1):
        page.locator("[role=slider]").nth(slider).focus()
        for key in ("Home", "ArrowRight", "PageUp", "Shift+ArrowUp", "ArrowLeft", "End"):
            page.keyboard.press(key)
            seen.add(agrees(page, monitor))
            text = page.locator("[role=slider]").nth(slider).get_attribute("aria-valuetext")
            assert text == monitor.readout
    assert len(seen) >= 9
    expect(page.locator("[aria-live]")).to_contain_text(monitor.readout, timeout=5000)


def test_the_mouse_drags_threshold_and_period(monitor, show):
    page = show(monitor)
    seen = [agrees(page, monitor) for _ in dragged(page, 0, (0.1, 0.6, 0.9))]
    assert len({threshold for threshold, _ in seen}) == 3
    bars = "document.querySelectorAll('.hepml-labels')[3].textContent"
    shown = []
    for _ in dragged(page, 2, (0.05, 0.5, 0.97)):
        assert agrees(page, monitor)
        name, (_, p) = next(iter(monitor.shown.features.items()))
        assert page.evaluate(bars).startswith(name)
        shown.append((monitor.period, p))
    assert [day for day, _ in shown] == ["day 1", "day 4", "day 8"]


def test_an_event_shows_what_makes_it_strange(monitor, listen):
    page = listen(monitor, "event")
    words = "document.querySelectorAll('.hepml-labels')[1].textContent"
    for k in (0, 7, 19):
        page.get_by_label("event", exact=True).select_option(str(k))
        monitor.event = monitor.points.outliers[k].row
        name, value = next(iter(monitor.outlier.contributions.items()))
        assert page.evaluate(words).startswith(f"{name} = ")
        assert f"{value:.1f} σ" in page.evaluate(words)
        assert page.evaluate("view.saved.at(-1)") == monitor.event
    expect(page.locator(".hepml-point")).to_have_count(1)


def test_alarms_have_a_shape(rng, show):
    view = toy(rng, shift=0.04)
    page = show(view)
    for rate, name in zip(RATES, RATE_NAMES, strict=True):
        page.get_by_role("button", name=name, exact=True).click()
        raised = [one for one in view.periods if one.is_alarm(rate)]
        after = [one for one in raised if one.p_global <= rate]
        expect(page.locator(".hepml-anomaly-alarm[d$='Z']")).to_have_count(len(raised))
        hollow = page.locator(".hepml-anomaly-hollow[d$='Z']")
        expect(hollow).to_have_count(len(raised) - len(after))
    assert raised


@pytest.fixture
def listening(monitor, listen):
    return listen(monitor, "threshold")


def test_nothing_is_sent_while_dragging(listening):
    during, sent = looking.sent_by_dragging(listening, 0)
    assert during == []
    assert sent == [listening.evaluate(NOW)]


def test_nothing_is_sent_while_dragging_the_period(monitor, listen):
    page = listen(monitor, "period")
    during, sent = looking.sent_by_dragging(page, 2)
    assert during == []
    assert sent == [DAYS[page.evaluate(PERIOD)]]


def test_python_moves_the_view_and_a_closed_one_leaves_nothing(listening, monitor):
    event = monitor.points.outliers[4].row
    monitor.threshold, monitor.period, monitor.event, monitor.false_alarm = 2, "day 3", event, 0.01
    for name in ("threshold", "event", "false_alarm"):
        listening.evaluate(f"view.model.set('{name}', {getattr(monitor, name)})")
    listening.evaluate("view.model.set('period', 'day 3')")
    assert listening.evaluate(TEXT) == monitor.readout
    assert listening.evaluate(SAID) == said(monitor)
    select = listening.get_by_label("event", exact=True)
    assert select.evaluate("node => node.selectedIndex") == 4
    before, after = looking.left_behind(listening)
    assert min(before) > 0
    assert after == [0, 0]


def test_page_asks_for_nothing(monitor, show):
    assert looking.outside(show(monitor)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(monitor, show, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(monitor)
    assert page.locator(".hepml").get_attribute("data-theme") == scheme
    ratios = looking.contrasts(page)
    assert len(ratios) > 60
    assert min(ratios) >= 4.5


def crowded(rng):
    days = [f"the day before {k}" for k in range(30)]
    names = [f"a feature with a long name {k}" for k in range(4)]
    given = populations(rng, 0.03, days) | {"ks": {d: dict.fromkeys(names, 0.01) for d in days}}
    return toy(
        rng, feature_names=None, statistic="area under the curve of the test",
        names=("the events of a reference run", "those of this very day"), **given,
    )  # fmt: skip


@pytest.mark.parametrize("width", [320, 480, 720, 1280])
def test_nothing_overflows(rng, show, page, width):
    page.set_viewport_size({"width": width, "height": 700})
    show(crowded(rng))
    for key in ("Home", "End"):
        for slider in page.locator("[role=slider]").all():
            slider.press(key)
        taken, clipped = looking.width_and_clipped(page)
        assert taken <= width
        assert clipped == []


@pytest.mark.parametrize("width", [360, 480, 1280])
@pytest.mark.parametrize("make", [toy, crowded])
def test_layout_does_not_move_while_dragging(make, rng, show, page, width):
    page.set_viewport_size({"width": width, "height": 2400})
    show(make(rng))
    before = looking.places(page)
    for slider in page.locator("[role=slider]").all():
        slider.focus()
        for key in ("Home", "ArrowRight", "PageUp", "End"):
            page.keyboard.press(key)
            assert page.evaluate(looking.PLACES) == before
    for name in RATE_NAMES:
        page.get_by_role("button", name=name, exact=True).click()
        assert page.evaluate(looking.PLACES) == before


def test_names_are_text(rng, show):
    x = rng.normal(size=(50, 3))
    view = AnomalyMonitor(
        x[:, 0], x[:, 1], reference_features=x, features=x, feature_names=NASTY, names=NASTY[:2],
        populations=dict.fromkeys(NASTY, 0.6), null=NULL, statistic=NASTY[0],
        ks={NASTY[1]: dict.fromkeys(NASTY, 1e-5)},
    )  # fmt: skip
    page = show(view)
    page.locator("[role=slider]").nth(1).press("ArrowLeft")
    view.period = NASTY[1]
    assert page.locator("img").count() == 0
    assert page.evaluate(TEXT) == view.readout
    assert page.evaluate(SAID) == said(view)
    assert "\u202e" not in page.evaluate("document.body.innerText")


def test_every_control_has_a_name_and_takes_the_focus(monitor, show):
    assert looking.unreachable(show(monitor)) == (0, 0)


def test_data_and_pictures_can_be_taken_away(monitor, show):
    page = show(monitor)
    page.get_by_role("button", name="data").click()
    lines = len(monitor.points.threshold) + 20 * 4 + 8 + 8 * 4
    expect(page.locator(".hepml-data tbody tr")).to_have_count(lines)
    files = {name: looking.downloaded(page, name) for name in ("CSV", "SVG", "PNG")}
    for name, start in (STARTS | {"CSV": b"part,item,value"}).items():
        assert files[name].startswith(start)
    rows = list(csv.reader(io.StringIO(files["CSV"].decode())))
    above = [[float(cell) for cell in row[2:7]] for row in rows if row[0] == "events above"]
    points = monitor.points
    wanted = np.transpose([getattr(points, name) for name in points.COLUMNS[1:]])
    np.testing.assert_allclose(above, wanted, rtol=1e-9)
    days = [row for row in rows if row[0] == "period"]
    assert [row[1] for row in days] == list(DAYS)
    found = [[float(row[2]), float(row[6]), float(row[7])] for row in days]
    wanted = [[one.statistic, one.p_value, one.p_global] for one in monitor.periods]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
