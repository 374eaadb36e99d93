"""Pages that show a widget: a saved one, and a live one that notes what it sends."""

import pytest

from hepml_widgets.core import base
from hepml_widgets.core.payload import inline_json
from hepml_widgets.core.scripts import short_names

LISTENING = """() => {
    const model = standIn(STATE);
    const heard = [];
    const saved = [];
    const {on, off} = model;
    model.on = (...all) => { heard.push(all); on(...all); };
    model.off = (name, react) => {
        heard.splice(heard.findIndex(([n, r]) => n === name && r === react), 1);
        off(name, react); };
    model.save_changes = () => saved.push(model.get(TRAIT));
    const el = document.body.appendChild(document.createElement('div'));
    window.view = {model, heard, saved, el, cleanup: render({model, el})};
}"""


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


@pytest.fixture
def expose(page):
    """Load a script into a page and show some of its functions as `window.hepml`."""

    def load(module, *names):
        short = short_names(module)
        pairs = ", ".join(f"{name}: {short[name]}" for name in names)
        script = f"{base.source(module)}\nwindow.hepml = {{ {pairs} }};"
        page.add_script_tag(type="module", content=script)
        page.wait_for_function("window.hepml")
        return page

    return load


@pytest.fixture
def listen(page):
    """Show a live view whose model notes who listens, and one trait whenever it would be sent."""

    def live(view, trait):
        page.set_content(f"<style>{base.stylesheet(view._module)}</style>")
        state = inline_json(view.state())
        names = f"const STATE = {state};\nconst TRAIT = '{trait}';"
        script = f"{base.source(view._module)}\n{names}\n({LISTENING})();"
        page.add_script_tag(type="module", content=script)
        page.wait_for_selector("[role=slider]")
        return page

    return live
