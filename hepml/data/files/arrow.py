"""Arrow's own files (also called Feather), read batch by batch."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from hepml.data.files._guard import reading
from hepml.data.files._leaves import pick, spread
from hepml.data.files.base import Source, check_names, check_unique, choose_tree

__all__ = ["ArrowSource"]


class ArrowSource(Source):
    """An Arrow file as table.

    Parameters
    ----------
    path : pathlib.Path
    tree, names : None
    """

    kind = "Arrow"

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        check_names(path, self.kind, names)
        if tree is not None:
            choose_tree(path, [], tree)
        import pyarrow as pa

        self.stream = path.open("rb")
        with self._closed_if_it_fails(), reading(path, self.kind):
            self.file = pa.ipc.open_file(self.stream)
            check_unique(path, self.file.schema.names)
            self.leaves, self.left_out = spread(self.file.schema)
            missing = self._survey()
            self.schema = pa.schema(
                pa.field(name, leaf.type, nullable=name in missing)
                for name, leaf in self.leaves.items()
            )

    def _survey(self):
        """Count the rows; give the columns in which values are missing."""
        self.rows, missing = 0, set()
        for batch in self._stored():
            self.rows += batch.num_rows
            for name, leaf in self.leaves.items():
                if _may(leaf) and name not in missing and _taken(batch, leaf).null_count:
                    missing.add(name)
        return missing

    def _stored(self):
        """Yield what the file holds, once it is sure that it is whole."""
        for number in range(self.file.num_record_batches):
            batch = self.file.get_batch(number)
            batch.validate(full=True)
            yield batch

    def close(self):
        """Close the file."""
        self.stream.close()

    def batches(self, columns):
        """Yield the table in pieces; see `Source`."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(name) for name in columns])
        with reading(self.path, self.kind):
            for batch in self._stored():
                arrays = [_taken(batch, self.leaves[name]) for name in columns]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _taken(batch, leaf):
    return pick(batch.column(leaf.path[0]), leaf.path[1:], leaf.type)


def _may(leaf):
    import pyarrow as pa

    return leaf.nullable and not pa.types.is_floating(leaf.type)
