"""ShapeCompare alive in JupyterLab and Voila: the digits of Python, and silence while brushing."""

import pytest

from tests.browser.live import (
    alone,
    dragged_in_silence,
    read,
    settled,
    shown,
)

pytestmark = pytest.mark.browser

LABEL = "Shape comparison"
MAKE = """
import numpy as np
from hepml_widgets import ShapeCompare
rng = np.random.default_rng(1)
source, target = rng.normal(size=(2, 3000, 3))
target += (0.6, 0.3, 0)
weights = np.exp(0.6 * source[:, 0] + 0.3 * source[:, 1] - 0.225)
methods = {"exact": weights, "none": np.ones(3000)}
view = ShapeCompare(source, target, methods, features=["mass [GeV]", "width", "eta"])
"""


def test_lab_shows_one_view_that_python_follows_without_talk(page, lab):
    view = alone(page, lab, MAKE, LABEL)
    text = dragged_in_silence(page, lab, view, 0.7)
    assert "events all" not in text
    view.get_by_label("feature", exact=True).select_option("eta")
    view.get_by_label("weights", exact=True).select_option("none")
    assert "feature \u2068eta\u2069" in read(view)
    assert settled(lab, page, read(view))


def test_voila_shows_it_alive(page, voila):
    voila.write("shapes.ipynb", MAKE, "view")
    voila.open(page, "shapes.ipynb")
    view = shown(page, LABEL)
    before = read(view)
    view.get_by_role("slider", name="upper end").press("ArrowLeft")
    assert read(view) != before
    view.get_by_label("weights", exact=True).select_option("none")
    assert "weights \u2068none\u2069" in read(view)
