"""ImageBrowser alive in JupyterLab: the digits of Python, and silence while brushing."""

import pytest

from tests.browser.live import (
    alone,
    dragged_in_silence,
    moved_by_keys,
)
from tests.browser.made import IMAGES

pytestmark = pytest.mark.browser

LABEL = "Image browser"


def test_lab_shows_one_view_that_python_follows_without_talk(page, lab):
    view = alone(page, lab, IMAGES, LABEL)
    text = dragged_in_silence(page, lab, view, 0.7, panel=5)
    assert "mass [GeV]" in text
    moves = (("lowest mass", "ArrowRight"), ("pixel", "ArrowUp"), ("pixel", "Home"))
    moved_by_keys(page, lab, view, moves)
