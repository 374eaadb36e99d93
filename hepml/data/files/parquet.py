"""Parquet, read row by row whatever the size of its row groups; columns of text, not categories."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import json

from hepml.data._errors import DataError
from hepml.data.files._digest import Digest
from hepml.data.files._footer import footer_chunks
from hepml.data.files._guard import reading
from hepml.data.files._leaves import innermost, pick, spread
from hepml.data.files._remote import Remote
from hepml.data.files.base import (
    BATCH_BYTES,
    Source,
    Writer,
    check_expansion,
    check_names,
    check_unique,
    choose_tree,
    damaged,
)

__all__ = ["ParquetSource", "ParquetWriter"]

DIGESTS = b"hepml:digests"  # key in the footer
BUFFER = 1 << 16  # bytes read ahead in each column
GROUP_BYTES = 64_000_000  # of a row group, in memory
WIDTHS = {0: 1, 1: 4, 2: 8, 4: 4, 5: 8}  # bytes of a value by physical type
TEXT_BYTES = 16  # of a string's offset and a short text, where the file only tells its packed size


class ParquetSource(Source):
    """A Parquet file as table.

    Parameters
    ----------
    path : pathlib.Path
    tree : None
        Parquet files hold one table without a name.
    names : None
        Parquet files name their columns.
    """

    kind = "Parquet"

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        check_names(path, self.kind, names)
        if tree is not None:
            choose_tree(path, [], tree)
        try:
            import pyarrow.parquet as pq
        except ImportError:
            raise DataError(
                'reading Parquet needs pyarrow: pip install "hepml-lab[files]"'
            ) from None
        self.stream = _opened(path)
        with self._closed_if_it_fails(), reading(path, self.kind):
            metadata = pq.read_metadata(self.stream)
            # Buffered and without prefetch: else a row group is taken into memory as a whole.
            # Digests, where they are, tell all that the sums of pages tell.
            self.file = pq.ParquetFile(
                self.stream,
                metadata=metadata,
                pre_buffer=False,
                buffer_size=BUFFER,
                page_checksum_verification=DIGESTS not in (metadata.metadata or {}),
            )
            self._open()

    def close(self):
        """Close the file."""
        self.stream.close()

    def _open(self):
        import pyarrow as pa

        stored = self.file.schema_arrow
        check_unique(self.path, stored.names)
        self.leaves, self.left_out = spread(stored)
        self.rows = self.file.metadata.num_rows
        groups = footer_chunks(self.path)
        self.row_size = self._check_groups(groups)
        chunks = [pair for _, chunks in groups for pair in enumerate(chunks)]
        missing = {place for place, c in chunks if c.count and c.missing != 0}
        self.schema = pa.schema(
            pa.field(name, leaf.type, nullable=_may_miss(leaf) and leaf.place in missing)
            for name, leaf in self.leaves.items()
        )
        self.digests = self._digests()
        self.row_numbers = _unnamed_index(self.file.metadata.metadata or {})

    def _stored(self, name):
        """Name that pyarrow gives to what a column is made of."""
        leaf = self.leaves[name]
        return name if len(leaf.path) == 1 else self.file.schema.column(leaf.place).path

    def _taken(self, batch, field):
        path = self.leaves[field.name].path
        array = pick(batch.column(path[0]), path[1:], field.type)
        if array.null_count and not field.nullable:
            raise DataError(f"{self.path} is damaged: {field.name!r} has missing values after all")
        return array

    def _digests(self):
        """Digests that our own writer left, by column; they must fit the table."""
        text = (self.file.metadata.metadata or {}).get(DIGESTS)
        if text is None:
            return {}
        noted = json.loads(text)
        if noted["rows"] != self.rows or noted["columns"] != _columns(self.schema):
            raise DataError(
                f"{self.path} is damaged: its columns are not those it was written with"
            )
        return dict(zip(self.schema.names, noted["digests"], strict=True))

    def _check_groups(self, groups):
        """Bytes of a row in memory, from what the row groups declare."""
        rows = sum(count for count, _chunks in groups)
        if rows != self.rows or min((count for count, _chunks in groups), default=0) < 0:
            raise damaged(
                self.path, self.kind, f"row groups of {rows} rows, a table of {self.rows}"
            )
        size = sum(_size(chunk) for _count, chunks in groups for chunk in chunks)
        check_expansion(self.path, size)
        return size / max(rows, 1)

    def batches(self, columns):
        """Yield the table in pieces; see `Source`."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(name) for name in columns])
        digests = {name: Digest() for name in columns if name in self.digests}
        rows = 0
        with reading(self.path, self.kind):
            size = max(int(BATCH_BYTES / max(self.row_size, 1)), 1)
            stored = [self._stored(name) for name in columns]
            for batch in self.file.iter_batches(size, columns=stored):
                for name, digest in digests.items():
                    digest.update(batch.column(name))
                rows += batch.num_rows
                arrays = [self._taken(batch, field) for field in schema]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
            if rows != self.rows:
                raise DataError(f"{self.path} is damaged: {rows} of {self.rows} rows are there")
            for name, digest in digests.items():
                if digest.sums() != self.digests[name]:
                    raise DataError(f"{self.path} is damaged: the digest of {name!r} differs")


def _opened(path):
    """Open a file whatever its name: pyarrow takes some for addresses, and others for no text."""
    import pyarrow as pa

    if isinstance(path, Remote):
        return path.open()
    try:
        return pa.OSFile(str(path.absolute()), "rb")
    except UnicodeEncodeError:
        return path.open("rb")


def _unnamed_index(notes):
    """Names of an index that had none, where pandas' notes tell: fastparquet calls it so."""
    try:
        index = json.loads(notes.get(b"pandas", b"{}"))["index_columns"]
    except (ValueError, KeyError, TypeError):
        return set()
    return {"index"} if index == ["index"] else set()


def _may_miss(leaf):
    import pyarrow as pa

    return leaf.nullable and not pa.types.is_floating(leaf.type)


def _size(chunk):
    """Bytes of a column in a row group, in memory."""
    return max(chunk.count * WIDTHS.get(chunk.kind, TEXT_BYTES), chunk.size)


class ParquetWriter(Writer):
    """Write row groups of `GROUP_BYTES`, packed with zstd, with check sums of pages and columns."""

    kind = "Parquet"
    holds_times = True

    def __init__(self, path, schema, tree):
        super().__init__(path, schema, tree)
        import pyarrow as pa
        import pyarrow.parquet as pq

        repeating = [f.name for f in schema if not pa.types.is_floating(innermost(f.type))]
        self.file = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            use_dictionary=repeating or False,
            write_page_checksum=True,
        )
        self.held, self.size, self.rows = [], 0, 0
        self.digests = [Digest() for _field in schema]

    def write(self, batch):
        """Add a batch; see `Writer`."""
        import pyarrow as pa

        for digest, array in zip(self.digests, batch.columns, strict=True):
            digest.update(array)
        self.held.append(pa.RecordBatch.from_arrays(batch.columns, schema=self.schema))
        self.size += batch.nbytes
        self.rows += batch.num_rows
        if self.size >= GROUP_BYTES:
            self._flush()

    def _flush(self):
        import pyarrow as pa

        if self.held:
            table = pa.Table.from_batches(self.held)
            self.held, self.size = [], 0
            self.file.write_table(table, row_group_size=max(table.num_rows, 1))

    def close(self, *, complete):
        """Close the file; see `Writer`."""
        try:
            if complete:
                self._flush()
                self.file.add_key_value_metadata({DIGESTS: json.dumps(self._notes())})
        finally:
            self.file.close()

    def _notes(self):
        return {
            "rows": self.rows,
            "columns": _columns(self.schema),
            "digests": [digest.sums() for digest in self.digests],
        }


def _columns(schema):
    """Names and types, whatever the entries of lists are called."""
    import pyarrow as pa

    schema = pa.schema([pa.field(f.name, f.type, nullable=False) for f in schema])
    leaves, _left_out = spread(schema)
    return [[name, str(leaf.type)] for name, leaf in leaves.items()]
