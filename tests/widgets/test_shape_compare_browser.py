"""ShapeCompare in a real browser: Python's digits and verdicts, no kernel, no net."""

import csv
import io

import numpy as np
import pytest
from playwright.sync_api import expect

from hepml import stats
from hepml_widgets import ShapeCompare
from hepml_widgets.core.payload import portable
from tests.widgets import looking
from tests.widgets.looking import STARTS, TEXT, dragged

pytestmark = pytest.mark.browser
NAMES = ("mass [GeV]", "width", "eta")
SHIFT = np.array([0.6, 0.3, 0.0])
NASTY = ["<img src=x onerror=alert(1)>", "</script>&amp;"]
VERDICTS = "[...document.querySelectorAll('.hepml-verdicts li')].map(node => node.textContent)"
OUTLINE = "document.querySelector('.hepml-line-signal').getAttribute('d')"
BRUSH = "view.model.get('brush')"


def samples(n=900):
    rng = np.random.default_rng(3)
    source, target = rng.normal(size=(2, n, 3))
    exact = np.exp(source @ SHIFT - SHIFT @ SHIFT / 2)
    return source, target + SHIFT, exact


REPORTS = {
    name: stats.reweighting_report(*samples()[:2], weights)
    for name, weights in (("exact", samples()[2]), ("none", np.ones(900)))
}


@pytest.fixture
def view():
    source, target, exact = samples()
    both = {"exact": exact, "none": np.ones(900)}
    return ShapeCompare(source, target, both, features=NAMES, report=REPORTS)


def odd(case):
    source, target, exact = samples()
    if case == "signed":
        exact = np.where(np.arange(900) % 4 == 0, -0.4, 1.2) * exact
    if case == "negative sum":
        exact = -exact
    if case == "constant":
        source[:, 1] = target[:, 1] = 4.0
    if case == "disjoint":
        source[:, 1] += 50
    if case == "one weight":
        exact = np.eye(900)[0]
    if case == "tiny and huge":
        source, target = source * 1e-12, target * 1e-12
        exact = exact * 1e9
    return ShapeCompare(source, target, exact, features=NAMES, report=REPORTS["exact"])


CASES = "plain", "signed", "negative sum", "constant", "disjoint", "one weight", "tiny and huge"
LOOKED = """([table, states]) => { const data = hepml.decode(table);
    return states.map(state => { const now = hepml.compareShapes(data, state);
        return {text: hepml.joined(hepml.readoutParts(data, now)), closure: [now.closure.ratio[0],
            now.closure.error[0]], ratio: [...now.ratio], error: [...now.error],
            pull: [...now.pull], p: [...now.contents.source.p]}; }); }"""


def states_of(view):
    """Each feature, with all events and with a region of each feature."""
    states = [{"f": f, "m": 0, "v": -1, "from": 0, "to": 0} for f in range(3)]
    for f in range(3):
        for v in range(3):
            last = len(view._regions[v]) - 1
            states += [{"f": f, "m": 0, "v": v, "from": last // 2, "to": last}]
    return states


def put(view, state):
    axis = view.axes[state["v"]]
    edges = view._edges(axis)
    view.brush = () if state["v"] < 0 else (axis.name, edges[state["from"]], edges[state["to"]])
    view.feature = view.axes[state["f"]].name


@pytest.mark.parametrize("case", CASES)
def test_hard_cases_have_pythons_numbers(case, expose):
    view = odd(case)
    page = expose("shape_compare", "decode", "compareShapes", "readoutParts", "joined")
    states = states_of(view)
    for state, found in zip(
        states, page.evaluate(LOOKED, [portable(view.payload), states]), strict=True
    ):
        put(view, state)
        comparison = view.comparison
        for name in ("ratio", "error", "pull"):
            wanted = getattr(comparison, name)
            given = np.array(found[name], dtype=float)
            np.testing.assert_allclose(given, wanted, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found["p"], view.contents["source"].p, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(found["closure"], view.closure, rtol=1e-9, atol=1e-12)
        assert found["text"] == view.readout


def agrees(page, view):
    assert page.evaluate(TEXT) == view.readout


def test_verdicts_are_pythons(view, show):
    page = show(view)
    assert page.evaluate(VERDICTS) == list(view.verdicts)
    agrees(page, view)


def test_features_and_weights_are_chosen(view, show):
    page = show(view)
    page.get_by_label("feature", exact=True).select_option("eta")
    page.get_by_label("weights", exact=True).select_option("none")
    view.feature, view.method = "eta", "none"
    agrees(page, view)
    expect(page.locator("li[aria-current=true]")).to_contain_text("none")


def test_a_region_stays_while_another_feature_is_shown(view, show):
    page = show(view)
    for _ in dragged(page, 0, (0.2, 0.6)):
        pass
    before = page.evaluate(OUTLINE)
    region = page.evaluate(TEXT).split(" · ")[2]
    assert region.startswith("events \u2068mass [GeV]\u2069 ")
    page.get_by_label("feature", exact=True).select_option("width")
    assert page.evaluate(TEXT).split(" · ")[2] == region
    assert page.evaluate(OUTLINE) != before
    said = page.locator(".hepml-controls .hepml-quiet")
    expect(said).to_contain_text(region.replace("events", "only events of"))
    page.keyboard.press("Escape")
    view.feature = "width"
    agrees(page, view)


def test_keys_choose_a_region(view, show):
    page = show(view)
    edges = view._edges(view.axis)
    page.get_by_label("lower end of the region").focus()
    page.keyboard.press("ArrowRight")
    view.brush = (NAMES[0], edges[1], edges[-1])
    agrees(page, view)
    page.get_by_label("upper end of the region").focus()
    page.keyboard.press("Home")
    view.brush = (NAMES[0], edges[0], edges[1])
    agrees(page, view)
    expect(page.locator("[aria-live]")).to_contain_text(view.readout, timeout=5000)


def test_without_room_nothing_is_brushed(rng, show):
    source, target = rng.normal(size=(2, 300, 12))
    crowded = ShapeCompare(source, target, np.ones(300), report=REPORTS["exact"])
    page = show(crowded)
    assert page.locator("[role=slider]").count() == 0
    assert page.get_by_text("too many features and methods for regions").is_visible()
    agrees(page, crowded)


@pytest.fixture
def listening(view, listen):
    return listen(view, "brush")


def test_nothing_is_sent_while_dragging(listening):
    during, sent = looking.sent_by_dragging(listening, 0)
    assert during == []
    assert sent == [listening.evaluate(BRUSH)]


def test_python_moves_the_view_and_a_closed_one_leaves_nothing(listening, view):
    view.brush = ("width", -0.5, 0.5)
    listening.evaluate("brush => view.model.set('brush', brush)", list(view.brush))
    agrees(listening, view)
    before, after = looking.left_behind(listening)
    assert min(before) > 0
    assert after == [0, 0]


def test_page_is_small_and_asks_for_nothing(view, show, tmp_path):
    assert looking.outside(show(view)) == []
    assert (tmp_path / "view.html").stat().st_size < 250_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(view, show, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(view)
    assert page.locator(".hepml").get_attribute("data-theme") == scheme
    ratios = looking.contrasts(page, ".hepml li, .hepml select")
    assert len(ratios) > 30
    assert min(ratios) >= 4.5


@pytest.mark.parametrize("width", [320, 480, 720, 1280])
def test_nothing_overflows(view, show, page, width):
    page.set_viewport_size({"width": width, "height": 700})
    show(view)
    taken, clipped = looking.width_and_clipped(page)
    assert taken <= width
    assert clipped == []


@pytest.mark.parametrize("width", [360, 480, 1280])
def test_layout_does_not_move_while_dragging(view, show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(view)
    page.locator("[role=slider]").first.focus()
    before = looking.places(page)
    for key in ("ArrowRight", "PageUp", "End"):
        page.keyboard.press(key)
        assert page.evaluate(looking.PLACES) == before


def test_names_are_text(show):
    source, target, exact = samples()
    nasty = {NASTY[0]: exact, NASTY[1]: exact}
    reports = dict.fromkeys(NASTY, REPORTS["exact"])
    view = ShapeCompare(source, target, nasty, features=[*NASTY, "x"], report=reports)
    page = show(view)
    assert page.locator("img").count() == 0
    assert page.evaluate(VERDICTS) == list(view.verdicts)
    agrees(page, view)


def test_every_control_has_a_name_and_takes_the_focus(view, show):
    assert looking.unreachable(show(view)) == (0, 0)


def test_data_and_pictures_can_be_taken_away(view, show):
    page = show(view)
    page.get_by_role("button", name="data").click()
    expect(page.locator(".hepml-data tbody tr")).to_have_count(view.axis.bins)
    files = {name: looking.downloaded(page, name) for name in ("CSV", "SVG", "PNG")}
    for name, start in (STARTS | {"CSV": b"feature,low,high,source"}).items():
        assert files[name].startswith(start)
    rows = list(csv.reader(io.StringIO(files["CSV"].decode())))
    column = rows[0].index("ratio")
    found = [float(row[column]) for row in rows[1:]]
    np.testing.assert_allclose(found, view.comparison.ratio, rtol=1e-9)
