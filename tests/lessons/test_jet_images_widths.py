"""Widths of the CNN and tunes of the generator: how they are compared, and what is recorded."""

import numpy as np
import pytest

from benchmarks import jet_tunes, jet_widths
from benchmarks.cells import Cells
from hepml import data, stats
from hepml.data.recipes.jets import RECIPE
from hepml_lessons import recording


def test_no_jet_is_trained_on_and_tested():
    tested = []
    for part in range(jet_widths.PARTS):
        learn, judge = jet_widths.rows(part, 1000)
        assert not set(learn) & set(judge)
        assert len(learn) + len(judge) == 1000
        tested.append(judge)
    assert sorted(np.concatenate(tested)) == list(range(1000))
    assert len(learn) >= 750


def test_the_error_of_a_mean_is_the_larger_of_two():
    def part(auc):
        race = {"difference": auc - 0.8, "error": 0.002}
        return {"models": {"a": {"auc": auc, "auc_error": 0.002}}, "differences": {"a - b": race}}

    near = jet_widths.joined([part(auc) for auc in (0.850, 0.8501, 0.8499, 0.85)])
    assert near["models"]["a"] == pytest.approx({"auc": 0.85, "auc_error": 0.001})
    far = jet_widths.joined([part(auc) for auc in (0.84, 0.86, 0.84, 0.86)])
    assert far["differences"]["a - b"]["difference"] == pytest.approx(0.05)
    assert far["differences"]["a - b"]["error"] == pytest.approx(0.01 / np.sqrt(3))


def test_only_what_is_finished_is_collected(tmp_path):
    cells = Cells(tmp_path)
    rng = np.random.default_rng(1)
    for model in jet_widths.MODELS:
        for part in (0, 2):
            cells.put(jet_widths.cell_name(3_000, model, part), rng.normal(0, 1, 10_000), 1.0)
    cells.put(jet_widths.cell_name(10_000, "CNN", 0), rng.normal(0, 1, 10_000), 1.0)
    found = jet_widths.collected(cells)["curves"]
    assert {size: held["parts"] for size, held in found.items()} == {"3000": 2}
    assert found["3000"]["models"]["CNN"]["auc"] == pytest.approx(0.5, abs=0.02)


def test_what_is_recorded_of_widths_is_what_the_lesson_reads():
    curves = recording("jet-images-width")["curves"]
    assert "3000" in curves
    pairs = {f"{first} - {second}" for first, second in jet_widths.PAIRS}
    for held in curves.values():
        assert held["parts"] >= 1
        assert set(held["differences"]) == pairs
        assert all(race["error"] > 0 for race in held["differences"].values())


def test_both_tunes_are_recorded_with_thousands_of_jets():
    held = recording("jet-tunes")
    assert set(held["trained"]) == {"without MPI", "Monash"}
    assert min(number for jets in held["jets"].values() for number in jets.values()) >= 2000
    for of in held["trained"].values():
        assert set(of["gain"]) == set(held["jets"]) == {"Monash", "A14"}


def test_the_other_tune_differs_in_nothing_but_the_tune():
    ours, theirs = RECIPE.describe(), jet_tunes.A14.describe()
    assert set(theirs["settings"]) - set(ours["settings"]) == {jet_tunes.TUNE}
    with_mpi = [process for process in ours["processes"] if process["mpi"]]
    for one, other in zip(with_mpi, theirs["processes"], strict=True):
        assert {k: v for k, v in one.items() if k != "fraction"} == {
            k: v for k, v in other.items() if k != "fraction"
        }
    for name in ("calorimeter", "selection"):
        assert ours[name] == theirs[name]


def test_towers_that_are_kept_are_counted():
    jets = data.load("jets").iloc[:500]
    lists = {"constituent_subjet": jets["constituent_subjet"].list.flatten()}
    found = jet_tunes.quantities({name: jets[name] for name in jets} | lists)
    wanted = [np.count_nonzero(np.asarray(one)) for one in jets["constituent_subjet"]]
    assert np.array_equal(found["towers_kept"], wanted)
    assert (found["towers_kept"] <= found["nconstituent"]).all()


def test_a_gain_is_paired_and_signed():
    jets = jet_tunes.bundled(1)
    rng = np.random.default_rng(2)
    y = jets["Label"].to_numpy()
    trimmed = y + rng.normal(0, 1, len(y))
    found = jet_tunes.gained(jets, trimmed + 0.2 * y, trimmed, repeats=40)
    weights = jets["Weight"].to_numpy()
    apart = stats.auc(y, trimmed + 0.2 * y, weights) - stats.auc(y, trimmed, weights)
    assert found["gain"] == pytest.approx(apart)
    assert 0 < found["error"] < stats.roc_curve(y, trimmed, weights).auc_error


def test_jets_that_are_not_there_yet_are_missed(tmp_path):
    with pytest.raises(SystemExit, match="does not hold jets of both kinds yet"):
        jet_tunes.made(tmp_path, 500, as_is=True)


def test_trees_are_compared_on_both_tunes():
    """With jets of one tune in place of another: the same to within errors."""
    jets = jet_tunes.bundled(1)
    halves = {"Monash": jets.iloc[::2], "A14": jets.iloc[1::2]}
    y = {tune: half["Label"].to_numpy() for tune, half in halves.items()}
    rng = np.random.default_rng(3)
    drawn = {tune: rng.normal(1.5 * of, 1) for tune, of in y.items()}
    scores = {
        ("Monash", "trimmed"): drawn,
        ("Monash", "whole jet"): {tune: drawn[tune] + 0.5 * of for tune, of in y.items()},
    }
    found = jet_tunes.compared(scores, halves)["Monash"]
    assert found["trimmed"]["Monash"]["signal_efficiency"] == pytest.approx(0.5, abs=1e-3)
    assert found["trimmed"]["A14"]["signal_efficiency"] == pytest.approx(0.5, abs=0.06)
    for tune in halves:
        gain = found["gain"][tune]
        assert 0 < gain["error"] < gain["gain"]
        assert gain["gain"] == pytest.approx(
            found["whole jet"][tune]["auc"] - found["trimmed"][tune]["auc"]
        )
