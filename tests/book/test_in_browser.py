"""The book as a reader meets it: over http and from the file system, with no other host."""

import base64
import json
import re
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser
FACES = pytest.mark.parametrize("face", ["http", "file"])


@pytest.fixture
def watched(page, book):
    page.strangers, page.failures = [], []
    page.set_default_timeout(90_000)
    ours = tuple(book.addresses.values())

    def route(route):
        url = route.request.url
        if url.startswith((*ours, "data:", "blob:")):
            return route.continue_()
        page.strangers.append(url)
        return route.abort()

    page.route("**/*", route)
    page.on("response", lambda r: r.status >= 400 and page.failures.append(f"{r.status} {r.url}"))
    page.on("requestfailed", lambda r: None if left_behind(r) else page.failures.append(r.url))
    page.on("console", lambda m: m.type == "error" and page.failures.append(m.text))
    return page


def left_behind(request):
    """Whether the browser gave up a request because the test went on to the next page."""
    return request.failure == "net::ERR_ABORTED"


def visit(page, book, face, name):
    page.goto(f"{book.addresses[face]}/{name}", wait_until="load")


@FACES
def test_no_page_asks_another_host_or_is_wider_than_its_window(watched, book, face):
    """Both in one walk: to open all pages takes most of the time."""
    for name in book.pages:
        watched.set_viewport_size({"width": 1280, "height": 900})
        visit(watched, book, face, name)
        watched.wait_for_load_state("networkidle")
        assert widest(watched) <= 1280, name
        watched.set_viewport_size({"width": 480, "height": 900})
        assert widest(watched) <= 480, name
    assert watched.strangers == []
    assert watched.failures == []


def widest(page):
    """Width of what a page shows, in px, once it is laid out."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("document.documentElement.scrollWidth")


@FACES
def test_the_folder_opens_on_the_first_page(watched, book, face):
    visit(watched, book, face, "index.html")
    watched.wait_for_url("**/book/intro.html")
    assert watched.strangers == []


@FACES
def test_the_mathematical_font_is_loaded(watched, book, face):
    visit(watched, book, face, "book/glossary.html")
    watched.evaluate("document.fonts.ready")
    faces = watched.evaluate("[...document.fonts].map(f => f.family + ' ' + f.status)")
    assert "STIX Two Math loaded" in {face.replace('"', "") for face in faces}


def luminance(colour):
    values = np.array([float(v) for v in re.findall(r"[\d.]+", colour)[:3]]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


COLOURS = """selector => [...document.querySelectorAll(selector)].map(node => {
    let ground = node;
    const clear = e => /rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(e).backgroundColor);
    while (ground.parentElement && clear(ground)) ground = ground.parentElement;
    return [getComputedStyle(node).color, getComputedStyle(ground).backgroundColor, node.outerHTML];
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_links_can_be_read_in_light_and_dark(watched, book, scheme):
    watched.emulate_media(color_scheme=scheme)
    grounds = set()
    for name in ("book/intro.html", "book/glossary.html", *book.lessons):
        visit(watched, book, "file", name)
        colours = watched.evaluate(
            COLOURS, ".bd-article :is(p, li, a, dt, dd, h1, h2, td, summary, math)"
        )
        faint = [html[:200] for one, other, html in colours if contrast(one, other) < 4.5]
        assert faint == [], name
        grounds.add(watched.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert {luminance(ground) > 0.5 for ground in grounds} == {scheme == "light"}


def shown_figures(page):
    return [page.locator(f"div.cell_output img.only-{kind}:visible") for kind in ("light", "dark")]


def pixels(locator):
    return np.asarray(Image.open(BytesIO(locator.screenshot())).convert("RGB"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_have_the_ground_of_the_page_and_letters_that_stand_out(watched, book, scheme):
    watched.emulate_media(color_scheme=scheme)
    for name in book.lessons:
        visit(watched, book, "file", name)
        light, dark = shown_figures(watched)
        here, there = (dark, light) if scheme == "dark" else (light, dark)
        assert there.count() == 0
        assert here.count() == book.text(name).count("only-light")
        if not here.count():
            continue
        here.first.scroll_into_view_if_needed()
        watched.wait_for_function("node => node.complete", arg=here.first.element_handle())
        seen = pixels(here.first)
        ground = watched.evaluate("getComputedStyle(document.body).backgroundColor")
        corner, ink = (f"rgb{tuple(map(int, color))}" for color in (seen[2, 2], extreme_of(seen)))
        assert corner == ground
        assert contrast(ink, ground) > 10


def extreme_of(seen):
    """Colour of the letters: what differs most from the corner."""
    flat = seen.reshape(-1, 3).astype(int)
    return flat[np.abs(flat - flat[0]).sum(axis=1).argmax()]


def test_figures_follow_the_switch_of_the_theme(watched, book):
    visit(watched, book, "file", "notebooks/boosted-trees.html")
    for theme, which in (("dark", 1), ("light", 0), ("dark", 1)):
        watched.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        counts = [found.count() for found in shown_figures(watched)]
        assert counts[which] >= 5
        assert counts[1 - which] == 0


def test_a_quiz_answers_without_a_script(browser, book):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{book.addresses['file']}/notebooks/boosted-trees.html")
    answers = page.locator(".quiz details")
    assert answers.count() >= 15
    first = answers.first
    reason = first.evaluate("node => node.innerText").splitlines()
    first.locator("summary").click()
    opened = first.evaluate("node => node.innerText").splitlines()
    assert len(opened) > len(reason)
    context.close()


def test_a_solution_is_hidden_until_it_is_asked_for(watched, book):
    visit(watched, book, "file", "notebooks/boosted-trees.html")
    solution = watched.locator("details.hide").first
    code = solution.locator(".cell_input")
    assert not code.is_visible()
    solution.locator("summary").first.click()
    assert code.is_visible()


# ---------------------------------------------------------------- the figure that is dragged


def states(html):
    """State of each saved explorer of a page, as its script holds it."""
    found = re.findall(r"\.mount\((\"[^\"]*\"),(\{.*\})\);$", html, re.MULTILINE)
    every = {json.loads(key): json.loads(state) for key, state in found}
    return {key: state for key, state in every.items() if "models" in state.get("payload", {})}


def column(packed, name):
    return np.frombuffer(base64.b64decode(packed[name]["base64"]), "<f8")


def python_readouts(state):
    from hepml import stats
    from hepml_widgets.core.cuts import Options
    from hepml_widgets.roc_explorer.payload import Model

    packed = next(m for m in state["payload"]["models"] if m["name"] == state["model"])
    s, s2, b, b2 = (column(packed, name)[::-1] for name in ("s", "s2", "b", "b2"))
    sums = (column(packed, "threshold")[::-1], s, s2, b, b2)
    cuts = stats.CutTable(*sums, *column(packed, "totals"), n_signal=1, n_background=1)
    curve = SimpleNamespace(fewest=None)  # these samples are large
    model = Model(packed["name"], cuts, curve, None, packed["scale"], {})
    options = Options(state["sigma_b"], state["b_r"])
    return {row: model.readout(row, state["merit"], options) for row in range(len(s))}


@FACES
@pytest.mark.parametrize("name", ["start", "boosted-trees"])
def test_the_saved_figure_prints_the_digits_of_python(watched, book, face, name):
    (state, *_) = states(book.text(f"notebooks/{name}.html")).values()
    expected = set(python_readouts(state).values())
    visit(watched, book, face, f"notebooks/{name}.html")
    explorer = watched.locator('.hepml[aria-label="ROC explorer"]').first
    explorer.scroll_into_view_if_needed()
    seen = [read(explorer)]
    handle = explorer.get_by_role("slider").first
    handle.focus()
    for key in ("ArrowRight", "ArrowRight", "PageDown", "ArrowLeft", "Home", "End"):
        watched.keyboard.press(key)
        seen.append(read(explorer))
    box = handle.bounding_box()
    watched.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    watched.mouse.down()
    for step in range(1, 6):
        watched.mouse.move(box["x"] - 12 * step, box["y"] + box["height"] / 2)
        seen.append(read(explorer))
    watched.mouse.up()
    assert set(seen) <= expected
    assert len(set(seen)) >= 6
    assert watched.strangers == []


def read(explorer):
    return explorer.locator(".hepml-readout").get_attribute("data-text")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_covers_or_cuts_a_figure_on_a_projector(watched, book, scheme):
    """What is seen at its corners is the figure, as wide as the screen, on the page's ground."""
    watched.set_viewport_size({"width": 1920, "height": 1080})
    watched.emulate_media(color_scheme=scheme)
    watched.goto(f"{book.addresses['http']}/notebooks/boosted-trees.html?projector")
    view = watched.locator(".hepml").first
    view.wait_for()
    watched.wait_for_timeout(1500)
    view.scroll_into_view_if_needed()
    watched.evaluate("scrollBy(0, -100)")
    box = view.bounding_box()
    assert box["width"] > 0.9 * 1920
    seen = watched.evaluate(
        """({x, y, width, height}) => [0.02, 0.5, 0.98].flatMap((a) => [0.1, 0.9].map((b) =>
          !!document.elementFromPoint(x + a * width, y + b * height)?.closest('.hepml')))""",
        box,
    )
    assert all(seen)
    ground = view.evaluate("(one) => getComputedStyle(one).backgroundColor")
    assert ground == watched.evaluate("getComputedStyle(document.body).backgroundColor")
