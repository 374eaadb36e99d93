"""ShapeCompare alive in JupyterLab: the digits of Python, and silence while brushing."""

import pytest

from tests.browser.live import (
    alone,
    dragged_in_silence,
    read,
    settled,
)
from tests.browser.made import SHAPES

pytestmark = pytest.mark.browser

LABEL = "Shape comparison"


def test_lab_shows_one_view_that_python_follows_without_talk(page, lab):
    view = alone(page, lab, SHAPES, LABEL)
    text = dragged_in_silence(page, lab, view, 0.7)
    assert "events all" not in text
    view.get_by_label("feature", exact=True).select_option("eta")
    view.get_by_label("weights", exact=True).select_option("none")
    assert "feature \u2068eta\u2069" in read(view)
    assert settled(lab, page, read(view))
