"""The bench of faults sees what is lost, and what was recorded lost nothing."""

import sys

import pytest

from benchmarks import faults
from hepml_lessons import recording

RECORDED = recording("faults")["lines"]
LINES = {line.name: line for line in faults.LINES}


def test_all_lines_are_recorded_with_all_their_tries():
    assert list(RECORDED) == list(LINES)
    for name, held in RECORDED.items():
        assert held["tries"] == LINES[name].tries, held


@pytest.mark.parametrize("name", [name for name in LINES if name != faults.CONTROL])
def test_nothing_was_lost(name):
    assert RECORDED[name]["lost"] == 0, RECORDED[name]["said"]


def test_the_control_was_caught():
    assert RECORDED[faults.CONTROL]["lost"] > 0


def test_a_writer_in_place_is_caught_here_too():
    found = faults.tried(LINES[faults.CONTROL], scale=0.25)
    assert found["lost"] > 0
    assert set(found["said"]) == {"a broken file"}


def test_a_line_that_holds_is_seen_to(tmp_path):
    assert LINES["stranger"].attempt(tmp_path, 0) is None


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise ValueError", "status 1"),
        ("open(__import__('sys').argv[2], 'w').write('new'); exit(1)", "the old file is gone"),
        ("open('.hepml-left.tmp', 'w'); exit(1)", ".hepml-left.tmp"),
    ],
)
def test_what_a_bad_conversion_does_is_seen(tmp_path, monkeypatch, program, said):
    def convert(source, target, *_):
        return sys.executable, "-c", program, source, target

    monkeypatch.setattr(faults, "convert", convert)
    assert said in faults.refused("none", tmp_path / "out.csv", tmp_path)


def test_a_process_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(faults, "PATIENCE", 0.5)
    process = faults.begin([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path)
    assert faults.ended(process) == (None, "hangs")
    assert process.wait(20) == -9


def test_what_cannot_be_tried_says_why():
    line = faults.Line("x", "what", "holds", 3, None, lambda: "needs a miracle")
    assert faults.tried(line, 1) == {"tries": 0, "lost": 0, "not_tried": "needs a miracle"}
