"""OvertrainingView and BoostingExplorer alive in JupyterLab: the digits of Python."""

import pytest

from tests.browser.live import (
    COUNT_SENT,
    read,
    settled,
    shown,
)
from tests.browser.made import STAGES, TREES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("label", STAGES)
def test_lab_shows_one_view_that_python_follows(page, lab, label):
    name = f"{label.split()[0].lower()}.ipynb"
    lab.write(name, TREES, STAGES[label])
    lab.open(page, name)
    lab.run_all(page)
    view = shown(page, label)
    assert page.locator(f'.hepml[aria-label="{label}"]').locator("visible=true").count() == 1
    assert settled(lab, page, read(view))
    for key in ("Home", "ArrowRight", "PageDown", "End", "ArrowLeft"):
        before = read(view)
        view.get_by_role("slider").press(key)
        assert settled(lab, page, read(view))
        assert read(view) != before


def test_dragging_is_not_a_talk_with_the_kernel(page, lab):
    lab.write("quiet.ipynb", TREES, STAGES["Boosting explorer"])
    lab.open(page, "quiet.ipynb")
    lab.run_all(page)
    view = shown(page, "Boosting explorer")
    page.wait_for_timeout(1000)
    page.evaluate(COUNT_SENT)
    box = view.locator(".hepml-box").nth(2).bounding_box()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 90, steps=25)
    during = page.evaluate("sent")
    text = read(view)
    page.mouse.up()
    assert during == 0
    assert settled(lab, page, text)
