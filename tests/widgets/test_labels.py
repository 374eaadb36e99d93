"""Whatever a user calls things: nothing runs, nothing breaks, nothing spills, on all nine."""

import itertools
import json
import re
import warnings
from decimal import Decimal
from functools import cache, partial

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import hepml_widgets
from hepml_widgets.core.drawing import SAFE, plain
from hepml_widgets.core.numbers import as_name, pieces_of, shorten, unmarked
from tests.support import all_views, toy_anomalies, toy_scan
from tests.support.all_views import LABELLED, SHAPED, VIEWS
from tests.widgets import looking
from tests.widgets.labels import KINDS, LONG, MARKED, MARKUP, ODD, REORDERING, label_of
from tests.widgets.reading import Elements

SHAPES = [(name, shape) for name, shapes in SHAPED.items() for shape in ("toy", *shapes)]
CASES = [(name, kind) for name in LABELLED for kind in KINDS]


@cache  # for tests that look at a view and change nothing in it
def labelled(name, kind):
    return LABELLED[name](np.random.default_rng(1), label_of(kind))


def test_every_widget_is_labelled():
    assert LABELLED.keys() == SHAPED.keys() == VIEWS.keys()


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


# ---------------------------------------------------------------- labels of our own


def settled(page, width, scheme):
    """Look at a page in some width and colours, once its frames have followed."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.evaluate("""() => new Promise(done =>
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))))""")
    return page.evaluate("document.querySelector('.hepml').dataset.theme")


@pytest.mark.browser
@pytest.mark.parametrize(("name", "shape"), SHAPES)
def test_labels_stand_apart_and_axes_have_numbers(show, page, name, shape):
    page.set_viewport_size({"width": 480, "height": 900})
    make = SHAPED[name].get(shape, VIEWS[name])
    show(make(np.random.default_rng(1)))
    for width, scheme in itertools.product((480, 1280), ("light", "dark")):
        assert settled(page, width, scheme) == scheme
        assert page.evaluate(looking.OVERLAPS, "svg.hepml-frame") == []
        axes = page.evaluate(looking.TICKS)
        assert axes
        assert [(*place, found) for *place, found in axes if len(set(found)) < 2] == []
        assert page.evaluate(looking.BROKEN, "body") == []
        assert page.evaluate(looking.CLIPPED) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
@pytest.mark.parametrize("name", LABELLED)
def test_long_names_stand_apart(show, page, name):
    page.set_viewport_size({"width": 480, "height": 900})
    show(LABELLED[name](np.random.default_rng(1), label_of("long")))
    for width in (480, 1280):
        settled(page, width, "light")
        assert page.evaluate(looking.OVERLAPS, "svg.hepml-frame") == []
        assert page.evaluate(looking.BROKEN, "body") == []


DOMAINS = {
    "linear": [
        (0, 1), (5, 5), (0, 0), (-1e-7, 1e-7), (1e6, 1e6 + 1), (-1e9 - 1e-3, -1e9), (0.3, 0.30001),
        (125.0912345, 125.0912349), (1e15, 1e15 + 3), (1e-300, 2e-300), (-5, 1e12), (99999, 100001),
        (0.99999999, 1), (-1e300, 1e300), (-0.02, 0.0), (1e9, 1e9),
    ],
    "log": [
        (1.2, 1.4), (0.5, 4), (3, 9), (1e-300, 1e300), (5, 5), (0.1, 1e4), (0.09, 11),
        (1e5, 1.001e5), (2e-8, 1e-7), (0.03, 3),
    ],
    "logit": [
        (0.2, 0.8), (0.3, 0.4), (1e-9, 1e-8), (1e-9, 1 - 1e-9), (0.99, 0.9999), (0.4, 0.999),
        (1e-3, 0.3), (0.49, 0.51),
    ],
    "count": [(0, 1), (3, 3), (0, 1.2), (1, 2), (0, 1e6), (17, 23), (0, 0.4)],
}  # fmt: skip
NUMBERS = """([kind, domain, count]) => {
    const scale = hepml.makeScale(kind, domain, [0, 1000]);
    const ticks = scale.ticks(count).filter(({label}) => label);
    return [scale.domain, ticks.map(({value, label, base}) => [value, label, base ?? ''])]; }"""


def number(text):
    """Read a number as an axis has it."""
    plain = text.replace("\u202f", "").replace("\u2212", "-").replace(" ", "")
    raised = re.search("10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)$", plain)
    if not raised:
        return Decimal(plain)
    power = int(raised[1].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")))
    return Decimal(plain[: raised.start()].rstrip("×") or "1").scaleb(power)


@pytest.mark.browser
@pytest.mark.parametrize("kind", DOMAINS)
def test_every_axis_has_numbers_that_are_true(expose, kind):
    page = expose("roc_explorer", "makeScale")
    for domain, count in itertools.product(DOMAINS[kind], (2, 3, 5, 8)):
        (low, high), ticks = page.evaluate(NUMBERS, [kind, list(domain), count])
        labels = [label for _, label, _ in ticks]
        assert len(set(labels)) == len(labels) >= 2, (domain, labels)
        assert len(labels) <= 3 * count + 4, (domain, labels)
        room = 1e-9 * high - 1e-9 * low
        for value, label, base in ticks:
            assert low - room <= value <= high + room
            rest = label.removeprefix("1\u2212")
            shown = number(rest) if rest == label else 1 - number(rest)
            shown -= number(base) if base else 0
            assert abs(float(shown - Decimal(value))) <= 1e4 * room + 1e-15 * abs(value), label


@pytest.mark.browser
@pytest.mark.parametrize("width", [480, 1280])
@pytest.mark.parametrize("name", [name for name in VIEWS if name != "TrainingMonitor"])
def test_numbers_stay_while_a_handle_is_moved(show, page, name, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(VIEWS[name](np.random.default_rng(1)))
    handle = page.locator(".hepml [role=slider]").first
    handle.focus()
    before = looking.places(page)
    for key in ("Home", "PageUp", "ArrowRight", "ArrowRight", "End"):
        handle.press(key)
        assert page.evaluate(looking.PLACES) == before


# ---------------------------------------------------------------- names that are set


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
    assert "D_{bdt}" in {view.payload.get("score"), view.payload.get("period")}
