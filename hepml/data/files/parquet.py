"""Parquet, read row by row whatever the size of its row groups; columns of text, not categories."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import json
from collections import Counter

from hepml.data._errors import DataError
from hepml.data.files._digest import Digest
from hepml.data.files._guard import reading
from hepml.data.files.base import (
    BATCH_BYTES,
    Source,
    Writer,
    check_expansion,
    check_names,
    choose_tree,
)

__all__ = ["ParquetSource", "ParquetWriter"]

DIGESTS = b"hepml:digests"  # key in the footer
BUFFER = 1 << 16  # bytes read ahead in each column
GROUP_BYTES = 64_000_000  # of a row group, in memory
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
            raise DataError('reading Parquet needs pyarrow: pip install "hepml-lab[lab]"') from None
        with reading(path, self.kind):
            # Buffered and without prefetch: else a row group is taken into memory as a whole.
            self.file = pq.ParquetFile(
                path, pre_buffer=False, buffer_size=BUFFER, page_checksum_verification=True
            )
        try:
            with reading(path, self.kind):
                self._open()
        except BaseException:
            self.close()
            raise

    def close(self):
        """Close the file."""
        self.file.close()

    def _open(self):
        import pyarrow as pa

        stored = self.file.schema_arrow
        self._check_names(stored.names)
        types = {field.name: plain_type(field.type) for field in stored}
        self.left_out = tuple(name for name, type_ in types.items() if type_ is None)
        self.rows = self.file.metadata.num_rows
        self.row_size = self._check_groups()
        missing = self._with_missing()
        self.schema = pa.schema(
            pa.field(name, type_, nullable=name in missing)
            for name, type_ in types.items()
            if type_
        )
        self.digests = self._digests()

    def _plain(self, array, field):
        array = plain(array, field.type)
        if array.null_count and not field.nullable:
            raise DataError(f"{self.path} is damaged: {field.name!r} has missing values after all")
        return array

    def _check_names(self, names):
        for name, count in Counter(names).items():
            if count > 1:
                raise DataError(f"{self.path.name} has {count} columns called {name!r}")

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

    def _check_groups(self):
        """Bytes of a row in memory, from what the row groups declare."""
        metadata = self.file.metadata
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        rows = sum(group.num_rows for group in groups)
        if rows != self.rows or min((group.num_rows for group in groups), default=0) < 0:
            raise DataError(
                f"{self.path} is damaged: its row groups have {rows} of {self.rows} rows"
            )
        size = sum(map(_group_size, groups))
        check_expansion(self.path, size)
        return size / max(rows, 1)

    def _with_missing(self):
        """Names of the columns in which values other than floats may be missing."""
        import pyarrow as pa

        metadata, found = self.file.metadata, set()
        for place in range(metadata.num_columns):
            column = metadata.schema.column(place)
            if column.max_definition_level and not _counts_none(metadata, place):
                found.add(column.path.split(".")[0])
        stored = self.file.schema_arrow
        return {f.name for f in stored if f.nullable and not pa.types.is_floating(f.type)} & found

    def batches(self, columns):
        """Yield the table in pieces; see `Source`."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(name) for name in columns])
        digests = {name: Digest() for name in columns if name in self.digests}
        rows = 0
        with reading(self.path, self.kind):
            size = max(int(BATCH_BYTES / max(self.row_size, 1)), 1)
            for batch in self.file.iter_batches(size, columns=list(columns)):
                for name, digest in digests.items():
                    digest.update(batch.column(name))
                rows += batch.num_rows
                arrays = [self._plain(batch.column(name), schema.field(name)) for name in columns]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
            if rows != self.rows:
                raise DataError(f"{self.path} is damaged: {rows} of {self.rows} rows are there")
            for name, digest in digests.items():
                if digest.sums() != self.digests[name]:
                    raise DataError(f"{self.path} is damaged: the digest of {name!r} differs")


def _counts_none(metadata, place):
    """Whether every row group says that no value of a column is missing."""
    chunks = (metadata.row_group(i).column(place) for i in range(metadata.num_row_groups))
    notes = (chunk.statistics for chunk in chunks)
    return all(note and note.has_null_count and note.null_count == 0 for note in notes)


def _group_size(group):
    """Bytes of a row group in memory."""
    widths = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "FLOAT": 4, "DOUBLE": 8}
    total = 0
    for i in range(group.num_columns):
        column = group.column(i)
        width = widths.get(column.physical_type, TEXT_BYTES)
        total += max(column.num_values * width, column.total_uncompressed_size)
    return total


def plain_type(type_):
    """Arrow type in which a table holds values of a type; None if it holds none such.

    Parameters
    ----------
    type_ : pyarrow.DataType

    Returns
    -------
    pyarrow.DataType or None
    """
    import pyarrow as pa

    is_ = pa.types
    if is_.is_dictionary(type_):
        return plain_type(type_.value_type)
    if isinstance(type_, pa.BaseExtensionType):
        return plain_type(type_.storage_type)
    if is_.is_fixed_size_list(type_):
        inner = plain_type(type_.value_type)
        return inner and pa.list_(inner, type_.list_size)
    if is_.is_list(type_) or is_.is_large_list(type_):
        inner = plain_type(type_.value_type)
        return inner and pa.list_(inner)
    return _single_type(type_)


def _single_type(type_):
    import pyarrow as pa

    is_ = pa.types
    if is_.is_string(type_) or is_.is_large_string(type_) or is_.is_string_view(type_):
        return pa.string()
    if is_.is_float16(type_):
        return pa.float32()
    if is_.is_boolean(type_) or is_.is_integer(type_) or is_.is_floating(type_):
        return type_
    return None


def plain(array, type_):
    """Array as a table holds it: see `plain_type`; missing floats become NaN.

    Parameters
    ----------
    array : pyarrow.Array
    type_ : pyarrow.DataType

    Returns
    -------
    pyarrow.Array
    """
    import pyarrow as pa

    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_list(type_) or pa.types.is_fixed_size_list(type_):
        return _plain_lists(array, type_)
    if pa.types.is_floating(type_) and array.null_count:
        array = array.fill_null(float("nan"))
    return array if array.type == type_ else array.cast(type_)


def _plain_lists(array, type_):
    import pyarrow as pa

    is_fixed = pa.types.is_fixed_size_list(type_)
    values = array.values
    if is_fixed:
        values = values.slice(array.offset * type_.list_size, len(array) * type_.list_size)
    content = plain(values, type_.value_type)
    if content is values and array.type == type_:
        return array
    missing = array.is_null() if array.null_count else None
    if is_fixed:
        return pa.FixedSizeListArray.from_arrays(content, type_.list_size, mask=missing)
    return pa.ListArray.from_arrays(array.offsets.cast(pa.int32()), content, mask=missing)


class ParquetWriter(Writer):
    """Write row groups of `GROUP_BYTES`, packed with zstd, with check sums of pages and columns."""

    kind = "Parquet"

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
    return [[field.name, str(plain_type(field.type))] for field in schema]


def innermost(type_):
    """Type of the single values of a column."""
    return innermost(type_.value_type) if hasattr(type_, "value_type") else type_
