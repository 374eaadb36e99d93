"""Recipes are declarations: complete, honest about what they need, and open to new kinds."""

from dataclasses import dataclass

import numpy as np
import pytest

from hepml import data
from hepml.data import _generate, _samples, _verify
from hepml.data.recipes import NAMES, get
from hepml.data.recipes.base import Column, CountedProcess, Recipe


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


def test_a_recipe_in_one_file_may_have_several_values_per_event(tmp_path, monkeypatch):
    for module in (_generate, _verify, _samples):
        monkeypatch.setattr(module, "NAMES", ("images",))
    monkeypatch.setattr(_generate, "get", lambda _: IMAGES)
    record = data.generate("images", 1000, 3, tmp_path)
    columns = _verify._columns(tmp_path / "images.root")
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
