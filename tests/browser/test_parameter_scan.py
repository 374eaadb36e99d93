"""ParameterScan alive in JupyterLab and Voila: the digits of Python, and silence while sliding."""

from itertools import product

import pytest

from tests.browser.live import (
    alone,
    dragged_in_silence,
    moved_by_keys,
    read,
    shown,
)

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
    view = alone(page, lab, MAKE, LABEL)
    assert read(view).startswith("m_X 1000 GeV · not in training · ")
    moved_by_keys(page, lab, view, product(("m_X", "threshold"), ("Home", "ArrowRight")))
    text = dragged_in_silence(page, lab, view, 0.97)
    assert text.startswith("m_X 1500 GeV · in training · ")
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
