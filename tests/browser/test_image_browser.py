"""ImageBrowser alive in JupyterLab and Voila: the digits of Python, and silence while brushing."""

import pytest

from tests.browser.live import (
    alone,
    dragged_in_silence,
    moved_by_keys,
    read,
    shown,
)

pytestmark = pytest.mark.browser

LABEL = "Image browser"
MAKE = """
import numpy as np
from hepml_widgets import ImageBrowser
rng = np.random.default_rng(1)
y = rng.integers(0, 2, 2000)
images = rng.exponential(size=(2000, 25, 25)) * (rng.random((2000, 25, 25)) < 0.03)
images[y == 1, 6:9, 11:14] += 0.5
mass = rng.normal(80, 8, 2000)
view = ImageBrowser(images, y, rng.gamma(2, 0.5, 2000), variables={"mass [GeV]": mass})
"""


def test_lab_shows_one_view_that_python_follows_without_talk(page, lab):
    view = alone(page, lab, MAKE, LABEL)
    text = dragged_in_silence(page, lab, view, 0.7, panel=5)
    assert "mass [GeV]" in text
    moves = (("lowest mass", "ArrowRight"), ("pixel", "ArrowUp"), ("pixel", "Home"))
    moved_by_keys(page, lab, view, moves)


def test_voila_shows_it_alive(page, voila):
    voila.write("images.ipynb", MAKE, "view")
    voila.open(page, "images.ipynb")
    view = shown(page, LABEL)
    before = read(view)
    view.get_by_role("slider", name="highest mass").press("ArrowLeft")
    assert read(view) != before
    view.get_by_role("button", name="jets", exact=True).click()
    assert "jet_s" in read(view)
