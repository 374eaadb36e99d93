"""Generation: same seed, same content, however it was split, interrupted and resumed."""

import json

import numpy as np
import pytest

from hepml import data
from hepml.data import DataError, _generate, _samples
from hepml.data.recipes import NAMES, get

EVENTS, SEED = 36, 7
RECIPE = get("higgs_tautau")


def test_chunks_share_out_the_events_by_fixed_fractions():
    chunks = RECIPE.chunks(10_000, 1)
    assert sum(chunk.events for chunk in chunks) == pytest.approx(10_000, abs=5)
    assert len({chunk.key for chunk in chunks}) == len(chunks)
    assert max(chunk.events for chunk in chunks) <= RECIPE.chunk_events
    assert sum(process.fraction for process in RECIPE.processes) == pytest.approx(1)
    for process in RECIPE.processes:
        assert sum(variant.share for variant in process.variants) == pytest.approx(1)


def test_chunks_have_streams_of_their_own():
    first = [chunk.rng.random() for seed in (1, 2) for chunk in RECIPE.chunks(10_000, seed)]
    assert len(set(first)) == len(first)


def result(weights, trials, cross_section=2.0):
    columns = {c.name: np.ones(len(weights)) for c in RECIPE.columns if c.name.startswith("PRI_")}
    scalars = {"trials": np.int64(trials), "cross_section": np.float64(cross_section)}
    return columns | {"weight": np.array(weights, dtype=float)} | scalars


def test_weights_are_normalised_over_all_chunks_of_a_variant():
    """Two chunks of 100 and 300 trials with 1 and 2 pb: 1.75 pb shared by 400 trials."""
    chunks = RECIPE.chunks(6_000, 1)
    results = [result([0.5, 0.5], trials=100) for _ in chunks]
    top = [i for i, c in enumerate(chunks) if (c.process, c.variant) == (3, 0)]
    assert len(top) == 2
    results[top[0]] = result([0.5, 0.2], trials=100, cross_section=1.0)
    results[top[1]] = result([0.5, 0.3], trials=300, cross_section=2.0)
    columns, record = RECIPE.merge(chunks, results, seed=1)
    per_trial = 1.75 * 1e3 * 20.3 / 400
    weights = np.sort(columns["Weight"][columns["Process"] == 3])
    for weight in (0.2, 0.3, 0.5):
        assert np.isclose(weights, weight * per_trial, rtol=1e-6).any()
    assert record[3]["trials"][0] == 400
    assert record[3]["cross_sections_pb"][0] == pytest.approx(1.75)


def test_every_recipe_lists_the_columns_its_card_needs():
    for name in NAMES:
        recipe = get(name)
        assert recipe.name == name
        names = [column.name for column in recipe.columns]
        assert len(set(names)) == len(names)
        assert {"EventId", "Weight", "Label", "Process"} <= set(names)
        assert all(column.meaning for column in recipe.columns)


def test_the_bundled_sample_was_made_by_this_recipe():
    record = data.card("higgs_tautau").record
    assert record["settings"] == RECIPE.describe()
    assert record["luminosity_fb"] == RECIPE.luminosity
    assert [c["name"] for c in record["columns"]] == [c.name for c in RECIPE.columns]


def test_the_missing_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(_generate, "find_spec", lambda _: None)
    with pytest.raises(DataError, match=r'pip install "hepml-lab\[generate\]"'):
        data.generate("higgs_tautau", 10, 1, tmp_path / "x.root")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_never_seen_half_written(tmp_path):
    def fail(part):
        part.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        _generate._write_whole(tmp_path / "x.npz", fail)
    assert list(tmp_path.iterdir()) == []


class Interruption:
    """Progress that interrupts after a few chunks, as Ctrl-C would."""

    def __init__(self, after):
        self.after = after

    def __call__(self, _done, _total, kept):
        self.after -= not kept
        if self.after == 0:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    out = tmp_path_factory.mktemp("generated") / "two_workers.root"
    return out, data.generate("higgs_tautau", EVENTS, SEED, out, workers=2)


@pytest.mark.generate
def test_interrupted_and_resumed_by_one_worker_gives_the_same(generated, tmp_path):
    out = tmp_path / "resumed.root"
    with pytest.raises(KeyboardInterrupt):
        data.generate("higgs_tautau", EVENTS, SEED, out, progress=Interruption(4))
    assert not out.exists()
    kept = {
        file: file.stat().st_mtime_ns for file in (tmp_path / "resumed.root.part").glob("*.npz")
    }
    assert len(kept) == 4
    with pytest.raises(DataError, match="holds a generation with other settings"):
        data.generate("higgs_tautau", EVENTS, SEED + 1, out)
    seen = []
    record = data.generate("higgs_tautau", EVENTS, SEED, out, progress=lambda *p: seen.append(p))
    assert seen[0][2]
    assert seen[0][0] > 0
    assert seen[-1][0] == seen[-1][1]
    assert record["content_sha256"] == generated[1]["content_sha256"]
    assert not (tmp_path / "resumed.root.part").exists()
    first, second = data.read(generated[0]), data.read(out)
    assert (first == second).all(axis=None)


@pytest.mark.generate
def test_what_is_generated_has_the_bundled_sample_s_shape(generated, sample):
    out, record = generated
    table = data.read(out)
    assert list(table) == list(sample)
    assert (table.dtypes == sample.dtypes).all()
    assert len(table) == record["events"] == pytest.approx(EVENTS, abs=5)
    assert json.loads(_samples.card_path(out).read_text(encoding="utf-8")) == record
    assert set(table["Process"]) == {0, 1, 2, 3, 4}


@pytest.mark.generate
def test_workers_that_die_are_an_error_and_not_a_hang(tmp_path, monkeypatch):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    monkeypatch.setattr(_generate, "_make_chunk", exit_at_once)
    with pytest.raises(DataError, match="finished chunks are kept"):
        data.generate("higgs_tautau", EVENTS, SEED, tmp_path / "x.root", workers=2)


def exit_at_once(*_):
    """Stand-in for a chunk, importable by a worker."""
    import os

    os._exit(1)
