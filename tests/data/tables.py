"""Arrow tables of all types that a file may hold, writing and reading them back, complaints."""

import numpy as np
import pyarrow as pa
import pytest

from hepml.data import DataError, read

__all__ = ["as_batch", "everything", "jagged", "read_back", "sentence", "written"]


def jagged(lengths, content):
    """Make lists of some lengths, with entries that a function makes of their number."""
    ends = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), content(int(ends[-1])))


def everything(rng, size=400):
    """One column of each type: numbers, truth values, text, and lists of all these."""

    def numbers(count):
        return pa.array(rng.normal(size=count).astype(np.float32))

    def fixed(count, values=numbers, width=3):
        return pa.FixedSizeListArray.from_arrays(values(count * width), width)

    def words(count):
        return pa.array(rng.choice(["signal", "βackground", "", "x y"], count), pa.string())

    def truths(count):
        return pa.array(rng.random(count) > 0.5)

    def lists(count, content=numbers):
        return jagged(rng.integers(0, 4, count), content)

    kinds = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")
    columns = {kind: pa.array(rng.normal(50, 9, size).astype(kind)) for kind in kinds}
    columns |= {"truth": truths(size), "word": words(size), "of numbers": lists(size)}
    columns |= {"of truths": lists(size, truths), "of words": lists(size, words)}
    columns |= {
        "of lists": lists(size, lists),
        "fixed": fixed(size),
        "of fixed": lists(size, fixed),
    }
    columns |= {"fixed words": fixed(size, words), "image": fixed(size, fixed, 2)}
    columns |= {"nothing": pa.array([[]] * size, pa.list_(pa.float64()))}
    return as_batch(columns)


def as_batch(columns):
    fields = [pa.field(name, array.type, nullable=False) for name, array in columns.items()]
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=pa.schema(fields))


def written(writer, path, batches, schema=None):
    """Write batches, and return the path."""
    with writer(path, schema or batches[0].schema, "events") as file:
        for batch in batches:
            file.write(batch)
    return path


def read_back(source, path, columns=None, **options):
    """Read a file as one table, checked to be sound."""
    with source(path, **options) as file:
        names = columns or file.schema.names
        schema = pa.schema([file.schema.field(name) for name in names])
        table = pa.Table.from_batches(list(file.batches(names)), schema)
        assert file.rows == table.num_rows
    table.validate(full=True)
    return table


def sentence(*args, act=read, **options):
    """Return what ``act`` complains of: always one line."""
    with pytest.raises(DataError) as error:
        act(*args, **options)
    message = str(error.value)
    assert "\n" not in message
    return message
