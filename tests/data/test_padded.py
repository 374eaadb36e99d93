"""Lists as arrays of one length: what is kept, what is filled up, and what is refused."""

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hepml import data
from hepml.data import DataError

LISTS = [[3.0, 2.0, 1.0], [], [5.0], [9.0, 8.0]]


@pytest.fixture
def table():
    lists = pd.ArrowDtype(pa.list_(pa.float32()))
    return pd.DataFrame(
        {
            "pt": pd.Series(LISTS, dtype=lists),
            "eta": pd.Series([[-x for x in xs] for xs in LISTS], dtype=lists),
            "short": pd.Series([xs[:1] for xs in LISTS], dtype=lists),
            "n": [3, 0, 1, 2],
        }
    )


def test_lists_are_filled_up_to_the_longest(table):
    values, mask = data.padded(table, ["pt", "eta"])
    assert values.shape == (4, 3, 2)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values[..., 0], [[3, 2, 1], [0, 0, 0], [5, 0, 0], [9, 8, 0]])
    np.testing.assert_array_equal(values[..., 1], -values[..., 0])
    np.testing.assert_array_equal(mask.sum(axis=1), table["n"])
    assert not values[~mask].any()


@pytest.mark.parametrize("length", [1, 2, 5])
def test_the_first_entries_are_kept(table, length):
    values, mask = data.padded(table, "pt", length)
    assert values.shape == (4, length, 1)
    for row, own, real in zip(values[..., 0], LISTS, mask, strict=True):
        assert row[real].tolist() == own[:length]


def test_some_rows_of_a_table_are_enough(table):
    values, mask = data.padded(table[table["n"] < 3], "pt")
    np.testing.assert_array_equal(values[..., 0], [[0, 0], [5, 0], [9, 8]])
    assert data.padded(table[:0], "pt")[1].shape == (0, 0)
    assert mask.sum() == 3


def test_what_was_read_from_a_file_is_understood(table, tmp_path):
    table.to_parquet(tmp_path / "t.parquet")
    values, _ = data.padded(data.read(tmp_path / "t.parquet"), "pt")
    np.testing.assert_array_equal(values[0, :, 0], LISTS[0])


@pytest.mark.parametrize("axes", [(4, 3), (3, 4, 2), (5, 5, 1)])
@pytest.mark.parametrize("ending", ["hdf5", "npz"])
def test_a_picture_is_one_list_row_after_row(tmp_path, axes, ending):
    pixels = np.arange(6 * np.prod(axes), dtype=float).reshape(6, *axes)
    path = tmp_path / f"pictures.{ending}"
    if ending == "npz":
        np.savez(path, image=pixels, signal=np.ones(6))
    else:
        with h5py.File(path, "w") as file:
            file["image"], file["signal"] = pixels, np.ones(6)
    table = data.read(path)
    values, mask = data.padded(table, "image")
    assert mask.all()
    np.testing.assert_array_equal(values.reshape(pixels.shape), pixels)
    some = data.padded(table[table.index % 2 == 1], "image")[0]
    np.testing.assert_array_equal(some.reshape(3, *axes), pixels[1::2])
    assert data.padded(table[:0], "image")[0].shape == (0, 0, 1)


def test_lists_within_lists_need_a_common_shape():
    kind = pd.ArrowDtype(pa.list_(pa.list_(pa.float64())))
    ragged = pd.DataFrame({"image": pd.Series([[[1, 2], [3]], [[4, 5], [6, 7]]], dtype=kind)})
    with pytest.raises(DataError, match="from 1 to 2 entries long: they have no common shape"):
        data.padded(ragged, "image")
    records = pd.ArrowDtype(pa.list_(pa.struct({"pt": pa.float64()})))
    structs = pd.DataFrame({"towers": pd.Series([[{"pt": 1.0}]], dtype=records)})
    with pytest.raises(DataError, match="no column of lists of numbers"):
        data.padded(structs, "towers")


@pytest.mark.parametrize(
    ("columns", "length", "hint"),
    [
        ("shirt", None, "no column 'shirt'; did you mean 'short'"),
        ("n", None, "'n' is no column of lists of numbers, but of int64"),
        (["pt", "short"], None, "lists of 'pt' and 'short' differ in length"),
        ([], None, "no column of lists is named"),
        ("pt", 0, "length=0: say a whole number, at least 1"),
        ("pt", 2.5, "length=2.5: say a whole"),
        ("pt", True, "length=True: say a whole"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(table, columns, length, hint):
    with pytest.raises(DataError, match=hint):
        data.padded(table, columns, length)
