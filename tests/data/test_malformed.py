"""Damaged and malformed files: one sentence or exactly the right table, never anything else.

Each file is read in another process under a limit of memory and time. The files are harmless; what
guards against larger ones is tested under lowered limits.
"""

import gzip
import io
import zipfile

import numpy as np
import pyarrow as pa
import pytest

from hepml.data import read
from hepml.data.files import open_writer
from tests.data import damage
from tests.data.reading_worker import Worker

SUMMED = ("ttree", "rntuple", "parquet", "hdf5", "npz", "csv.gz")  # damage can be told in these
ENDINGS = {"ttree": "root", "rntuple": "root", "hdf5": "h5"}
COUNT = 40  # of each damage to each format
HIGHEST_PEAK = 1000  # MB, of which the libraries take 400


def table(rng, size=300):
    """Columns of the types that all formats hold, and a column of lists."""
    ends = np.concatenate(([0], np.cumsum(rng.integers(0, 4, size)))).astype(np.int32)
    columns = {
        "mass": pa.array(rng.normal(91, 5, size).astype(np.float32)),
        "charge": pa.array(rng.choice([-1, 1], size).astype(np.int8)),
        "run": pa.array(np.arange(size)),
        "tight": pa.array(rng.random(size) > 0.5),
        "label": pa.array(rng.choice(["signal", "background"], size)),
        "pt": pa.ListArray.from_arrays(ends, rng.exponential(30, ends[-1]).astype(np.float32)),
    }
    return pa.table(columns)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Path of a good file of each format."""
    folder = tmp_path_factory.mktemp("good")
    whole = table(np.random.default_rng(1))
    paths = {}
    for kind in (*SUMMED, "csv"):
        path = paths[kind] = folder / f"{kind.removesuffix('.gz')}.{ENDINGS.get(kind, kind)}"
        columns = whole.drop_columns("pt") if kind.startswith("csv") else whole
        fields = [pa.field(field.name, field.type, nullable=False) for field in columns.schema]
        layout = kind if path.suffix == ".root" else None
        with open_writer(path, path, pa.schema(fields), "events", layout) as writer:
            for batch in columns.to_batches():
                writer.write(batch)
    return paths


@pytest.fixture(scope="module")
def worker():
    worker = Worker()
    yield worker
    worker.stop()


@pytest.fixture
def check(worker, tmp_path):
    """Read damaged bytes and say what is wrong with how that ended: nothing, one hopes."""

    def check(what, data, name, good=None, allowed=("error", "same"), **options):
        path = tmp_path / name
        path.write_bytes(data)
        found = worker.read(path, good, **options)
        is_fine = found["outcome"] in allowed and found["peak"] < HIGHEST_PEAK
        return [] if is_fine else [f"{what}: {found['outcome']} {found['message'][-600:]}"]

    return check


@pytest.mark.parametrize("kind", [*SUMMED, "csv"])
def test_the_good_files_are_good(kind, good, worker):
    path = good[kind]
    assert worker.read(path, path)["outcome"] == "same"
    found, wanted = read(path), table(np.random.default_rng(1)).to_pydict()
    for name in found:
        values = [list(x) for x in found[name]] if name == "pt" else found[name].tolist()
        assert values == (pytest.approx(wanted[name]) if name == "mass" else wanted[name])
    assert [*found] == [name for name in wanted if name != "pt" or not kind.startswith("csv")]


@pytest.mark.parametrize("how", damage.DAMAGES)
@pytest.mark.parametrize("kind", SUMMED)
def test_damage_is_told(kind, how, good, check):
    path = good[kind]
    rng = np.random.default_rng([SUMMED.index(kind), list(damage.DAMAGES).index(how)])
    joints = damage.JOINTS[kind](path)
    cases = list(damage.DAMAGES[how](path, joints, rng, count=COUNT))
    assert len(cases) >= 10
    assert [bad for what, data in cases for bad in check(what, data, path.name, path)] == []


def test_files_called_by_the_name_of_another_format(good, check):
    endings = [path.suffix for path in good.values()]
    cases = [(kind, ending) for kind in good for ending in endings]
    bad = [
        line
        for kind, ending in cases
        for line in check(kind, good[kind].read_bytes(), f"renamed{ending}", good[kind])
    ]
    assert bad == []


@pytest.mark.parametrize("kind", SUMMED)
def test_a_wrong_beginning(kind, good, check):
    path = good[kind]
    data = path.read_bytes()
    starts = [other.read_bytes()[:8] for other in good.values() if other.suffix != path.suffix]
    for start in (*starts, bytes(8), b"\xff" * 8, b"\x80\x04\x95abcd."):
        assert check(start, start + data[8:], path.name, allowed=("error",)) == []


def test_malformed_zips(check):
    cases = damage.zips()
    bad = [check(what, data, "x.npz", allowed=("error",)) for what, data in cases.items()]
    assert [line for lines in bad for line in lines] == []
    assert len(cases) > 45


def test_malformed_texts(check):
    bad = []
    for what, data in damage.texts().items():
        ending = "csv.gz" if data[:2] == b"\x1f\x8b" else "csv"
        bad += check(what, data, f"x.{ending}", allowed=("error",))
    assert bad == []


@pytest.mark.parametrize("what", damage.beyond())
def test_what_is_beyond_a_limit_is_refused(what, worker, tmp_path):
    name, data, limits, words = damage.beyond()[what]
    path = tmp_path / name
    path.write_bytes(data)
    found = worker.read(path, limits=limits)
    assert found["outcome"] == "error"
    assert words in found["message"]
    assert words not in worker.read(path)["message"]


def unpacked(data):
    """Bytes of a file, and of what is packed in it."""
    if data[:2] == b"\x1f\x8b":
        with gzip.open(io.BytesIO(data)) as stream:
            return len(data) + sum(map(len, iter(lambda: stream.read(1000), b"")))
    if data[:2] == b"PK":
        return len(data) + sum(one.file_size for one in zipfile.ZipFile(io.BytesIO(data)).filelist)
    return len(data)


def test_files_made_by_hand_are_harmless():
    """Small, unpacked as well; and what they count is at most a little beyond what is there."""
    sound = [data for _name, data, _limits, _words in damage.beyond().values()]
    assert max(map(unpacked, sound)) < 500_000
    malformed = {**damage.arrays(), **damage.zips()}
    assert max(map(unpacked, malformed.values())) < 50_000
    assert max(map(len, damage.texts().values())) < 5000


@pytest.mark.parametrize("how", ["flip", "number"])
@pytest.mark.parametrize("kind", SUMMED)
def test_numbers_that_damage_changes_keep_their_size(kind, how, good):
    """No zero becomes a digit: a count of 300 may become 511, but never a million."""
    data, rng = good[kind].read_bytes(), np.random.default_rng(1)
    for _what, copy in damage.DAMAGES[how](good[kind], damage.JOINTS[kind](good[kind]), rng, 20):
        (place,) = [i for i, (old, new) in enumerate(zip(data, copy, strict=True)) if old != new]
        assert data[place] > 0


def test_text_in_the_place_of_numbers(check):
    for text in (b"abc", b"1e999", b"0x10", b"--1", b"1_000", b"=1+1", b"True"):
        data = b"x,y\n" + b"1,2\n" * 50 + text + b",2\n"
        assert check(text, data, "x.csv", allowed=("error", "other")) == []
