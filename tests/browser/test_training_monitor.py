"""Stop, Pause and Start pressed in a real browser, while a real kernel trains."""

import json
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SHOW = """
from hepml_widgets import TrainingMonitor
monitor = TrainingMonitor()
display(monitor)
"""
KERAS = """
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras, numpy as np
rng = np.random.default_rng(1)
y = rng.integers(0, 2, 2000)
X = rng.normal(size=(2000, 3)) + y[:, None]
model = keras.Sequential([keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["AUC"])
history = model.fit(X, y, validation_split=0.3, epochs=100_000, verbose=0, callbacks=[monitor])
"""
BOOSTING = """
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
rng = np.random.default_rng(1)
y = rng.integers(0, 2, 2000)
X = rng.normal(size=(2000, 3)) + y[:, None]
model = GradientBoostingClassifier(n_estimators=100_000, max_depth=2)

@monitor.on_start
def train():
    return monitor.fit(model, X[:1000], y[:1000], validation=(X[1000:], y[1000:]))
"""
START_ALL = "() => { jupyterapp.commands.execute('notebook:run-all-cells'); }"
SAVE = "() => jupyterapp.commands.execute('docmanager:save')"
PROGRESS = "[data-hepml-live] .hepml-train-progress"


def progress(page):
    return page.locator(PROGRESS)


def press(page, name):
    page.locator("[data-hepml-live]").get_by_role("button", name=name, exact=True).click()


def counted(page):
    """Read the number of the epoch or round that is shown."""
    return int(re.search(r"(?:epoch|round) (\d+)", progress(page).inner_text())[1])


def grown(page, beyond, seconds=90):
    page.wait_for_function(
        """([selector, beyond]) => {
            const words = document.querySelector(selector)?.innerText ?? "";
            const found = /(?:epoch|round) (\\d+)/.exec(words);
            return found && Number(found[1]) > beyond;
        }""",
        arg=[PROGRESS, beyond],
        timeout=1e3 * seconds,
    )


def stop(page):
    press(page, "Stop")
    expect(progress(page)).to_contain_text("stopped", timeout=30_000)


def test_stop_and_pause_while_a_cell_is_blocked(page, lab, tmp_path):
    """Keras's fit holds the cell; clicks are heard all the same, and the notebook keeps curves."""
    path = lab.write("blocking.ipynb", SHOW, KERAS, "done = monitor.epochs")
    lab.open(page, "blocking.ipynb")
    page.evaluate(START_ALL)
    expect(progress(page)).to_contain_text("training", timeout=90_000)
    grown(page, 3)
    press(page, "Pause")
    expect(progress(page)).to_contain_text("paused", timeout=30_000)
    page.wait_for_timeout(1500)  # an epoch under way when the button was pressed still counts
    held = counted(page)
    page.wait_for_timeout(700)
    assert counted(page) == held
    press(page, "Resume")
    grown(page, held + 2)
    stop(page)
    epochs = int(lab.evaluate(page, "done"))
    assert counted(page) == epochs
    assert lab.evaluate(page, "monitor.history == history.history") == "True"
    assert lab.evaluate(page, "monitor.status") == "'stopped'"
    page.screenshot(path=tmp_path / "stopped.png")
    keep(page, path, epochs)


def keep(page, path, epochs, tries=20):
    """Save the notebook once its copy without a kernel has all epochs."""
    for _ in range(tries):
        page.evaluate(SAVE)
        outputs = json.loads(path.read_text())["cells"][0]["outputs"]
        pages = [o["data"]["text/html"] for o in outputs if "text/html" in o["data"]]
        assert len(pages) == 1
        if f'"length":{epochs},' in "".join(pages[0]):
            return
        page.wait_for_timeout(300)
    raise AssertionError(f"the copy never had {epochs} epochs")


def test_start_and_stop_in_the_background(page, lab):
    """The kernel answers while the thread trains; a notebook opened again is alive unrun."""
    path = lab.write("background.ipynb", SHOW, BOOSTING)
    lab.open(page, "background.ipynb")
    lab.run_all(page)
    press(page, "Start")
    grown(page, 5)
    assert lab.evaluate(page, "monitor.status") == "'running'"
    stop(page)
    assert lab.evaluate(page, "monitor.wait() is model") == "True"
    rounds = int(lab.evaluate(page, "len(model.estimators_)"))
    assert counted(page) == rounds == int(lab.evaluate(page, "monitor.epochs"))
    press(page, "Start")
    grown(page, 0)
    stop(page)
    rounds = int(lab.evaluate(page, "monitor.epochs"))
    keep(page, path, rounds)
    lab.trust("background.ipynb")
    page.evaluate("() => jupyterapp.commands.execute('notebook:shutdown-kernel')")
    lab.open(page, "background.ipynb")
    copy = page.locator(".hepml-standing .hepml-train-progress")
    expect(copy).to_contain_text(f"{rounds} rounds", timeout=30_000)
    expect(copy).to_contain_text("recorded")


def test_interrupt_keeps_the_history(page, lab):
    path = lab.write("interrupt.ipynb", SHOW, BOOSTING + "\ntrain()")
    lab.open(page, "interrupt.ipynb")
    page.evaluate(START_ALL)
    grown(page, 3)
    page.evaluate("() => jupyterapp.commands.execute('notebook:interrupt-kernel')")
    expect(progress(page)).to_contain_text("interrupted", timeout=30_000)
    rounds = counted(page)
    assert rounds > 3
    keep(page, path, rounds)


def test_voila_starts_and_stops(page, voila):
    voila.write("training.ipynb", SHOW, BOOSTING)
    voila.open(page, "training.ipynb")
    expect(page.locator(PROGRESS)).to_be_attached(timeout=60_000)
    expect(page.locator("[data-hepml-live] .hepml-empty")).to_have_text(re.compile("train a model"))
    press(page, "Start")
    grown(page, 5)
    stop(page)
    assert counted(page) > 5
    expect(page.locator(".hepml-train-progress:visible")).to_have_count(1)
