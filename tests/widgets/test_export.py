"""Views leave the notebook: pages by ipywidgets, boxes of views, PDF."""

import base64
import json
import re
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import ipywidgets
import nbformat
import numpy as np
import pytest
from ipywidgets.embed import embed_minimal_html
from nbclient import NotebookClient
from PIL import Image
from traitlets.config import Config

from hepml_widgets.core import base, boxes
from tests.support.all_views import VIEWS

nbconvert = pytest.importorskip("nbconvert", reason="it comes with JupyterLab")
ROOT = Path(__file__).resolve().parents[2]
SEALED = Config(KernelManager={"transport_encryption": "auto"})
LIVE = "application/vnd.jupyter.widget-view+json"
MAKE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import ipywidgets
import numpy as np
from tests.support.all_views import VIEWS
roc, bump = (VIEWS[name](np.random.default_rng(1)) for name in ("RocExplorer", "BumpHunter"))
"""
BOXES = {
    "ipywidgets.VBox([roc])": 1,
    "ipywidgets.HBox([ipywidgets.IntSlider(), ipywidgets.VBox([roc, bump, roc])])": 2,
    "ipywidgets.Tab([roc, bump], titles=['one', 'two'])": 2,
    "ipywidgets.Accordion([bump])": 1,
    "ipywidgets.VBox([ipywidgets.IntSlider()])": 0,
}


def states(path):
    text = re.search(r'widget-state\+json">(.*?)</script>', path.read_text(), re.DOTALL)[1]
    return json.loads(text)["state"]


@pytest.fixture(scope="module")
def views():
    return {name: make(np.random.default_rng(1)) for name, make in VIEWS.items()}


@pytest.fixture(scope="module", params=[True, False], ids=["changed", "whole"])
def embedded(views, request, tmp_path_factory):
    """States of all views in one page, as ipywidgets saves them: those that changed, or whole."""
    page = tmp_path_factory.mktemp("embedded") / "page.html"
    embed_minimal_html(page, views=[*views.values()], drop_defaults=request.param)
    return states(page)


@pytest.mark.parametrize("name", VIEWS)
def test_ipywidgets_embeds_every_view_with_its_script(name, views, embedded):
    state = embedded[views[name].model_id]
    assert state["model_module"] == "anywidget"
    assert state["state"]["_esm"] == views[name]._esm
    assert state["state"]["_css"] == views[name]._css
    assert state["state"]["key"] == views[name].key
    whole = {tuple(one["path"]) for one in state.get("buffers", [])}
    assert all(path[0] == "payload" for path in whole)


@pytest.mark.usefixtures("views")
def test_a_widget_of_others_is_embedded_beside_views(tmp_path):
    slider = ipywidgets.IntSlider(value=3)
    embed_minimal_html(tmp_path / "page.html", views=[slider])
    assert states(tmp_path / "page.html")[slider.model_id]["state"]["value"] == 3


@pytest.mark.parametrize("name", VIEWS)
def test_a_picture_is_shown_where_no_page_can_be(name, views, monkeypatch):
    shown = []
    monkeypatch.setattr(base, "display", lambda bundle, **_: shown.append(bundle))
    if name == "TrainingMonitor":
        monkeypatch.setattr("hepml_widgets.training_monitor.view.display", base.display)
    views[name]._ipython_display_()
    live, still = shown
    assert "image/png" not in live  # or a PDF would have it twice
    image = base64.b64decode(still["image/png"])
    assert Image.open(BytesIO(image)).format == "PNG"
    assert still["image/png"] in still["text/html"]


def test_views_are_found_in_boxes_of_boxes_each_once(views):
    roc, bump = views["RocExplorer"], views["BumpHunter"]
    box = ipywidgets.HBox([ipywidgets.VBox([bump]), ipywidgets.Label("x"), roc, bump])
    assert boxes.views_in(box, base.View) == [bump, roc]
    box.children[0].children += (box,)  # a circle, which nothing can show, ends too
    assert boxes.views_in(box, base.View) == [bump, roc]


def test_pictures_are_stacked(views):
    parts = [views[name].picture() for name in ("RocExplorer", "TrainingMonitor")]
    sizes = [Image.open(BytesIO(part)).size for part in parts]
    whole = Image.open(BytesIO(boxes.stacked(parts)))
    assert whole.size == (max(w for w, _ in sizes), sum(h for _, h in sizes))
    assert boxes.stacked(parts[:1]) == parts[0]


@pytest.fixture(scope="module")
def notebook():
    """Run a notebook with views in boxes."""
    sources = [MAKE, "roc", *BOXES]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    found = nbformat.v4.new_notebook(cells=cells)
    found.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    NotebookClient(found, timeout=120, kernel_name="python3", config=SEALED).execute()
    found.metadata.pop("widgets", None)  # as JupyterLab saves it
    return found


def outputs_of(notebook, source):
    (cell,) = (cell for cell in notebook.cells if cell.source == source)
    return cell.outputs


@pytest.mark.parametrize(("box", "views"), BOXES.items())
def test_a_box_has_a_still_picture_of_its_views(box, views, notebook):
    live, *still = outputs_of(notebook, box)
    assert LIVE in live.data
    if not views:
        assert live.output_type == "execute_result"
        assert still == []
        return
    (copy,) = (one.data for one in still)
    assert set(copy) == {"image/png", "text/html", "text/plain"}
    assert copy["text/html"].count('<div class="hepml-still"') == views
    assert copy["text/plain"] == live.data["text/plain"]


def test_a_pdf_has_a_picture_of_each_view_and_each_box(notebook):
    text, resources = nbconvert.LatexExporter().from_notebook_node(notebook)
    wanted = 1 + sum(map(bool, BOXES.values()))
    body = text.partition(r"\begin{document}")[2]
    assert body.count("adjustimage") + body.count("includegraphics") == wanted
    assert sum(name.endswith(".png") for name in resources["outputs"]) == wanted


def test_a_page_of_nbconvert_has_the_copies(notebook):
    text, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert text.count('<div class="hepml-still"') == 1 + sum(BOXES.values())


class Formatter(dict):
    """What IPython keeps printers in."""

    def for_type(self, kind, printer=None):
        old = self.get(kind)
        if printer is not None:
            self[kind] = printer
        return old


def shell_with(formatter):
    return SimpleNamespace(display_formatter=SimpleNamespace(ipython_display_formatter=formatter))


def test_another_printer_of_boxes_is_left_alone(monkeypatch):
    formatter = Formatter({ipywidgets.Box: print})
    monkeypatch.setattr(boxes, "get_ipython", lambda: shell_with(formatter))
    boxes.register(base.View)
    assert formatter == {ipywidgets.Box: print}


def test_a_box_that_displays_itself_still_does(views, monkeypatch):
    class Own(ipywidgets.VBox):
        def _ipython_display_(self):
            shown.append("its own")

    shown = []
    monkeypatch.setattr(boxes, "display", lambda bundle, **_: shown.append(sorted(bundle)))
    boxes.show(base.View, Own([views["RocExplorer"]]))
    assert shown == ["its own", ["image/png", "text/html", "text/plain"]]


def test_without_ipython_nothing_is_registered(monkeypatch):
    monkeypatch.setattr(boxes, "get_ipython", lambda: None)
    boxes.register(base.View)
