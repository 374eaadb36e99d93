"""Whatever a user calls things: nothing runs, nothing breaks, nothing spills, on all nine."""

import json
import re
import warnings

import numpy as np
import pytest
from matplotlib.text import Text

from hepml_widgets._numbers import as_name, shorten
from tests.widgets import looking
from tests.widgets.all_views import LABELLED, VIEWS
from tests.widgets.labels import KINDS, LONG, ODD, REORDERING, label_of
from tests.widgets.reading import Elements

CASES = [(name, kind) for name in LABELLED for kind in KINDS if name != "BumpHunter"]


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
@pytest.mark.parametrize("name", [*ODD, LONG[0], "plain"])
def test_names_are_shortened_as_in_python(expose, name):
    page = expose("roc_explorer", "shorten")
    clean = as_name(name)
    assert page.evaluate("name => hepml.shorten(name)", clean) == shorten(clean)
