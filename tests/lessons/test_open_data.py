"""Published events go through the lesson: all of it for HiggsML, its recipe for other files."""

import re
import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.model_selection import train_test_split

from hepml import stats
from hepml.data import col, read
from hepml_lessons.recipes import TEXTS, recipe

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

EXCERPT = """
import pandas, pyarrow
from pathlib import Path
from hepml.data import published
from hepml.data.published import layouts

def load(name, columns=None):
    '''The excerpt through the layout of the set, at the yields of the whole of it.'''
    entry, yields = published.entry(name), {"sig": 691.99, "bg": 410999.8}
    parts = []
    for kind, total in yields.items():
        path = Path(FOLDER) / f"train_sml_{kind}.csv"
        batches = list(layouts.batches(entry, path))
        part = pyarrow.Table.from_batches(batches).to_pandas()
        part["Weight"] *= total / part["Weight"].sum()
        parts.append(part)
    return pandas.concat(parts, ignore_index=True)

published.load = load
"""


@pytest.mark.real_data
@pytest.mark.notebook
def test_the_lesson_runs_on_the_published_events(real_data):
    import nbformat
    import weave

    notebook = weave.sketch(TEXTS / "boosted-trees.md")
    for cell in notebook.cells:
        cell.source = cell.source.replace('DATA = "bundled"', 'DATA = "open"')
    folder = f"FOLDER = {str(real_data / 'higgsml')!r}\n"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(folder + EXCERPT))
    done, *_ = weave.execute(notebook, TEXTS)
    outputs = [output for cell in done.cells for output in cell.get("outputs", ())]
    assert "error" not in {output.output_type for output in outputs}
    texts = [output.get("data", {}).get("text/plain", "") for output in outputs]
    (yields,) = [text for text in texts if "expected events" in text]
    assert re.findall(r"\d+", yields) == ["4999", "692", "4999", "411000"]


def auc_of_recipe(X, y, weights=None):
    """AUC, on events not trained on, of the lesson's trees with its way of weighting."""
    lesson = recipe("boosted-trees")
    weights = np.ones(len(y)) if weights is None else weights
    parts = train_test_split(X, y, weights, test_size=0.3, random_state=1, stratify=y)
    X_train, X_test, y_train, y_test, w_train, w_test = parts
    model = lesson["trees"](1)
    model.fit(X_train, y_train, sample_weight=lesson["balanced"](y_train, w_train))
    return stats.roc_curve(y_test, model.predict_proba(X_test)[:, 1], w_test).auc


@pytest.mark.real_data
def test_the_recipe_takes_uci_higgs(real_data):
    events = read(real_data / "uci_higgs" / "higgs_train_10k.csv")
    X, y = events.filter(regex=r"^x\d+$"), events["response"].to_numpy(np.int8)
    assert X.shape == (10_000, 28)
    # Trained on 10 000 of them, a strong peer has 0.786 for all columns and 0.664 for low level.
    everything, low = auc_of_recipe(X, y), auc_of_recipe(X.iloc[:, :21], y)
    assert everything > 0.76
    assert 0.62 < low < everything


def masses(px, py, pz, energy):
    """Invariant mass of the sum of the momenta of each event, lists of shape (events, two)."""
    total = [ak.sum(part, axis=1) for part in (px, py, pz, energy)]
    square = total[3] ** 2 - total[0] ** 2 - total[1] ** 2 - total[2] ** 2
    return np.sqrt(np.maximum(square.to_numpy(), 0))


@pytest.mark.real_data
def test_the_recipe_takes_a_flat_root_file(real_data):
    """From the momenta of two muons the trees learn which pairs lie on the peak of the Z."""
    events = read(real_data / "cms_open_data" / "uproot-Zmumu.root", where=col("M") > 60)
    y = ((events["M"] - 91.2).abs() < 5).to_numpy(np.int8)
    X = events[["pt1", "eta1", "phi1", "pt2", "eta2", "phi2"]].copy()
    X["angle"] = recipe("boosted-trees")["angle"](X["phi1"], X["phi2"])
    assert auc_of_recipe(X, y) > 0.8


@pytest.mark.real_data
def test_the_recipe_takes_a_jagged_root_file(real_data):
    """As before, from list columns: the muons of events that have two of them."""
    path = f"{real_data / 'cms_open_data' / 'uproot-HZZ.root'}:events"
    names = [f"Muon_{part}" for part in ("Px", "Py", "Pz", "E")]
    events = read(path, columns=[*names, "EventWeight"], where=col("NMuon") == 2)
    muons = [ak.from_arrow(pa.array(events[name])) for name in names]
    assert (ak.num(muons[0]) == 2).to_numpy().all()
    mass = masses(*muons)
    assert np.median(mass) == pytest.approx(91, abs=3)
    y = (np.abs(mass - 91.2) < 5).astype(np.int8)
    X = pd.DataFrame(
        {f"{n}{i}": m[:, i] for n, m in zip(names, muons, strict=True) for i in (0, 1)}
    )
    X["transverse"] = np.hypot(*(X[f"Muon_P{a}0"] - X[f"Muon_P{a}1"] for a in "xy"))
    assert len(y) > 400
    assert auc_of_recipe(X, y, events["EventWeight"].to_numpy(float)) > 0.6
