"""AnomalyMonitor alive in JupyterLab and Voila: the digits of Python, and silence while sliding."""

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

LABEL = "Anomaly monitor"
MAKE = """
import numpy as np
from hepml_widgets import AnomalyMonitor
rng = np.random.default_rng(1)
reference, today = rng.normal(size=(4000, 3)), rng.normal(0.1, 1, size=(2000, 3))
score = [np.abs(x).sum(axis=1) for x in (reference, today)]
areas = {f"day {k}": (0.5 + 0.005 * rng.normal() + 0.03 * (k == 5), 0.005) for k in range(1, 6)}
view = AnomalyMonitor(*score, reference_features=reference, features=today, populations=areas,
                      null=0.5 + 0.005 * rng.normal(size=999), ks={"day 5": {"x0": 1e-4}})
"""


def test_lab_shows_one_view_that_python_follows_without_talk(page, lab):
    view = alone(page, lab, MAKE, LABEL)
    assert " · period day 5 · AUC 0.5" in read(view)
    moved_by_keys(page, lab, view, product(("threshold", "period"), ("Home", "ArrowRight")))
    dragged_in_silence(page, lab, view, 0.9)
    view.get_by_role("button", name="0.1").click()
    view.get_by_label("event", exact=True).select_option("3")
    page.wait_for_timeout(500)
    assert lab.evaluate(page, "view.false_alarm") == "0.001"
    assert lab.evaluate(page, "view.event == view.points.outliers[3].row") == "True"


def test_voila_shows_it_alive(page, voila):
    voila.write("monitor.ipynb", MAKE, "view")
    voila.open(page, "monitor.ipynb")
    view = shown(page, LABEL)
    before = read(view)
    view.get_by_role("slider", name="period").press("Home")
    assert read(view) != before
    assert " · period day 1 · " in read(view)
