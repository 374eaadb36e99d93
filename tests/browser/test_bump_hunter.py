"""BumpHunter alive in JupyterLab and Voila: the digits of Python, and silence while dragging."""

import pytest

from tests.browser.live import COUNT_SENT, alone, read, settled, shown

pytestmark = pytest.mark.browser

LABEL = "Bump hunter"
MAKE = """
import numpy as np
from hepml_widgets import BumpHunter
rng = np.random.default_rng(1)
mjj = np.concatenate([3000 + rng.exponential(400, 20000), rng.normal(3500, 80, 150)])
y = np.repeat([0, 1], [20000, 150])
score = rng.random(len(mjj)) + y
view = BumpHunter(mjj, score, signal_region=(3300, 3700), truth=y,
                  edges=np.arange(3000, 5001, 100), parameters=3)
"""


def test_lab_shows_one_view_that_python_follows_without_talk(page, lab):
    view = alone(page, lab, MAKE, LABEL)
    threshold = view.get_by_role("slider", name="threshold")
    threshold.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    page.evaluate(COUNT_SENT)
    loose = read(view)
    box = threshold.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 - 80, box["y"] + box["height"] / 2, steps=25)
    during = page.evaluate("sent")
    text = read(view)
    page.mouse.up()
    assert during == 0
    assert text != loose
    assert settled(lab, page, text)
    for name, key in (("threshold", "Home"), ("mass window", "ArrowRight"), ("threshold", "End")):
        before = read(view)
        view.get_by_role("slider", name=name).press(key)
        assert read(view) != before
        assert settled(lab, page, read(view))


def test_voila_shows_it_alive(page, voila):
    voila.write("bump.ipynb", MAKE, "view")
    voila.open(page, "bump.ipynb")
    view = shown(page, LABEL)
    before = read(view)
    view.get_by_role("slider", name="mass window").press("ArrowRight")
    assert read(view) != before
    view.get_by_role("button", name="wider", exact=True).click()
    view.get_by_role("button", name="truth", exact=True).click()
    view.get_by_text("true signal").first.wait_for(timeout=5000)
