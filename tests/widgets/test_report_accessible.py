"""An automatic accessibility check of the page of a report, and a walk through it by keyboard."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from hepml_widgets import report
from tests.widgets.focus import FOCUS, PREPARE
from tests.widgets.toy_report import events, model_of

pytestmark = pytest.mark.browser

UNFOLD = "open => document.querySelectorAll('details').forEach(one => { one.open = open; })"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    rng = np.random.default_rng(3)
    y, X, weights, _ = events(rng, 2000, 4)
    columns = {f"variable_{i}": x for i, x in enumerate(X.T)}
    models = {"BDT": lambda table: model_of(table[:, :2]), "other": model_of(X**3)}
    found = report(y, models, columns, weights, train=rng.random(2000) < 0.4, sigma_b=0.1)
    return found.to_html(tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture
def opened(page, file):
    def open_page(scheme):
        page.emulate_media(color_scheme=scheme)
        page.goto(file.as_uri())
        page.wait_for_selector(".live .hepml-readout b")
        return page

    return open_page


@pytest.mark.parametrize("width", [1280, 480])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_found(opened, scheme, width):
    page = opened(scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for unfolded in (False, True):
        page.evaluate(UNFOLD, unfolded)
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [f"{rule['id']}: {node['target']} {node['failureSummary']}"
                for rule in found for node in rule["nodes"]] == []  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_tab_walks_through_it_and_is_seen(opened, scheme):
    page = opened(scheme)
    every = PREPARE.replace("'.hepml :is(", "':is(a[href], ")
    page.evaluate(every)
    count = page.evaluate("controls.length")
    found = []
    for _ in range(count):
        page.keyboard.press("Tab")
        found.append(page.evaluate(FOCUS))
    assert [focus["at"] for focus in found] == list(range(count))
    assert [focus for focus in found if not focus["seen"] or focus["contrast"] < 3] == []


def test_what_is_folded_opens_by_keys(opened):
    page = opened("light")
    summary = page.locator("summary").first
    for key, state in (("Enter", True), ("Space", False)):
        summary.press(key)
        assert summary.evaluate("node => node.parentElement.open") is state
