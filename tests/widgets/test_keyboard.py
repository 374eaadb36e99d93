"""All that a mouse does can be done with keys, and is seen, on all nine: one walk through each."""

import numpy as np
import pytest

from tests.widgets.all_views import VIEWS

pytestmark = pytest.mark.browser

PREPARE = """() => {
    window.hear = [];
    window.colorOf = text => {
        const context = document.createElement('canvas').getContext('2d');
        context.fillStyle = text; context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data]; };
    window.light = text => {
        const shares = [0.2126, 0.7152, 0.0722];
        return colorOf(text).slice(0, 3).map(c => c / 255 <= 0.03928
            ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, i) => sum + c * shares[i], 0); };
    window.ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05)
        / (Math.min(light(a), light(b)) + 0.05);
    window.ground = getComputedStyle(document.body).backgroundColor;
    window.look = node => [node, ...node.querySelectorAll('*')].map(one => {
        const {outlineStyle, outlineColor, outlineWidth, boxShadow, stroke, strokeWidth, fill} =
            getComputedStyle(one);
        return {outline: outlineStyle === 'none' ? '' : `${outlineWidth} ${outlineColor}`,
            boxShadow, stroke, strokeWidth, fill, color: outlineColor}; });
    window.controls = [...document.querySelectorAll('.hepml :is(button, input, select, summary,'
        + ' [tabindex="0"])')].filter(node => !node.disabled && node.checkVisibility());
    window.idle = controls.map(look); }"""
FOCUS = """() => {
    const node = document.activeElement;
    const at = controls.indexOf(node);
    if (at < 0) return {at, tag: node.tagName};
    const [was, now] = [idle[at], look(node)];
    const changed = now.findIndex((one, i) => JSON.stringify(one) !== JSON.stringify(was[i]));
    const one = now[changed] ?? {};
    const inks = [one.outline && one.color, one.stroke, one.fill,
        one.boxShadow !== 'none' && one.boxShadow?.match(/^(rgba?|color|oklch)\\([^)]*\\)/)?.[0]];
    const {left, top} = node.getBoundingClientRect();
    return {at, tag: node.tagName, role: node.getAttribute('role'), seen: changed >= 0, left, top,
        contrast: Math.max(0, ...inks.filter(ink => ink && ink !== 'none')
            .map(ink => ratio(ink, ground))),
        name: node.getAttribute('aria-label') ?? node.textContent}; }"""
# Row and column of the panel that a control belongs to, or its own.
CELLS = """() => controls.map(node => {
    const frames = at => at.matches('svg.hepml-frame') ? 1
        : at.querySelectorAll('svg.hepml-frame').length;
    let at = node;
    while (!at.matches('.hepml') && frames(at) === 0) at = at.parentElement;
    while (!at.matches('.hepml') && frames(at.parentElement) === 1) at = at.parentElement;
    const {left, top} = (frames(at) === 1 ? at : node).getBoundingClientRect();
    return [Math.round((top + scrollY) / 16), left]; })"""
VALUE = """node => [node.getAttribute('aria-valuenow') ?? node.value,
    node.getAttribute('aria-valuetext') ?? node.value]"""
ENDS = """node => ['min', 'max'].map(end =>
    Number(node.getAttribute(`aria-value${end}`) ?? node[end]))"""


def opened(show, name):
    page = show(VIEWS[name](np.random.default_rng(1)))
    page.evaluate(PREPARE)
    return page


def walked(page):
    """Press Tab from the top of the page to its end; what had the focus, in that order."""
    count = page.evaluate("controls.length")
    found = []
    for _ in range(count + 2):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus["at"] < 0 and found:
            break
        found.append(focus)
    return count, found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_tab_reaches_every_control_in_order_and_is_seen(show, page, name, scheme):
    page.emulate_media(color_scheme=scheme)
    count, found = walked(opened(show, name))
    assert [focus["at"] for focus in found] == list(range(count))  # all, in order, and out again
    unseen = [focus for focus in found if not focus["seen"] or focus["contrast"] < 3]
    assert unseen == []


@pytest.mark.parametrize("width", [480, 1280])
@pytest.mark.parametrize("name", VIEWS)
def test_order_is_that_of_reading(show, page, name, width):
    page.set_viewport_size({"width": width, "height": 2000})  # so that no line sticks to the window
    places = opened(show, name).evaluate(CELLS)
    assert places == sorted(places)


@pytest.mark.parametrize("name", VIEWS)
def test_sliders_answer_all_keys_and_say_where_they_are(show, name):
    page = opened(show, name)
    sliders = page.locator(".hepml :is([role=slider], input[type=range])")
    assert sliders.count() > 0
    for slider in sliders.all():
        if slider.get_attribute("aria-label") == "pixel":  # it walks in two directions
            continue
        low, high = slider.evaluate(ENDS)
        slider.focus()
        for key, wanted in (("End", high), ("Home", low)):
            page.keyboard.press(key)
            assert float(slider.evaluate(VALUE)[0]) == wanted
        moved = [slider.evaluate(VALUE)]
        for key in ("ArrowRight", "PageUp", "ArrowUp", "ArrowDown", "PageDown", "ArrowLeft"):
            page.keyboard.press(key)
            moved.append(slider.evaluate(VALUE))
        values = [float(value) for value, _ in moved]
        assert values[:4] == sorted(values[:4])
        assert values[1] > values[0]
        assert values[4:] == sorted(values[4:], reverse=True)
        assert all(text.strip() for _, text in moved)
        assert slider.evaluate("node => node === document.activeElement")


@pytest.mark.parametrize("key", ["Enter", "Space"])
@pytest.mark.parametrize("name", VIEWS)
def test_buttons_and_the_table_answer_keys(show, name, key):
    page = opened(show, name)
    data = page.get_by_role("button", name="data", exact=True)
    data.focus()
    page.keyboard.press(key)
    assert data.get_attribute("aria-expanded") == "true"
    table = page.locator(".hepml-data")
    assert table.is_visible()
    assert table.locator("caption").text_content().strip()
    assert table.locator("th[scope=col]").count() > 1
    for _ in range(4):  # past CSV, SVG and PNG
        page.keyboard.press("Tab")
    assert table.evaluate("node => node === document.activeElement")
    if table.evaluate("node => node.scrollHeight > node.clientHeight"):
        page.keyboard.press("End")
        page.wait_for_function("document.querySelector('.hepml-data').scrollTop > 0")
    with page.expect_download():
        page.get_by_role("button", name="CSV", exact=True).press(key)
    data.press(key)
    assert not table.is_visible()
    choice = page.query_selector(".hepml-choice button[aria-pressed=false]:enabled")
    if choice:
        choice.focus()
        page.keyboard.press(key)
        assert choice.get_attribute("aria-pressed") == "true"
        assert choice.evaluate("node => node === document.activeElement")


@pytest.mark.parametrize("name", VIEWS)
def test_what_keys_change_is_announced_once_they_rest(show, name):
    page = opened(show, name)
    region = page.locator(".hepml [aria-live=polite]").first
    slider = page.locator(".hepml :is([role=slider], input[type=range])").first
    before = region.text_content()
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    page.wait_for_function(
        "before => document.querySelector('.hepml [aria-live=polite]').textContent !== before",
        arg=before,
    )
    assert region.text_content().strip()


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_moves_by_itself_for_who_asks_for_calm(show, page, name):
    page.emulate_media(reduced_motion="reduce")
    opened(show, name)
    moving = page.evaluate("""[...document.querySelectorAll('.hepml, .hepml *')].filter(node => {
        const {transitionDuration, animationName} = getComputedStyle(node);
        return parseFloat(transitionDuration) > 0.01 || animationName !== 'none'; }).length""")
    assert moving == 0
    assert page.evaluate("document.getAnimations().length") == 0
