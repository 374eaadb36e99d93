"""All that a mouse does can be done with keys, and is seen, on all nine: one walk through each."""

import numpy as np
import pytest

from tests.support.all_views import VIEWS
from tests.widgets.focus import FOCUS, PREPARE

pytestmark = pytest.mark.browser

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
    """Press Tab from the top of the page to what is beyond; what had the focus, in that order."""
    page.evaluate("document.body.append(document.createElement('button'))")
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
