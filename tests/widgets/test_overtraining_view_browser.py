"""OvertrainingView in a real browser: Python's digits and words, no kernel, no net."""

import csv
import io
import math

import numpy as np
import pytest
from playwright.sync_api import expect

from hepml_widgets import OvertrainingView
from hepml_widgets.core.payload import portable
from tests.widgets import looking
from tests.widgets.looking import NOW, STARTS, TEXT, dragged

pytestmark = pytest.mark.browser
ANSWERS = "[...document.querySelectorAll('.hepml-answer')].map(node => node.textContent)"
NASTY = ["<img src=x onerror=alert(1)>", "</script>&amp;"]


def gaussian(rng, n, separation):
    y = rng.integers(0, 2, n)
    return y, rng.normal(separation * (2 * y - 1))


@pytest.fixture
def staged(rng):
    y, score = gaussian(rng, 900, 1.2)
    y2, score2 = gaussian(rng, 1200, 0.9)
    w, w2 = rng.gamma(2, 0.5, 900), rng.choice([1.0, -0.4], 1200, p=[0.8, 0.2])
    gains = np.linspace(0, 1, 12)[:, None]
    rows, rows2 = (x + gains * (2 * labels - 1) for labels, x in ((y, score), (y2, score2)))
    loss = 1 / (1 + np.arange(12))
    history = {"loss": loss, "val_loss": loss + 0.02 * np.arange(12)}
    return OvertrainingView(y, rows, y2, rows2, w, w2, history=history, permutations=49)


def agrees(page, view):
    """Put Python's round where the page's is, and compare what both say."""
    view.round = page.evaluate(NOW)
    assert page.evaluate(TEXT) == view.readout
    assert page.evaluate(ANSWERS) == list(view.answers)
    return view.round


CASES = {
    "one of each": ([1, 0], [0.9, 0.1], [1, 0], [0.8, 0.3], None, None),
    "ties": ([1, 0, 1, 0] * 9, [0.5] * 36, [1, 0, 1, 0] * 9, [0.5] * 36, None, None),
    "no signal": ([0, 0], [0.1, 0.2], [1, 0], [0.3, 0.3], None, None),
    "nothing comparable": ([0, 0], [0.1, 0.2], [1, 1], [0.3, 0.3], None, None),
    "signed": (
        [1, 0, 1, 0],
        [4, 1, 2, 3],
        [1, 0, 1, 0],
        [4, 1, 2, 3],
        [2, 1, -1, 1],
        [1, -3, 2, 1],
    ),
    "saturated": (
        np.arange(90) % 2,
        1 / (1 + np.exp(-np.linspace(-80, 80, 90))),
        np.arange(80) % 2,
        1 / (1 + np.exp(-np.linspace(-60, 80, 80))),
        None,
        None,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_hard_cases_read_as_in_python(case, show):
    view = OvertrainingView(*CASES[case], permutations=19)
    page = show(view)
    assert page.evaluate(TEXT) == view.readout
    assert page.evaluate(ANSWERS) == list(view.answers)
    expect(page.locator(".hepml-empty").first).to_have_text(view.invitation)


DECODED = """table => hepml.decode(table).map(s => [s.gap, s.gapError, s.pSignal, s.pBackground,
    hepml.joined(hepml.readoutParts(s, table.unit))])"""


def test_every_stage_has_pythons_numbers(staged, expose):
    page = expose("overtraining_view", "decode", "readoutParts", "joined")
    found = page.evaluate(DECODED, portable(staged.payload))
    for (*numbers, text), stage in zip(found, staged.stages, strict=True):
        wanted = [*stage.gap, stage.p_value("signal"), stage.p_value("background")]
        np.testing.assert_allclose(numbers, wanted, rtol=1e-9, atol=1e-15)
        assert text == " · ".join(f"{label} {value}" for label, value in stage.parts("round"))


def test_histograms_travel_in_single_precision(staged, expose):
    page = expose("overtraining_view", "decode")
    found = page.evaluate(
        """table => hepml.decode(table).map(s => Object.fromEntries(
            Object.entries(s.histogram).map(([name, column]) => [name, [...column]])))""",
        portable(staged.payload),
    )
    for columns, stage in zip(found, staged.stages, strict=True):
        for name, histogram in stage.histograms.items():
            largest = staged.payload["unitContent"]
            np.testing.assert_allclose(columns[name], histogram.sumw, atol=1e-7 * largest)


def test_keys_walk_through_the_rounds(staged, show):
    page = show(staged)
    page.locator("[role=slider]").focus()
    wanted = {"Home": 1, "ArrowRight": 2, "PageUp": 3, "Shift+ArrowUp": 12, "ArrowLeft": 11}
    for key, row in wanted.items():
        page.keyboard.press(key)
        assert agrees(page, staged) == row
        text = page.locator("[role=slider]").get_attribute("aria-valuetext")
        assert text == staged.readout
    expect(page.locator("[aria-live]")).to_contain_text(staged.readout, timeout=5000)


def test_the_mouse_drags_through_the_rounds_and_the_scores_follow(staged, show):
    page = show(staged)
    outlines = "document.querySelector('.hepml-line-signal').getAttribute('d')"
    seen = set()
    for _ in dragged(page, 0, (0.1, 0.4, 0.7, 1.2, -0.2)):
        seen.add((agrees(page, staged), page.evaluate(outlines)))
    assert len({outline for _, outline in seen}) == len(seen) == 5


def test_another_curve_has_its_own_answer(staged, show):
    page = show(staged)
    page.get_by_label("learning curve", exact=True).select_option("loss")
    staged.curve = "loss"
    assert page.evaluate(ANSWERS) == list(staged.answers)
    assert "validation loss is best" in page.evaluate(ANSWERS)[0]


@pytest.fixture
def listening(staged, listen):
    return listen(staged, "round")


def test_nothing_is_sent_while_dragging(listening):
    during, sent = looking.sent_by_dragging(listening, 0)
    assert during == []
    assert sent == [listening.evaluate(NOW)]


def test_python_moves_the_view_and_a_closed_one_leaves_nothing(listening, staged):
    staged.round = 4
    listening.evaluate("view.model.set('round', 4)")
    assert listening.evaluate(TEXT) == staged.readout
    before, after = looking.left_behind(listening)
    assert min(before) > 0
    assert after == [0, 0]


def test_page_asks_for_nothing(staged, show):
    assert looking.outside(show(staged)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(staged, show, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(staged)
    assert page.locator(".hepml").get_attribute("data-theme") == scheme
    ratios = looking.contrasts(page, ".hepml p, .hepml button")
    assert len(ratios) > 30
    assert min(ratios) >= 4.5


@pytest.mark.parametrize("width", [320, 480, 720, 1280])
def test_nothing_overflows(staged, show, page, width):
    page.set_viewport_size({"width": width, "height": 700})
    show(staged)
    taken, clipped = looking.width_and_clipped(page)
    assert taken <= width
    assert clipped == []


@pytest.mark.parametrize("width", [360, 480, 1280])
def test_layout_does_not_move_while_dragging(staged, show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(staged)
    page.locator("[role=slider]").focus()
    before = looking.places(page)
    for key in ("Home", "ArrowRight", "PageUp", "End"):
        page.keyboard.press(key)
        assert page.evaluate(looking.PLACES) == before


def test_names_are_text(rng, show):
    y, score = gaussian(rng, 300, 1.0)
    history = {NASTY[0]: [1, 2, 3], f"val_{NASTY[0]}": [3, 2, 1]}
    view = OvertrainingView(y, score, y, score, names=NASTY, history=history, permutations=9)
    page = show(view)
    assert page.locator("img").count() == 0
    assert page.evaluate(ANSWERS) == list(view.answers)


def test_every_control_has_a_name_and_takes_the_focus(staged, show):
    assert looking.unreachable(show(staged)) == (0, 0)


def test_data_and_pictures_can_be_taken_away(staged, show):
    page = show(staged)
    page.get_by_role("button", name="data").click()
    expect(page.locator(".hepml-data tbody tr")).to_have_count(12)
    files = {name: looking.downloaded(page, name) for name in ("CSV", "SVG", "PNG")}
    for name, start in (STARTS | {"CSV": b"round,AUC training"}).items():
        assert files[name].startswith(start)
    rows = list(csv.reader(io.StringIO(files["CSV"].decode())))
    assert float(rows[3][5]) == pytest.approx(staged.stages[2].gap[0], rel=1e-9)
    assert not math.isnan(float(rows[3][7]))
