"""The lessons and the dashboard, alive: what the page prints is what Python prints."""

import pytest

from tests.browser.live import gone, read, settled, strangers

pytestmark = pytest.mark.browser
EXPLORER = '.hepml[aria-label="ROC explorer"]'
NAMES = ("start", "boosted-trees", "best-classifier", "deep-networks", "jet-images")
CELL = "explorer = RocExplorer("
KEYS = ("ArrowRight", "ArrowRight", "PageDown", "ArrowLeft", "Home", "End", "PageDown")


def explorer_of(page):
    """Return the explorer that a reader sees, scrolled into view."""
    explorer = page.locator(EXPLORER).locator("visible=true").first
    explorer.wait_for(timeout=180_000)
    explorer.scroll_into_view_if_needed()
    return explorer


def drag(page, explorer, pixels):
    """Take the threshold by its middle and move it by so many pixels to the left."""
    box = explorer.get_by_role("slider").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 5):
        page.mouse.move(x - pixels * step / 4, y)
    page.mouse.up()


def follows(lab, page, explorer):
    """Move the threshold by keys and by the mouse: Python is told each time."""
    assert settled(lab, page, read(explorer), "explorer")
    explorer.get_by_role("slider").first.press("PageDown")
    assert settled(lab, page, read(explorer), "explorer")
    before = read(explorer)
    drag(page, explorer, 60)
    assert read(explorer) != before
    assert settled(lab, page, read(explorer), "explorer")


def test_the_start_page_runs_and_prints_the_digits_of_python(page, lab):
    asked = strangers(page, lab.url)
    lab.open(page, "start.ipynb")
    lab.run_all(page)
    explorer = explorer_of(page)
    assert settled(lab, page, read(explorer), "explorer")
    for key in KEYS:
        before = read(explorer)
        explorer.get_by_role("slider").first.press(key)
        assert read(explorer) != before
        assert settled(lab, page, read(explorer), "explorer")
    drag(page, explorer, 60)
    assert settled(lab, page, read(explorer), "explorer")
    assert asked == []


ACTIVE = "() => jupyterapp.shell.currentWidget.content.activeCellIndex"


def test_the_arrow_keys_of_a_slider_stay_with_it(page, lab):
    lab.open(page, "start.ipynb")
    lab.run_all(page)
    explorer = explorer_of(page)
    slider = explorer.locator("input[type=range]").first
    slider.click()
    values, cells = [slider.input_value()], page.evaluate(ACTIVE)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        values.append(slider.input_value())
    assert values == sorted(set(values), key=float)
    assert slider.evaluate("node => node === document.activeElement")
    assert page.evaluate(ACTIVE) == cells


def test_the_lesson_runs_and_prints_the_digits_of_python(page, lab):
    """No further than its explorer: nbval runs all of it."""
    asked = strangers(page, lab.url)
    lab.open(page, "boosted-trees.ipynb")
    lab.run_to(page, CELL, seconds=600)
    follows(lab, page, explorer_of(page))
    assert asked == []


def test_the_lesson_on_the_bound_prints_the_digits_of_python(page, lab):
    """No further than its explorer: nbval runs all of it."""
    asked = strangers(page, lab.url)
    lab.open(page, "best-classifier.ipynb")
    lab.run_to(page, CELL, seconds=300)
    explorer = explorer_of(page)
    follows(lab, page, explorer)
    explorer.get_by_role("button", name="gap", exact=True).click()
    assert settled(lab, page, read(explorer), "explorer")
    assert " · reached " in read(explorer)
    assert lab.evaluate(page, "explorer.roc_axis") == "'gap'"
    assert asked == []


def test_a_quiz_and_a_solution_open_in_the_notebook(page, lab):
    lab.open(page, "boosted-trees.ipynb")
    lab.show(page, 'class="quiz"')
    answer = page.locator("details:has(summary)").first
    shut = answer.inner_text()
    answer.locator("summary").click()
    assert len(answer.inner_text()) > len(shut)
    lab.show(page, "left, right = 105")
    folded = page.locator(".jp-Cell.jp-mod-active .jp-InputPlaceholder")
    folded.click()
    page.locator(".jp-Cell.jp-mod-active .cm-content").wait_for()


def test_dragging_is_not_a_talk_with_the_kernel(page, lab):
    lab.open(page, "start.ipynb")
    lab.run_all(page)
    explorer = explorer_of(page)
    sent = []
    page.on("websocket", lambda _: sent.append("a new connection"))
    page.evaluate(COUNT_SENT)
    box = explorer.get_by_role("slider").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    seen = set()
    for step in range(30):
        page.mouse.move(x - 2 * step, y)
        seen.add(read(explorer))
    assert len(seen) > 10
    assert page.evaluate("window.sentByWidgets") == 0
    assert sent == []
    page.mouse.up()
    page.wait_for_function("window.sentByWidgets >= 1", timeout=10_000)


# Counts what the page sends to the kernel over widget channels.
COUNT_SENT = """() => {
    window.sentByWidgets = 0;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
        if (/comm_msg/.test(text)) window.sentByWidgets += 1;
        return send.call(this, data);
    };
}"""


@pytest.mark.parametrize("name", NAMES)
def test_a_trusted_notebook_is_alive_when_opened_and_not_run(page, lab, name):
    lab.trust(f"{name}.ipynb")
    lab.open(page, f"{name}.ipynb")
    lab.show(page, CELL)
    explorer = explorer_of(page)
    before = read(explorer)
    drag(page, explorer, 60)
    assert read(explorer) != before
    cell = explorer.locator("xpath=ancestor::div[contains(@class, 'jp-CodeCell')]")
    assert cell.locator(EXPLORER).locator("visible=true").count() == 1
    lost = page.get_by_text("model not found").locator("visible=true")
    assert gone(page, lost)


@pytest.mark.parametrize(
    ("name", "cell", "label"),
    [
        ("reweighting", "view = ShapeCompare(", "Shape comparison"),
        ("without-labels", "hunter = BumpHunter(", "Bump hunter"),
        ("parameterised", "scan = ParameterScan(", "Parameter scan"),
        ("anomalies", "monitor_of_days = AnomalyMonitor(", "Anomaly monitor"),
    ],
)
def test_other_views_are_alive_when_opened_and_not_run(page, lab, name, cell, label):
    lab.trust(f"{name}.ipynb")
    lab.open(page, f"{name}.ipynb")
    lab.show(page, cell)
    view = page.locator(f'.hepml[aria-label="{label}"]').locator("visible=true").first
    view.wait_for(timeout=180_000)
    before = read(view)
    view.get_by_role("slider").last.press("ArrowLeft")
    assert read(view) != before
    assert gone(page, page.get_by_text("model not found").locator("visible=true"))


def test_one_explorer_is_seen_after_a_run(page, lab):
    lab.trust("start.ipynb")
    lab.open(page, "start.ipynb")
    lab.run_all(page)
    explorer_of(page)
    page.wait_for_timeout(5000)  # longer than the saved copy waits for a live one
    assert page.locator(EXPLORER).locator("visible=true").count() == 1


def test_the_dashboard_prints_the_digits_of_python(page, voila):
    asked = strangers(page, voila.url)
    voila.open(page, "roc.ipynb")
    explorer = explorer_of(page)
    before = read(explorer)
    drag(page, explorer, 60)
    assert read(explorer) != before
    assert read(explorer) in python_lines(voila.root / "roc.ipynb")
    assert page.get_by_role("heading", name="Where would you cut?").is_visible()
    assert page.locator(".jp-InputArea-editor").locator("visible=true").count() == 0
    assert asked == []


@pytest.mark.parametrize(
    ("place", "words"), [("/", "Where would you cut?"), ("/voila/tree", "roc.ipynb")]
)
def test_the_list_of_dashboards_asks_no_other_host(page, voila, place, words):
    refused = []
    page.on("requestfailed", lambda request: refused.append((request.url, request.failure)))
    asked = strangers(page, voila.url)
    page.goto(f"{voila.url}{place}")
    page.get_by_text(words).wait_for()
    page.wait_for_timeout(1000)
    assert {(url, "csp") for url in asked} <= set(refused)  # the page's own policy refused them


def python_lines(path):
    """Run a dashboard's cells here; list what its explorer prints at every threshold."""
    import nbformat

    cells = nbformat.read(path, as_version=4).cells
    *first, last = [cell.source for cell in cells if cell.cell_type == "code"]
    names = {}
    for source in first:
        exec(source, names)  # noqa: S102 - our own notebook
    explorer = eval(last, names)  # noqa: S307
    model = explorer.shown
    return {model.readout(row, explorer.merit, explorer.options) for row in range(len(model.cuts))}


def test_the_dashboard_follows_a_dark_theme(page, voila):
    voila.open(page, "roc.ipynb?theme=dark")
    assert explorer_of(page).get_attribute("data-theme") == "dark"
