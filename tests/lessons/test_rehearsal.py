"""A rehearsal: lessons are really run, what was measured is kept, and a timetable adds up."""

import json
import re
from datetime import datetime

import pytest

from hepml_lessons import copy, pace, rehearsal
from hepml_lessons.rehearsal import DAY, WEEK, Lesson, RehearsalError, planned


def lesson(name="trees", core=45, deeper=60, seconds=100):
    return Lesson(name, seconds, 900, "", core, deeper)


def minutes(row):
    begin, end = (datetime.strptime(text, "%H:%M") for text in row[1:3])  # noqa: DTZ007
    return (end - begin).seconds // 60


def test_the_lessons_come_in_the_order_of_the_book():
    assert rehearsal.order()[:2] == ["start", "boosted-trees"]
    assert sorted(rehearsal.order()) == copy.names()


def test_every_lesson_states_its_minutes():
    stated = {name: rehearsal._stated(name) for name in rehearsal.order()}
    assert all(one["core"] >= 5 for one in stated.values())
    divided = [name for name, one in stated.items() if one["deeper"]]
    assert all(stated[name]["core"] <= pace.CORE_MINUTES for name in divided)


@pytest.mark.parametrize("blocks", [DAY, WEEK], ids=["day", "week"])
@pytest.mark.parametrize("count", [1, 3, 9])
def test_a_timetable_adds_up(blocks, count):
    lessons = [lesson(str(k), 40 + 5 * k, 60) for k in range(count)]
    rows, left = planned(lessons, blocks)
    lengths = {(day, begin): length for day, begin, length in blocks}
    assert sum(map(minutes, rows)) <= sum(lengths.values())
    assert all(row[1] < row[2] for row in rows)
    ends = [(row[0], row[2]) for row in rows]
    assert ends == sorted(ends, key=lambda one: ([day for day, *_ in blocks].index(one[0]), one[1]))
    finished = [one for one in lessons if one.name not in left]
    for one in finished:
        told = [row for row in rows if row[3].startswith(f"{one.name}:")]
        assert sum(map(minutes, told)) == sum(minutes for _, minutes in one.parts)
    assert [one.name for one in finished] == [str(k) for k in range(len(finished))]
    room = len(blocks) * (rehearsal.WORTH_A_START - 1)
    assert not left or sum(map(minutes, rows)) >= sum(lengths.values()) - room


def test_a_day_has_the_core_paths_alone():
    rows, left = planned([lesson(str(k)).short for k in range(8)], DAY)
    assert [row[3] for row in rows] == [f"{k}: core path" for k in range(8)]
    assert left == []


def test_no_part_begins_minutes_before_a_break():
    rows, _ = planned([lesson(core=85, deeper=60)], DAY)
    assert [(row[1], minutes(row)) for row in rows] == [("09:00", 85), ("10:45", 60)]


def test_a_part_that_goes_on_says_how_much_of_it():
    rows, left = planned([lesson(core=100, deeper=0)], DAY)
    assert [row[3] for row in rows] == [
        "trees: core path, 90 of 100 min",
        "trees: core path, 10 of 100 min",
    ]
    assert left == []


@pytest.fixture
def runs(monkeypatch):
    """Note which lessons are run, in place of running them."""
    seen = []

    def take(name):
        seen.append(name)
        if name == "stopped":
            raise KeyboardInterrupt
        return {"seconds": 66.0, "megabytes": 700, "stops": ""}

    monkeypatch.setattr(rehearsal, "take", take)
    monkeypatch.setattr(copy, "names", lambda: ["boosted-trees", "start", "stopped"])
    return seen


def test_what_was_measured_is_kept_after_an_interruption(tmp_path, runs):
    with pytest.raises(KeyboardInterrupt):
        rehearsal.rehearse(["start", "stopped"], tmp_path)
    page = rehearsal.rehearse(["start", "boosted-trees"], tmp_path)
    assert runs == ["start", "stopped", "boosted-trees"]
    assert re.search(
        r"\| boosted-trees \| 1.1 \| 700 \| \d+ \| \d+ \| runs through \|", page.read_text()
    )
    rehearsal.rehearse(["start"], tmp_path, again=True)
    assert runs[3:] == ["start"]


def test_damaged_measurements_are_made_again(tmp_path, runs):
    (tmp_path / "measured.json").write_text('{"start": {"seconds": 1')
    rehearsal.rehearse(["start"], tmp_path)
    assert runs == ["start"]


@pytest.mark.usefixtures("runs")
def test_progress_counts_lessons(tmp_path):
    told = []
    rehearsal.rehearse(
        ["start", "boosted-trees"], tmp_path, progress=lambda *a, **_: told.append(a)
    )
    assert [one[:2] for one in told] == [(0, 2), (1, 2), (2, 2)]


def test_an_unknown_lesson_and_a_folder_that_is_none_are_one_sentence(tmp_path):
    with pytest.raises(RehearsalError, match="no lesson tree; there are start, boosted-trees"):
        rehearsal.rehearse(["tree"], tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(RehearsalError, match="file cannot be written: "):
        rehearsal.rehearse(["start"], tmp_path / "file")


def test_the_start_page_is_really_run():
    found = rehearsal.take("start")
    assert found["stops"] == ""
    assert 0.5 < found["seconds"] < 600
    assert found["megabytes"] is None or 50 < found["megabytes"] < 2000


def test_a_lesson_that_stops_says_where(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    broken = json.loads((rehearsal.ROOT / "notebooks" / "start.ipynb").read_text())
    broken["cells"][1]["source"] = "1 / 0"
    (tmp_path / "notebooks" / "broken.ipynb").write_text(json.dumps(broken))
    monkeypatch.setattr(rehearsal, "ROOT", tmp_path)
    assert rehearsal.take("broken")["stops"] == "cell 2: ZeroDivisionError: division by zero"
