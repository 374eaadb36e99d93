"""The example on the front page runs as it is printed."""

import re
from pathlib import Path

import uproot

ROOT = Path(__file__).resolve().parents[1]


def example():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]


def write_events(path, rng):
    y = rng.integers(0, 2, 500)
    branches = {"is_signal": y, "weight": rng.uniform(0.5, 1.5, 500)}
    branches |= {"bdt": rng.normal(y), "mass": rng.normal(90 + 35 * y, 20)}
    with uproot.recreate(path) as file:
        file.mktree("tree", branches)


def test_example_opens_a_file_of_your_own(tmp_path, monkeypatch, rng):
    write_events(tmp_path / "my.root", rng)
    monkeypatch.chdir(tmp_path)
    *setup, shown = example().strip().splitlines()
    names = {}
    exec("\n".join(setup), names)  # noqa: S102 - our own page
    assert "2 models, 500 events" in repr(eval(shown, names))  # noqa: S307
