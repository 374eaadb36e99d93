"""ParameterScan alive in JupyterLab and Voila: the digits of Python, and silence while sliding."""

import pytest

from tests.browser.test_overtraining_and_boosting import COUNT_SENT, read, settled, shown

pytestmark = pytest.mark.browser

LABEL = "Parameter scan"
MAKE = """
import numpy as np
from hepml_widgets import ParameterScan
rng = np.random.default_rng(1)
samples = {}
for mass in (500, 750, 1000, 1250, 1500):
    y = rng.integers(0, 2, 2000)
    x = rng.normal(mass / 600 * y)
    scores = {"parameterised": x + 0.2 * rng.normal(size=2000), "dedicated": x}
    samples[mass] = y, scores, rng.gamma(2, 0.5, 2000)
view = ParameterScan(samples, trained=(500, 750, 1250, 1500), dedicated="dedicated",
                     name="m_X", unit="GeV")
"""


def test_lab_shows_one_view_that_python_follows_without_talk(page, lab):
    lab.write("scan.ipynb", MAKE, "view")
    lab.open(page, "scan.ipynb")
    lab.run_all(page)
    view = shown(page, LABEL)
    assert page.locator(f'.hepml[aria-label="{LABEL}"]').locator("visible=true").count() == 1
    assert read(view).startswith("m_X 1000 GeV · not in training · ")
    assert settled(lab, page, read(view))
    for slider in ("m_X", "threshold"):
        for key in ("Home", "ArrowRight"):
            before = read(view)
            view.get_by_role("slider", name=slider).press(key)
            assert settled(lab, page, read(view))
            assert read(view) != before
    page.wait_for_timeout(1000)
    page.evaluate(COUNT_SENT)
    above = view.locator(".hepml-box").first
    above.scroll_into_view_if_needed()
    box = above.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.97 * box["width"], box["y"] + 60, steps=25)
    during = page.evaluate("sent")
    text = read(view)
    page.mouse.up()
    assert during == 0
    assert text.startswith("m_X 1500 GeV · in training · ")
    assert settled(lab, page, text)
    view.get_by_label("quantity", exact=True).select_option("Δ AUC")
    page.wait_for_timeout(500)
    assert lab.evaluate(page, "view.quantity") == "'Δ AUC'"


def test_voila_shows_it_alive(page, voila):
    voila.write("scan.ipynb", MAKE, "view")
    voila.open(page, "scan.ipynb")
    view = shown(page, LABEL)
    before = read(view)
    view.get_by_role("slider", name="m_X").press("End")
    assert read(view) != before
    assert read(view).startswith("m_X 1500 GeV · in training · ")
