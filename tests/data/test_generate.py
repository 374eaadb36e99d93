"""Generation: same seed, same content, however it was split, interrupted and resumed."""

import json
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hepml import data
from hepml.data import DataError, _chunks, _cluster, _content, _generate, _verify
from hepml.data.recipes import base, get

EVENTS, SEED = 36, 7
RECIPE, KNOWN = get("higgs_tautau"), get("known_truth")


def test_chunks_share_out_the_events_by_fixed_fractions():
    chunks = RECIPE.chunks(10_000, 1)
    assert sum(chunk.events for chunk in chunks) == pytest.approx(10_000, abs=5)
    assert len({chunk.key for chunk in chunks}) == len(chunks)
    assert max(chunk.events for chunk in chunks) <= RECIPE.chunk_events


def test_chunks_have_streams_of_their_own():
    first = [chunk.rng.random() for seed in (1, 2) for chunk in RECIPE.chunks(10_000, seed)]
    assert len(set(first)) == len(first)


class Interruption:
    """Progress that interrupts after a few chunks, as Ctrl-C would."""

    def __init__(self, after):
        self.after = after

    def __call__(self, _done, _total, kept):
        self.after -= not kept
        if self.after == 0:
            raise KeyboardInterrupt


def result(weights, trials, cross_section=2.0):
    columns = {c.name: np.ones(len(weights)) for c in RECIPE.columns if c.name.startswith("PRI_")}
    scalars = {"trials": np.int64(trials), "cross_section": np.float64(cross_section)}
    return columns | {"weight": np.array(weights, dtype=float)} | scalars


def test_weights_are_normalised_over_all_chunks_of_a_variant():
    """Two chunks of 100 and 300 trials with 1 and 2 pb: 1.75 pb shared by 400 trials."""
    parts = [result([0.5], trials=100, cross_section=1.0), result([0.5], trials=300)]
    groups = {(3, 0): [RECIPE.summary(part) for part in parts]}
    branching = RECIPE.processes[3].variants[0].branching
    assert RECIPE.scales(groups) == {(3, 0): pytest.approx(1.75e3 * 20.3 / 400 * branching)}
    facts = RECIPE.facts(RECIPE.processes[3], [groups[3, 0]])
    assert facts["trials"] == [400]
    assert facts["cross_sections_pb"] == [pytest.approx(1.75)]


def test_a_file_is_never_seen_half_written(tmp_path, monkeypatch):
    folder, chunk = _chunks.ChunkFolder(tmp_path, {}), KNOWN.chunks(10, 1)[0]
    write = Path.write_bytes

    def fail(part, content):
        write(part, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(DataError, match=r"0\.npz cannot be written: No space left on device$"):
        folder.write(chunk, b"content")
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]


def test_a_full_disk_is_one_sentence_and_keeps_what_is_finished(tmp_path):
    """Files may grow to 1.2 MB here: enough for each chunk, and not for the sample."""
    code = (
        "import resource; from hepml.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_200_000, -1)); main()"
    )
    command = [sys.executable, "-c", code, "data", "generate", "known_truth", "--seed", "1"]
    command += ["--events", "40000", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "known_truth.root cannot be written: File too large" in done.stderr
    assert done.stderr.strip().endswith("the same call goes on from there")
    assert "Traceback" not in done.stderr
    seen = []
    record = data.generate("known_truth", 40_000, 1, tmp_path, progress=lambda *p: seen.append(p))
    assert seen == [(40_000, 40_000, True)]
    assert record["events"] == 40_000


@pytest.mark.parametrize(
    ("argument", "value", "least"),
    [
        *[("events", 0, 1), ("seed", -1, 0), ("workers", 0, 1), ("events", "many", 1)],
        *[("workers", "2", 1), ("events", 1.5, 1), ("seed", True, 0), ("events", np.True_, 1)],
        *[("seed", None, 0), ("events", float("nan"), 1), ("events", float("inf"), 1)],
    ],
)
def test_senseless_numbers_are_refused_by_their_name(tmp_path, argument, value, least):
    arguments = {"events": 1, "seed": 1, "workers": 1, argument: value}
    with pytest.raises(DataError, match=f"^{argument}=.*: say a whole number, at least {least}$"):
        data.generate("known_truth", out=tmp_path, **arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [float, np.int64, np.float32])
def test_whole_numbers_of_other_types_are_taken_as_integers(tmp_path, kind):
    data.generate("known_truth", kind(10), kind(1), tmp_path, workers=kind(1))
    record = data.card(tmp_path).record
    assert "--events 10 --seed 1 " in record["command"]
    assert (type(record["requested"]), type(record["seed"])) == (int, int)


@pytest.mark.parametrize(
    ("events", "hint"),
    [
        (10**15, "^1000000000000000 events are more than the 2000000000 that one sample may have"),
        (2 * 10**9, r"^2000000000 events need about 520 GB, and 5 GB are free on the disk of "),
    ],
)
def test_more_than_there_is_room_for_is_refused_before_planning(
    tmp_path, monkeypatch, events, hint
):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    usage = _generate.shutil.disk_usage(tmp_path)._replace(free=5 * 10**9)
    monkeypatch.setattr(_generate.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=hint):
        data.generate("higgs_tautau", events, 1, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_the_largest_sample_has_event_numbers_that_fit():
    largest = base.FIRST_EVENT_ID + _generate.MOST_EVENTS
    for recipe in map(get, data.names()):
        (kind,) = (column.dtype for column in recipe.columns if column.name == "EventId")
        assert largest < np.iinfo(kind).max


def test_the_disk_needed_is_estimated_well(tmp_path):
    """Chunks and sample of 20 000 events, which are on the disk together."""
    chunks = [len(_chunks.pack(KNOWN.run(c))) for c in KNOWN.chunks(20_000, 1)]
    data.generate("known_truth", 20_000, 1, tmp_path)
    used = sum(chunks) + (tmp_path / "known_truth.root").stat().st_size
    assert used < 20_000 * _generate._event_bytes(KNOWN) < 1.5 * used


def test_what_an_earlier_run_keeps_counts_as_room(tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        data.generate("known_truth", 30_000, 1, tmp_path, progress=Interruption(2))
    kept = sum(file.stat().st_size for file in (tmp_path / "known_truth.part").glob("*.npz"))
    need = 30_000 * _generate._event_bytes(KNOWN)
    usage = _generate.shutil.disk_usage(tmp_path)._replace(free=need - kept)
    monkeypatch.setattr(_generate.shutil, "disk_usage", lambda _: usage)
    assert data.generate("known_truth", 30_000, 1, tmp_path)["events"] == 30_000


@pytest.mark.parametrize(("after", "notes"), [(1, [_chunks.GO_ON]), (0, None)])
def test_chunks_are_said_to_be_kept_only_where_some_are(tmp_path, after, notes):
    def interrupt(_done, _total, kept):
        if kept == (after == 0):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as error:
        data.generate("known_truth", 30_000, 1, tmp_path / "out", progress=interrupt)
    assert getattr(error.value, "__notes__", None) == notes
    assert len(list(tmp_path.glob("out/known_truth.part/*.npz"))) == after
    assert (tmp_path / "out").exists() == bool(after)


def test_a_folder_of_the_user_s_stays_though_nothing_was_made(tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        data.generate("known_truth", 10, 1, tmp_path, progress=interrupt)
    assert tmp_path.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_keeps_nothing_and_says_nothing_of_it():
    with pytest.raises(DataError, match=r"^/proc/x cannot be written: [^;]*$"):
        data.generate("known_truth", 10, 1, "/proc/x")


def test_the_missing_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(_generate, "find_spec", lambda name: name == "scipy")
    with pytest.raises(DataError, match=r'pythia8mc and fastjet.*pip install "hepml-lab\[generate'):
        data.generate("higgs_tautau", 10, 1, tmp_path / "out")
    monkeypatch.setattr(_cluster, "find_spec", lambda _: None)
    with pytest.raises(DataError, match=r'need dask\.distributed: pip install "hepml-lab\[gen'):
        data.generate("known_truth", 10, 1, tmp_path / "out", workers=2)
    assert list(tmp_path.iterdir()) == []
    assert data.generate("known_truth", 10, 1, tmp_path / "out")["events"] == 10


def test_a_folder_must_be_one(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file: name a folder"):
        data.generate("known_truth", 10, 1, tmp_path / "file")
    with pytest.raises(DataError, match="there is no folder"):
        data.generate("known_truth", 10, 1, tmp_path / "no" / "where")


def test_a_finished_sample_is_never_overwritten(tmp_path):
    data.generate("known_truth", 10, 1, tmp_path)
    before = (tmp_path / "known_truth.root").read_bytes()
    with pytest.raises(DataError, match="is there already: delete it or choose another folder"):
        data.generate("known_truth", 10, 2, tmp_path)
    assert (tmp_path / "known_truth.root").read_bytes() == before
    (tmp_path / "known_truth.json").unlink()
    with pytest.raises(DataError, match=r"known_truth\.root is there already: delete it or"):
        data.generate("known_truth", 10, 1, tmp_path)
    assert (tmp_path / "known_truth.root").read_bytes() == before


def times(folder):
    return {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}


def test_the_same_sample_again_is_verified_and_kept(tmp_path):
    record = data.generate("known_truth", 10, 1, tmp_path)
    before, progress = times(tmp_path), Noting()
    assert data.generate("known_truth", 10, 1, tmp_path, progress=progress) == record
    assert times(tmp_path) == before
    assert progress.calls == [(10, 10, True)]
    (note,) = progress.notes
    assert note.endswith("known_truth.json is there already, and is as its card says")


@pytest.mark.parametrize(
    ("change", "unlike"),
    [
        ({"events": 11}, r"events \(10 there, 11 now\)"),
        ({"seed": 2}, r"seed \(1 there, 2 now\)"),
        ({"versions": {"numpy": "1.0"}}, "versions"),
        ({"settings": {}}, "settings"),
    ],
)
def test_a_sample_that_would_differ_is_refused_and_told(tmp_path, monkeypatch, change, unlike):
    data.generate("known_truth", 10, 1, tmp_path)
    before, plan = times(tmp_path), _generate._plan
    monkeypatch.setattr(_generate, "_plan", lambda *wanted: plan(*wanted) | change)
    with pytest.raises(DataError, match=f"which differs in {unlike}, is there already: delete"):
        data.generate("known_truth", 10, 1, tmp_path)
    assert times(tmp_path) == before


def test_a_card_that_does_not_say_how_many_were_asked_for_is_understood(tmp_path):
    """As that of the sample which came with the first lesson."""
    record = data.generate("known_truth", 10, 1, tmp_path)
    old = {key: value for key, value in record.items() if key != "requested"}
    (tmp_path / "known_truth.json").write_text(json.dumps(old))
    assert data.generate("known_truth", 10, 1, tmp_path) == old
    with pytest.raises(DataError, match=r"differs in events \(10 there, 11 now\)"):
        data.generate("known_truth", 11, 1, tmp_path)


def test_the_same_sample_damaged_is_told_and_not_overwritten(tmp_path):
    data.generate("known_truth", 10, 1, tmp_path)
    file = tmp_path / "known_truth.root"
    file.write_bytes(file.read_bytes()[:-1])
    before = times(tmp_path)
    with pytest.raises(DataError, match=r"sha256 differs .*: delete .*known_truth\.json and what"):
        data.generate("known_truth", 10, 1, tmp_path)
    assert times(tmp_path) == before


def test_a_sample_whose_chunks_were_not_yet_removed_is_finished(tmp_path, monkeypatch):
    """The machine went down between the card and the removal of the chunks."""
    monkeypatch.setattr(_chunks.ChunkFolder, "remove", lambda _: None)
    record = data.generate("known_truth", 10, 1, tmp_path)
    part = tmp_path / "known_truth.part"
    next(part.glob("*.npz")).unlink()
    progress = Noting()
    assert data.generate("known_truth", 10, 1, tmp_path, progress=progress) == record
    assert progress.calls == [(10, 10, True)]
    assert not part.exists()


def test_an_interrupted_verification_says_that_the_sample_stays(tmp_path, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    data.generate("known_truth", 10, 1, tmp_path)
    monkeypatch.setattr(_verify, "columns_of", interrupt)
    with pytest.raises(KeyboardInterrupt) as error:
        data.generate("known_truth", 10, 1, tmp_path)
    assert error.value.__notes__ == [_generate.UNTOUCHED]


def test_chunks_without_their_plan_are_never_taken_for_others(tmp_path, monkeypatch):
    """They do not say which seed they are of; so the plan is the last to be removed."""
    with pytest.raises(KeyboardInterrupt):
        data.generate("known_truth", 30_000, 1, tmp_path, progress=Interruption(2))
    part = tmp_path / "known_truth.part"
    seen = []
    monkeypatch.setattr(_chunks.shutil, "rmtree", lambda path, **_: seen.extend(path.iterdir()))
    _chunks.ChunkFolder(part, json.loads((part / "plan.json").read_text())).remove()
    assert [file.name for file in seen] == ["plan.json"]
    (part / "plan.json").rename(part / "0-0-00000.npz")
    with pytest.raises(DataError, match=r"holds chunks without their plan\.json: delete the fold"):
        data.generate("known_truth", 30_000, 2, tmp_path)


def contents(folder):
    """Columns of all files of a sample, joined."""
    files = data.card(folder / "known_truth.json").files
    parts = [_content.columns_of(folder / file["name"]) for file in files]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@pytest.fixture
def sharded(tmp_path, monkeypatch):
    """Make one sample as a single file and as shards of at most 20 000 events."""
    data.generate("known_truth", 45_000, 4, tmp_path / "one")
    monkeypatch.setattr(_generate, "SHARD_EVENTS", 20_000)
    return (
        tmp_path / "one",
        tmp_path / "many",
        data.generate("known_truth", 45_000, 4, tmp_path / "many"),
    )


def test_shards_are_fair_and_shuffled(sharded):
    _, many, record = sharded
    files = record["files"]
    assert [f["name"] for f in files] == [f"known_truth-{k:05d}.root" for k in range(len(files))]
    assert max(f["events"] for f in files) <= 20_000
    for file in files:
        labels = _content.columns_of(many / file["name"])["Label"]
        assert abs(labels.sum() - 0.4 * len(labels)) <= 10_000
        thirds = labels[: len(labels) // 3 * 3].reshape(3, -1).mean(axis=1)
        assert np.ptp(thirds) < 0.05
    assert [f.name for f in data.verify(many)] == [f["name"] for f in files]
    assert len(data.verify(many / files[1]["name"])) == 1
    assert len(data.verify(many / files[1]["name"], again=True)) == 1
    (many / files[0]["name"]).unlink()
    with pytest.raises(DataError, match="is missing"):
        data.verify(many)


def test_verifying_holds_one_shard_at_a_time(sharded, monkeypatch):
    alive, most, columns = [], [], _verify.columns_of

    def watched(file):
        found = columns(file)
        alive.append(weakref.ref(found["gauss_1"]))
        most.append(sum(ref() is not None for ref in alive))
        return found

    monkeypatch.setattr(_verify, "columns_of", watched)
    data.verify(sharded[1])
    assert len(most) > 2
    assert max(most) <= 2


def test_shards_hold_the_same_events_with_the_same_weights(sharded):
    single, joined = map(contents, sharded[:2])
    np.testing.assert_array_equal(joined["EventId"], 100_000 + np.arange(45_000))
    orders = (np.lexsort((t["gauss_2"], t["gauss_1"])) for t in (single, joined))
    first, second = orders
    for name in set(single) - {"EventId"}:
        np.testing.assert_array_equal(single[name][first], joined[name][second])


@pytest.mark.parametrize("total", [1, 999_999, 1_000_000, 1_000_001, 12_345_678])
def test_shards_hold_a_million_events_at_most(total):
    shards = _generate._dealt(get("known_truth").chunks(total, 1))
    sizes = [sum(chunk.events for chunk in shard) for shard in shards]
    assert max(sizes) <= 1_000_000
    assert sum(sizes) == pytest.approx(total, abs=1)
    assert len(shards) <= -(-total // 1_000_000) + 1


def test_chunks_are_made_in_an_order_that_keeps_the_rate():
    """Any beginning of the work has its part of every group, so that the time left is right."""
    chunks = RECIPE.chunks(1_000_000, 1)
    mixed = _generate._mixed(chunks)
    assert sorted(mixed, key=lambda chunk: chunk.key) == sorted(chunks, key=lambda c: c.key)
    for group in {chunk.group for chunk in chunks}:
        share = sum(chunk.group == group for chunk in chunks) / len(chunks)
        assert abs(sum(chunk.group == group for chunk in mixed[:200]) - 200 * share) <= 2


def test_a_damaged_chunk_is_made_again(tmp_path):
    record = data.generate("known_truth", 30_000, 1, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        data.generate("known_truth", 30_000, 1, tmp_path / "x", progress=Interruption(2))
    chunk = next((tmp_path / "x" / "known_truth.part").glob("*.npz"))
    chunk.write_bytes(chunk.read_bytes()[:1000])
    progress = Noting()
    again = data.generate("known_truth", 30_000, 1, tmp_path / "x", progress=progress)
    assert progress.notes == [f"damaged chunks are made again: {chunk.name}"]
    assert 0 < progress.calls[0][0] < 10_000
    assert again["content_sha256"] == record["content_sha256"]


class Noting:
    """Progress that remembers what it was told."""

    def __init__(self):
        self.calls, self.notes = [], []

    def __call__(self, *call):
        self.calls.append(call)

    def note(self, sentence):
        self.notes.append(sentence)


def test_a_flipped_bit_of_a_chunk_is_noticed_or_harmless(tmp_path):
    chunk = KNOWN.chunks(4, 1)[0]
    folder = _chunks.ChunkFolder(tmp_path, {})
    content = _chunks.pack(KNOWN.run(chunk))
    whole, dropped, end = KNOWN.run(chunk), 0, len(content)
    for place in (*range(0, end - 1000, 29), *range(end - 1000, end, 3)):
        flipped = content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :]
        (tmp_path / f"{chunk.key}.npz").write_bytes(flipped)
        if folder.drop_damaged([chunk]):
            dropped += 1
            continue
        found = folder.load(chunk)
        assert found.keys() == whole.keys()
        assert all((whole[name] == values).all() for name, values in found.items())
    assert dropped > 100


def test_a_chunk_damaged_after_the_start_is_dropped(tmp_path):
    chunk = KNOWN.chunks(4, 1)[0]
    folder = _chunks.ChunkFolder(tmp_path, {})
    folder.write(chunk, b"damaged")
    with pytest.raises(DataError, match=f"{chunk.key}.npz was damaged and is dropped"):
        folder.load(chunk)
    assert folder.missing([chunk]) == [chunk]


def test_chunks_of_another_plan_are_not_mixed_in(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        data.generate("known_truth", 30_000, 1, tmp_path, progress=Interruption(2))
    for events, seed, hint in ((30_000, 2, r"seed \(1 there, 2 now\)"), (20_000, 1, "events")):
        with pytest.raises(DataError, match=rf"holds an unfinished generation .* in {hint}"):
            data.generate("known_truth", events, seed, tmp_path)
    plan = tmp_path / "known_truth.part" / "plan.json"
    plan.write_text(plan.read_text()[:20])
    with pytest.raises(DataError, match="is damaged: delete the folder"):
        data.generate("known_truth", 30_000, 1, tmp_path)


def test_the_layout_of_finished_chunks_is_the_documented_one(tmp_path):
    """Folders of unfinished generations outlive versions of this code."""
    with pytest.raises(KeyboardInterrupt):
        data.generate("known_truth", 30_000, 1, tmp_path, progress=Interruption(2))
    folder = tmp_path / "known_truth.part"
    kept = {p.name for p in folder.iterdir()}
    assert len(kept) == 3
    assert kept <= {"plan.json", "0-0-00000.npz", "0-0-00001.npz", "1-0-00000.npz", "1-0-00001.npz"}
    plan = json.loads((folder / "plan.json").read_text())
    assert set(plan) == {"name", "events", "seed", "versions", "settings"}
    for chunk in get("known_truth").chunks(30_000, 1):
        if f"{chunk.key}.npz" in kept:
            with np.load(folder / f"{chunk.key}.npz") as arrays:
                fresh = get("known_truth").run(chunk)
                assert set(arrays) == set(fresh)
                assert all((arrays[name] == fresh[name]).all() for name in fresh)


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    out = tmp_path_factory.mktemp("generated")
    return out, data.generate("higgs_tautau", EVENTS, SEED, out, workers=2)


@pytest.mark.generate
def test_interrupted_and_resumed_by_one_worker_gives_the_same(generated, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        data.generate("higgs_tautau", EVENTS, SEED, tmp_path, progress=Interruption(4))
    part = tmp_path / "higgs_tautau.part"
    assert len(list(part.glob("*.npz"))) == 4
    assert not list(tmp_path.glob("*.root"))
    seen = []
    record = data.generate(
        "higgs_tautau", EVENTS, SEED, tmp_path, progress=lambda *p: seen.append(p)
    )
    assert seen[0][2]
    assert seen[0][0] > 0
    assert seen[-1][0] == seen[-1][1]
    assert record["content_sha256"] == generated[1]["content_sha256"]
    assert not part.exists()
    first, second = (data.read(folder / "higgs_tautau.root") for folder in (generated[0], tmp_path))
    assert (first == second).all(axis=None)


@pytest.mark.generate
def test_what_is_generated_has_the_bundled_sample_s_shape(generated, sample):
    out, record = generated
    table = data.read(out / "higgs_tautau.root")
    assert list(table) == list(sample)
    assert (table.dtypes == sample.dtypes).all()
    assert len(table) == record["events"] == pytest.approx(EVENTS, abs=5)
    assert json.loads((out / "higgs_tautau.json").read_text(encoding="utf-8")) == record
    assert set(table["Process"]) == {0, 1, 2, 3, 4}
    data.verify(out)


@pytest.mark.generate
def test_events_of_the_bundled_sample_come_out_again(sample):
    """Unfinished generations rest on it too: a chunk's first events must stay what they are."""
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    result = RECIPE.run(replace(RECIPE.chunks(70_000, 2012)[0], events=5))
    own = sample[sample["Process"] == 0]
    for i in range(5):
        row = own[own["PRI_tau_pt"] == np.float32(result["PRI_tau_pt"][i])]
        assert len(row) == 1
        for name in sample.filter(like="PRI_"):
            assert row[name].item() == np.float32(result[name][i])
