"""Whatever a user calls things: nothing runs, nothing breaks, nothing spills, on all nine."""

import json
import re
import warnings
from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import hepml_widgets
from hepml_widgets._numbers import as_name, pieces_of, shorten, unmarked
from hepml_widgets._roc_figure import SAFE, plain
from tests.widgets import all_views, looking, toy_anomalies, toy_scan
from tests.widgets.all_views import LABELLED, VIEWS
from tests.widgets.labels import KINDS, LONG, MARKED, MARKUP, ODD, REORDERING, label_of
from tests.widgets.reading import Elements

CASES = [(name, kind) for name in LABELLED for kind in KINDS]


def labelled(name, kind):
    return LABELLED[name](np.random.default_rng(1), label_of(kind))


def test_every_widget_is_labelled():
    assert LABELLED.keys() == VIEWS.keys()


@pytest.mark.parametrize("name", ODD)
def test_names_can_be_written_anywhere(name):
    text = as_name(name)
    assert json.loads(text.join('""').encode()) == text
    assert text.replace("\ufffd", "").isprintable() or re.search(REORDERING, text)
    assert as_name(text) == text


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_page_holds_text_and_nothing_else(name, kind, tmp_path):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # the picture's font has not every letter
        path = labelled(name, kind).to_html(tmp_path / "page.html")
    elements = Elements(path.read_text("utf-8")).found
    assert [tag for tag, _ in elements].count("script") == 1
    assert [found["src"][:5] for tag, found in elements if tag == "img"] == ["data:"]
    assert not [key for _, found in elements for key in found if key.startswith("on")]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_what_is_printed_is_short_and_can_be_printed(name, kind):
    view = labelled(name, kind)
    assert len(repr(view)) < 300
    assert len(view.describe()) < 1000
    repr(view).encode()
    view.describe().encode()
    assert "\n" not in repr(view)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_texts_of_the_figure_stay_in_it(name, kind):
    figure = labelled(name, kind).figure()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert not [t.get_text() for t in texts if re.search(REORDERING, t.get_text())]
    assert max(text.get_window_extent().width for text in texts) < figure.bbox.width


@pytest.mark.browser
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_nothing_runs_and_nothing_spills(show, page, name, kind):
    said = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: said.append(message.text))
    page.set_viewport_size({"width": 480, "height": 900})
    show(labelled(name, kind))
    page.locator(".hepml [role=slider]").first.press("ArrowLeft")
    assert page.evaluate("document.documentElement.scrollWidth") <= 480
    assert page.evaluate(looking.CLIPPED) == []
    page.get_by_role("button", name="data", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 480
    assert page.locator(".hepml :is(img, script, [onerror], [onload])").count() == 0
    assert not re.search(REORDERING, page.evaluate("document.body.innerText"))
    for button, start in (looking.STARTS | {"CSV": b""}).items():
        taken = looking.downloaded(page, button)
        assert taken.startswith(start)
        assert button == "PNG" or taken.decode()
    assert looking.outside(page) == []
    assert said == []


@pytest.mark.browser
@pytest.mark.parametrize("name", [*ODD, *MARKED, LONG[0], "plain"])
def test_names_are_shortened_as_in_python(expose, name):
    page = expose("roc_explorer", "shorten")
    clean = as_name(name)
    assert page.evaluate("name => hepml.shorten(name)", clean) == shorten(clean)


PIECES = {
    "m_{jj} [GeV]": [("m", ""), ("jj", "_"), (" [GeV]", "")],
    "p_{T}^{miss}": [("p", ""), ("T", "_"), ("miss", "^")],
    "jet_pt": [("jet_pt", "")],
    "a_b^2": [("a_b^2", "")],
    "x_{}": [("x_{}", "")],
    "y_{a{b}": [("y_{a", ""), ("{b}", "")],
    "": [],
}


@pytest.mark.parametrize(("name", "pieces"), PIECES.items())
def test_only_braces_set_text_lower_or_higher(name, pieces):
    assert "".join(part for part, _ in pieces_of(name)) == "".join(part for part, _ in pieces)
    assert [mark for part, mark in pieces_of(name) if mark] == [m for _, m in pieces if m]
    assert unmarked(name) == "".join(part for part, _ in pieces)


@pytest.mark.parametrize("name", [*MARKED, *MARKUP])
def test_a_figure_sets_what_is_marked_and_reads_nothing_else_as_mathematics(name):
    """What stands outside of our own two marks comes out letter by letter."""
    text = plain(name)
    ours = re.findall(r"\$[_^]\{\\mathregular\{[^{}$\\]*(?:\\:[^{}$\\]*)*\}\}\$", text)
    rest = re.sub(r"\$[_^]\{\\mathregular\{[^{}$]*\}\}\$", "", text)
    assert rest.count("$") == rest.count(r"\$")
    marks = [part for part, mark in pieces_of(name) if mark and SAFE.fullmatch(part)]
    assert len(ours) == len(marks)
    figure = Figure()
    figure.text(0, 0, text)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        figure.draw_without_rendering()


SET = """name => {
    const text = hepml.vector("text", {}, name);
    const nodes = [...text.childNodes].map(node => [node.textContent,
        Number(node.getAttribute?.("dy") ?? 0)]);
    let y = 0;
    return nodes.map(([part, dy]) => { y += dy; return [part, Math.sign(y)]; });
}"""


@pytest.mark.browser
@pytest.mark.parametrize("name", [*PIECES, *MARKED])
def test_a_page_sets_the_same_pieces_as_a_figure(expose, name):
    page = expose("roc_explorer", "vector", "shorten")
    sides = {"_": 1, "^": -1, "": 0}
    wanted = [[part, sides[mark]] for part, mark in pieces_of(as_name(name))]
    assert page.evaluate(SET, as_name(name)) == (wanted or [["", 0]])
    short = shorten(as_name(name), 6)
    assert page.evaluate("name => hepml.shorten(name, 6)", as_name(name)) == short
    assert len(unmarked(short)) <= 8


@pytest.mark.parametrize(
    ("name", "given", "places"),
    [
        ("RocExplorer", {"score_name": "D_{bdt}"}, [0]),
        ("OvertrainingView", {"score_name": "D_{bdt}"}, [1]),
        ("ParameterScan", {"score_name": "D_{bdt}"}, [1]),
        ("AnomalyMonitor", {"score_name": "D_{bdt}"}, [0]),
        ("AnomalyMonitor", {"period_name": "D_{bdt}"}, [2]),
    ],
)
def test_the_axis_of_the_score_has_its_users_name(name, given, places, monkeypatch):
    monkeypatch.setattr(all_views, name, partial(getattr(all_views, name), **given))
    monkeypatch.setattr(toy_scan, name, partial(getattr(hepml_widgets, name), **given), False)
    monkeypatch.setattr(toy_anomalies, name, partial(getattr(hepml_widgets, name), **given), False)
    view = VIEWS[name](np.random.default_rng(1))
    axes = view.figure().axes
    assert [axes[place].get_xlabel() for place in places] == [plain("D_{bdt}")]
    assert "D_{bdt}" in {view.table.get("score"), view.table.get("period")}
