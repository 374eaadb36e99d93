"""TrainingMonitor without a library: records, control, what is sent, recordings."""

import io
import json
import math
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hepml_widgets import TrainingMonitor
from hepml_widgets.core.directions import larger_is_better
from hepml_widgets.training_monitor.recorder import MAX_NUMBERS, Clock, Recorder
from hepml_widgets.training_monitor.view import _answer_while_busy

HISTORY = {"loss": [0.9, 0.7, 0.6], "auc": [0.6, 0.7, 0.8], "val_loss": [0.8, 0.6, 0.7]}


def trained(history=HISTORY, total=None, **options):
    monitor = TrainingMonitor(**options)
    monitor.begin(total)
    for values in zip(*history.values(), strict=True):
        monitor.update(dict(zip(history, values, strict=True)))
    monitor.end()
    return monitor


def shown(table, live):
    """Curves as the browser joins them: table first, then the rows after it."""
    new = [i for i, epoch in enumerate(live["epoch"]) if epoch > table["length"]]
    columns = {
        name: table["curves"].get(name, [None] * len(table["epoch"]))
        + [live["curves"][name][i] for i in new]
        for name in live["curves"]
    }
    return [*table["epoch"], *(live["epoch"][i] for i in new)], columns


# ---------------------------------------------------------------- records


def test_repr_is_stable_and_says_the_best():
    assert repr(TrainingMonitor()) == "TrainingMonitor(no training yet)"
    assert repr(trained()) == "TrainingMonitor(3 epochs, best val_loss 0.6 at 2)"
    assert repr(trained({"f": [1.0]})) == "TrainingMonitor(1 epoch, best f 1 at 1)"


def test_best_follows_the_watched_curve():
    assert trained(watch="auc").best == (3, "auc", 0.8)
    assert trained(watch="auc", mode="min").best == (1, "auc", 0.6)
    assert trained(watch="nothing").best is None
    with pytest.raises(ValueError, match="'auto', 'min' or 'max'"):
        TrainingMonitor(mode="least")


def test_first_of_equal_epochs_is_best_and_nan_never():
    values = [math.nan, 0.5, 0.5, -math.inf, math.nan]
    assert trained({"loss": values}).best == (2, "loss", 0.5)
    assert trained({"loss": [math.nan]}).best is None


@pytest.mark.parametrize(
    ("name", "larger"),
    [("val_auc", True), ("AUC", True), ("accuracy", True), ("binary_logloss", False),
     ("val_loss", False), ("aucpr", True), ("ndcg@5", True), ("rmse", False)],
)  # fmt: skip
def test_direction_is_known_by_name(name, larger):
    assert larger_is_better(name) is larger


def test_missing_values_are_not_in_the_history():
    monitor = TrainingMonitor()
    monitor.begin()
    monitor.update({"loss": 3})
    monitor.update({"loss": 2, "val_loss": 4})
    monitor.update({"val_loss": 5})
    assert monitor.history == {"loss": [3, 2], "val_loss": [4, 5]}
    assert monitor._recorder.columns == {"loss": [3, 2, None], "val_loss": [None, 4, 5]}


def test_not_finite_values_travel_as_text():
    monitor = trained({"loss": [math.nan, math.inf, -math.inf, 1.0]})
    assert monitor.payload["curves"]["loss"] == ["NaN", "Infinity", "-Infinity", 1.0]
    json.dumps(monitor.state()["payload"], allow_nan=False)


def test_history_survives_a_second_look_and_a_new_begin():
    monitor = trained()
    assert monitor.history == HISTORY
    monitor.begin()
    assert monitor.history == {}
    monitor.begin(resume=True)
    monitor.update({"loss": 1})
    monitor.begin(resume=True)
    monitor.update({"loss": 2})
    assert monitor.history == {"loss": [1, 2]}


# ---------------------------------------------------------------- what is sent


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 400), st.integers(1, 5), st.randoms(use_true_random=False))
def test_table_and_rows_give_the_history_at_every_message(length, curves, random):
    monitor = TrainingMonitor()
    monitor.begin()
    for _ in range(length):
        monitor.update({f"c{k}": random.random() for k in range(curves)})
        if random.random() < 0.3:
            monitor._publish()
            columns = monitor._recorder.columns
            epochs, sent = shown(monitor.payload, monitor.live)
            assert epochs == list(range(1, monitor.epochs + 1))
            assert sent == {n: [float(f"{v:.6g}") for v in c] for n, c in columns.items()}


def test_long_runs_stay_small_and_keep_their_extremes():
    recorder = Recorder()
    recorder.begin()
    rng = np.random.default_rng(2)
    values = rng.normal(size=(12_000, 4)) * 1e-3
    values[7_345, 1] = 7.5
    values[9_000, 2] = -3.25
    for row in values:
        recorder.add({"loss": row[0], "auc": row[1], "val_loss": row[2], "val_auc": row[3]})
    table = recorder.table()
    assert len(table["epoch"]) * 5 <= MAX_NUMBERS
    assert len(json.dumps(table)) < 100_000
    assert 7.5 in table["curves"]["auc"]
    assert table["curves"]["val_loss"][table["epoch"].index(9_001)] == -3.25
    assert (table["epoch"][0], table["epoch"][-1]) == (1, 12_000)
    assert recorder.best == (9_001, "val_loss", -3.25)
    assert len(recorder.history["loss"]) == 12_000


def test_a_thousand_epochs_of_a_thousand_batches_take_little_room():
    import tracemalloc

    monitor = TrainingMonitor()
    sent = []
    monitor.observe(lambda change: sent.append(len(json.dumps(change.new))), ["payload", "live"])
    tracemalloc.start()
    monitor.begin(1000)
    for epoch in range(1000):
        for batch in range(1000):
            monitor.tick(batch, 1000)
        monitor.update({"loss": 1 / (epoch + 1), "val_loss": 1.0, "auc": 0.5, "val_auc": 0.5})
    monitor.end()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
    assert max(sent) < 100_000


def test_updates_are_throttled():
    monitor = TrainingMonitor()
    monitor.begin()
    times = []
    monitor.observe(lambda _: times.append(time.perf_counter()), "live")
    end = time.perf_counter() + 0.55
    while time.perf_counter() < end:
        monitor.update({"loss": 1.0})
    assert 1 <= len(times) <= 6
    assert all(np.diff(times) > 0.09)


def test_opening_message_is_small():
    state = trained({name: np.random.default_rng(1).random(5000) for name in "abcd"}).state()
    assert len(json.dumps([state["payload"], state["live"]])) < 100_000


def test_the_clock_stands_still_while_paused_and_skips_the_first_batch():
    now = iter([0, 0, 10, 11, 12, 12, 20, 21]).__next__
    clock = Clock(now)
    clock.mark(0)
    clock.mark(1)  # at 10: the graph was compiled
    clock.mark(2)  # at 11
    assert clock.rate() == 1
    clock.pause()  # 12
    assert clock.elapsed() == 12
    clock.resume()  # at 12
    assert clock.elapsed() == 20


def test_time_left_counts_from_the_rate():
    recorder = Recorder()
    recorder.begin(total=10)
    assert recorder.remaining is None
    recorder._clock = clock = Clock(iter([0, 1, 2, 4]).__next__)
    clock.mark(0)
    recorder.add({"loss": 1})
    recorder.add({"loss": 1})
    assert recorder.rate == 0.5
    assert recorder.remaining == 16


# ---------------------------------------------------------------- control


def test_states_of_a_run():
    monitor = TrainingMonitor()
    seen = []
    monitor.observe(lambda change: seen.append(change.new), "status")
    monitor.begin()
    monitor.stop()
    assert monitor.stopping
    assert monitor.update({"loss": 1}) is True
    monitor.end()
    assert not monitor.stopping
    assert seen == ["running", "stopping", "stopped"]
    monitor.begin()
    assert monitor.update({"loss": 1}) is False


def test_stop_and_pause_before_training_do_nothing():
    monitor = TrainingMonitor()
    monitor.stop()
    monitor.pause()
    monitor.resume()
    assert monitor.status == "empty"
    monitor.begin()
    assert monitor.update({"loss": 1}) is False


def test_buttons_are_heard():
    monitor = TrainingMonitor()
    monitor.begin()
    for wish, status in (("pause", "paused"), ("resume", "running"), ("stop", "stopping")):
        monitor._handle_custom_msg({"do": wish}, [])
        assert monitor.status == status
    monitor._handle_custom_msg({"do": "rm -rf"}, [])
    monitor._handle_custom_msg({"do": "start"}, [])  # nothing to start: no error in the kernel


def test_stop_ends_a_pause():
    monitor = TrainingMonitor()

    def loop():
        monitor.begin()
        count = 0
        while not monitor.update({"loss": 1.0}):
            count += 1
        monitor.end()
        return count

    monitor.start(loop)
    while monitor.epochs < 5:
        time.sleep(0.001)
    monitor.pause()
    time.sleep(0.05)
    held = monitor.epochs
    time.sleep(0.1)
    assert monitor.epochs == held
    monitor.stop()
    assert monitor.wait(10) in (held, held - 1)
    assert monitor.status == "stopped"


def test_start_runs_in_the_background_and_once_at_a_time():
    monitor = TrainingMonitor()
    with pytest.raises(ValueError, match="nothing to start"):
        monitor.start()
    go = threading.Event()
    assert monitor.on_start(go.wait) == go.wait
    assert monitor.live["startable"]
    assert monitor.start() is monitor
    with pytest.raises(RuntimeError, match="is running"):
        monitor.start()
    with pytest.raises(TimeoutError):
        monitor.wait(0.01)
    go.set()
    assert monitor.wait(10) is True


def test_errors_in_the_background_are_shown_and_raised_by_wait():
    monitor = TrainingMonitor()

    def fail():
        monitor.begin()
        monitor.update({"loss": 1.0})
        raise ZeroDivisionError("no <b>events</b>")

    monitor.start(fail)
    with pytest.raises(ZeroDivisionError, match="no <b>events"):
        monitor.wait(10)
    assert monitor.status == "failed"
    assert monitor.live["message"] == "ZeroDivisionError: no <b>events</b>"
    assert monitor.history == {"loss": [1.0]}
    assert monitor.start(lambda: 7).wait(10) == 7


def test_an_interrupt_keeps_the_history():
    monitor = TrainingMonitor()

    def interrupted():
        with monitor:
            monitor.begin()
            monitor.update({"loss": 1.0})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert monitor.status == "interrupted"
    assert monitor.history == {"loss": [1.0]}


def test_clicks_reach_a_busy_kernel():
    class Comm:
        def _reply_subshell_for(self):
            return "the shell that wrote last"

    comm = Comm()
    _answer_while_busy(comm)
    assert comm._reply_subshell_for is None
    _answer_while_busy(object())
    _answer_while_busy(None)


def test_status_is_a_trait_to_observe():
    monitor = TrainingMonitor()
    seen = traitlets.HasTraits()
    seen.add_traits(words=traitlets.Unicode())
    traitlets.dlink((monitor, "status"), (seen, "words"))
    monitor.begin()
    assert seen.words == "running"


# ---------------------------------------------------------------- panels


def test_panels_are_loss_and_metrics():
    table = trained().payload
    assert (table["upper"], table["lower"]) == ("loss", ["auc"])
    table = trained({"val_rmse": [1, 2], "rmse": [1, 2]}).payload
    assert (table["upper"], table["lower"]) == ("rmse", [])
    table = trained({"val_f1": [1], "loss": [1], "auc": [1]}, metrics="f1").payload
    assert (table["upper"], table["lower"]) == ("loss", ["f1"])


def test_baseline_belongs_to_the_metric_or_the_loss():
    assert trained(baseline=0.7).payload["baseline"] == {"auc": 0.7}
    assert trained({"loss": [1.0]}, baseline=0.7).payload["baseline"] == {"loss": 0.7}
    assert trained(baseline={"loss": 0.5}).payload["baseline"] == {"loss": 0.5}


def test_figure_has_a_frame_per_panel():
    figure = trained(baseline=0.7).figure()
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "auc"]
    assert figure.axes[1].get_xlabel() == "epoch"
    losses = {line.get_linewidth(): line for line in figure.axes[0].lines}
    np.testing.assert_array_equal(losses[2.0].get_ydata(), HISTORY["val_loss"])
    np.testing.assert_array_equal(losses[1.0].get_ydata(), HISTORY["loss"])
    assert len(TrainingMonitor().figure().axes) == 1
    assert len(TrainingMonitor().picture()) > 1000


@pytest.mark.parametrize(
    "history",
    [
        {"loss": [1.0]},
        {"loss": [math.nan, math.inf], "auc": [-math.inf, 0.5]},
        {"loss": [1e308, -1e308, 5e-324]},
        {"": [1, 2], "x" * 9000: [1, 2], "m\njj": [0, 0]},
        {"loss": list(range(20_000))},
    ],
)
def test_picture_shows_any_history(history):
    pictures = [trained(history, baseline=0.7).picture() for _ in range(2)]
    assert pictures[0] == pictures[1]
    assert Image.open(io.BytesIO(pictures[0])).size == (512, 320)


def test_picture_has_the_curve_at_its_place():
    """A constant loss lies half-way up its panel, from the first epoch to the last."""
    drawn = trained({"val_loss": [0.4] * 50}).picture()
    dark = np.asarray(Image.open(io.BytesIO(drawn)).convert("L")) < 128
    top, *curve, bottom = np.flatnonzero(dark.mean(axis=1) > 0.6)
    left, right = np.flatnonzero(dark.mean(axis=0) > 0.6)[[0, -1]]
    assert abs(np.mean(curve) - (top + bottom) / 2) <= 1
    first, last = (left + epoch / (1.17 * 50) * (right - left) for epoch in (1, 50))
    across = np.flatnonzero(dark[round(np.mean(curve)), left + 8 : right - 20]) + left + 8
    assert across[0] == pytest.approx(first, abs=2)
    assert dark[round(np.mean(curve)), round(first) + 2 : round(last) - 2].all()


def test_description_says_the_numbers():
    assert "train a model" in TrainingMonitor().describe()
    assert trained().describe() == (
        "Training curves after 3 epochs: loss 0.6, auc 0.8, val_loss 0.7. Best val_loss 0.6 at 2."
    )


# ---------------------------------------------------------------- recordings


@pytest.mark.parametrize(
    "history",
    [
        HISTORY,
        {"test": {"loss": HISTORY["val_loss"]},
         "train": {"loss": HISTORY["loss"], "auc": HISTORY["auc"]}},
        {"training": {"loss": HISTORY["loss"], "auc": HISTORY["auc"]},
         "valid_1": {"loss": HISTORY["val_loss"]}},
        type("History", (), {"history": HISTORY}),
    ],
)  # fmt: skip
def test_from_history_reads_what_libraries_keep(history):
    monitor = TrainingMonitor.from_history(history)
    assert monitor.history == HISTORY
    assert monitor.status == "recorded"
    assert monitor.best == (2, "val_loss", 0.6)


def test_from_history_aligns_sparse_validation():
    history = {"loss": [5, 4, 3, 2, 1], "val_loss": [4.5, 2.5]}
    monitor = TrainingMonitor.from_history(history)
    assert monitor._recorder.columns["val_loss"] == [None, 4.5, None, 2.5, None]
    assert monitor.history == history


@pytest.mark.parametrize(
    ("history", "error", "words"),
    [
        ({}, TypeError, "a history is a dict of lists"),
        ([1, 2], TypeError, "not list"),
        ({"loss": [1, 2, 3], "auc": [1, 2]}, ValueError, "auc has 2 values where .* has 3"),
        ({"loss": [1, 2], "auc": []}, ValueError, "auc has 0 values"),
        ({"loss": ["high"]}, TypeError, "'high', which is no number"),
    ],
)
def test_from_history_says_what_is_wrong(history, error, words):
    with pytest.raises(error, match=words):
        TrainingMonitor.from_history(history)


@given(
    st.lists(st.one_of(st.none(), st.floats(width=64)), min_size=1, max_size=20).filter(
        lambda column: any(v is not None for v in column)
    )
)
@settings(deadline=None, max_examples=30)
def test_recordings_are_exact(tmp_path_factory, column):
    monitor = TrainingMonitor()
    monitor._recorder.restore({"loss": column})
    path = monitor.record(tmp_path_factory.mktemp("r") / "run.json", "2026-01-01, seed 3")
    again = TrainingMonitor.replay(path)
    for mine, its in zip(column, again._recorder.columns["loss"], strict=True):
        assert mine is its is None or mine == its or (math.isnan(mine) and math.isnan(its))
    assert again.payload["recorded"] == "2026-01-01, seed 3"
    assert again.status == "recorded"


def test_recordings_say_date_and_versions_and_others_are_refused(tmp_path):
    path = trained().record(tmp_path / "run.json")
    assert "Python 3." in TrainingMonitor.replay(path, baseline=0.5).payload["recorded"]
    path.write_text("[]")
    with pytest.raises(ValueError, match="no training recorded"):
        TrainingMonitor.replay(path)


def test_the_page_is_small_and_the_same_for_the_same_training(tmp_path):
    pages = []
    for name in ("a.html", "b.html"):
        monitor = trained()
        monitor.key = "hepml-same"
        pages.append(monitor.to_html(tmp_path / name).read_text())
    assert pages[0] == pages[1]
    assert len(pages[0]) < 250_000
    assert '"status":"recorded"' in pages[0]


def test_importing_it_imports_no_library():
    code = (
        "import sys, hepml_widgets; names = {'keras', 'tensorflow', 'xgboost', 'lightgbm', "
        "'sklearn', 'pandas'}; print(names & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
