"""RocExplorer in a real browser: the digits of Python, every way of dragging, no kernel, no net."""

import math

import numpy as np
import pytest

from hepml import stats
from hepml_widgets import RocExplorer, _base
from hepml_widgets._roc_table import Options

pytestmark = pytest.mark.browser

TEXT = "document.querySelector('.hepml-readout').dataset.text"
VISIBLE = """[...document.querySelectorAll('.hepml-item')]
    .map(item => item.innerText.replace(/^(1\\/)?ε(s|b)/, '$1ε_$2').trim()).join(' · ')"""
NOW = "Number(document.querySelector('[role=slider]').getAttribute('aria-valuenow'))"
NASTY = [
    "<img src=x onerror=alert(1)>",
    "\u202e\u2067evil",
    "x" * 10_240,
    "</script>&amp;",
    "$\\a$",
]


def gaussian(rng, n=3000):
    y = rng.integers(0, 2, n)
    return y, 1 / (1 + np.exp(-rng.normal(2.0 * y - 1)))


CASES = {
    "weighted": lambda rng: (*gaussian(rng), rng.gamma(2, 0.5, 3000)),
    "signed": lambda rng: (*gaussian(rng), rng.choice([1.0, -0.7], 3000, p=[0.7, 0.3])),
    "saturated": lambda rng: (
        (y := rng.integers(0, 2, 3000)),
        (1 / (1 + np.exp(-30 * rng.normal(y - 0.5)))).astype(np.float32),
        None,
    ),
    "ties": lambda rng: (y := rng.integers(0, 2, 500), rng.integers(0, 4, 500) + y, None),
    "gaps": lambda _: ([1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.2], [0.5, 2.5, 1.5, 1e-4, 1e6]),
    "one": lambda _: ([1], [0.3], None),
    "background": lambda _: ([0, 0], [0.3, 0.4], None),
    "weightless": lambda _: ([1, 0, 0], [0.2, 0.4, 0.6], [0, 0, 0]),
}


@pytest.fixture(params=CASES)
def case(request, rng):
    return RocExplorer(*CASES[request.param](rng))


@pytest.fixture
def explorer(rng):
    y, score = gaussian(rng)
    scores = {"BDT": score, "margin": np.log(score / (1 - score)) + rng.normal(size=3000)}
    return RocExplorer(y, scores, rng.gamma(2, 0.5, 3000), train=(y, scores), sigma_b=0.05)


@pytest.fixture
def show(page, tmp_path, monkeypatch):
    """Write a view as a page and look at it; every request of the page is remembered."""
    monkeypatch.setattr(RocExplorer, "picture", lambda _: b"")  # drawn in test_roc_explorer.py
    page.requests = []
    page.on("request", lambda request: page.requests.append(request.url))

    def open_page(view):
        page.goto(view.to_html(tmp_path / "view.html").as_uri())
        page.wait_for_selector("[data-done] .hepml-readout")
        return page

    return open_page


@pytest.fixture
def functions(page):
    names = "decode, scan, readoutParts, joined, significance, significanceError, ams, amsError"
    script = f"{_base.source('roc_explorer')}\nwindow.hepml = {{ {names} }};"
    page.add_script_tag(type="module", content=script)
    page.wait_for_function("window.hepml")
    return page


def numbers(values):
    """JSON cannot say NaN: it travels as null."""
    return [math.nan if value is None else value for value in values]


def close(found, wanted):
    np.testing.assert_allclose(numbers(found), wanted, rtol=1e-9, atol=1e-300)


def test_formulas_agree_with_python(functions):
    sizes = [0.0, -3.0, 1e-9, 0.3, 1.0, 17.5, 1e4, 1e9]
    grid = [(s, b, f) for s in sizes for b in sizes for f in (0.0, 1e-3, 0.1, 3.0)]
    found = functions.evaluate(
        """grid => grid.map(([s, b, f]) => [
            hepml.significance(s, b, f * Math.abs(b)), hepml.ams(s, b, 10),
            hepml.significanceError(s, b, 0.3, 0.2, f), hepml.amsError(s, b, 0.3, 0.2, 10)])""",
        [list(row) for row in grid],
    )
    for (s, b, fraction), row in zip(grid, found, strict=True):
        scan = stats.significance_scan(one_row(s, b), sigma_b=fraction)
        wanted = [scan.significance, scan.ams, scan.significance_error, scan.ams_error]
        close(row, np.concatenate(wanted))


def one_row(s, b):
    columns = [np.array([value]) for value in (0.5, s, 0.3**2, b, 0.2**2)]
    return stats.CutTable(*columns, 1.0, 1.0, 1.0, 1.0, 1, 1)


SCANS = """([packed, sigma, bR]) => {
    const m = hepml.decode(packed);
    return ['Z', 'AMS', 'SIC'].map(merit => {
        const curve = hepml.scan(m, merit, {sigma, bR});
        const texts = [...m.threshold.keys()].map(i =>
            hepml.joined(hepml.readoutParts(m, i, merit, curve)));
        return [[...curve.values], [...curve.errors], curve.best, texts];
    });
}"""


def test_every_row_reads_as_in_python(case, functions):
    model, options = case.shown, Options(sigma_b=0.1, b_r=5.0)
    packed = _base._portable(model.packed())
    scans = functions.evaluate(SCANS, [packed, options.sigma_b, options.b_r])
    rows = range(len(model.cuts) - 1, -1, -1)
    for merit, (values, errors, best, texts) in zip(("Z", "AMS", "SIC"), scans, strict=True):
        scan = model.scan(merit, options)
        close(values, scan.values[::-1])
        close(errors, scan.errors[::-1])
        assert best == (-1 if scan.best is None else rows[scan.best])
        assert texts[::9] == [model.readout(row, merit, options) for row in rows[::9]]


def agrees(page, explorer):
    """Put Python's threshold where the page's is, and compare what both say."""
    explorer.threshold = page.evaluate(NOW)
    assert page.evaluate(TEXT) == explorer.readout
    return explorer.threshold


def test_page_opens_on_pythons_readout(case, show):
    page = show(case)
    assert page.evaluate(TEXT) == case.readout
    assert page.evaluate(VISIBLE) == case.readout
    assert agrees(page, case) == case.threshold


def frame_box(page, index=0):
    """Return left, top, width and height of a panel's axes on the screen."""
    box = page.locator(".hepml-box").nth(index).bounding_box()
    return box["x"], box["y"], box["width"], box["height"]


@pytest.mark.parametrize("panel", [0, 1, 2])
def test_mouse_drags_in_every_panel(explorer, show, panel):
    page = show(explorer)
    left, top, width, height = frame_box(page, panel)
    seen = set()
    page.mouse.move(left + 0.5 * width, top + 0.5 * height)
    page.mouse.down()
    for fraction in (0.2, 0.35, 0.5, 0.65, 0.8, 1.2, -0.2):
        page.mouse.move(left + fraction * width, top + 0.5 * height, steps=3)
        seen.add(agrees(page, explorer))
    page.mouse.up()
    page.mouse.move(left + 0.5 * width, top)
    assert agrees(page, explorer) in seen
    assert len(seen) == 7


def test_keys_walk_over_the_rows(explorer, show):
    page = show(explorer)
    page.locator("[role=slider]").focus()
    rows = explorer.shown.thresholds
    start = len(rows) - 1 - explorer.row
    tenth = math.floor(len(rows) / 10 + 0.5)
    wanted = [start + 1, start, start + 10, 0, 0, tenth, len(rows) - 1]
    keys = ["ArrowRight", "ArrowLeft", "Shift+ArrowUp", "Home", "ArrowDown", "PageUp", "End"]
    for key, row in zip(keys, wanted, strict=True):
        page.keyboard.press(key)
        assert agrees(page, explorer) == rows[min(row, len(rows) - 1)], key
        text = page.locator("[role=slider]").get_attribute("aria-valuetext")
        assert text == explorer.readout


def test_a_finger_drags(explorer, show):
    page = show(explorer)
    left, top, width, height = frame_box(page)
    session = page.context.new_cdp_session(page)

    def touch(kind, *fractions):
        points = [{"x": left + f * width, "y": top + height / 2} for f in fractions]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.4)
    first = agrees(page, explorer)
    for fraction in (0.5, 0.6, 0.7):
        touch("touchMove", fraction)
    page.wait_for_function(f"first => {NOW} > first + 0.25", arg=first)
    second = agrees(page, explorer)
    touch("touchEnd")
    assert second - first == pytest.approx(0.3, abs=0.05)


def test_controls_change_what_is_read(explorer, show):
    page = show(explorer)
    for merit in ("AMS", "SIC", "Z"):
        page.get_by_role("button", name=merit, exact=True).click()
        explorer.merit = merit
        agrees(page, explorer)
    page.get_by_label("relative background uncertainty").fill("30")
    explorer.sigma_b = 0.3
    agrees(page, explorer)
    page.get_by_role("combobox").select_option(index=1)
    explorer.model = "margin"
    assert page.evaluate(TEXT) == explorer.readout
    agrees(page, explorer)
    page.get_by_role("button", name="εb", exact=True).click()
    assert "background efficiency" in page.locator(".hepml-frame").nth(1).text_content()


LISTENING = """() => {
    const model = standIn(STATE);
    const heard = [];
    const saved = [];
    const {set, on, off} = model;
    model.on = (...all) => { heard.push(all); on(...all); };
    model.off = (name, react) => {
        heard.splice(heard.findIndex(([n, r]) => n === name && r === react), 1);
        off(name, react); };
    model.save_changes = () => saved.push(model.get('threshold'));
    const el = document.body.appendChild(document.createElement('div'));
    const cleanup = render({model, el});
    window.view = {model, heard, saved, cleanup, el};
}"""


@pytest.fixture
def listening(explorer, page):
    """Show a live view whose model notes what it is asked to send."""
    state = _base._inline_json(explorer.state())
    style = f"<style>{_base.stylesheet('roc_explorer')}</style>"
    page.set_content(style)
    script = f"{_base.source('roc_explorer')}\nconst STATE = {state};\n({LISTENING})();"
    page.add_script_tag(type="module", content=script)
    page.wait_for_selector("[role=slider]")
    return page


def test_nothing_is_sent_while_dragging(listening, explorer):
    left, top, width, height = frame_box(listening)
    listening.mouse.move(left + 0.2 * width, top + height / 2)
    listening.mouse.down()
    listening.mouse.move(left + 0.8 * width, top + height / 2, steps=50)
    assert listening.evaluate("view.saved") == []
    listening.mouse.up()
    sent = listening.evaluate("view.saved")
    assert sent == [listening.evaluate(NOW)]
    explorer.set_state({"threshold": sent[0]})
    assert listening.evaluate(TEXT) == explorer.readout


def test_keys_are_sent_once_they_rest(listening):
    listening.locator("[role=slider]").focus()
    for _ in range(5):
        listening.keyboard.press("ArrowLeft")
    assert listening.evaluate("view.saved") == []
    listening.wait_for_function("view.saved.length > 0")
    assert listening.evaluate("view.saved") == [listening.evaluate(NOW)]


def test_python_moves_the_view(listening, explorer):
    explorer.threshold = 0.25
    listening.evaluate("value => view.model.set('threshold', value)", explorer.threshold)
    assert listening.evaluate(TEXT) == explorer.readout


def test_a_closed_view_leaves_nothing_behind(listening):
    assert listening.evaluate("view.heard.length") > 0
    listening.evaluate("view.cleanup()")
    assert listening.evaluate("[view.heard.length, view.el.childElementCount]") == [0, 0]


def test_page_asks_for_nothing(explorer, show):
    page = show(explorer)
    page.wait_for_load_state("networkidle")
    outside = [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))]
    assert outside == []


CONTRAST = """selector => {
    const channels = color => color.match(/[\\d.]+/g).slice(0, 3).map(Number).map(c =>
        c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const shares = [0.2126, 0.7152, 0.0722];
    const light = color => channels(color).reduce((sum, c, i) => sum + c * shares[i], 0);
    const ground = light(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll(selector)].map(node => {
        const style = getComputedStyle(node);
        const ink = light(node instanceof SVGElement ? style.fill : style.color);
        return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(explorer, show, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(explorer)
    assert page.locator(".hepml").get_attribute("data-theme") == scheme
    ratios = page.evaluate(
        CONTRAST, "svg text, .hepml-readout b, .hepml-quiet, .hepml-actions button"
    )
    assert len(ratios) > 40
    assert min(ratios) >= 4.5


def test_theme_follows_the_host_at_once(explorer, show):
    page = show(explorer)
    for theme in ("dark", "light"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        page.wait_for_selector(f".hepml[data-theme={theme}]")
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_selector(".hepml[data-theme=dark]")


@pytest.mark.parametrize("width", [320, 480, 720, 1000])
def test_nothing_overflows_and_the_readout_stays(explorer, show, page, width):
    page.set_viewport_size({"width": width, "height": 500})
    show(explorer)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(".hepml-readout").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 500
    clipped = """[...document.querySelectorAll('svg.hepml-frame')].flatMap(svg => {
        const {left, right, top, bottom} = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(text => {
            const box = text.getBoundingClientRect();
            return box.left < left - 1 || box.right > right + 1
                || box.top < top - 2 || box.bottom > bottom + 2;
        }).map(text => text.textContent); })"""
    assert page.evaluate(clipped) == []


def test_layout_does_not_move_while_dragging(explorer, show, page):
    show(explorer)
    left, top, width, height = frame_box(page)
    shape = "[...document.querySelectorAll('.hepml-item')].map(i => i.getBoundingClientRect().left)"
    before = page.evaluate(shape)
    page.mouse.move(left + 0.3 * width, top + height / 2)
    page.mouse.down()
    for fraction in (0.1, 0.5, 0.9):
        page.mouse.move(left + fraction * width, top + height / 2)
        assert page.evaluate(shape) == before
    page.mouse.up()


def test_names_are_text(rng, show):
    y, score = gaussian(rng, 400)
    explorer = RocExplorer(y, dict.fromkeys(NASTY, score), names=(NASTY[0], NASTY[2]))
    page = show(explorer)
    assert page.locator("img").count() == 0
    options = page.locator("option")
    assert options.evaluate_all("nodes => nodes.map(node => node.title)") == NASTY
    assert max(map(len, options.all_text_contents())) <= 30
    for index in range(len(NASTY)):
        page.get_by_role("combobox").select_option(index=index)
        explorer.model = NASTY[index]
        assert page.evaluate(TEXT) == explorer.readout
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_every_control_has_a_name_and_takes_the_focus(explorer, show):
    page = show(explorer)
    nameless = """[...document.querySelectorAll('button, input, select, [role=slider]')]
        .filter(node => !(node.getAttribute('aria-label') || node.textContent.trim()))"""
    assert page.evaluate(f"{nameless}.length") == 0
    count = page.locator("button:enabled, input:enabled, select, [role=slider]").count()
    focused = set()
    for _ in range(count):
        page.keyboard.press("Tab")
        focused.add(
            page.evaluate("""[...document.querySelectorAll('*')]
            .indexOf(document.activeElement)""")
        )
    assert len(focused) == count


def test_data_and_pictures_can_be_taken_away(explorer, show, tmp_path):
    page = show(explorer)
    page.get_by_role("button", name="data").click()
    cells = page.locator(".hepml-data tbody tr")
    assert cells.count() == len(explorer.shown.cuts)
    for name, start in (("CSV", b"model,threshold"), ("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        file = tmp_path / name
        download.value.save_as(file)
        assert file.read_bytes().startswith(start)
    first = (tmp_path / "CSV").read_text().splitlines()[1].split(",")
    assert first[:2] == ["BDT", repr(float(explorer.shown.thresholds[0]))]


def test_values_are_announced_when_they_rest(explorer, show):
    page = show(explorer)
    page.locator("[role=slider]").focus()
    page.keyboard.press("Home")
    explorer.threshold = page.evaluate(NOW)
    page.wait_for_function(
        "text => document.querySelector('[aria-live]').textContent === text", arg=explorer.readout
    )
