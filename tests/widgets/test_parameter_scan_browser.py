"""ParameterScan in a real browser: Python's digits at every value and cut, no kernel, no net."""

import csv
import io

import numpy as np
import pytest
from playwright.sync_api import expect

from hepml_widgets import ParameterScan
from hepml_widgets.core.payload import portable
from tests.support.toy_scan import MASSES, NOISE, TRAINED, samples, toy
from tests.widgets import looking
from tests.widgets.looking import NOW, STARTS, TEXT, dragged

pytestmark = pytest.mark.browser
CUT = "Number(document.querySelectorAll('[role=slider]')[1].getAttribute('aria-valuenow'))"
NASTY = ["<img src=x onerror=alert(1)>", "</script>&amp;", "pT_miss \u202e[GeV]"]
KEY = "[...document.querySelectorAll('.hepml-labels')].map(g => g.textContent)"


@pytest.fixture
def scan(rng):
    limits = {"parameterised": dict.fromkeys(MASSES, (2.5, 0.3)), "dedicated": {500: 0.02}}
    return toy(rng, quantities={"expected limit [pb]": limits}, sigma_b=0.05)


def agrees(page, view):
    """Put Python where the page is, and compare what both say."""
    view.value, view.threshold = page.evaluate(NOW), page.evaluate(CUT)
    assert page.evaluate(TEXT) == view.readout
    return view.value, view.threshold


def saturated(rng):
    y = np.repeat([1, 0], 300)
    return {v: (y, 1 / (1 + np.exp(-v * rng.normal(8 * y - 4, 6)))) for v in (1, 2)}


CASES = {
    "weights": lambda rng: samples(rng, n=200),
    "signed": lambda rng: samples(rng, n=200, weights=[1.0, 2.0, -0.7]),
    "cancelling": lambda rng: samples(rng, n=100, weights=[0.1, 0.4, -0.4]),
    "one event each": lambda _: {0: ([0, 1], [0.1, 0.2]), 1: ([0, 1], [0.3, 0.2])},
    "one class": lambda _: {0: ([0, 1], [0.1, 0.2]), 1: ([1, 1], [0.3, 0.2])},
    "ties": lambda _: {-1e-3: ([0, 1] * 9, [0.5] * 18), 2e9: ([0, 1] * 9, [0.5] * 18)},
    "saturated": saturated,
    "tiny": lambda _: {1: ([0, 1], [0, 1], [1e-12, 3e-12]), 2: ([0, 1], [0, 1], [1e9, 1e12])},
}
NUMBERS = """table => {
    const t = hepml.decode(table);
    return t.points.map((point, i) => [...t.thresholds].map((_, row) => [
        point.s[row], point.b[row], point.sErr[row], point.bErr[row], point.efficiency[row],
        ...hepml.zOf(t, point, row)].map(v => Number.isFinite(v) ? v : null).concat(
            hepml.joined(hepml.readoutParts(t, i, row)))));
}"""


@pytest.mark.parametrize("case", CASES)
def test_every_cut_at_every_value_has_pythons_numbers(case, rng, expose):
    view = ParameterScan(CASES[case](rng), trained=TRAINED, sigma_b=0.1)
    page = expose("parameter_scan", "decode", "zOf", "readoutParts", "joined")
    found = page.evaluate(NUMBERS, portable(view.payload))
    for i, (value, rows) in enumerate(zip(view.values, found, strict=True)):
        view.value = value
        for threshold, (*numbers, text) in zip(view.thresholds, rows, strict=True):
            view.threshold = threshold
            point = view.working_point
            z = [column[i] for column in view.significances()]
            wanted = [
                point.signal, point.background, point.signal_error, point.background_error,
                point.signal_efficiency, *z,
            ]  # fmt: skip
            wanted = np.where(np.isfinite(wanted), wanted, np.nan)
            np.testing.assert_allclose(np.array(numbers, float), wanted, rtol=1e-9, atol=1e-300)
            assert text == view.readout


def test_quantities_and_curves_travel_whole(scan, expose):
    page = expose("parameter_scan", "decode")
    quantities, curves = page.evaluate(
        """table => {
            const t = hepml.decode(table);
            return [t.quantities.map(q => q.rows.map(pair => pair && pair.map(c =>
                [...c].map(v => Number.isFinite(v) ? v : null)))),
            t.points.map(p => p.curves.map(columns => columns.map(c => [...c])))];
        }""",
        portable(scan.payload),
    )
    for pairs, quantity in zip(quantities, scan.quantities.values(), strict=True):
        for pair, model in zip(pairs, scan.models, strict=True):
            assert (pair is None) == (model not in quantity.rows)
            wanted = quantity.rows.get(model, ())
            for column, mine in zip(pair or (), wanted, strict=True):
                np.testing.assert_array_equal(np.array(column, float), mine)
    for found, point in zip(curves, scan.points, strict=True):
        for columns, model in zip(found, scan.models, strict=True):
            cuts, (x, y, _) = point.curves[model], np.array(columns)
            drawn = y[: len(cuts)] > 0
            assert drawn.sum() > 20
            for column, name in ((x, "signal"), (y, "background")):
                wanted = getattr(cuts, f"{name}_efficiency")[drawn]
                np.testing.assert_allclose(column[: len(cuts)][drawn], wanted, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_hard_cases_are_drawn(case, rng, show):
    view = ParameterScan(CASES[case](rng), trained=[1])
    page = show(view)
    for quantity in view.quantities:
        page.get_by_label("quantity", exact=True).select_option(quantity)
        for key in ("End", "Home"):
            page.locator("[role=slider]").first.press(key)
            agrees(page, view)
    assert page.locator("svg [d*=NaN], svg [cx*=NaN], svg [transform*=NaN]").count() == 0
    if case == "one class":
        page.locator("[role=slider]").first.press("End")
        expect(page.locator(".hepml-empty").last).to_have_text("a ROC curve needs both classes")


def test_keys_walk_through_values_and_cuts(scan, show):
    page = show(scan)
    assert agrees(page, scan)[0] == 1000
    seen = set()
    for slider in (0, 1):
        page.locator("[role=slider]").nth(slider).focus()
        for key in ("Home", "ArrowRight", "PageUp", "Shift+ArrowUp", "ArrowLeft", "End"):
            page.keyboard.press(key)
            seen.add(agrees(page, scan))
            text = page.locator("[role=slider]").nth(slider).get_attribute("aria-valuetext")
            assert text == scan.readout
    assert len(seen) >= 9
    expect(page.locator("[aria-live]")).to_contain_text(scan.readout, timeout=5000)


def test_the_mouse_drags_both_and_all_panels_follow(scan, show):
    page = show(scan)
    drawn = """['.hepml-line-signal', '.hepml-chosen', '.hepml-point'].map(s => {
        const node = document.querySelector(s);
        return node.getAttribute('d') ?? node.getAttribute('cx'); })"""
    seen = set()
    for _ in dragged(page, 0, (0.0, 0.3, 0.6, 0.75, 1.2)):
        seen.add((agrees(page, scan)[0], *page.evaluate(drawn)))
    assert [len(set(column)) for column in zip(*seen, strict=True)] == [5, 5, 5, 5]
    seen = {
        (agrees(page, scan)[1], page.evaluate(drawn)[2]) for _ in dragged(page, 1, (0.1, 0.4, 0.8))
    }
    assert [len(set(column)) for column in zip(*seen, strict=True)] == [3, 3]


def test_what_was_not_in_training_is_hollow(scan, show):
    page = show(scan)
    marks = page.locator(".hepml-marks .hepml-scan-point[transform]")
    expect(marks).to_have_count(15)
    expect(page.locator(".hepml-marks .hepml-scan-hollow.hepml-curve-0")).to_have_count(2)
    expect(page.locator(".hepml-marks .hepml-scan-hollow.hepml-curve-1")).to_have_count(0)
    shapes = {mark.get_attribute("d") for mark in marks.all()}
    assert len(shapes) == 3
    fills = "s => getComputedStyle(document.querySelector(s)).fill"
    assert page.evaluate(fills, ".hepml-scan-hollow") == "rgb(255, 255, 255)"
    assert page.evaluate(fills, ".hepml-scan-point[transform]") != "rgb(255, 255, 255)"


def test_models_are_named_with_their_areas(scan, show):
    above, _, curves = show(scan).evaluate(KEY)
    for model in NOISE:
        assert model in above
        area, _ = scan.point.areas[model]
        assert f"{area:.2f}" in curves.partition(f"{model}\u2069 AUC ")[2][:8]


def test_another_quantity_is_drawn_and_told(scan, listen):
    page = listen(scan, "quantity")
    for quantity, models in (("Δ AUC", 2), ("Z", 3), ("expected limit [pb]", 2)):
        page.get_by_label("quantity", exact=True).select_option(quantity)
        more = 2 * (quantity == "Z")  # the curve at this threshold, and the rule
        texts = page.locator(".hepml-labels").first.locator("text")
        assert texts.count() == models + more
        if quantity == "Z":
            expect(texts.last).to_have_text(
                "best on these events, with 25 effective background ones; faded: fewer"
            )
        title = page.locator(".hepml-axes").first.locator(".hepml-title").last
        expect(title).to_have_text(scan.quantities[quantity].title.replace("σ_b", "σb"))
    assert page.evaluate("view.saved") == ["Δ AUC", "Z", "expected limit [pb]"]


def test_significance_at_the_cut_follows_the_threshold(scan, show):
    page = show(scan)
    page.get_by_label("quantity", exact=True).select_option("Z")
    line = "document.querySelector('.hepml-marks .hepml-curve-5').getAttribute('d')"
    before = page.evaluate(line)
    page.locator("[role=slider]").nth(1).press("PageDown")
    assert page.evaluate(line) != before


@pytest.fixture
def listening(scan, listen):
    return listen(scan, "value")


@pytest.mark.parametrize("panel", [0, 1])
def test_nothing_is_sent_while_dragging(listening, panel):
    during, sent = looking.sent_by_dragging(listening, panel)
    assert during == []
    assert sent == [listening.evaluate(NOW)]


def test_python_moves_the_view_and_a_closed_one_leaves_nothing(listening, scan):
    scan.value, scan.threshold = 750, 0.2
    listening.evaluate("view.model.set('value', 750)")
    listening.evaluate(f"view.model.set('threshold', {scan.threshold})")
    assert listening.evaluate(TEXT) == scan.readout
    before, after = looking.left_behind(listening)
    assert min(before) > 0
    assert after == [0, 0]


def test_page_asks_for_nothing(scan, show):
    assert looking.outside(show(scan)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(scan, show, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(scan)
    assert page.locator(".hepml").get_attribute("data-theme") == scheme
    page.get_by_label("quantity", exact=True).select_option("Z")
    ratios = looking.contrasts(page)
    assert len(ratios) > 30
    assert min(ratios) >= 4.5


@pytest.mark.parametrize("width", [320, 480, 720, 1280])
def test_nothing_overflows(rng, show, page, width):
    page.set_viewport_size({"width": width, "height": 700})
    names = [f"a model with a long name {k}" for k in range(5)]
    given = samples(rng, n=200, models=names)
    view = ParameterScan(
        given, trained=TRAINED, dedicated=names[1], name="parameter with a very long name",
        unit="and its unit", quantities={"a figure of merit, called at length": {names[0]: {}}},
    )  # fmt: skip
    show(view)
    for quantity in view.quantities:
        page.get_by_label("quantity", exact=True).select_option(quantity)
        taken, clipped = looking.width_and_clipped(page)
        assert taken <= width
        assert clipped == []


@pytest.mark.parametrize("width", [360, 480, 1280])
def test_layout_does_not_move_while_dragging(scan, show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(scan)
    page.locator("[role=slider]").first.focus()
    before = looking.places(page)
    for key in ("Home", "ArrowRight", "PageUp", "End"):
        page.keyboard.press(key)
        assert page.evaluate(looking.PLACES) == before


def test_names_are_text(rng, show):
    given = samples(rng, n=60, models=NASTY[:2])
    view = ParameterScan(
        given, trained=[500], dedicated=NASTY[1], name=NASTY[2], unit=NASTY[0], names=NASTY[:2],
        quantities={NASTY[0]: {NASTY[0]: {500: 1}}},
    )  # fmt: skip
    page = show(view)
    page.get_by_label("quantity", exact=True).select_option(NASTY[0])
    assert page.locator("img").count() == 0
    assert page.evaluate(TEXT) == view.readout
    assert "\u202e" not in page.evaluate("document.body.innerText")


def test_every_control_has_a_name_and_takes_the_focus(scan, show):
    assert looking.unreachable(show(scan)) == (0, 0)


def test_data_and_pictures_can_be_taken_away(scan, show):
    page = show(scan)
    page.get_by_role("button", name="data").click()
    expect(page.locator(".hepml-data tbody tr")).to_have_count(5)
    files = {name: looking.downloaded(page, name) for name in ("CSV", "SVG", "PNG")}
    for name, start in (STARTS | {"CSV": b"m_X,training,AUC"}).items():
        assert files[name].startswith(start)
    rows = list(csv.reader(io.StringIO(files["CSV"].decode())))
    differences = [point.differences["parameterised"] for point in scan.points]
    column = next(i for i, name in enumerate(rows[0]) if name.startswith("Δ AUC"))
    found = [[float(row[column]), float(row[column + 1])] for row in rows[1:]]
    np.testing.assert_allclose(found, differences, rtol=1e-9)
    assert [row[1] for row in rows[1:]] == [point.status for point in scan.points]
