"""The side-by-side measurements of the widgets run, in their smallest form, and judge rightly."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 400  # seconds


def printed(script, *options):
    """Run a script without recording; return what it prints."""
    command = [sys.executable, "-m", f"benchmarks.{script}", "--dry", *options]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def cells(text):
    """Rows of the tables in a text, by their first cell."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {first: rest for first, *rest in rows}


@pytest.fixture(autouse=True)
def results():
    """Nothing is recorded by a test."""
    path = ROOT / "benchmarks" / "RESULTS.md"
    before = path.read_bytes()
    yield
    assert path.read_bytes() == before


def test_significance():
    text = printed("significance", "--rounds", "1", "--events", "2e4")
    assert cells(text)["naive mask loop, 101 cuts"][::2] == ["101", "1.0"]
    assert cells(text)["hepml: scan over 10 001 given cuts"][0] == "10001"
    off = re.search(r"at most: S (\S+), B (\S+), Z (\S+), AMS (\S+)\.", text).groups()
    assert max(map(float, off)) < 1e-11
    hepml, written = (cells(text)[name] for name in ("hepml", "as it is written"))
    assert max(map(float, hepml[1:])) < 1e-14
    assert float(written[1]) > 1


def test_many_events():
    rows = cells(printed("many_events", "--events", "2e4", "1e5"))
    few, many = (list(map(float, rows[events][:5])) for events in ("2e4", "1e5"))
    assert few[2:4] <= many[2:4]
    assert max(few[4], many[4]) < 100  # kB, whatever the number of events


def test_payloads():
    pytest.importorskip("plotly")
    pytest.importorskip("bqplot")
    rows = cells(printed("payloads", "--events", "1e4"))
    sizes = {name: [int(cell.replace(" ", "")) for cell in rows[name][:2]] for name in rows
             if name[0] in "Rpb" and len(rows[name]) == 3}  # fmt: skip
    assert sizes["RocExplorer"] == pytest.approx(sizes["RocExplorer, again"], abs=1)
    # 16 bytes of each event and more, and the library of 4.5 MB.
    assert sizes["plotly, all points"][0] > 160 + sizes["plotly, binned"][0]
    assert min(sizes["plotly, binned"]) > 4000
    assert sizes["bqplot, all points"][0] > 160 + sizes["bqplot, binned"][0]


def test_monitor():
    text = printed(
        "monitor", *["--rounds", "1", "--batches", "2", "--epochs", "1", "--history", "30"]
    )
    rows = cells(text)
    assert {"TrainingMonitor", "tqdm, per batch", "nothing, again"} <= rows.keys()
    assert "TensorBoard, per batch" in rows
    assert "history of 30 epochs with as many batches each, goal < 20 MB: met" in text
    assert text.count("long trainings, round") == 1


@pytest.mark.browser
def test_steps(browser):  # noqa: ARG001 - skips where there is none
    for peer in ("plotly", "bqplot", "ipympl"):
        pytest.importorskip(peer)
    options = "--rounds 1 --steps 2 --frames 10 --events 3e3"
    text = printed("steps", *options.split())
    rows = cells(text)
    assert "messages of ours, key held, goal 0: met, 0 in 20 steps" in text
    for peer in ("interact + matplotlib, naive", "ipympl", "plotly FigureWidget", "bqplot"):
        assert float(rows[peer][0]) >= 3
        assert float(rows[peer][4]) > 0


@pytest.mark.browser
def test_stop(browser):  # noqa: ARG001
    rows = cells(printed("stop", "--rounds", "1"))
    for way in ("Stop", "Stop, again"):
        heard, ended = map(float, rows[way][:2])
        assert 0 < heard < ended
    assert float(rows["interrupt the kernel"][1]) > 0


@pytest.mark.browser
def test_ten_in_one_notebook(browser):  # noqa: ARG001
    text = printed("notebook", "--rounds", "1", "--presses", "2", "--events", "2e4")
    rows = cells(text)
    assert len(rows) == 1 + 1 + 11 + 2  # header, rule, ten and the control, before and after
    assert float(rows["with ten open"][2]) > float(rows["before"][2]) > 10
    assert all(float(row[0]) > 0 for row in list(rows.values())[2:13])


# ---------------------------------------------------------------- what they judge


def monitor_found(extra, fixed):
    """Make rounds in which a training of 2 s costs ``extra`` s more, a short one ``fixed``."""
    from benchmarks.monitor import BARE, OURS

    return {
        length: {BARE: [bare] * 20, OURS: [bare + more] * 20, f"{BARE} again": [bare] * 20}
        for length, bare, more in (("long", 2.0, extra), ("short", 0.1, fixed))
    }


@pytest.mark.parametrize(
    ("extra", "fixed", "words"),
    [
        (0.03, 0.02, ["met, (1.5 ± 0.0) % in 20 pairs", "met, 0.10 ms"]),
        (0.05, 0.01, ["not met, (2.5 ± 0.0) % in 20 pairs", "not met, 0.40 ms"]),
    ],
)
def test_monitor_is_judged(extra, fixed, words):
    from benchmarks.monitor import goals

    held = {"bytes": 3e6, "epochs": 1000, "seconds": 1e-6}
    lines = goals(monitor_found(extra, fixed + 1e-9), held, 100)
    assert all(f": {said}" in line for said, line in zip(words, lines, strict=False))
    assert "met, 3.0 MB" in lines[2]


def test_steps_are_judged():
    from benchmarks.steps import AGAIN, OURS, Turn, goals

    good = Turn([10.0] * 8, 0.0, 0.01, 0.02, 0, [16.7] * 60, 60.0, 0.004, 0, 4)
    late = good._replace(held=2, intervals=[33.4] * 60)
    lines = goals({OURS: [good], AGAIN: [good]}, [16.7] * 60)
    assert ["met" in line and "not met" not in line for line in lines[:2]] == [True, True]
    lines = goals({OURS: [good], AGAIN: [late, late]}, [16.7] * 60)
    assert "not met, 4 in 180 steps" in lines[0]
    assert "not met, 33.4 ms" in lines[1]
    assert lines[-1].endswith(": none")
    assert goals({OURS: [good], AGAIN: [late._replace(times=[1e4])]}, [16.7] * 60)[-1].endswith(
        f": {AGAIN} 1"
    )


def test_stops_are_sorted_by_way():
    from benchmarks.stop import report, sorted_by_way

    order = ["Stop", "interrupt the kernel", "Stop, again"]
    waited = sorted_by_way(order, [1.0, 2.0, 3.0], [1.1, 3.1], [1.25, 2.5, 3.75])
    assert waited["interrupt the kernel"] == [(0.5, None)]
    assert [waited[way][0][0] for way in order[::2]] == [0.25, 0.75]
    assert "not met, median 0.50 s, worst 0.75 s of 2" in report(waited)


def test_rounds_are_told():
    from benchmarks.timing import interleave

    told = []
    times = interleave({"a": list, "b": list}, control="a", rounds=3, tell=told.append)
    assert told == [0, 1, 2]
    assert [len(timing.rounds) for timing in times.values()] == [3, 3, 3]
