"""Recipes are declarations: complete, honest about what they need, and open to new kinds."""

from dataclasses import dataclass

import numpy as np
import pytest

from hepml import data
from hepml.data import DataError, _content, _generate, _samples, _verify
from hepml.data.files import _root_writer
from hepml.data.recipes import NAMES, get
from hepml.data.recipes.base import CountedProcess, Recipe
from hepml.data.schemas import Column


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_lists_the_columns_its_card_needs(name):
    recipe = get(name)
    assert recipe.name == name
    names = [column.name for column in recipe.columns]
    assert len(set(names)) == len(names)
    assert {"EventId", "Weight", "Label"} <= set(names)
    labels = [process.label for process in recipe.processes]
    assert "Process" in names or len(set(labels)) == len(labels)
    assert all(column.meaning for column in recipe.columns)
    assert recipe.notes


@pytest.mark.parametrize("name", NAMES)
def test_fractions_and_shares_add_up(name):
    recipe = get(name)
    assert sum(process.fraction for process in recipe.processes) == pytest.approx(1)
    for process in recipe.processes:
        assert sum(process.shares) == pytest.approx(1)


@pytest.mark.parametrize("name", NAMES)
def test_the_bundled_sample_was_made_by_its_recipe(name):
    recipe, record = get(name), data.card(name).record
    assert record["settings"] == recipe.describe()
    assert record["columns"] == [column.describe() for column in recipe.columns]
    assert record["notes"] == list(recipe.notes)
    assert {*recipe.packages, "hepml", "numpy"} == set(record["versions"])
    assert {key: record[key] for key in recipe.heading()} == recipe.heading()


def test_a_collision_states_its_luminosity_and_a_toy_has_none():
    assert get("higgs_tautau").heading() == {"luminosity_fb": 20.3}
    assert get("known_truth").heading() == {}


@dataclass(frozen=True)
class Images(Recipe):
    """A later lesson's kind: several values per event, no generator, in a few lines."""

    brightness: float = 3.0

    def simulate(self, process, events, rng):
        image = rng.poisson(self.brightness + process.label, (events, 4, 5))
        return {"image": image, "weight": rng.uniform(0.5, 1.5, events)}

    def features(self, primary):
        return {"total": primary["image"].sum(axis=(1, 2))}


IMAGES = Images(
    name="images",
    title="Small images",
    processes=(
        CountedProcess("bright", 1, 0.25, expected=10.0),
        CountedProcess("dark", 0, 0.75, expected=500.0),
    ),
    columns=(
        Column("EventId", "int32", "", "number"),
        Column("image", "float32", "GeV", "pixels", shape=(4, 5)),
        Column("total", "float64", "GeV", "sum of the pixels"),
        Column("Weight", "float64", "", "expected events"),
        Column("Label", "int8", "", "1 bright"),
    ),
    notes=("a toy",),
    chunk_events=100,
)


@dataclass(frozen=True)
class Lists(Recipe):
    """Lists of their own length for each event: entries count up from ten times the number."""

    longest: int = 6

    def simulate(self, process, events, rng):
        count = rng.integers(0, self.longest, events)
        number = 2 * rng.integers(1, 10_000, events) + process.label
        first = np.repeat(np.cumsum(count) - count, count)
        entries = np.repeat(10 * number, count) + np.arange(count.sum()) - first
        lists = {"entry": entries, "half": entries / 2}
        return lists | {"number": number, "entries": count, "weight": np.ones(events)}


LISTS = Lists(
    name="lists",
    title="Lists",
    processes=(
        CountedProcess("one", 1, 0.5, expected=10.0),
        CountedProcess("other", 0, 0.5, expected=500.0),
    ),
    columns=(
        Column("EventId", "int32", "", "number"),
        Column("number", "int32", "", "where the list starts, over ten"),
        Column("entries", "int32", "", "length of the lists"),
        Column("entry", "int32", "", "counting up", lengths="entries"),
        Column("half", "float32", "GeV", "half of each", lengths="entries"),
        Column("Weight", "float64", "", "expected events"),
        Column("Label", "int8", "", "1 one"),
    ),
    notes=("a toy",),
    chunk_events=70,
)


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """Sample of lists, several baskets long and with shards if asked."""
    for module in (_generate, _verify, _samples):
        monkeypatch.setattr(module, "NAMES", ("lists",))
    monkeypatch.setattr(_generate, "get", lambda _: LISTS)
    monkeypatch.setattr(_root_writer, "BASKET_EVENTS", 64)
    data.generate("lists", 1000, 3, tmp_path)
    return tmp_path


def is_counting(table):
    lists = zip(table["number"], table["entry"], table["half"], table["entries"], strict=True)
    return all(
        list(entry) == list(range(10 * number, 10 * number + count))
        and [2 * x for x in half] == list(entry)
        for number, entry, half, count in lists
    )


def test_lists_stay_with_their_events(lists):
    table = data.read(lists / "lists.root")
    assert list(table) == [column.name for column in LISTS.columns]
    assert set(table["entries"]) == set(range(6))
    assert is_counting(table)
    assert (np.diff(table["Label"]) != 0).sum() > 400
    assert [f.name for f in data.verify(lists)] == ["lists.root"]
    card = data.card(lists)
    assert "entry (list of int32): counting up" in str(card)
    assert card.record["columns"][3]["lengths"] == "entries"
    assert data.generate("lists", 1000, 3, lists) == card.record


def test_shards_of_lists_hold_the_same_events(lists, monkeypatch, tmp_path):
    monkeypatch.setattr(_generate, "SHARD_EVENTS", 400)
    record = data.generate("lists", 1000, 3, tmp_path / "many")
    assert len(record["files"]) >= 3
    many = data.read(tmp_path / "many" / "lists-*.root")
    assert is_counting(many)
    assert len(data.verify(tmp_path / "many")) == len(record["files"])
    one = data.read(lists / "lists.root")
    keys = ["Label", "number", "entries"]
    first, second = (t[keys].sort_values(keys, ignore_index=True) for t in (one, many))
    assert first.equals(second)


def test_a_changed_entry_of_a_list_is_noticed(lists):
    columns = _content.columns_of(lists / "lists.root")
    columns["half"][-1] += 1
    lengths = {"entry": "entries", "half": "entries"}
    _root_writer.write_columns(lists / "lists.root", "events", columns, lengths=lengths)
    card = lists / "lists.json"
    digest = data.card(lists).record["sha256"]
    changed = _content.file_digest(lists / "lists.root")
    card.write_text(card.read_text().replace(digest, changed))
    with pytest.raises(DataError, match="has another content than its card says"):
        data.verify(lists)


def test_a_recipe_in_one_file_may_have_several_values_per_event(tmp_path, monkeypatch):
    for module in (_generate, _verify, _samples):
        monkeypatch.setattr(module, "NAMES", ("images",))
    monkeypatch.setattr(_generate, "get", lambda _: IMAGES)
    record = data.generate("images", 1000, 3, tmp_path)
    columns = _content.columns_of(tmp_path / "images.root")
    assert columns["image"].shape == (1000, 4, 5)
    assert columns["image"].dtype == np.float32
    np.testing.assert_array_equal(columns["image"].sum(axis=(1, 2)), columns["total"])
    sums = [columns["Weight"][columns["Label"] == label].sum() for label in (1, 0)]
    assert sums == [pytest.approx(10), pytest.approx(500)]
    assert record["columns"][1]["shape"] == [4, 5]
    assert record["settings"]["brightness"] == 3.0
    data.verify(tmp_path)
    card = data.card(tmp_path / "images.root")
    assert "image (float32[4][5], GeV): pixels" in str(card)
    assert "| `image` | float32[4][5] | GeV | pixels |" in card._repr_markdown_()
