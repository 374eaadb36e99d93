"""What runs side by side: a group in one process, the longest first, all of it there."""

from types import SimpleNamespace

import pytest

from tests.support import groups


class Item(SimpleNamespace):
    """A test as pytest collects it, in as far as groups look at it."""

    def __init__(self, file, *fixtures, group=None):
        marks = {"xdist_group": SimpleNamespace(args=[group])} if group else {}
        super().__init__(path=groups.ROOT / file, fixturenames=fixtures, marks=marks)

    def get_closest_marker(self, name):
        return self.marks.get(name)

    def add_marker(self, mark):
        self.marks[mark.name] = mark


def placed(*items):
    """Put tests in groups; return the names of these in the order of the run."""
    listed = list(items)
    groups.put_together(listed)
    return [item.marks["xdist_group"].args[0] for item in listed]


def test_a_file_stays_together_but_for_those_who_ask_for_a_server():
    one, two = "tests/browser/test_one.py", "tests/stats/test_two.py"
    found = placed(Item(one, "page", "lab"), Item(one), Item(two), Item(two, "rng"))
    assert found == ["lab", one, two, two]


def test_a_test_may_choose_its_group():
    assert placed(Item("tests/stats/test_two.py", "lab", group="alone")) == ["alone"]


def test_what_takes_longest_starts_first(monkeypatch):
    monkeypatch.setattr(groups, "SECONDS", {"tests/long.py": 50, "tests/longer.py": 60})
    monkeypatch.setattr(groups, "notebook_seconds", lambda: {"notebooks/one.ipynb": 55})
    files = ["tests/a.py", "tests/long.py", "notebooks/one.ipynb", "tests/b.py", "tests/longer.py"]
    found = placed(*map(Item, files))
    assert found == ["tests/longer.py", "notebooks/one.ipynb", "tests/long.py", *files[::3]]


def test_what_is_said_to_be_long_is_there(request):
    files = {name for name in groups.SECONDS if name not in groups.SHARED}
    assert [name for name in files if not (groups.ROOT / name).is_file()] == []
    assert [path for path in groups.notebook_seconds() if not (groups.ROOT / path).is_file()] == []
    assert request.config.pluginmanager.hasplugin("xdist")


@pytest.mark.parametrize("name", groups.SHARED)
def test_what_is_shared_is_made_once_for_a_process(name):
    texts = [path.read_text("utf-8") for path in (groups.ROOT / "tests").rglob("conftest.py")]
    made = f'@pytest.fixture(scope="session")\ndef {name}('
    assert sum(made in text for text in texts) == 1
