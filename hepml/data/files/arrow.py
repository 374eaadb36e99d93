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
            fields = [
                pa.field(n, leaf.type, nullable=_may(leaf)) for n, leaf in self.leaves.items()
            ]
            self.schema = pa.schema(fields)

    def close(self):
        """Close the file."""
        self.stream.close()

    def batches(self, columns):
        """Yield the table in pieces; see `Source`."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(name) for name in columns])
        with reading(self.path, self.kind):
            for number in range(self.file.num_record_batches):
                batch = self.file.get_batch(number)
                batch.validate(full=True)
                paths = [self.leaves[name].path for name in columns]
                arrays = [
                    pick(batch.column(path[0]), path[1:], field.type)
                    for path, field in zip(paths, schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _may(leaf):
    import pyarrow as pa

    return leaf.nullable and not pa.types.is_floating(leaf.type)
