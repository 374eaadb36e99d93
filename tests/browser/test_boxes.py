"""Views in boxes of ipywidgets: exactly one of each, alive, also in a notebook reopened."""

import nbformat
import pytest
from nbclient import NotebookClient

from tests.browser.live import answers, gone, view_in
from tests.support.servers import ROOT

pytestmark = pytest.mark.browser

MAKE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import ipywidgets
import numpy as np
from tests.support.all_views import VIEWS
roc, bump, scan, training = (
    VIEWS[name](np.random.default_rng(1))
    for name in ("RocExplorer", "BumpHunter", "ParameterScan", "TrainingMonitor"))
"""
COLUMN = "ipywidgets.VBox([ipywidgets.Label('above'), roc])"
TABS = "ipywidgets.Tab([bump, scan], titles=['one', 'two'])"
FOLDS = "ipywidgets.Accordion([training], titles=['training'], selected_index=0)"
LABELS = {COLUMN: ["ROC explorer"], TABS: ["Bump hunter", "Parameter scan"],
          FOLDS: ["Training monitor"]}  # fmt: skip
LONGER_THAN_PATIENCE = 5000


def seen(page):
    found = page.locator(".jp-Cell.jp-mod-active .hepml").locator("visible=true")
    found.first.wait_for(timeout=60_000)
    return [one.get_attribute("aria-label") for one in found.all()]


def test_each_view_is_shown_once_while_its_kernel_lives(page, lab):
    lab.write("boxes.ipynb", MAKE, *LABELS)
    lab.open(page, "boxes.ipynb")
    lab.run_all(page)
    page.wait_for_timeout(LONGER_THAN_PATIENCE)
    for cell, labels in LABELS.items():
        lab.show(page, cell)
        assert seen(page) == labels[:1]  # one tab is open
        assert answers(view_in(page, lab, cell)) or cell == FOLDS
    lab.show(page, TABS)
    page.get_by_role("tab", name="two").click()
    assert seen(page) == LABELS[TABS][1:]


def test_they_outlive_the_kernel(page, lab):
    path = lab.write("saved-boxes.ipynb", MAKE, *LABELS)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": lab.root}}).execute()
    notebook.metadata.pop("widgets", None)  # as Lab saves it
    nbformat.write(notebook, path)
    lab.trust("saved-boxes.ipynb")
    lab.open(page, "saved-boxes.ipynb")
    for cell, labels in LABELS.items():
        lab.show(page, cell)
        assert seen(page) == labels
    assert answers(view_in(page, lab, COLUMN))
    assert gone(page, page.get_by_text("model not found").locator("visible=true"))


def test_each_view_is_shown_once_in_voila(page, voila):
    voila.write("boxes.ipynb", MAKE, COLUMN)
    voila.open(page, "boxes.ipynb")
    page.wait_for_timeout(LONGER_THAN_PATIENCE)
    found = page.locator(".hepml").locator("visible=true")
    assert [one.get_attribute("aria-label") for one in found.all()] == LABELS[COLUMN]
