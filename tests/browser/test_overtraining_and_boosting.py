"""OvertrainingView and BoostingExplorer alive in JupyterLab and Voila: the digits of Python."""

import pytest

from tests.browser.live import (
    COUNT_SENT,
    read,
    settled,
    shown,
)

pytestmark = pytest.mark.browser

MAKE = """
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from hepml_widgets import BoostingExplorer, OvertrainingView
rng = np.random.default_rng(1)
y = rng.integers(0, 2, 900)
X = rng.normal(size=(900, 2)) + y[:, None]
model = GradientBoostingClassifier(n_estimators=20).fit(X[:400], y[:400])
"""
VIEWS = {
    "Over-training view": """
train, test = (np.array(list(model.staged_decision_function(part)))[..., 0] for part in (
    X[:400], X[400:]))
view = OvertrainingView(y[:400], train, y[400:], test, permutations=49)
view
""",
    "Boosting explorer": """
view = BoostingExplorer(model, X[400:], y[400:], train=(X[:400], y[:400]),
                        log_ratio=lambda X: X.sum(axis=1) - 1)
view
""",
}


@pytest.mark.parametrize("label", VIEWS)
def test_lab_shows_one_view_that_python_follows(page, lab, label):
    name = f"{label.split()[0].lower()}.ipynb"
    lab.write(name, MAKE, VIEWS[label])
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
    lab.write("quiet.ipynb", MAKE, VIEWS["Boosting explorer"])
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


def test_voila_shows_both(page, voila):
    voila.write("both.ipynb", MAKE, *VIEWS.values())
    voila.open(page, "both.ipynb")
    for label in VIEWS:
        view = shown(page, label)
        before = read(view)
        view.get_by_role("slider").press("Home")
        assert read(view) != before
        assert read(view).startswith("round 1 · ")
