"""BumpHunter alive in JupyterLab: the digits of Python, and silence while dragging."""

import pytest

from tests.browser.live import COUNT_SENT, alone, read, settled
from tests.browser.made import BUMP

pytestmark = pytest.mark.browser

LABEL = "Bump hunter"


def test_lab_shows_one_view_that_python_follows_without_talk(page, lab):
    view = alone(page, lab, BUMP, LABEL)
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
