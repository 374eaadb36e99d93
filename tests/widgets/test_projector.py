"""With ``?projector`` in a page's address, all nine views fill the screen, for the last row."""

import numpy as np
import pytest

from tests.support.all_views import VIEWS

pytestmark = pytest.mark.browser
SCREENS = {"full": (1920, 1080), "old": (1024, 768)}
TALL = {"ImageBrowser", "ShapeCompare", "ParameterScan", "AnomalyMonitor"}  # they are scrolled
SMALLEST = {"full": 19, "old": 11}  # px of a line of text: a fiftieth of the screen, a seventieth

LOOK = """() => {
  const view = document.querySelector('.hepml');
  const texts = [...view.querySelectorAll('text, b, button, option, label')]
    .filter((one) => one.textContent.trim() && one.getClientRects().length);
  const heights = texts.filter((one) => one.tagName !== 'OPTION').map((one) => {
    const zoom = one.currentCSSZoom ?? 1;
    return parseFloat(getComputedStyle(one).fontSize) * zoom;
  });
  const {left, right, top, bottom} = view.getBoundingClientRect();
  return {heights, left, right, height: bottom - top,
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth};
}"""


def opened(page, view, path, size, query):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.goto(view.to_html(path / "view.html").as_uri() + query)
    page.wait_for_selector("[data-done] :is(.hepml-readout b, .hepml-train-readout)")
    page.wait_for_timeout(700)
    return page.evaluate(LOOK)


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("screen", SCREENS)
def test_a_view_fills_the_screen_and_is_read_from_the_last_row(page, tmp_path, name, screen):
    width, height = SCREENS[screen]
    view = VIEWS[name](np.random.default_rng(1))
    found = opened(page, view, tmp_path, (width, height), "?projector")
    assert found["left"] >= 0
    assert found["right"] <= width
    assert found["wide"] <= 0
    assert found["height"] <= height or screen == "old" or name in TALL
    fills = (found["right"] - found["left"]) / width, found["height"] / height
    assert max(fills) >= 0.9
    assert min(found["heights"]) >= SMALLEST[screen]


def test_without_it_a_view_is_as_it_was(page, tmp_path):
    found = opened(page, VIEWS["RocExplorer"](np.random.default_rng(1)), tmp_path, (1920, 1080), "")
    assert min(found["heights"]) < 14
