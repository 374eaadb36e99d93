"""What the tests of live views do in JupyterLab and Voila."""

import ast

COUNT_SENT = """() => {
    window.sent = 0;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (...all) {
        window.sent += 1;
        return send.apply(this, all);
    };
}"""


def shown(page, label):
    view = page.locator(f'.hepml[aria-label="{label}"]').locator("visible=true").first
    view.wait_for(timeout=180_000)
    view.scroll_into_view_if_needed()
    return view


def view_in(page, lab, cell):
    """Return the one view that a reader sees of a cell, scrolled to."""
    lab.show(page, cell)
    found = page.locator(".jp-Cell.jp-mod-active .hepml").locator("visible=true")
    found.first.wait_for(timeout=60_000)
    assert found.count() == 1
    return found.first


def alone(page, lab, make, label):
    """Run a notebook that shows one ``view``, and return it: seen once, and heard by Python."""
    lab.write("alone.ipynb", make, "view")
    lab.open(page, "alone.ipynb")
    lab.run_all(page)
    view = shown(page, label)
    assert page.locator(f'.hepml[aria-label="{label}"]').locator("visible=true").count() == 1
    assert settled(lab, page, read(view))
    return view


def read(view):
    return view.locator(".hepml-readout").get_attribute("data-text")


def said(view):
    texts = view.locator(".hepml-readout b, .hepml-train-readout").all_text_contents()
    assert any(texts)
    return texts


def answers(view):
    """Tell whether a slider still changes what is read."""
    before = said(view)
    slider = view.get_by_role("slider").first
    for key in ("ArrowLeft", "ArrowRight", "Home", "End"):
        slider.press(key)
        if said(view) != before:
            return True
    return False


def dragged_in_silence(page, lab, view, to, *, panel=0):
    """Drag across a panel, from 0.3 of its width on; return the readout before letting go.

    Nothing is sent on the way, and Python hears of the end.
    """
    page.wait_for_timeout(1000)
    page.evaluate(COUNT_SENT)
    host = view.locator(".hepml-box").nth(panel)
    host.scroll_into_view_if_needed()
    box = host.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + to * box["width"], box["y"] + 60, steps=25)
    during, text = page.evaluate("sent"), read(view)
    page.mouse.up()
    assert during == 0
    assert settled(lab, page, text)
    return text


def moved_by_keys(page, lab, view, moves):
    """Press one key after the other, each on a slider by its name; Python follows."""
    for name, key in moves:
        before = read(view)
        view.get_by_role("slider", name=name).press(key)
        assert settled(lab, page, read(view))
        assert read(view) != before


def settled(lab, page, text, name="view"):
    """Tell whether Python has heard of the gesture; it does so when the gesture is over."""
    for _ in range(50):
        if ast.literal_eval(lab.evaluate(page, f"{name}.readout")) == text:
            return True
        page.wait_for_timeout(100)
    return False


def gone(page, locator):
    """Tell whether it disappears while saved copies look for live ones (`PATIENCE` in plot.js)."""
    for _ in range(50):
        if locator.count() == 0:
            return True
        page.wait_for_timeout(100)
    return False


def strangers(page, url):
    """List the requests of a page that leave the server at `url`, from now on."""
    asked = []
    ours = (url, url.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda r: r.url.startswith(ours) or asked.append(r.url))
    return asked
