"""AnomalyMonitor alive in JupyterLab: the digits of Python, and silence while sliding."""

from itertools import product

import pytest

from tests.browser.live import (
    alone,
    dragged_in_silence,
    moved_by_keys,
    read,
)
from tests.browser.made import ANOMALIES

pytestmark = pytest.mark.browser

LABEL = "Anomaly monitor"


def test_lab_shows_one_view_that_python_follows_without_talk(page, lab):
    view = alone(page, lab, ANOMALIES, LABEL)
    assert " · period day 5 · AUC 0.5" in read(view)
    moved_by_keys(page, lab, view, product(("threshold", "period"), ("Home", "ArrowRight")))
    dragged_in_silence(page, lab, view, 0.9)
    view.get_by_role("button", name="0.1").click()
    view.get_by_label("event", exact=True).select_option("3")
    page.wait_for_timeout(500)
    assert lab.evaluate(page, "view.false_alarm") == "0.001"
    assert lab.evaluate(page, "view.event == view.points.outliers[3].row") == "True"
