"""The lesson's recipe on real events, and its prose against its results."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import higgsml
from hepml import data

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "boosted-trees.ipynb"


@pytest.mark.real_data
def test_the_recipe_holds_on_real_higgsml_events(real_data):
    result = higgsml.run(real_data / "higgsml")
    assert result["events"] == 9998
    assert result["mean"]["auc"] >= 0.915
    assert result["mean"]["ams"] >= 3.2
    recorded = data.recorded("boosted-trees")["mean"]
    assert result["mean"]["auc"] == pytest.approx(recorded["auc"], abs=2e-3)
    assert result["mean"]["ams"] == pytest.approx(recorded["ams"], abs=recorded["ams_error"])


def test_the_recorded_result_is_the_one_the_goal_asks_for():
    recorded = data.recorded("boosted-trees")
    assert recorded["mean"]["auc"] >= 0.915
    assert recorded["mean"]["ams"] >= 3.2
    assert {"command", "versions", "recorded", "data"} <= recorded.keys()


def test_a_recording_that_does_not_exist_is_named():
    with pytest.raises(KeyError, match="boosted-trees"):
        data.recorded("unboosted-trees")


def test_bold_numbers_of_the_prose_are_printed_by_cells():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    prose = " ".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    printed = json.dumps([c["outputs"] for c in cells if c["cell_type"] == "code"])
    bold = re.findall(r"\*\*(\d+(?:\.\d+)?)(?: ?%| events)?\*\*", prose)
    assert len(bold) >= 3
    assert [number for number in bold if number not in printed] == []


def test_the_head_of_the_lesson_states_what_was_measured():
    measured = json.loads((ROOT / "book" / "measured.json").read_text())["boosted-trees"]
    text = higgsml.LESSON.read_text()
    seconds = float(re.search(r"about (\d+) seconds to run", text)[1])
    gigabytes = float(re.search(r"([\d.]+) GB of memory", text)[1])
    assert measured["seconds"] <= 1.25 * seconds
    assert measured["megabytes"] <= 1000 * gigabytes
