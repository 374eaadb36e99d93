"""Parquet, read row by row whatever the size of its row groups; columns of text, not categories."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import json

from hepml.data._errors import DataError
from hepml.data.files._digest import Digest
from hepml.data.files._footer import footer_chunks
from hepml.data.files._guard import reading
from hepml.data.files._remote import handle
from hepml.data.files.base import (
    BATCH_BYTES,
    NO_TYPE,
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
        with reading(path, self.kind):
            metadata = pq.read_metadata(handle(path))
            # Buffered and without prefetch: else a row group is taken into memory as a whole.
            # Digests, where they are, tell all that the sums of pages tell.
            self.file = pq.ParquetFile(
                handle(path),
                metadata=metadata,
                pre_buffer=False,
                buffer_size=BUFFER,
                page_checksum_verification=DIGESTS not in (metadata.metadata or {}),
            )
        with self._closed_if_it_fails(), reading(path, self.kind):
            self._open()

    def close(self):
        """Close the file."""
        self.file.close()

    def _open(self):
        import pyarrow as pa

        stored = self.file.schema_arrow
        check_unique(self.path, stored.names)
        types = {field.name: plain_type(field.type) for field in stored}
        self.left_out = {name: NO_TYPE for name, type_ in types.items() if type_ is None}
        self.rows = self.file.metadata.num_rows
        groups = footer_chunks(self.path)
        self.row_size = self._check_groups(groups)
        missing = {c.name for _rows, chunks in groups for c in chunks if c.count and c.missing != 0}
        missing &= {f.name for f in stored if f.nullable and not pa.types.is_floating(f.type)}
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


def _size(chunk):
    """Bytes of a column in a row group, in memory."""
    return max(chunk.count * WIDTHS.get(chunk.kind, TEXT_BYTES), chunk.size)


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
