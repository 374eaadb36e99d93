"""The commands on a student's own copy of the lessons: what they say, and what they refuse."""

import json
import os
import subprocess
import sys

import pytest

from hepml_lessons import copy

MAIN = "from hepml.cli import main; main()"


def hepml(*arguments, **variables):
    command = [sys.executable, "-c", MAIN, "lessons", *map(str, arguments)]
    environment = os.environ | variables
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_lessons_are_added_listed_and_begun_anew(tmp_path):
    place = tmp_path / "mine"
    first = hepml("update", "--place", place)
    assert first.stdout.count(" is new: ") == len(copy.names())
    assert hepml("update", "--place", place).stdout == f"all lessons in {place} are up to date\n"
    changed = json.loads((place / "start.ipynb").read_text())
    changed["cells"][0]["source"] = "mine"
    (place / "start.ipynb").write_text(json.dumps(changed))
    (place / "anomalies.ipynb").unlink()
    states = dict(
        line.split(maxsplit=1) for line in hepml("list", "--place", place).stdout.splitlines()
    )
    assert (states["start"], states["anomalies"]) == ("changed", "not there yet")
    assert states["boosted-trees"] == "not changed"
    said = hepml("reset", "start", "--place", place).stdout
    assert said.startswith(f"start is as at the beginning; yours is kept as {place / 'earlier'}")


def test_the_folder_may_be_named_by_a_variable(tmp_path):
    result = hepml("list", HEPML_WORK=str(tmp_path / "week"))
    assert result.stdout.splitlines()[-1] == f"in {tmp_path / 'week'}"
    assert not (tmp_path / "week").exists()


def test_a_lesson_is_exported_once(tmp_path):
    file = tmp_path / "hand-out.py"
    words = ["export", "boosted-trees", "--to", "py", "--out", file]
    assert hepml(*words).stdout == f"{file}\n"
    again = hepml(*words)
    assert (again.returncode, again.stderr) == (
        1,
        f"hepml: {file} is there already; --force replaces it\n",
    )
    assert hepml(*words, "--force").returncode == 0


@pytest.mark.parametrize("act", ["reset", "export"])
def test_an_unknown_lesson_is_one_sentence(tmp_path, act):
    result = hepml(act, "tree", HEPML_WORK=str(tmp_path))
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("hepml: there is no lesson 'tree'; there are anomalies, ")
