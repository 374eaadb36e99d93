"""BoostingExplorer in a real browser: Python's digits and map, no kernel, no net."""

import csv
import io

import numpy as np
import pytest
import xgboost
from playwright.sync_api import expect
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
)

from hepml_widgets import BoostingExplorer
from hepml_widgets.boosting_explorer.payload import log_odds_map
from hepml_widgets.core.payload import portable
from tests.widgets import looking
from tests.widgets.looking import NOW, STARTS, TEXT, dragged

pytestmark = pytest.mark.browser
NASTY = ["<img src=x onerror=alert(1)>", "</script>&amp;", "x" * 400]
CENTRE = np.array([1.2, -0.8])


def log_ratio(X):
    return X[:, :2] @ CENTRE - CENTRE @ CENTRE / 2


@pytest.fixture(scope="module")
def events():
    rng = np.random.default_rng(7)
    y = rng.integers(0, 2, 900)
    X = rng.normal(size=(900, 3))
    X[:, :2] += y[:, None] * CENTRE
    return X, y, rng.choice([1.5, 0.5, -0.2], 900, p=[0.5, 0.3, 0.2])


MODELS = {
    "gradient": lambda: GradientBoostingClassifier(n_estimators=8),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=8),
    "adaboost": lambda: AdaBoostClassifier(n_estimators=8),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=4, num_parallel_tree=2, subsample=0.5),
}


@pytest.fixture(scope="module", params=MODELS)
def case(request, events):
    """Trees of every kind of comparison; one feature held, by xgboost at a missing value."""
    X, y, w = events
    if request.param == "xgboost":
        X = X.copy()
        X[::5, 2] = np.nan
    hold = {2: np.nan} if request.param == "xgboost" else {}
    model = MODELS[request.param]().fit(X, y)
    return BoostingExplorer(model, X, y, w, features=(0, 1), hold=hold)


@pytest.fixture(scope="module")
def explorer(events):
    X, y, w = events
    model = GradientBoostingClassifier(n_estimators=30).fit(X, y)
    return BoostingExplorer(model, X, y, w, features=(0, 1), train=(X, y), log_ratio=log_ratio)


def agrees(page, view):
    """Put Python's round where the page's is, and compare what both say."""
    view.round = page.evaluate(NOW)
    assert page.evaluate(TEXT) == view.readout
    return view.round


MAPS = """table => {
    const centres = hepml.centresOf(table);
    const held = hepml.floats(table.held);
    const regions = hepml.decodeTrees(table).map(round => round.flatMap(tree =>
        hepml.rectangles(tree, table, held, centres)));
    const steps = hepml.decodeSteps(table);
    return table.rounds.map((round, i) => [
        [...hepml.oddsAfter(regions, round, table)], hepml.joined(hepml.readoutParts(steps, i))]);
}"""


def test_every_map_and_readout_is_pythons(case, expose):
    names = "centresOf decodeTrees rectangles decodeSteps oddsAfter readoutParts joined floats"
    page = expose("boosting_explorer", *names.split())
    found = page.evaluate(MAPS, portable(case.payload))
    for (odds, text), done in zip(found, case.steps.rounds, strict=True):
        wanted = log_odds_map(case.ensemble, case.plane, done)
        np.testing.assert_allclose(odds, wanted.ravel(), rtol=1e-9, atol=1e-12)
        case.round = int(done)
        assert text == case.readout


def test_keys_walk_through_the_rounds(explorer, show):
    page = show(explorer)
    page.locator("[role=slider]").focus()
    wanted = {"Home": 1, "ArrowRight": 2, "PageUp": 5, "Shift+ArrowUp": 15, "End": 30}
    for key, row in wanted.items():
        page.keyboard.press(key)
        assert agrees(page, explorer) == row
        expect(page.get_by_text(f"tree of round {row} ")).to_be_visible()
    expect(page.locator("[aria-live]")).to_contain_text(explorer.readout, timeout=5000)


def test_the_mouse_drags_and_map_and_tree_follow(explorer, show):
    page = show(explorer)
    drawn = """['.hepml-cells', '.hepml-boost-model', '.hepml-boost-edges'].map(name => {
        const node = document.querySelector(name);
        return node.getAttribute('href') ?? node.getAttribute('d'); }).join()"""
    seen = set()
    for _ in dragged(page, 2, (0.1, 0.4, 0.7, 1.2, -0.2)):
        seen.add((agrees(page, explorer), page.evaluate(drawn)))
    assert len({picture for _, picture in seen}) == len(seen) == 5


COLOURS = """async () => {
    const image = new Image();
    image.src = document.querySelector('.hepml-cells').getAttribute('href');
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), {width: 96, height: 96});
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return [...context.getImageData(0, 0, 96, 96).data];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_map_is_red_where_signal_is_likely(explorer, show, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(explorer)
    explorer.round = page.evaluate(NOW)
    score = explorer.score_map()[2][::-1]  # pictures begin at the top
    pixels = np.reshape(page.evaluate(COLOURS), (96, 96, 4)).astype(int)
    redness = pixels[..., 0] - pixels[..., 2]
    assert (redness[score > 0.55] > 0).all()
    assert (redness[score < 0.45] < 0).all()


def test_theme_repaints_the_map(explorer, show):
    page = show(explorer)
    before = page.evaluate(COLOURS)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_selector(".hepml[data-theme=dark]")
    page.wait_for_timeout(100)
    assert page.evaluate(COLOURS) != before


def test_log_loss_can_be_shown(explorer, show):
    page = show(explorer)
    page.get_by_role("button", name="log-loss").click()
    title = page.locator(".hepml-frame").nth(2).locator(".hepml-title")
    expect(title.nth(1)).to_have_text("log-loss")
    assert page.locator(".hepml-frame").nth(2).locator(".hepml-boost-exact").count() == 0


@pytest.fixture
def listening(explorer, listen):
    return listen(explorer, "round")


def test_nothing_is_sent_while_dragging(listening):
    during, sent = looking.sent_by_dragging(listening, 2)
    assert during == []
    assert sent == [listening.evaluate(NOW)]


def test_python_moves_the_view_and_a_closed_one_leaves_nothing(listening, explorer):
    explorer.round = 4
    listening.evaluate("view.model.set('round', 4)")
    assert listening.evaluate(TEXT) == explorer.readout
    before, after = looking.left_behind(listening)
    assert min(before) > 0
    assert after == [0, 0]


def test_page_asks_for_nothing(explorer, show):
    assert looking.outside(show(explorer)) == []


@pytest.mark.parametrize("width", [320, 480, 720, 1280])
def test_nothing_overflows_and_nothing_moves(explorer, show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(explorer)
    page.locator("[role=slider]").focus()
    before = looking.places(page)
    for key in ("Home", "ArrowRight", "PageUp", "End"):
        page.keyboard.press(key)
        taken, clipped = looking.width_and_clipped(page)
        assert taken <= width
        assert clipped == []
        assert page.evaluate(looking.PLACES) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(explorer, show, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(explorer)
    ratios = looking.contrasts(page)
    assert len(ratios) > 30
    assert min(ratios) >= 4.5


def test_names_are_text_as_given(events, show):
    X, y, _ = events
    model = GradientBoostingClassifier(n_estimators=3).fit(X, y)
    view = BoostingExplorer(model, X, y, names=NASTY[:2], features=(0, 1))
    view.feature_names = ["m_jj", NASTY[0], NASTY[2]]
    view.payload = view._make_payload()
    page = show(view)
    assert page.locator("img").count() == 0
    titles = page.locator(".hepml-frame").first.locator(".hepml-title")
    assert titles.first.text_content() == "\u2068m_jj\u2069"
    assert titles.locator("tspan").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_every_control_has_a_name_and_takes_the_focus(explorer, show):
    assert looking.unreachable(show(explorer)) == (0, 0)


def test_data_and_pictures_can_be_taken_away(explorer, show):
    page = show(explorer)
    page.get_by_role("button", name="data").click()
    expect(page.locator(".hepml-data tbody tr")).to_have_count(30)
    files = {name: looking.downloaded(page, name) for name in ("CSV", "SVG", "PNG")}
    for name, start in (STARTS | {"CSV": b"round,AUC training"}).items():
        assert files[name].startswith(start)
    assert b"data:image/png" in files["SVG"]
    rows = list(csv.reader(io.StringIO(files["CSV"].decode())))
    assert float(rows[3][1]) == explorer.steps.auc["train"][2, 0]
    assert float(rows[3][6]) == explorer.steps.loss["test"][2]
