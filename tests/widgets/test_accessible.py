"""An automatic accessibility check (axe-core) of every widget finds nothing."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

import hepml_widgets
from tests.support.all_views import VIEWS

pytestmark = pytest.mark.browser


def findings(page):
    """Say rule, reason and place of everything that axe-core minds in the view."""
    found = Axe().run(page, context=".hepml", options={"resultTypes": ["violations"]})
    return [
        f"{rule['id']}: {rule['help']} {node['target']} {node['failureSummary']}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


def test_every_widget_is_looked_at():
    views = {name for name in hepml_widgets.__all__ if name[0].isupper()}
    assert views == VIEWS.keys()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_found(show, page, name, scheme):
    page.emulate_media(color_scheme=scheme)
    show(VIEWS[name](np.random.default_rng(1)))
    for width in (1280, 480):
        page.set_viewport_size({"width": width, "height": 900})
        assert findings(page) == []
    for button in page.locator(".hepml").get_by_role("button", name="data").all()[:1]:
        button.click()
        assert findings(page) == []


def test_a_fault_would_be_found(show, page):
    show(VIEWS["RocExplorer"](np.random.default_rng(1)))
    page.evaluate("document.querySelector('.hepml [role=slider]').removeAttribute('aria-label')")
    page.evaluate("document.querySelector('.hepml button').textContent = ''")
    assert findings(page)
