"""What pages get of a script: one light bundle, which needs nothing beside it."""

import re

import numpy as np
import pytest

from hepml_widgets import report
from hepml_widgets.core import base, scripts
from tests.support.all_views import VIEWS
from tests.widgets.toy_report import events

MODULES = sorted(path.parent.name for path in scripts.DIST.parent.glob("*/view.js"))
MOST = 60_000  # bytes of all scripts of a page, without the numbers that they draw
SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL)
MOUNT = re.compile(r'[\w$]+\.mount\("hepml-\d+",\{.*\}\);\s*\Z', re.DOTALL)


def without_numbers(page):
    """Bytes of the scripts of a page, and how many there are."""
    texts = SCRIPT.findall(page)
    code = [MOUNT.sub("", text) for text in texts]
    assert code != texts
    return sum(len(text.encode()) for text in code), len(code)


@pytest.mark.parametrize("name", VIEWS)
def test_scripts_of_a_page_are_light(name, tmp_path, monkeypatch, record_property):
    monkeypatch.setattr(base.View, "picture", lambda _: b"")
    view = VIEWS[name](np.random.default_rng(1))
    size, count = without_numbers(view.to_html(tmp_path / "view.html").read_text(encoding="utf-8"))
    record_property("bytes", size)
    assert count == 1
    assert len(scripts.source(view._module)) / 2 < size <= MOST


def test_scripts_of_a_report_are_light(rng, monkeypatch, record_property):
    monkeypatch.setattr(base.View, "picture", lambda _: b"")
    y, X, weights, score = events(rng, 600)
    size, count = without_numbers(report(y, score, X, weights=weights).html)
    record_property("bytes", size)
    assert count == 1
    assert size <= MOST


def test_every_view_has_its_bundle():
    assert sorted(path.stem for path in scripts.DIST.glob("*.js")) == MODULES
    assert len(MODULES) == len(VIEWS)
    assert {*MODULES, "report"} == {path.stem for path in scripts.DIST.glob("*.css")}


@pytest.mark.parametrize("module", MODULES)
def test_a_script_for_a_page_is_that_for_a_notebook_without_its_export(module):
    whole, (code, name) = scripts.source(module), scripts.inline(module)
    assert whole.startswith(code)
    assert whole.removeprefix(code).strip() == f"export{{{name} as default}};"
    assert re.search(rf"\b{re.escape(name)}=", code)


@pytest.mark.parametrize("module", MODULES)
def test_a_script_does_not_end_the_element_that_holds_it(module):
    for text, end in (
        (scripts.source(module), "</script"),
        (scripts.stylesheet(module), "</style"),
    ):
        assert end not in text.lower()
        assert "<!--" not in text


@pytest.mark.browser
@pytest.mark.parametrize("module", MODULES)
def test_a_bundle_has_what_a_notebook_asks_for(page, module):
    page.goto("about:blank")
    kinds = page.evaluate(
        """async (text) => {
            const address = URL.createObjectURL(new Blob([text], {type: 'text/javascript'}));
            const {default: view, ...more} = await import(address);
            return [typeof view.render, typeof view.mount, Object.keys(more)];
        }""",
        scripts.source(module),
    )
    assert kinds == ["function", "function", []]
