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

from hepml_widgets import BoostingExplorer, _base
from hepml_widgets._boosting_table import log_odds_map

pytestmark = pytest.mark.browser
TEXT = "document.querySelector('.hepml-readout').dataset.text"
NOW = "Number(document.querySelector('[role=slider]').getAttribute('aria-valuenow'))"
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


@pytest.fixture
def show(page, tmp_path, monkeypatch):
    """Write a view as a page and look at it; every request of the page is remembered."""
    monkeypatch.setattr(BoostingExplorer, "picture", lambda _: b"")  # drawn in the other tests
    page.requests = []
    page.on("request", lambda request: page.requests.append(request.url))

    def open_page(view):
        page.goto(view.to_html(tmp_path / "view.html").as_uri())
        page.wait_for_selector("[data-done] .hepml-readout b")
        return page

    return open_page


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


def test_every_map_and_readout_is_pythons(case, page):
    names = "centresOf, decodeTrees, rectangles, decodeSteps, oddsAfter, readoutParts, joined"
    script = f"{_base.source('boosting_explorer')}\nwindow.hepml = {{ {names}, floats }};"
    page.add_script_tag(type="module", content=script)
    page.wait_for_function("window.hepml")
    found = page.evaluate(MAPS, _base._portable(case.table))
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
    box = page.locator(".hepml-box").nth(2).bounding_box()
    drawn = """['.hepml-boost-map', '.hepml-boost-model', '.hepml-boost-edges'].map(name => {
        const node = document.querySelector(name);
        return node.getAttribute('href') ?? node.getAttribute('d'); }).join()"""
    seen = set()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 90)
    page.mouse.down()
    for fraction in (0.1, 0.4, 0.7, 1.2, -0.2):
        page.mouse.move(box["x"] + fraction * box["width"], box["y"] + 90, steps=3)
        seen.add((agrees(page, explorer), page.evaluate(drawn)))
    page.mouse.up()
    assert len({picture for _, picture in seen}) == len(seen) == 5


COLOURS = """async () => {
    const image = new Image();
    image.src = document.querySelector('.hepml-boost-map').getAttribute('href');
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


LISTENING = """() => {
    const model = standIn(STATE);
    window.heard = [];
    const {on, off} = model;
    model.on = (...all) => { heard.push(all); on(...all); };
    model.off = (name, react) => {
        heard.splice(heard.findIndex(([n, r]) => n === name && r === react), 1);
        off(name, react); };
    window.saved = [];
    model.save_changes = () => saved.push(model.get('round'));
    const el = document.body.appendChild(document.createElement('div'));
    window.view = {model, el, cleanup: render({model, el})};
}"""


@pytest.fixture
def listening(explorer, page):
    """Show a live view whose model notes what it is asked to send."""
    state = _base._inline_json(explorer.state())
    page.set_content(f"<style>{_base.stylesheet('boosting_explorer')}</style>")
    script = f"{_base.source('boosting_explorer')}\nconst STATE = {state};\n({LISTENING})();"
    page.add_script_tag(type="module", content=script)
    page.wait_for_selector("[role=slider]")
    return page


def test_nothing_is_sent_while_dragging(listening):
    box = listening.locator(".hepml-box").nth(2).bounding_box()
    listening.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 90)
    listening.mouse.down()
    listening.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 90, steps=20)
    assert listening.evaluate("saved") == []
    listening.mouse.up()
    assert listening.evaluate("saved") == [listening.evaluate(NOW)]


def test_python_moves_the_view_and_a_closed_one_leaves_nothing(listening, explorer):
    explorer.round = 4
    listening.evaluate("view.model.set('round', 4)")
    assert listening.evaluate(TEXT) == explorer.readout
    listening.evaluate("view.cleanup()")
    assert listening.evaluate("[heard.length, view.el.childElementCount]") == [0, 0]


def test_page_asks_for_nothing(explorer, show):
    page = show(explorer)
    page.wait_for_load_state("networkidle")
    assert [u for u in page.requests if not u.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.parametrize("width", [320, 480, 720, 1280])
def test_nothing_overflows_and_nothing_moves(explorer, show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(explorer)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    clipped = """[...document.querySelectorAll('svg.hepml-frame')].flatMap(svg => {
        const {left, right, top, bottom} = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(text => {
            const box = text.getBoundingClientRect();
            return box.left < left - 1 || box.right > right + 1
                || box.top < top - 2 || box.bottom > bottom + 2;
        }).map(text => text.textContent); })"""
    places = """[...document.querySelectorAll('.hepml-item, svg.hepml-frame')]
        .map(node => node.getBoundingClientRect())
        .map(({left, top}) => [left, top].map(Math.round))"""
    page.locator("[role=slider]").focus()
    before = page.evaluate(places)
    for key in ("Home", "ArrowRight", "PageUp", "End"):
        page.keyboard.press(key)
        assert page.evaluate(clipped) == []
        assert page.evaluate(places) == before


CONTRAST = """() => {
    const channels = color => color.match(/[\\d.]+/g).slice(0, 3).map(Number).map(c =>
        c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const shares = [0.2126, 0.7152, 0.0722];
    const light = color => channels(color).reduce((sum, c, i) => sum + c * shares[i], 0);
    const ground = light(getComputedStyle(document.body).backgroundColor);
    const texts = '.hepml p, .hepml-quiet, .hepml-actions button';
    return [...document.querySelectorAll(`svg text, ${texts}`)].map(node => {
        const style = getComputedStyle(node);
        const ink = light(node instanceof SVGElement ? style.fill : style.color);
        return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(explorer, show, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(explorer)
    ratios = page.evaluate(CONTRAST)
    assert len(ratios) > 30
    assert min(ratios) >= 4.5


def test_names_are_text_as_given(events, show):
    X, y, _ = events
    model = GradientBoostingClassifier(n_estimators=3).fit(X, y)
    view = BoostingExplorer(model, X, y, names=NASTY[:2], features=(0, 1))
    view.feature_names = ["m_jj", NASTY[0], NASTY[2]]
    view.table = view._make_table()
    page = show(view)
    assert page.locator("img").count() == 0
    titles = page.locator(".hepml-frame").first.locator(".hepml-title")
    assert titles.first.text_content() == "\u2068m_jj\u2069"
    assert titles.locator("tspan").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_every_control_has_a_name_and_takes_the_focus(explorer, show):
    page = show(explorer)
    nameless = """[...document.querySelectorAll('button, select, [role=slider]')]
        .filter(node => !(node.getAttribute('aria-label') || node.textContent.trim()))"""
    assert page.evaluate(f"{nameless}.length") == 0
    count = page.locator("button:enabled, [role=slider]").count()
    focused = set()
    for _ in range(count):
        page.keyboard.press("Tab")
        focused.add(page.evaluate("[...document.all].indexOf(document.activeElement)"))
    assert len(focused) == count


def test_data_and_pictures_can_be_taken_away(explorer, show):
    page = show(explorer)
    page.get_by_role("button", name="data").click()
    expect(page.locator(".hepml-data tbody tr")).to_have_count(30)
    for name, start in (("CSV", b"round,AUC training"), ("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        content = download.value.path().read_bytes()
        assert content.startswith(start)
        if name == "CSV":
            rows = list(csv.reader(io.StringIO(content.decode())))
        if name == "SVG":
            assert b"data:image/png" in content
    assert float(rows[3][1]) == explorer.steps.auc["train"][2, 0]
    assert float(rows[3][6]) == explorer.steps.loss["test"][2]
