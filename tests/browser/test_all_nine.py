"""All nine widgets in one notebook: run, restarted under their eyes, reopened and not run."""

import nbformat
import pytest
from nbclient import NotebookClient

from tests.browser.live import answers, gone, said, view_in
from tests.support.all_views import VIEWS
from tests.support.servers import ROOT

pytestmark = pytest.mark.browser

LABELS = {
    "RocExplorer": "ROC explorer",
    "TrainingMonitor": "Training monitor",
    "OvertrainingView": "Over-training view",
    "BoostingExplorer": "Boosting explorer",
    "ImageBrowser": "Image browser",
    "ShapeCompare": "Shape comparison",
    "BumpHunter": "Bump hunter",
    "ParameterScan": "Parameter scan",
    "AnomalyMonitor": "Anomaly monitor",
}
MAKE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import numpy as np
import traitlets
from tests.support.all_views import VIEWS
views = {{name: make(np.random.default_rng(1)) for name, make in VIEWS.items()}}
other, twin, follower = (VIEWS["RocExplorer"](np.random.default_rng(seed)) for seed in (2, 3, 3))
link = traitlets.link((twin, "threshold"), (follower, "threshold"))
"""
CELLS = [
    MAKE,
    *(f"views[{name!r}]" for name in VIEWS),
    "other  # alone",
    "twin  # linked",
    "follower  # linked",
]
RESTART = """async () => {
    const {session} = jupyterapp.shell.currentWidget.sessionContext;
    await session.kernel.restart();
    await session.kernel.requestKernelInfo();
}"""


def each(page, lab):
    """Look at all nine; list those whose sliders do nothing."""
    still = []
    for name, label in LABELS.items():
        view = view_in(page, lab, f"views[{name!r}]")
        assert view.get_attribute("aria-label") == label
        if not answers(view):
            still.append(name)
    return still


def test_they_live_side_by_side_and_outlive_their_kernel(page, lab):
    lab.write("nine.ipynb", *CELLS)
    lab.open(page, "nine.ipynb")
    lab.run_all(page)
    assert each(page, lab) == []

    # Two of a kind have each their own state ...
    names = ("views['RocExplorer']", "other")
    before = [lab.evaluate(page, f"{name}.threshold") for name in names]
    view_in(page, lab, "other  # alone").get_by_role("slider").first.press("Home")
    page.wait_for_timeout(700)  # a gesture is over when keys rest
    after = [lab.evaluate(page, f"{name}.threshold") for name in names]
    assert after[0] == before[0]
    assert after[1] != before[1]
    # ... but where traits are linked one follows the other.
    view_in(page, lab, "twin  # linked").get_by_role("slider").first.press("Home")
    page.wait_for_timeout(700)
    assert lab.evaluate(page, "twin.threshold == follower.threshold") == "True"
    read = said(view_in(page, lab, "twin  # linked"))
    assert said(view_in(page, lab, "follower  # linked")) == read

    page.evaluate(RESTART)
    assert each(page, lab) == []


def test_they_live_when_reopened_and_not_run(page, lab):
    path = lab.write("saved.ipynb", *CELLS)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": lab.root}}).execute()
    notebook.metadata.pop("widgets", None)  # as Lab saves it
    nbformat.write(notebook, path)
    lab.trust("saved.ipynb")
    lab.open(page, "saved.ipynb")
    assert each(page, lab) == []
    assert gone(page, page.get_by_text("model not found").locator("visible=true"))
