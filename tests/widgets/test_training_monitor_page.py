"""A recorded training in a page without a kernel, in a real browser."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from hepml_widgets import TrainingMonitor
from tests.widgets import looking

pytestmark = pytest.mark.browser
EPOCHS = 40
LOSS = [1 / (1 + 0.2 * epoch) for epoch in range(1, EPOCHS + 1)]
HISTORY = {
    "loss": LOSS,
    "auc": [1 - value / 2 for value in LOSS],
    "f1": [1 - value / 3 for value in LOSS],
    "val_loss": [value + 0.0002 * (epoch - 25) ** 2 for epoch, value in enumerate(LOSS, start=1)],
    "val_auc": [0.9 - value / 2 for value in LOSS],
}
RECORDED = "2026-11-22, make lesson SIZE=full, <b>seed</b> 7"


@pytest.fixture
def recorded():
    return TrainingMonitor.from_history(HISTORY, recorded=RECORDED, baseline=0.6)


@pytest.fixture
def shown(open_page, recorded):
    return open_page(recorded)


def readout(page):
    """Read the line of numbers, without the marks that isolate names in other scripts."""
    text = page.locator(".hepml-train-readout").inner_text()
    return text.translate(dict.fromkeys(map(ord, "\u2068\u2069")))


def slider(page):
    return page.get_by_role("slider", name="epoch")


def test_it_says_that_it_is_recorded(shown):
    expect(shown.locator(".hepml-train-progress")).to_have_text(re.compile("recorded.*40 epochs"))
    expect(shown.locator(".hepml-train-origin")).to_have_text(RECORDED)
    for name in ("Start", "Pause", "Stop"):
        expect(shown.get_by_role("button", name=name)).to_have_count(0)


def test_numbers_are_python_numbers(shown, recorded):
    text = readout(shown)
    assert f"loss {HISTORY['loss'][-1]:.4f}" in text
    assert f"val_auc {HISTORY['val_auc'][-1]:.4f}" in text
    best = recorded.best
    assert f"best val_loss {best.value:.4f} at {best.epoch}" in text


def test_keys_move_through_the_epochs(shown):
    slider(shown).focus()
    shown.keyboard.press("Home")
    assert readout(shown).startswith("epoch 1")
    shown.keyboard.press("ArrowRight")
    shown.keyboard.press("PageUp")
    expect(slider(shown)).to_have_attribute("aria-valuenow", "6")
    assert f"loss {LOSS[5]:.4f}" in readout(shown)
    # The best of what is shown so far, not of what comes.
    so_far = HISTORY["val_loss"][:6]
    assert f"best val_loss {min(so_far):.4f} at {so_far.index(min(so_far)) + 1}" in readout(shown)
    spoken = shown.locator("[aria-live]")
    expect(spoken).to_contain_text("epoch 6", timeout=5000)


def test_the_mouse_drags_through_the_epochs(shown):
    box = shown.locator(".hepml-train-lower svg").bounding_box()
    middle = box["y"] + box["height"] / 3
    shown.mouse.move(box["x"] + 0.8 * box["width"], middle)
    shown.mouse.down()
    shown.mouse.move(box["x"] + 0.3 * box["width"], middle, steps=5)
    shown.mouse.up()
    epoch = int(re.match(r"epoch (\d+)", readout(shown))[1])
    assert 5 < epoch < 20
    assert f"loss {LOSS[epoch - 1]:.4f}" in readout(shown)


def test_replay_runs_from_the_first_epoch_to_the_last(shown):
    axes = shown.locator(".hepml-axes").all_inner_texts()
    shown.get_by_role("button", name="Replay").click()
    shown.wait_for_function(
        "() => document.querySelector('[role=slider]').getAttribute('aria-valuenow') < 10"
    )
    expect(slider(shown)).to_have_attribute("aria-valuenow", str(EPOCHS), timeout=20_000)
    assert shown.locator(".hepml-axes").all_inner_texts() == axes


def test_reduced_motion_replays_in_a_few_steps(shown):
    shown.emulate_media(reduced_motion="reduce")
    shown.evaluate("""() => {
        window.seen = new Set();
        const grip = document.querySelector('[role=slider]');
        new MutationObserver(() => seen.add(grip.getAttribute('aria-valuenow')))
            .observe(grip, { attributes: true });
    }""")
    shown.get_by_role("button", name="Replay").click()
    shown.wait_for_function("() => seen.has('1')")
    expect(slider(shown)).to_have_attribute("aria-valuenow", str(EPOCHS), timeout=20_000)
    assert len(shown.evaluate("() => [...seen]")) <= 9


def test_another_metric_can_be_chosen(shown):
    select = shown.get_by_label("curve of the lower panel")
    values = select.locator("option").evaluate_all("options => options.map((o) => o.value)")
    assert values == ["auc", "f1"]
    select.select_option("f1")
    assert f"f1 {HISTORY['f1'][-1]:.4f}" in readout(shown)
    expect(shown.get_by_role("img", name="\u2068f1\u2069 by epoch")).to_be_visible()


def test_loss_on_a_logarithmic_axis(shown):
    plain = shown.locator(".hepml-train-upper .hepml-tick").all_inner_texts()
    shown.get_by_role("button", name="log", exact=True).click()
    assert shown.locator(".hepml-train-upper .hepml-tick").all_inner_texts() != plain


def test_table_and_downloads(shown):
    shown.get_by_role("button", name="data").click()
    rows = shown.locator(".hepml-data tbody tr")
    expect(rows).to_have_count(EPOCHS)
    assert rows.nth(4).locator("td").first.inner_text() == "5"
    header, *lines = csv.reader(io.StringIO(looking.downloaded(shown, "CSV").decode()))
    assert header == ["epoch", *HISTORY]
    assert len(lines) == EPOCHS
    assert float(lines[7][1]) == pytest.approx(LOSS[7], rel=1e-5)
    assert lines[0][4] == f"{HISTORY['val_loss'][0]:.6g}"
    for kind, start in looking.STARTS.items():
        assert looking.downloaded(shown, kind).startswith(start)


def test_nothing_leaves_the_page_and_nothing_moves(shown):
    first = shown.screenshot()
    shown.wait_for_timeout(400)
    assert shown.screenshot() == first
    assert looking.outside(shown) == []


@pytest.mark.parametrize("width", [480, 1280])
def test_nothing_is_clipped(page, open_page, recorded, width):
    page.set_viewport_size({"width": width, "height": 900})
    open_page(recorded)
    taken, clipped = looking.width_and_clipped(page)
    assert taken <= width
    assert clipped == []


def test_empty_and_odd_runs_are_drawn(open_page):
    page = open_page(TrainingMonitor())
    expect(page.locator(".hepml-empty")).to_have_text("train a model to see it here")
    losses = [float("nan"), float("inf")]
    open_page(TrainingMonitor.from_history({"loss": losses, "val_loss": [3.0, 2.0]}))
    expect(page.locator(".hepml-train-readout")).to_contain_text("not finite (Infinity)")
    open_page(TrainingMonitor.from_history({"loss": [0.5]}, unit="round"))
    expect(page.locator(".hepml-train-progress")).to_contain_text("1 round")
    expect(page.locator("circle.hepml-train-line")).to_have_count(1)


def test_a_training_that_has_begun_invites_to_none(open_page):
    monitor = TrainingMonitor()
    monitor.begin(5)
    page = open_page(monitor)
    expect(page.locator(".hepml-empty")).to_have_text("the first epoch is under way")
    assert "train a model" not in page.locator("body").inner_text()


def test_sets_that_are_neither_are_drawn_and_named(open_page):
    history = {
        "validation_0": {"logloss": [0.6, 0.5, 0.4], "auc": [0.6, 0.7, 0.8]},
        "validation_1": {"logloss": [0.6, 0.55, 0.56], "auc": [0.6, 0.62, 0.61]},
    }
    page = open_page(TrainingMonitor.from_history(history, unit="round"))
    labels = page.locator(".hepml-train-upper text.hepml-train-other").all_text_contents()
    assert sorted(labels) == ["\u2068validation_0\u2069", "\u2068validation_1\u2069"]
    for panel in ("upper", "lower"):
        dashes = page.locator(f".hepml-train-{panel} path.hepml-train-other").evaluate_all(
            "paths => paths.map((one) => one.getAttribute('stroke-dasharray'))"
        )
        assert len(set(dashes)) == 2
    assert "validation_0_logloss 0.4000" in readout(page)
    assert "best validation_1_logloss 0.5500 at 2" in readout(page)


def test_names_are_text_and_never_markup(open_page):
    name = "<img src=x onerror=\"document.title='broken in'\">"
    monitor = TrainingMonitor.from_history({"loss": [1, 2], name: [1, 2], "val_loss": [1, 2]})
    page = open_page(monitor)
    page.get_by_role("button", name="data").click()
    assert page.title() == "TrainingMonitor"
    assert page.locator(".hepml img").count() == 0
