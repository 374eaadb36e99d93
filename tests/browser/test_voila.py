"""Views alive in Voila: all in one notebook, for each costs a kernel and a page."""

import pytest

from tests.browser import made
from tests.browser.live import read, shown

pytestmark = pytest.mark.browser
ALONE = [cell for name in ("ANOMALIES", "BUMP", "IMAGES", "SCAN", "SHAPES")
         for cell in (getattr(made, name), "view")]  # fmt: skip


@pytest.fixture(scope="module")
def dashboard(browser, voila):
    """Give the page of the notebook, and the script errors that were seen in it."""
    voila.write("views.ipynb", *ALONE, made.TREES, *made.STAGES.values())
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.script_errors = []
    page.on("pageerror", lambda error: page.script_errors.append(str(error)))
    voila.open(page, "views.ipynb")
    yield page
    page.context.close()


@pytest.fixture
def view_of(dashboard):
    """Find a view by its label."""
    yield lambda label: shown(dashboard, label)
    assert dashboard.script_errors == []


def pressed(view, name, key):
    """Press a key on a slider, by its name if it has one; return what is read then."""
    before = read(view)
    slider = view.get_by_role("slider", name=name) if name else view.get_by_role("slider")
    slider.press(key)
    assert read(view) != before
    return read(view)


def test_anomaly_monitor(view_of):
    assert " · period day 1 · " in pressed(view_of("Anomaly monitor"), "period", "Home")


def test_bump_hunter(view_of):
    view = view_of("Bump hunter")
    pressed(view, "mass window", "ArrowRight")
    view.get_by_role("button", name="wider", exact=True).click()
    view.get_by_role("button", name="truth", exact=True).click()
    view.get_by_text("true signal").first.wait_for(timeout=5000)


def test_image_browser(view_of):
    view = view_of("Image browser")
    pressed(view, "highest mass", "ArrowLeft")
    view.get_by_role("button", name="jets", exact=True).click()
    assert "jet_s" in read(view)


def test_parameter_scan(view_of):
    text = pressed(view_of("Parameter scan"), "m_X", "End")
    assert text.startswith("m_X 1500 GeV · in training · ")


def test_shape_compare(view_of):
    view = view_of("Shape comparison")
    pressed(view, "upper end", "ArrowLeft")
    view.get_by_label("weights", exact=True).select_option("none")
    assert "weights \u2068none\u2069" in read(view)


@pytest.mark.parametrize("label", made.STAGES)
def test_stages_of_training(view_of, label):
    assert pressed(view_of(label), None, "Home").startswith("round 1 · ")
