"""RocExplorer in a real browser: the digits of Python, every way of dragging, no kernel, no net."""

import csv
import io
import math

import numpy as np
import pytest

from hepml import stats
from hepml_widgets import RocExplorer
from hepml_widgets.core.cuts import Options
from hepml_widgets.core.numbers import with_error
from hepml_widgets.core.payload import portable
from tests.widgets import looking
from tests.widgets.looking import CLIPPED, NOW, STARTS, TEXT, dragged, frame_box

pytestmark = pytest.mark.browser

VISIBLE = """[...document.querySelectorAll('.hepml-item')].map(item => item.innerText
    .replace(/^(bound )?(1\\/)?ε(s|b)/, '$1$2ε_$3').trim()).join(' · ')"""
NASTY = [
    "<img src=x onerror=alert(1)>",
    "\u202e\u2067evil",
    "x" * 10_240,
    "</script>&amp;",
    "$\\a$",
]


def gaussian(rng, n=3000):
    y = rng.integers(0, 2, n)
    return y, 1 / (1 + np.exp(-rng.normal(2.0 * y - 1)))


CASES = {
    "weighted": lambda rng: (*gaussian(rng), rng.gamma(2, 0.5, 3000)),
    "signed": lambda rng: (*gaussian(rng), rng.choice([1.0, -0.7], 3000, p=[0.7, 0.3])),
    "saturated": lambda rng: (
        (y := rng.integers(0, 2, 3000)),
        (1 / (1 + np.exp(-30 * rng.normal(y - 0.5)))).astype(np.float32),
        None,
    ),
    "ties": lambda rng: (y := rng.integers(0, 2, 500), rng.integers(0, 4, 500) + y, None),
    "gaps": lambda _: ([1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.2], [0.5, 2.5, 1.5, 1e-4, 1e6]),
    "one": lambda _: ([1], [0.3], None),
    "background": lambda _: ([0, 0], [0.3, 0.4], None),
    "weightless": lambda _: ([1, 0, 0], [0.2, 0.4, 0.6], [0, 0, 0]),
}


def blurred(rng, y, score, _weights):
    """Take a better classifier for the bound, with ties."""
    return np.round(np.asarray(score, dtype=float) + np.asarray(y) + rng.normal(0, 0.2, len(y)), 2)


@pytest.fixture(params=[f"{name}{bound}" for name in CASES for bound in ("", ", bound")])
def case(request, rng):
    name, _, bound = request.param.partition(", ")
    events = CASES[name](rng)
    return RocExplorer(*events, bound=blurred(rng, *events) if bound else None)


@pytest.fixture
def explorer(rng):
    y, score = gaussian(rng)
    scores = {"BDT": score, "margin": np.log(score / (1 - score)) + rng.normal(size=3000)}
    return RocExplorer(y, scores, rng.gamma(2, 0.5, 3000), train=(y, scores), sigma_b=0.05)


@pytest.fixture
def beside(rng):
    """Two models beside the exact bound, of which one is the bound."""
    y, score = gaussian(rng)
    worse = score + rng.normal(0, 0.3, 3000)
    return RocExplorer(y, {"worse": worse, "same": score}, rng.gamma(2, 0.5, 3000), bound=score)


@pytest.fixture(params=["explorer", "beside rejection", "beside linear", "beside gap"])
def drawn(request):
    """One explorer without the bound, and one with it on each axis."""
    name, *axis = request.param.split()
    view = request.getfixturevalue(name)
    view.roc_axis = axis[0] if axis else view.roc_axis
    return view


@pytest.fixture
def functions(expose):
    names = (
        "decode scan readoutParts joined significance significanceError ams amsError "
        "ENOUGH_BACKGROUND effectiveEvents"
    )
    return expose("roc_explorer", *names.split())


def numbers(values):
    """JSON cannot say NaN: it travels as null."""
    return [math.nan if value is None else value for value in values]


def close(found, wanted):
    np.testing.assert_allclose(numbers(found), wanted, rtol=1e-9, atol=1e-300)


CELLS = {
    "=1+1": "'=1+1",
    "@x": "'@x",
    "\t=1": "'\t'=1",
    "\uff1d1": "'\uff1d1",
    "\uff0d2": "'\uff0d2",
    "\uff0b3": "'\uff0b3",
    "\uff204": "'\uff204",
    "a;=1": "a;'=1",
    "b\t+1": "b\t'+1",
    "c,@x": "c,'@x",
    "d\n-1": "d\n'-1",
    "x-1; y = 2, -z": "x-1; y = 2, -z",
    "plain": "plain",
}


def test_no_cell_of_a_download_is_a_formula(expose):
    """Neither with full-width signs nor in a spreadsheet that splits at other separators."""
    page = expose("roc_explorer", "csvOf")
    text = page.evaluate("cells => hepml.csvOf([[...cells, -3]])", list(CELLS))
    assert list(csv.reader(io.StringIO(text, newline=""))) == [[*CELLS.values(), "-3"]]


def test_formulas_agree_with_python(functions):
    sizes = [0.0, -3.0, 1e-9, 0.3, 1.0, 17.5, 1e4, 1e9]
    grid = [(s, b, f) for s in sizes for b in sizes for f in (0.0, 1e-3, 0.1, 3.0)]
    found = functions.evaluate(
        """grid => grid.map(([s, b, f]) => [
            hepml.significance(s, b, f * Math.abs(b)), hepml.ams(s, b, 10),
            hepml.significanceError(s, b, 0.3, 0.2, f), hepml.amsError(s, b, 0.3, 0.2, 10)])""",
        [list(row) for row in grid],
    )
    for (s, b, fraction), row in zip(grid, found, strict=True):
        scan = stats.significance_scan(one_row(s, b), sigma_b=fraction)
        wanted = [scan.significance, scan.ams, scan.significance_error, scan.ams_error]
        close(row, np.concatenate(wanted))


def test_which_cuts_are_trusted_is_pythons_rule(functions):
    assert functions.evaluate("hepml.ENOUGH_BACKGROUND") == stats.ENOUGH_BACKGROUND
    sizes = [-3.0, 0.0, 1e-200, 0.2, 24.999999, 25.0, 1e9]
    grid = [[a, b] for a in sizes for b in sizes]
    found = functions.evaluate("grid => grid.map(one => hepml.effectiveEvents(...one))", grid)
    close(found, stats.effective_events(*np.transpose(grid)))


def one_row(s, b):
    columns = [np.array([value]) for value in (0.5, s, 0.3**2, b, 0.2**2)]
    return stats.CutTable(*columns, 1.0, 1.0, 1.0, 1.0, 1, 1)


SCANS = """([packed, sigma, bR]) => {
    const m = hepml.decode(packed);
    return ['Z', 'AMS', 'SIC'].map(merit => {
        const curve = hepml.scan(m, merit, {sigma, bR});
        const texts = [...m.threshold.keys()].map(i =>
            hepml.joined(hepml.readoutParts(m, i, merit, curve)));
        const columns = ['values', 'errors', 'good'].map(name => [...curve[name]]);
        return [...columns, curve.best, curve.top, texts];
    });
}"""
BOUND = """([packed, sigma, bR]) => {
    const {bound} = hepml.decode(packed);
    const merits = ['Z', 'AMS', 'SIC'].map(merit => hepml.scan(bound, merit, {sigma, bR}));
    return [bound.background.value, bound.rejection, bound.rejectionErr, bound.fraction,
        bound.fractionErr, ...merits.map(({values}) => values)].map(column => [...column]);
}"""


def test_every_row_reads_as_in_python(case, functions):
    model, options = case.shown, Options(sigma_b=0.1, b_r=5.0)
    packed = packed_of(model)
    scans = functions.evaluate(SCANS, [packed, options.sigma_b, options.b_r])
    rows = range(len(model.cuts) - 1, -1, -1)
    for merit, (*columns, best, top, texts) in zip(("Z", "AMS", "SIC"), scans, strict=True):
        scan = model.scan(merit, options)
        wanted = scan.values, scan.errors, scan.parts[0], np.array([scan.top])
        for column, own in zip([*columns, [top]], wanted, strict=True):
            close(column, own[::-1])
        assert best == (-1 if scan.best is None else rows[scan.best])
        assert texts[::9] == [model.readout(row, merit, options) for row in rows[::9]]


def test_every_row_of_the_bound_is_pythons(case, functions):
    model, options = case.shown, Options(sigma_b=0.1, b_r=5.0)
    if not model.gap:
        assert functions.evaluate("packed => hepml.decode(packed).bound", packed_of(model)) is None
        return
    found = functions.evaluate(BOUND, [packed_of(model), options.sigma_b, options.b_r])
    best = model.gap.cuts
    wanted = [
        best.background_efficiency,
        best.background_rejection,
        stats.errors_at_signal_efficiency(best)[1],
        model.gap.fraction,
        model.gap.fraction_error,
        *(model.bound_scan(merit, options).values for merit in ("Z", "AMS", "SIC")),
    ]
    for column, values in zip(found, wanted, strict=True):
        np.testing.assert_allclose(column[::-1], values, rtol=1e-9, atol=1e-15)


def test_bands_of_the_curve_are_pythons(case, functions):
    """Errors of ε_b and of 1/ε_b at the ε_s of each row, with that of the cut put there."""
    found = functions.evaluate(
        """packed => {
            const m = hepml.decode(packed);
            return [[...m.chosen], [...m.rejectionErr]];
        }""",
        packed_of(case.shown),
    )
    for column, values in zip(found, case.shown.errors, strict=True):
        close(column, values[::-1])


def packed_of(model):
    return portable(model.packed())


def agrees(page, explorer):
    """Put Python's threshold where the page's is, and compare what both say."""
    explorer.threshold = page.evaluate(NOW)
    assert page.evaluate(TEXT) == explorer.readout
    return explorer.threshold


def test_page_opens_on_pythons_readout(case, show):
    page = show(case)
    assert page.evaluate(TEXT) == case.readout
    assert page.evaluate(VISIBLE) == case.readout
    assert agrees(page, case) == case.threshold


@pytest.mark.parametrize("panel", [0, 1, 2])
def test_mouse_drags_in_every_panel(explorer, show, panel):
    page = show(explorer)
    fractions = (0.2, 0.35, 0.5, 0.65, 0.8, 1.2, -0.2)
    seen = {agrees(page, explorer) for _ in dragged(page, panel, fractions)}
    left, top, width, _ = frame_box(page, panel)
    page.mouse.move(left + 0.5 * width, top)
    assert agrees(page, explorer) in seen
    assert len(seen) == 7


def test_keys_walk_over_the_rows(explorer, show):
    page = show(explorer)
    page.locator("[role=slider]").focus()
    rows = explorer.shown.thresholds
    start = len(rows) - 1 - explorer.row
    tenth = math.floor(len(rows) / 10 + 0.5)
    wanted = [start + 1, start, start + 10, 0, 0, tenth, len(rows) - 1]
    keys = ["ArrowRight", "ArrowLeft", "Shift+ArrowUp", "Home", "ArrowDown", "PageUp", "End"]
    for key, row in zip(keys, wanted, strict=True):
        page.keyboard.press(key)
        assert agrees(page, explorer) == rows[min(row, len(rows) - 1)], key
        text = page.locator("[role=slider]").get_attribute("aria-valuetext")
        assert text == explorer.readout


def test_a_finger_drags(explorer, show):
    page = show(explorer)
    left, top, width, height = frame_box(page)
    session = page.context.new_cdp_session(page)

    def touch(kind, *fractions):
        points = [{"x": left + f * width, "y": top + height / 2} for f in fractions]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.4)
    first = agrees(page, explorer)
    for fraction in (0.5, 0.6, 0.7):
        touch("touchMove", fraction)
    page.wait_for_function(f"first => {NOW} > first + 0.25", arg=first)
    second = agrees(page, explorer)
    touch("touchEnd")
    assert second - first == pytest.approx(0.3, abs=0.05)


def test_controls_change_what_is_read(explorer, show):
    page = show(explorer)
    for merit in ("AMS", "SIC", "Z"):
        page.get_by_role("button", name=merit, exact=True).click()
        explorer.merit = merit
        agrees(page, explorer)
    page.get_by_label("relative background uncertainty").fill("30")
    explorer.sigma_b = 0.3
    agrees(page, explorer)
    page.get_by_role("combobox").select_option(index=1)
    explorer.model = "margin"
    assert page.evaluate(TEXT) == explorer.readout
    agrees(page, explorer)
    page.get_by_role("button", name="εb", exact=True).click()
    assert "background efficiency" in page.locator(".hepml-frame").nth(1).text_content()


TOPS = """() => {
    const panel = document.querySelectorAll('svg.hepml-frame')[2];
    const highest = look => {
        const points = panel.querySelector(look)?.getAttribute('d').match(/[\\d.]+ [\\d.]+/g) ?? [];
        return Math.min(...points.map(pair => Number(pair.split(' ')[1])));
    };
    const best = panel.querySelector('path.hepml-best').getAttribute('d');
    return [highest('.hepml-curve-0.hepml-chosen'), highest('.hepml-roc-rest'),
        Number(best.match(/ ([\\d.]+)/)[1]) + 5,
        [...panel.querySelectorAll('text')].map(text => text.textContent)];
}"""


@pytest.mark.parametrize("width", [1280, 800, 480])
def test_the_best_point_is_the_top_of_the_solid_curve_and_its_rule_is_said(width, show):
    """Few background events survive a tight cut: there the curve is thin, dotted and higher."""
    y = np.repeat([1, 0], [400, 2000])
    rng = np.random.default_rng(4)
    view = RocExplorer(y, rng.normal(2.2 * y), np.where(y, 0.1, 1.0), sigma_b=0)
    scan = view.shown.scan("Z", view.options)
    trusted, rest = scan.parts
    assert np.nanmax(rest[np.isfinite(rest)]) > np.nanmax(trusted)
    page = show(view)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(200)
    solid, dotted, best, texts = page.evaluate(TOPS)
    assert best == pytest.approx(solid, abs=0.11)  # of a pixel, as paths are written
    assert dotted < solid - 5
    said = " ".join(texts)
    assert f"best Z {with_error(scan.values[scan.best], scan.errors[scan.best])} at" in said
    assert "dotted: fewer than 25 effective background events" in said
    assert "Z [σ], σb = 0.0\u202f%" in said
    assert page.evaluate(CLIPPED) == []


KEYS = """() => {
    const [, roc, merit] = document.querySelectorAll('svg.hepml-frame');
    const box = node => node.getBoundingClientRect();
    const swatches = [...roc.querySelectorAll('path')]
        .filter(path => /h24$/.test(path.getAttribute('d')))
        .map(path => box(path).left - box(document.querySelectorAll('.hepml-box')[1]).left);
    const words = [...merit.querySelectorAll('text')]
        .filter(text => /^(best|the best|dotted|effective)/.test(text.textContent));
    const below = Math.max(...words.map(text => box(text).bottom));
    return [swatches, box(merit.querySelector('.hepml-curve-0.hepml-chosen')).top - below];
}"""


@pytest.mark.parametrize("width", [860, 480])
def test_keys_stay_in_their_frame_and_above_the_best_cut(width, show):
    rng = np.random.default_rng(1)
    y = np.repeat([1, 0], [2000, 8000])
    score = rng.normal(2.4 * y)
    models = {"boosted decision trees": score, "one cut": score + 2 * rng.normal(size=len(y))}
    page = show(RocExplorer(y, models))
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(200)
    swatches, room = page.evaluate(KEYS)
    assert len(swatches) == 2
    assert min(swatches) > 0
    assert room > 0


def test_gap_is_on_screen_and_in_the_readout(beside, show):
    page = show(beside)
    assert page.get_by_role("option").all_text_contents() == [
        "\u2068worse\u2069",
        "\u2068same\u2069",
    ]
    page.get_by_role("button", name="gap", exact=True).click()
    panel = page.locator(".hepml-frame").nth(1)
    assert "over that of the bound" in panel.text_content()
    assert panel.locator(".hepml-bound").count() == 2  # the curve, and its sample beside the name
    assert "fluctuate above the exact bound" in panel.locator(".hepml-beyond title").text_content()
    agrees(page, beside)
    page.get_by_role("combobox").select_option(index=1)
    beside.model = "same"
    agrees(page, beside)
    assert " · reached 1.00 · " in beside.readout
    _, top, _, height = frame_box(page, 1)
    point = panel.locator(".hepml-point").bounding_box()
    assert point["y"] + point["height"] / 2 == pytest.approx(top + height / 6, abs=2)


@pytest.mark.parametrize("axis", ["rejection", "linear", "gap"])
def test_dragging_beside_the_bound_reads_as_in_python(beside, show, axis):
    beside.roc_axis = axis
    page = show(beside)
    fractions = (0.7, 0.5, 0.3, 0.1)
    assert len({agrees(page, beside) for _ in dragged(page, 1, fractions)}) == 4


@pytest.fixture
def listening(explorer, listen):
    return listen(explorer, "threshold")


def test_nothing_is_sent_while_dragging(listening, explorer):
    during, sent = looking.sent_by_dragging(listening, 0)
    assert during == []
    assert sent == [listening.evaluate(NOW)]
    explorer.set_state({"threshold": sent[0]})
    assert listening.evaluate(TEXT) == explorer.readout


def test_keys_are_sent_once_they_rest(listening):
    listening.locator("[role=slider]").focus()
    for _ in range(5):
        listening.keyboard.press("ArrowLeft")
    assert listening.evaluate("view.saved") == []
    listening.wait_for_function("view.saved.length > 0")
    assert listening.evaluate("view.saved") == [listening.evaluate(NOW)]


def test_python_moves_the_view(listening, explorer):
    explorer.threshold = 0.25
    listening.evaluate("value => view.model.set('threshold', value)", explorer.threshold)
    assert listening.evaluate(TEXT) == explorer.readout


def test_a_closed_view_leaves_nothing_behind(listening):
    before, after = looking.left_behind(listening)
    assert min(before) > 0
    assert after == [0, 0]


def test_page_asks_for_nothing(explorer, show):
    assert looking.outside(show(explorer)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(drawn, show, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(drawn)
    assert page.locator(".hepml").get_attribute("data-theme") == scheme
    ratios = looking.contrasts(page)
    assert len(ratios) > 40
    assert min(ratios) >= 4.5


def test_theme_follows_the_host_at_once(explorer, show):
    page = show(explorer)
    for theme in ("dark", "light"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        page.wait_for_selector(f".hepml[data-theme={theme}]")
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_selector(".hepml[data-theme=dark]")


@pytest.mark.parametrize("width", [320, 480, 720, 1000])
def test_nothing_overflows_and_the_readout_stays(drawn, show, page, width):
    page.set_viewport_size({"width": width, "height": 500})
    show(drawn)
    taken, clipped = looking.width_and_clipped(page)
    assert taken <= width
    assert clipped == []
    box = page.locator(".hepml-readout").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 500


def test_layout_does_not_move_while_dragging(explorer, show, page):
    show(explorer)
    before = looking.places(page)
    for _ in dragged(page, 0, (0.3, 0.1, 0.5, 0.9), steps=1):
        assert page.evaluate(looking.PLACES) == before


def test_names_are_text(rng, show):
    y, score = gaussian(rng, 400)
    explorer = RocExplorer(y, dict.fromkeys(NASTY, score), names=(NASTY[0], NASTY[2]))
    page = show(explorer)
    assert page.locator("img").count() == 0
    options = page.locator("option")
    assert options.evaluate_all("nodes => nodes.map(node => node.title)") == NASTY
    assert max(map(len, options.all_text_contents())) <= 30
    for index in range(len(NASTY)):
        page.get_by_role("combobox").select_option(index=index)
        explorer.model = NASTY[index]
        assert page.evaluate(TEXT) == explorer.readout
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_every_control_has_a_name_and_takes_the_focus(explorer, show):
    assert looking.unreachable(show(explorer)) == (0, 0)


def test_data_and_pictures_can_be_taken_away(explorer, show):
    page = show(explorer)
    page.get_by_role("button", name="data").click()
    cells = page.locator(".hepml-data tbody tr")
    assert cells.count() == len(explorer.shown.cuts)
    files = {name: looking.downloaded(page, name) for name in ("CSV", "SVG", "PNG")}
    for name, start in (STARTS | {"CSV": b"model,threshold"}).items():
        assert files[name].startswith(start)
    first = files["CSV"].decode().splitlines()[1].split(",")
    assert first[:2] == ["BDT", repr(float(explorer.shown.thresholds[0]))]


def test_bound_is_in_the_table_and_the_file(beside, show):
    page = show(beside)
    page.get_by_role("button", name="data").click()
    header = page.locator(".hepml-data th").all_text_contents()
    assert header[-4:] == ["bound 1/εb", "± bound 1/εb", "reached", "± reached"]
    text = looking.downloaded(page, "CSV").decode()
    header, *rows = [line.split(",") for line in text.splitlines()]
    assert header[-4:] == ["bound 1/ε_b", "± bound 1/ε_b", "reached", "± reached"]
    found = np.array([row[-2:] for row in rows], dtype=float)
    gap = beside.shown.gap
    np.testing.assert_allclose(found[:, 0], gap.fraction[::-1], rtol=1e-9)
    np.testing.assert_allclose(found[:, 1], gap.fraction_error[::-1], rtol=1e-9)


def test_values_are_announced_when_they_rest(explorer, show):
    page = show(explorer)
    page.locator("[role=slider]").focus()
    page.keyboard.press("Home")
    explorer.threshold = page.evaluate(NOW)
    page.wait_for_function(
        "text => document.querySelector('[aria-live]').textContent === text", arg=explorer.readout
    )
