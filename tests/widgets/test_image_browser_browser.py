"""ImageBrowser in a real browser: Python's digits and pixels, no kernel, no net."""

import csv
import io
import itertools

import numpy as np
import pytest
from playwright.sync_api import expect

from hepml_widgets import ImageBrowser
from hepml_widgets.core.payload import portable
from hepml_widgets.image_browser.payload import holds_half
from tests.support.toy_jets import toy_jets
from tests.widgets import looking
from tests.widgets.looking import STARTS, TEXT, dragged, frame_box

pytestmark = pytest.mark.browser
NASTY = ["<img src=x onerror=alert(1)>", "</script>&amp;_s\u202e", "x" * 400]
EXTENT = (-1.25, 1.25, -1.25, 1.25)
DIFFERENCE, HISTOGRAM = 3, 5  # frames in their order: image, image, bar, image, bar, …


def edge_cases():
    """Empty bins, single jets, signed and cancelling weights, tiny and negative pixels."""
    rng = np.random.default_rng(4)
    n = 60
    images = rng.exponential(size=(n, 3, 4)) * (rng.random((n, 3, 4)) < 0.3)
    images[:, 0, 0] = 1e-12
    variables = {"x": np.round(rng.normal(size=n), 1), "few": rng.integers(0, 3, n)}
    y = (rng.random(n) < 0.3).astype(int)
    signed = rng.choice([1.5, 0.5, -0.7], n)
    cancel = np.where(np.arange(n) % 2, 1.0, -1.0)
    yield ImageBrowser(images, y, variables=variables)
    yield ImageBrowser(images - 0.2, y, signed, variables=variables, saliency=images - 0.5)
    yield ImageBrowser(images, np.ones(n), cancel, variables=variables)


@pytest.fixture(scope="module")
def jets():
    return toy_jets(2500)


@pytest.fixture(scope="module")
def made(jets):
    images, y, weights, variables = jets
    saliency = np.diff(images, axis=1, prepend=0)
    options = {"variables": variables, "extent": EXTENT, "names": ("W", "QCD")}
    return ImageBrowser(images, y, weights, saliency=saliency, **options)


@pytest.fixture
def explorer(made):
    """Hand out the explorer as it was made."""
    state = {name: getattr(made, name) for name in made.trait_names(sync=True)}
    yield made
    for name in ("brush", "shown", "scale", "contrast", "stack", "jet", "pixel"):
        setattr(made, name, state[name])


LOOKS = """([table, states]) => {
    const data = hepml.decode(table);
    return states.map(state => {
        const seen = hepml.lookAt(data, state);
        const text = hepml.joined(hepml.readoutParts(data, seen));
        const {averages: {signal, background}, difference, error, pull} = seen;
        return [[signal.mean, signal.error, background.mean, background.error, difference, error,
            pull].map(image => [...image]), text]; });
}"""
FUNCTIONS = ("decode", "lookAt", "readoutParts", "joined")


def states_of(view):
    """Every brush, with images and saliency, averages and jets."""
    spans = [(-1, 0, 0)]
    for v, axis in enumerate(view.variables):
        spans += [(v, a, b) for a, b in itertools.combinations(range(axis.bins + 1), 2)]
    for stack, shown in itertools.product(view.samples["signal"].stacks, ("averages", "jets")):
        for i, (v, start, stop) in enumerate(spans):
            pixel = [i % view.shape[0], i % view.shape[1]]
            yield {"v": v, "from": start, "to": stop, "stack": stack, "shown": shown, "jet": i - 3,
                   "pixel": pixel}  # fmt: skip


def take(view, state):
    axis = view.variables[state["v"]]
    ends = (float(axis.edges[state[end]]) for end in ("from", "to"))
    view.brush = () if state["v"] < 0 else (axis.name, *ends)
    for name in ("stack", "shown", "jet", "pixel"):
        setattr(view, name, state[name])


def numbers(view):
    signal, background = view.averages.values()
    difference = view.difference
    return [signal.mean, signal.error, background.mean, background.error, difference.value,
            difference.error, difference.pull]  # fmt: skip


def assert_same(found, wanted, context):
    found = np.array(found, dtype=float).reshape(wanted.shape)
    largest = np.nanmax(np.abs(wanted), initial=0.0)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-13 * largest, err_msg=context)


@pytest.mark.parametrize("case", [0, 1, 2])
def test_every_average_and_readout_is_pythons(case, expose):
    view = list(edge_cases())[case]
    states = list(states_of(view))
    page = expose("image_browser", *FUNCTIONS)
    results = page.evaluate(LOOKS, [portable(view.payload), states])
    assert len(states) > 50
    for state, (images, text) in zip(states, results, strict=True):
        take(view, state)
        for found, wanted in zip(images, numbers(view), strict=True):
            assert_same(found, wanted, str(state))
        assert text == view.readout


def test_dots_hold_half_as_in_python(expose, rng):
    page = expose("image_browser", "holdsHalf")
    for values in (rng.normal(size=30), np.ones(7), np.zeros(4), np.repeat([2.0, -1.0], 5)):
        found = page.evaluate("v => hepml.holdsHalf(Float64Array.from(v))", values.tolist())
        assert sorted(found) == np.flatnonzero(holds_half(values)).tolist()


# ---------------------------------------------------------------- on the page


def on_page(page, name):
    return page.evaluate(f"view.model.get('{name}')")


@pytest.fixture
def live(explorer, listen):
    return listen(explorer, "brush")


def agrees(page, view):
    """Put Python's state where the page's is, and compare what both say."""
    for name in ("brush", "shown", "scale", "contrast", "stack", "jet", "pixel"):
        setattr(view, name, on_page(page, name))
    assert page.evaluate(TEXT) == view.readout
    return view


def test_mouse_brushes_one_histogram_after_another(live, explorer):
    seen = set()
    for which, axis in enumerate(explorer.variables):
        for _ in dragged(live, HISTOGRAM + which, (0.8, 0.95, 0.2)):
            assert agrees(live, explorer).brush[0] == axis.name
            seen.add(live.evaluate("document.querySelector('.hepml-cells').getAttribute('href')"))
    assert len(seen) > 5
    live.get_by_role("button", name="all jets").click()
    assert agrees(live, explorer).brush == ()


def test_an_edge_of_the_brush_can_be_dragged(live, explorer):
    explorer.brush = ("score", 0.25, 0.5)
    live.evaluate("brush => view.model.set('brush', brush)", list(explorer.brush))
    left, top, width, height = frame_box(live, HISTOGRAM + 2)
    live.mouse.move(left + 0.5 * width, top + 0.5 * height)
    live.mouse.down()
    live.mouse.move(left + 0.8 * width, top + 0.5 * height, steps=4)
    live.mouse.up()
    assert agrees(live, explorer).brush == ("score", 0.25, 0.875)


def test_keys_move_both_ends_of_a_brush(live, explorer):
    edges = [float(edge) for edge in explorer.variables[1].edges]
    live.get_by_role("slider", name="lowest mass [GeV]").focus()
    for key, low in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        live.keyboard.press(key)
        assert agrees(live, explorer).brush == ("mass [GeV]", edges[low], edges[-1])
    live.get_by_role("slider", name="highest mass [GeV]").focus()
    for key, low, high in (("ArrowLeft", 1, -2), ("Home", 0, 1), ("End", 0, -1)):
        live.keyboard.press(key)
        assert agrees(live, explorer).brush == ("mass [GeV]", edges[low], edges[high])
    expect(live.locator("[aria-live]")).to_contain_text(explorer.readout, timeout=5000)
    live.keyboard.press("Escape")
    assert agrees(live, explorer).brush == ()


def test_keys_and_mouse_walk_over_the_pixels(live, explorer):
    cursor = live.get_by_role("slider", name="pixel")
    cursor.focus()
    walk = {"ArrowUp": (13, 12), "ArrowLeft": (13, 11), "PageDown": (8, 11), "Home": (8, 0),
            "ArrowDown": (7, 0), "End": (7, 24), "ArrowRight": (7, 24)}  # fmt: skip
    for key, place in walk.items():
        live.keyboard.press(key)
        assert agrees(live, explorer).pixel == place
    assert "I_s−I_b" in cursor.get_attribute("aria-valuetext")
    left, top, width, height = frame_box(live, DIFFERENCE)
    live.mouse.click(left + 0.5 / 25 * width, top + 2.5 / 25 * height)
    assert agrees(live, explorer).pixel == (22, 0)


def test_single_jets_are_turned_over(live, explorer):
    live.get_by_role("button", name="jets", exact=True).click()
    frames = live.locator(".hepml-frame")
    for step, name in enumerate(("next", "next", "before", "before", "before")):
        view = agrees(live, explorer)
        for i, (kind, (_, count, _)) in enumerate(view.singles.items()):
            number = view.jet % count + 1
            label = f"\u2068{view.names[i]}\u2069 jet {number} of {count}"
            expect(frames.nth(i).locator(".hepml-image-name")).to_have_text(label)
            mark = f".hepml-mark-{kind}"
            expect(frames.nth(HISTOGRAM).locator(mark)).to_have_count(1)
        live.get_by_title(name).click()
        assert view.jet == (0, 1, 2, 1, 0)[step]
    assert agrees(live, explorer).jet == -1


PIXELS = """async which => {
    const image = new Image();
    image.src = document.querySelectorAll('.hepml-cells')[which].getAttribute('href');
    await image.decode();
    const {width, height} = image;
    const canvas = Object.assign(document.createElement('canvas'), {width, height});
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return [...context.getImageData(0, 0, width, height).data];
}"""


def pixels(page, which, shape):
    """Colours of a picture, first row below."""
    return np.reshape(page.evaluate(PIXELS, which), (*shape, 4))[::-1, :, :3].astype(int)


GROUNDS = {"light": 255, "dark": 18}


@pytest.mark.parametrize("scale", ["log", "linear"])
@pytest.mark.parametrize("scheme", GROUNDS)
def test_zeros_are_blank_and_the_rest_is_ranked(explorer, show, page, scheme, scale):
    page.emulate_media(color_scheme=scheme)
    explorer.scale = scale
    show(explorer)
    for which, average in enumerate(explorer.averages.values()):
        colors = pixels(page, which, explorer.shape)
        assert (average.mean == 0).any()
        blank = (colors == GROUNDS[scheme]).all(axis=2)
        np.testing.assert_array_equal(blank, average.mean == 0)
        green = colors[..., 1][~blank]  # it falls, or rises, all along the scale
        order = np.argsort(average.mean[~blank], kind="stable")
        steps = np.diff(green[order]) * (1 if scheme == "dark" else -1)
        assert steps.min() >= -2


def test_difference_is_red_where_signal_is_more(explorer, show):
    page = show(explorer)
    value = explorer.difference.value
    colors = pixels(page, DIFFERENCE, explorer.shape)
    redness = colors[..., 0] - colors[..., 2]
    often = np.abs(value) > 0.05 * np.abs(value).max()
    assert often.sum() > 10
    assert (np.sign(redness) == np.sign(value))[often].all()


def test_below_zero_has_a_look_of_its_own(explorer, show):
    explorer.stack = "saliency"
    page = show(explorer)
    mean = explorer.averages["signal"].mean
    grey = np.ptp(pixels(page, 0, explorer.shape), axis=2) < 20
    np.testing.assert_array_equal(grey & (mean != 0), mean < 0)
    expect(page.locator(".hepml-image-less")).to_have_count(1)
    dashes = page.locator(".hepml-marks .hepml-image-minus").first.get_attribute("d")
    assert dashes.count("M") == (mean < 0).sum()
    page.get_by_role("button", name="linear").click()
    expect(page.locator(".hepml-image-less")).to_have_count(0)
    page.get_by_role("button", name="pull").click()
    expect(page.get_by_text("no errors are kept of a saliency")).to_be_visible()


def test_theme_repaints_the_images(explorer, show):
    page = show(explorer)
    before = page.evaluate(PIXELS, 0)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_selector(".hepml[data-theme=dark]")
    page.wait_for_timeout(200)
    assert page.evaluate(PIXELS, 0) != before


def test_an_empty_selection_says_so(jets, show):
    images, y, _, variables = jets
    mass = np.where(y, 80.0, variables["mass [GeV]"] + 40)
    view = ImageBrowser(images, y, variables={"mass": mass}, edges={"mass": [0, 70, 90, 400]})
    view.brush = ("mass", 70, 90)
    page = show(view)
    expect(page.get_by_text("no jets here: select others")).to_be_visible()
    expect(page.get_by_text("nothing here to compare")).to_be_visible()
    assert page.evaluate(TEXT) == view.readout


def test_nothing_is_sent_while_brushing(live):
    during, sent = looking.sent_by_dragging(live, HISTOGRAM)
    assert during == []
    assert sent == [on_page(live, "brush")]


def test_python_moves_the_view_and_a_closed_one_leaves_nothing(live, explorer):
    for name, value in {
        "brush": ("score", 0.5, 1), "shown": "jets", "jet": 3, "pixel": (2, 3), "scale": "linear",
        "contrast": "pull", "stack": "saliency",
    }.items():  # fmt: skip
        setattr(explorer, name, value)
        new = getattr(explorer, name)
        live.evaluate("([name, value]) => view.model.set(name, value)", [name, new])
        assert live.evaluate(TEXT) == explorer.readout
    before, after = looking.left_behind(live)
    assert min(before) > 0
    assert after == [0, 0]


def test_page_asks_for_nothing(explorer, show):
    assert looking.outside(show(explorer)) == []


@pytest.mark.parametrize("width", [320, 480, 720, 1280])
def test_nothing_overflows_and_nothing_moves(explorer, show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(explorer)
    page.get_by_role("slider", name="lowest mass").focus()
    page.keyboard.press("ArrowRight")
    before = looking.places(page)
    for key in ("ArrowRight", "PageUp", "End", "Home"):
        page.keyboard.press(key)
        taken, clipped = looking.width_and_clipped(page)
        assert taken <= width
        assert clipped == []
        assert page.evaluate(looking.PLACES) == before


def test_all_panels_of_a_narrow_page_are_seen_together(explorer, show, page):
    page.set_viewport_size({"width": 480, "height": 900})
    show(explorer)
    tops = [page.locator(".hepml-frame").nth(i).bounding_box() for i in (0, 1, 7)]
    assert tops[0]["y"] == pytest.approx(tops[1]["y"], abs=1)
    assert tops[2]["y"] + tops[2]["height"] <= 900


@pytest.mark.parametrize("width", [480, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(explorer, show, page, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    show(explorer)
    ratios = looking.contrasts(page)
    assert len(ratios) > 30
    assert min(ratios) >= 4.5


def test_names_are_text_as_given(jets, show):
    images, y, _, variables = jets
    view = ImageBrowser(
        images, y, variables={NASTY[0]: variables["score"], NASTY[1]: y, NASTY[2]: y},
        names=NASTY[:2], axes=NASTY[1:], quantity=NASTY[0],
    )  # fmt: skip
    view.brush = (NASTY[1], 0, 0.5)
    page = show(view)
    assert page.locator("img").count() == 0
    assert page.evaluate(TEXT) == view.readout
    titles = page.locator(".hepml-frame").nth(HISTOGRAM).locator(".hepml-title")
    assert titles.first.text_content() == f"\u2068{NASTY[0][:23]}…\u2069"
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_every_control_has_a_name_and_takes_the_focus(explorer, show):
    assert looking.unreachable(show(explorer)) == (0, 0)


def test_data_and_pictures_can_be_taken_away(explorer, show):
    explorer.brush = ("score", 0.5, 1)
    page = show(explorer)
    page.get_by_role("button", name="data").click()
    expect(page.locator(".hepml-data tbody tr")).to_have_count(625)
    files = {name: looking.downloaded(page, name) for name in ("CSV", "SVG", "PNG")}
    for name, start in (STARTS | {"CSV": b"selected,x,y,I_s"}).items():
        assert files[name].startswith(start)
    assert files["SVG"].count(b"data:image/png") == 5
    assert files["SVG"].count(b'image-rendering="pixelated"') == 5
    assert files["SVG"].count(b'paint-order="stroke"') > 6  # or halos hide their letters
    text = files["CSV"].decode()
    assert not set("\u2068\u2069") & set(text)  # names are isolated on the page alone
    _, *rows = csv.reader(io.StringIO(text))
    found = np.array([row[1:] for row in rows], dtype=float)
    xs, ys = explorer.centres
    np.testing.assert_array_equal(found[:, 0], np.tile(xs, 25))
    np.testing.assert_array_equal(found[:, 1], np.repeat(ys, 25))
    for column, wanted in zip(found[:, 2:].T, numbers(explorer), strict=True):
        assert_same(column, wanted.ravel(), "CSV")


def test_pixels_are_sent_once_a_key_is_let_go(explorer, listen):
    page = listen(explorer, "pixel")
    page.get_by_role("slider", name="pixel").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("view.saved") == []
    page.get_by_role("slider", name="pixel").focus()
    page.keyboard.down("ArrowUp")
    page.keyboard.down("ArrowUp")
    assert page.evaluate("view.saved") == []
    page.keyboard.up("ArrowUp")
    assert page.evaluate("view.saved") == [[14, 12]]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_any_number_of_variables_fits(jets, show, page, count):
    images, y, _, variables = jets
    names = [*variables, "another"][:count]
    view = ImageBrowser(images, y, variables={name: variables.get(name, y) for name in names})
    page = show(view)
    assert page.locator(".hepml-frame").count() == 5 + count
    assert looking.width_and_clipped(page)[1] == []
    assert len(view.figure().axes) == 2 * max(3, count) + 3
