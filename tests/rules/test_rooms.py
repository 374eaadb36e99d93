"""What CONTRIBUTING.md says of the house: every room is told of, and what is told of is there."""

import re
import subprocess

import pytest

# Known by their names on any project's page.
EVERYBODY_S = {"CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "README.md"}
STUDENTS = {"work"}  # made by `make lab`, ignored by git
TO_COME = {"challenges/NAME/"}
FOR_NAME = {"hepml_lessons/checks/NAME.py": "anomalies", "benchmarks/NAME.py": "roc"}


def tables(text):
    """Cells of the rows of each section's table, by the section's title."""
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return {
        section.splitlines()[0]: [
            line.strip("| ").split(" | ")
            for line in section.splitlines()
            if line.startswith("|") and not line.startswith("|---")
        ][1:]
        for section in sections
    }


def paths(cell):
    return re.findall(r"`([\w./-]+)`", cell)


@pytest.fixture(scope="module")
def said(root):
    return tables((root / "CONTRIBUTING.md").read_text(encoding="utf-8"))


def test_every_room_is_told_of(said, root):
    listed = subprocess.check_output(["git", "ls-files"], cwd=root, text=True).splitlines()
    tops = {name.split("/")[0] for name in listed if not name.startswith(".")}
    told = {path.rstrip("/") for row in said["The rooms"] for path in paths(row[0])}
    assert told == tops - EVERYBODY_S | STUDENTS


def test_where_to_look_is_there(said, root):
    places = [path for row in said["Where do I look?"] for path in paths(row[1]) if "/" in path]
    assert len(places) > 9
    named = {path: path.replace("NAME", FOR_NAME.get(path, "anomalies")) for path in places}
    missing = {path for path, place in named.items() if not (root / place).exists()}
    assert missing == TO_COME
