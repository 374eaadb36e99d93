"""ParameterScan alive in JupyterLab: the digits of Python, and silence while sliding."""

from itertools import product

import pytest

from tests.browser.live import (
    alone,
    dragged_in_silence,
    moved_by_keys,
    read,
)
from tests.browser.made import SCAN

pytestmark = pytest.mark.browser

LABEL = "Parameter scan"


def test_lab_shows_one_view_that_python_follows_without_talk(page, lab):
    view = alone(page, lab, SCAN, LABEL)
    assert read(view).startswith("m_X 1000 GeV · not in training · ")
    moved_by_keys(page, lab, view, product(("m_X", "threshold"), ("Home", "ArrowRight")))
    text = dragged_in_silence(page, lab, view, 0.97)
    assert text.startswith("m_X 1500 GeV · in training · ")
    view.get_by_label("quantity", exact=True).select_option("Δ AUC")
    page.wait_for_timeout(500)
    assert lab.evaluate(page, "view.quantity") == "'Δ AUC'"
