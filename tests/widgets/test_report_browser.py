"""The report in a real browser, opened from disk without a network: alive, readable, harmless."""

import itertools
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from hepml_widgets import report
from tests.widgets import looking
from tests.widgets.reading import section, tables, text_of
from tests.widgets.toy_report import NASTY, crooked, events, model_of

pytestmark = pytest.mark.browser

CONTRAST = looking.CONTRAST.replace(
    "const ground = light(getComputedStyle(document.body).backgroundColor);",
    """const mixed = node => { let color = [255, 255, 255, 1], stack = [];
        for (let at = node; at; at = at.parentElement) stack.unshift(at);
        for (const at of stack) {
            const text = getComputedStyle(at).backgroundColor;
            let [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
            if (text.startsWith('color(')) [r, g, b] = [r, g, b].map(c => 255 * c);
            color = [r, g, b].map((c, i) => a * c + (1 - a) * color[i]); }
        return `rgb(${color.slice(0, 3)})`; };""",
).replace(
    "const style = getComputedStyle(node);",
    """const style = getComputedStyle(node);
        const ground = light(mixed(node));""",
)
TEXTS = (
    "body > :not(script) "
    ":is(p, h1, h2, h3, li, a, th, td, caption, summary, figcaption, svg text, .k)"
)
WIDE = """[...document.querySelectorAll('main *')].filter(node => {
    const {right, width} = node.getBoundingClientRect();
    return width && right > innerWidth + 1 && !node.closest('.wide, .hepml, svg');
}).map(node => node.outerHTML.slice(0, 80))"""
CLIPPED = """[...document.querySelectorAll('figure svg')].flatMap(svg => {
    const {left, right, top, bottom} = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {
        const box = text.getBoundingClientRect();
        return box.left < left - 2 || box.right > right + 2 || box.top < top - 2 ||
            box.bottom > bottom + 2;
    }).map(text => text.textContent); })"""


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(3)
    y, X, weights, _ = events(rng, 4000, 5)
    columns = {f"variable_{i}": x for i, x in enumerate(X.T)} | {"jets": rng.integers(0, 5, 4000)}
    sharp = 1 / (1 + np.exp(-25 * X[:, 0]))
    models = {"BDT": lambda table: model_of(table[:, :2]), "sharp": sharp}
    return report(y, models, columns, weights, train=rng.random(4000) < 0.4, sigma_b=0.1)


@pytest.fixture(scope="module")
def crooked_one():
    rng = np.random.default_rng(3)
    y, scores, columns = crooked(rng)
    return report(y, scores, columns, names=("a signal of some mass", "all background"))


@pytest.fixture
def opened(made, page, tmp_path):
    """Open the page from disk, without a network, and note whatever it asks for or complains of."""

    def open_page(found=made, **options):
        page.requests, page.complaints = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("dialog", lambda dialog: (page.complaints.append(dialog.message), dialog.dismiss()))
        page.context.set_offline(True)
        page.emulate_media(**options)
        page.goto(found.to_html(tmp_path / "report.html").as_uri())
        page.wait_for_selector(".live .hepml-readout b")
        return page

    return open_page


def test_it_asks_for_nothing_and_complains_of_nothing(opened):
    page = opened()
    assert looking.outside(page) == []
    assert page.complaints == []


def test_the_roc_curve_is_alive(opened, made):
    page = opened()
    explorer = made.explorer
    assert page.evaluate(looking.TEXT) == explorer.readout
    page.locator("[role=slider]").first.focus()
    page.keyboard.press("Shift+ArrowLeft")
    explorer.threshold = page.evaluate(looking.NOW)
    assert page.evaluate(looking.TEXT) == explorer.readout
    for _ in looking.dragged(page, 1, (0.3,)):
        explorer.threshold = page.evaluate(looking.NOW)
        assert page.evaluate(looking.TEXT) == explorer.readout


def test_its_data_and_picture_can_be_taken_away(opened):
    page = opened()
    files = {name: looking.downloaded(page, name) for name in ("CSV", "SVG", "PNG")}
    for name, start in (looking.STARTS | {"CSV": b"model,threshold"}).items():
        assert files[name].startswith(start)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(opened, page, scheme):
    opened(color_scheme=scheme)
    ratios = page.evaluate(CONTRAST, TEXTS)
    assert len(ratios) > 1000
    assert min(ratios) >= 4.5
    assert page.locator(".live .hepml").get_attribute("data-theme") == scheme


@pytest.mark.parametrize("width", [320, 480, 1280, 1920])
def test_nothing_overflows(opened, page, width):
    page.set_viewport_size({"width": width, "height": 800})
    opened()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(WIDE) == []
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(looking.OVERLAPS, "figure svg") == []
    assert page.evaluate(looking.BROKEN, "body") == []


@pytest.mark.parametrize("width", [480, 1280])
def test_labels_of_crooked_numbers_stand_apart(opened, crooked_one, page, width):
    page.set_viewport_size({"width": width, "height": 800})
    opened(crooked_one)
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(looking.OVERLAPS, "figure svg, svg.hepml-frame") == []
    assert page.evaluate(looking.BROKEN, "body") == []


@pytest.mark.parametrize("width", [320, 480])
def test_marks_of_a_key_stay_with_their_words(opened, page, width):
    """A mark stands at the start of the first line of its words, whatever their length."""
    page.set_viewport_size({"width": width, "height": 800})
    opened()
    keys = page.evaluate("""[...document.querySelectorAll('.k')].map(key => {
        const range = document.createRange();
        range.selectNodeContents(key);
        const mark = getComputedStyle(key, '::before');
        const [box, words] = [key.getBoundingClientRect(), range.getClientRects()[0]];
        const top = box.top + parseFloat(mark.top);
        const end = box.left + parseFloat(mark.left) + parseFloat(mark.width);
        return [mark.position, top > words.top && top < words.bottom, end <= words.left]; })""")
    assert len(keys) >= 6
    assert {tuple(key) for key in keys} == {("absolute", True, True)}


def test_letters_are_large_enough_on_a_phone(opened, page):
    page.set_viewport_size({"width": 480, "height": 800})
    opened()
    sizes = page.evaluate("""[...document.querySelectorAll('figure svg')].flatMap(svg =>
        [...svg.querySelectorAll('text')].map(text => parseFloat(getComputedStyle(text).fontSize)
            * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width))""")
    assert min(sizes) >= 11


def test_contents_lead_to_every_section(opened, page):
    opened()
    for link in page.locator("nav a").all():
        target = link.get_attribute("href")
        link.click()
        page.wait_for_function("target => location.hash === target", arg=target)
        box = page.locator(target).bounding_box()
        assert box["y"] < 900
        assert box["y"] + box["height"] > 0


def test_it_can_be_walked_by_keyboard_and_read_aloud(opened, page):
    opened()
    assert page.evaluate("document.documentElement.lang") == "en"
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3')].map(node => Number(node.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    nameless = page.evaluate("""[...document.querySelectorAll('figure svg, .wide')].filter(node =>
        !node.getAttribute('aria-label')).length""")
    assert nameless == 0
    assert page.evaluate("document.querySelectorAll('table:not(:has(caption))').length") == 0
    assert (
        page.evaluate("document.querySelectorAll('main th:not([scope]):not(.hepml th)').length")
        == 0
    )
    unreachable = page.evaluate("""[...document.querySelectorAll('.wide')].filter(node =>
        node.scrollWidth > node.clientWidth && node.tabIndex < 0).length""")
    assert unreachable == 0


def test_without_scripts_a_picture_stands_in(made, browser, tmp_path):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(made.to_html(tmp_path / "report.html").as_uri())
    picture = page.locator(".live img")
    assert picture.is_visible()
    assert picture.bounding_box()["width"] > 600
    assert picture.get_attribute("alt").startswith("Score histograms, ROC curve and Z against")
    for name in tables(section(made.html, "roc")):
        assert page.get_by_role("table", name=name).is_visible()
    context.close()


def test_on_paper_there_is_neither_navigation_nor_dark(opened, page):
    opened(media="print", color_scheme="dark")
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator(".live .hepml-actions")).to_be_hidden()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    ink = page.evaluate("getComputedStyle(document.querySelector('.live .hepml')).color")
    assert ink == "rgb(27, 27, 27)"
    assert page.locator("#significance svg").first.is_visible()


def test_what_the_browser_shows_is_what_was_written(opened, made, page):
    opened()
    rows = page.locator("#summary table").first.locator("tbody tr").all_inner_texts()
    wanted = tables(section(made.html, "summary"))["In short"]
    assert [text_of(row.replace("\t", " ")) for row in rows] == [" ".join(row) for row in wanted]


def test_names_are_text(opened, page):
    rng = np.random.default_rng(0)
    y, _, _, score = events(rng, 600)
    columns = {name: rng.normal(size=600) for name in NASTY}
    scores = {name: np.clip(score + 0.01 * i, 0, 1) for i, name in enumerate(NASTY[:4])}
    found = report(y, scores, columns, names=(NASTY[0], NASTY[3]), title=NASTY[3], notes=NASTY)
    opened(found)
    assert page.locator("main img, script + script, [onerror], [onload]").count() == 0
    assert page.locator("h1").inner_text().strip("\u2068\u2069") == NASTY[3]
    assert page.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    shown = page.locator("#inputs figcaption").all_inner_texts()
    assert re.search("^.?<img src=x onerror=alert", shown[0])
