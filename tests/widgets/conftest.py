"""Pages that show a widget: a saved one, and a live one that notes what it sends."""

from pathlib import Path

import pytest

from hepml_widgets.core import base
from hepml_widgets.core.payload import portable
from tests.support.tabs import Tab

PACKAGE = Path(base.__file__).parents[1]
HOST = "http://scripts.example.org/"

EXPOSING = """async paths => {
    const modules = await Promise.all(paths.map((path) => import(path)));
    window.hepml = Object.assign({}, ...modules);
}"""

LISTENING = """([state, trait]) => {
    const model = hepml.standIn(state);
    const heard = [];
    const saved = [];
    const {on, off} = model;
    model.on = (...all) => { heard.push(all); on(...all); };
    model.off = (name, react) => {
        heard.splice(heard.findIndex(([n, r]) => n === name && r === react), 1);
        off(name, react); };
    model.save_changes = () => saved.push(model.get(trait));
    const el = document.body.appendChild(document.createElement('div'));
    window.view = {model, heard, saved, el, cleanup: hepml.default.render({model, el})};
}"""


@pytest.fixture(scope="session")
def tab(browser):
    return Tab(browser)


@pytest.fixture
def page(tab):
    """Give the one page that these tests share; fail the test on any uncaught script error."""
    page = tab.fresh()
    yield page
    tab.leave()
    assert page.script_errors == []


@pytest.fixture
def open_page(page, tmp_path):
    """Write a view as a page and look at it; every request of the page is remembered."""
    page.requests = []
    page.on("request", lambda request: page.requests.append(request.url))

    def open_view(view):
        page.goto(view.to_html(tmp_path / "view.html").as_uri())
        page.wait_for_selector("[data-done] :is(.hepml-readout b, .hepml-train-readout)")
        return page

    return open_view


@pytest.fixture
def show(open_page, monkeypatch):
    """Open a view without the picture that stands in for it, which other tests draw."""
    monkeypatch.setattr(base.View, "picture", lambda _: b"")
    return open_page


def serve(route):
    path = PACKAGE / route.request.url.removeprefix(HOST)
    if path.suffix == ".js":
        route.fulfill(path=path, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html>", content_type="text/html")


def load(page, module, *names):
    """Load the modules of a view as they are written; `window.hepml` has what they export."""
    own = sorted((PACKAGE / module).glob("*.js"))
    files = [*sorted((PACKAGE / "core").glob("*.js")), *own]
    paths = [f"/{file.relative_to(PACKAGE).as_posix()}" for file in files]
    page.route(f"{HOST}**", serve)
    page.goto(HOST)
    page.evaluate(EXPOSING, paths)
    require(page, names)
    return page


def require(page, names):
    assert page.evaluate("names => names.filter(name => !(name in hepml))", names) == []


@pytest.fixture(scope="session")
def exposed(browser):
    """Make pages with the modules of a view each, by its name, that note their script errors."""
    context, pages, errors = browser.new_context(), {}, []

    def page_of(module):
        if module not in pages:
            pages[module] = page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            load(page, module)
        return pages[module]

    yield page_of, errors
    context.close()


@pytest.fixture
def expose(exposed):
    """Load a view's modules into a page that stays: for functions that leave nothing behind."""
    page_of, errors = exposed

    def loaded(module, *names):
        page = page_of(module)
        require(page, names)
        return page

    errors.clear()
    yield loaded
    assert errors == []


@pytest.fixture
def listen(page):
    """Show a live view whose model notes who listens, and one trait whenever it would be sent."""

    def live(view, trait):
        load(page, view._module, "default", "standIn")
        page.add_style_tag(content=base.stylesheet(view._module))
        page.evaluate(LISTENING, [portable(view.state()), trait])
        page.wait_for_selector("[role=slider]")
        return page

    return live
