"""Tables as text: ``.csv``, ``.tsv`` and ``.txt``, also compressed (``.gz``).

The text is parsed in blocks of whole lines. A first pass over all of it finds the type of each
column, so that no block can disagree with another; small files are kept from that pass.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import csv
import gzip
import re
import zlib
from collections import Counter

from hepml.data._errors import DataError, NoTableError
from hepml.data.files.base import (
    NUMBERS_ROWS,
    Source,
    Writer,
    check_expansion,
    choose_tree,
    damaged,
)

__all__ = ["CsvSource", "CsvWriter"]

BLOCK_BYTES = 8_000_000
PIECE_BYTES = 1_000_000  # parsed at once, as fits into a processor's cache
KEPT_BYTES = 64_000_000  # up to here the tables of the first pass are kept for the second
MOST_COLUMNS = 20_000
INDEX = ""  # what pandas numbers rows with is a first column without a name; left out
NUMBERS = "{} starts with numbers, not with names: give them by names="
SEPARATORS = ",;\t "
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BROKEN = (EOFError, OSError, zlib.error)
EXACT = 2**53  # up to here a float holds every integer
# Text in a column is an error if more than this share are numbers; else it is a text column.
NUMERIC_SHARE = 0.5
NUMBER = r"(?i)^\s*[+-]?(\d+\.?\d*|\.\d+|inf|infinity)(e[+-]?\d+)?\s*$"
DECIMAL_COMMA = r"(?i)^\s*[+-]?\d*,\d+(e[+-]?\d+)?\s*$"
MISSING = ["", "nan", "NaN", "-nan", "-NaN", "NA", "N/A", "n/a", "#N/A", "null", "NULL", "<NA>"]


class CsvSource(Source):
    """Text with one row per line and the names of the columns in the first."""

    kind = "CSV"

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        if tree is not None:
            choose_tree(path, [], tree)
        self._is_packed = path.name.lower().endswith(".gz")
        first = self._first_line()
        self._separator = _separator(first)
        fields = _fields(first, self._separator)
        self._is_quoted = first.count('"') >= 2 * len(fields)
        self._is_numbered = _is_numbering(fields)
        self.names, self._header = self._find_names(fields, names)
        self._kept = []
        self._columns = {name: _Column(name) for name in self.names}
        self._survey()
        self._check_index()
        self.schema = self._find_schema()

    def close(self):
        """Forget what was kept; between passes no file is open."""
        self._kept = []

    def batches(self, columns):
        """Yield the table block by block; see `Source.batches`."""
        import pyarrow as pa

        for name in columns:
            if self._columns[name].fault:
                raise DataError(f"{self.path.name}: {self._columns[name].fault}")
        schema = pa.schema([self.schema.field(name) for name in columns])
        types = {name: self._columns[name].type for name in self.names}
        tables = self._kept or (self._parse(block, line, types) for block, line in self._blocks())
        for table in tables:
            values = [_settled(table[name], schema.field(name)) for name in columns]
            yield from pa.Table.from_arrays(values, schema=schema).to_batches()

    def _open(self):
        return gzip.open(self.path) if self._is_packed else self.path.open("rb")

    def _first_line(self):
        """First line that is neither blank nor a comment, without its end."""
        try:
            with self._open() as file:
                while line := file.readline(BLOCK_BYTES):
                    text = self._decoded(line, 1).removeprefix("\ufeff").strip("\r\n")
                    if text.strip() and not text.startswith("#"):
                        return text
        except BROKEN as error:
            raise self._broken(error) from error
        raise NoTableError(f"{self.path} is empty")

    def _broken(self, error):
        reason = "truncated" if isinstance(error, EOFError) else type(error).__name__
        return damaged(self.path, self.kind, reason)

    def _find_names(self, fields, names):
        """Names of the columns, and whether the first line holds them."""
        if len(fields) > MOST_COLUMNS:
            raise DataError(f"{self.path.name} has {len(fields)} columns: too many for a table")
        if names is None:
            self._check_header(fields)
            return fields, True
        names = [names] if isinstance(names, str) else list(names)
        if self._is_numbered:
            self.left_out = {INDEX: NUMBERS_ROWS}
            return [INDEX, *self._checked_names(names, fields[1:])], True
        self._checked_names(names, fields)
        if not any(map(_is_value, fields)) and set(names) & set(fields):
            raise DataError(f"{self.path.name} has names in its first line: leave out names=")
        return names, False

    def _checked_names(self, names, fields):
        if len(names) != len(fields):
            message = f"names= gives {len(names)} names, {self.path.name} has {len(fields)} columns"
            raise DataError(message)
        if len(set(names)) < len(names):
            raise DataError("names= gives a name twice")
        return names

    def _check_header(self, fields):
        is_numbers = all(map(_is_value, fields)) and not self._is_numbered
        if is_numbers and not self._is_quoted:
            raise DataError(NUMBERS.format(self.path.name))
        if fields[0] == "":
            self.left_out = {INDEX: NUMBERS_ROWS}
        for place, name in enumerate(fields):
            if place and not name:
                raise DataError(f"{self.path.name}: column {place + 1} has no name")
        name, count = Counter(fields).most_common(1)[0]
        if count > 1:
            raise DataError(f"{self.path.name} has two columns named {name!r}")

    def _check_index(self):
        """Refuse a first line ``,0,1,2`` whose first column is no index: it may be a row."""
        if self._is_numbered and not self._is_quoted:
            index = self._columns[INDEX]
            if index.kinds != {"int64"} or index.missing:
                raise DataError(NUMBERS.format(self.path.name))

    def _blocks(self):
        """Pieces of whole lines with the number of their first; what is no row is left blank."""
        header = self._header
        for block, line in self._raw_blocks():
            text = block.removeprefix(BYTE_ORDER_MARK) if line == 1 else block
            if b"#" in text:
                text = re.sub(rb"(?m)^#[^\n]*", b"", text)
            if header and text.strip():
                text, header = re.sub(rb"\A\s*[^\n]*", _blanked, text), False
            if self._separator == " ":
                text = _single_blanks(text)
            if text.strip():
                yield text, line

    def _raw_blocks(self):
        line, size, rest = 1, 0, b""
        try:
            with self._open() as file:
                while more := file.read(BLOCK_BYTES):
                    size += len(more)
                    check_expansion(self.path, size)
                    whole, end, tail = more.rpartition(b"\n")
                    block, rest = (rest + whole + end, tail) if end else (b"", rest + more)
                    self._check_text(block or rest, line)
                    if block:
                        yield block, line
                        line += block.count(b"\n")
        except BROKEN as error:
            raise self._broken(error) from error
        if rest:
            yield rest, line

    def _check_text(self, block, line):
        if len(block) > 4 * BLOCK_BYTES:
            raise DataError(f"{self.path} has no end of line in {len(block)} bytes: it is no table")
        if not block.isascii() or b"\0" in block:
            self._decoded(block, line)

    def _decoded(self, block, line):
        """Text of some bytes, made sure to be text."""
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            line += block.count(b"\n", 0, error.start)
            raise DataError(f"{self.path} is damaged: line {line} is not UTF-8 text") from None
        if "\0" in text:
            line += text.count("\n", 0, text.index("\0"))
            raise DataError(f"{self.path} is damaged: line {line} holds a zero byte") from None
        return text

    def _parse(self, block, line, types):
        """Table of a block; columns without a type get the one that fits this block."""
        import pyarrow as pa

        try:
            return self._parsed(block, types, PIECE_BYTES)
        except pa.ArrowInvalid:
            pass  # perhaps only because a row is longer than a piece
        try:
            return self._parsed(block, types, len(block) + 1)
        except pa.ArrowInvalid as error:
            raise self._uneven(block, line, error) from None

    def _parsed(self, block, types, size):
        import pyarrow as pa
        import pyarrow.csv as pacsv

        return pacsv.read_csv(
            pa.BufferReader(block),
            read_options=pacsv.ReadOptions(column_names=self.names, block_size=size),
            parse_options=pacsv.ParseOptions(delimiter=self._separator),
            convert_options=pacsv.ConvertOptions(
                column_types=types,
                null_values=MISSING,
                true_values=["true", "True", "TRUE"],
                false_values=["false", "False", "FALSE"],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                timestamp_parsers=[],
            ),
        )

    def _uneven(self, block, line, error):
        """Error for the first row that has more or fewer fields than there are columns."""
        rows = csv.reader(block.decode().split("\n"), delimiter=self._separator)
        for row in rows:
            if row and len(row) != len(self.names):
                return DataError(
                    f"{self.path.name}: line {line + rows.line_num - 1} has {len(row)} of "
                    f"{len(self.names)} values"
                )
        return damaged(self.path, self.kind, str(error).splitlines()[0])

    def _survey(self):
        """First pass: type of each column over the whole file, and the number of rows."""
        self.rows, held = 0, 0
        for block, line in self._blocks():
            table = self._textual(self._parse(block, line, {}), block, line)
            for name, column in self._columns.items():
                column.add(table[name], self.rows)
            self.rows += len(table)
            held += table.nbytes
            self._kept = [*self._kept, table] if held <= KEPT_BYTES else []
        if held > KEPT_BYTES or any(column.is_mixed for column in self._columns.values()):
            self._kept = []

    def _textual(self, table, block, line):
        """Parse again as text what looks like dates and times: the door keeps them as they are."""
        import pyarrow as pa

        types = {f.name: pa.string() for f in table.schema if pa.types.is_temporal(f.type)}
        return self._parse(block, line, types) if types else table

    def _find_schema(self):
        import pyarrow as pa

        columns = self._columns.values()
        fields = [pa.field(c.name, c.type, nullable=c.is_nullable) for c in columns]
        return pa.schema([field for field in fields if field.name != INDEX])


class _Column:
    """What the first pass learns about one column."""

    def __init__(self, name):
        self.name, self.kinds, self.missing, self.largest = name, set(), 0, 0
        self.numbers = self.words = self.commas = 0
        self.first_word = None

    def add(self, values, row):
        """Take a block's values, whose first is in this row."""
        import pyarrow.compute as pc

        kind = str(values.type)
        self.missing += values.null_count
        if kind == "null":
            return
        self.kinds.add(kind)
        if kind == "string":
            self._add_text(values, row)
            return
        if kind == "bool":
            self._add_words(values, row, pc.is_null(values))
            return
        self.numbers += len(values) - values.null_count
        if kind == "int64":
            ends = pc.min_max(values).as_py()
            self.largest = max(self.largest, abs(ends["min"]), abs(ends["max"]))

    def _add_text(self, values, row):
        import pyarrow.compute as pc

        if self.commas == self.words:
            found = pc.match_substring_regex(values, DECIMAL_COMMA)
            self.commas += pc.sum(found).as_py() or 0
        self._add_words(values, row, pc.match_substring_regex(values, NUMBER))

    def _add_words(self, values, row, numeric):
        """Count what is no number, and keep the first of it."""
        import pyarrow.compute as pc

        numbers = pc.sum(pc.and_kleene(numeric, pc.is_valid(values))).as_py() or 0
        words = len(values) - values.null_count - numbers
        if self.first_word is None and words:
            place = pc.index(numeric, value=False).as_py()
            self.first_word = row + place + 1, str(values[place].as_py())
        self.numbers, self.words = self.numbers + numbers, self.words + words

    @property
    def is_mixed(self):
        """Whether blocks differ so that those read as numbers must be read again as text."""
        return "string" in self.kinds and len(self.kinds) > 1

    @property
    def type(self):
        """Arrow type that holds all values."""
        import pyarrow as pa

        if "string" in self.kinds or ("bool" in self.kinds and len(self.kinds) > 1):
            return pa.string()
        if self.kinds == {"bool"}:
            return pa.bool_()
        exact = self.kinds == {"int64"} and (not self.missing or self.largest > EXACT)
        return pa.int64() if exact else pa.float64()

    @property
    def is_nullable(self):
        """Whether values are missing; a float says so by NaN."""
        return self.missing > 0 and str(self.type) != "double"

    @property
    def fault(self):
        """Sentence on the first word in a column of numbers; None where all is well."""
        if self.words and self.commas == self.words:
            example = self.first_word[1]
            return f"column {self.name!r} has decimal commas ({example!r}): write decimal points"
        if not self.words or self.numbers <= NUMERIC_SHARE * (self.numbers + self.words):
            return None
        row, word = self.first_word
        return f"row {row} of column {self.name!r} holds {word!r}, where numbers were expected"


def _settled(values, field):
    """Values in the type of the whole column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = values.cast(field.type)
    if pa.types.is_floating(field.type) and values.null_count:
        values = pc.fill_null(values, float("nan"))
    return values


def _separator(line):
    """Character that stands most often between the values of a line."""
    line = re.sub('"[^"]*"', "", line)
    found = [mark for mark in SEPARATORS[:3] if mark in line]
    if found:
        return max(found, key=line.count)
    return " " if " " in line.strip() else ","


def _fields(line, separator):
    text = " ".join(line.split()) if separator == " " else line
    return [field.strip() for field in next(csv.reader([text], delimiter=separator))]


def _is_numbering(fields):
    """Whether this is how pandas begins a table of columns without names: ``,0,1,2``."""
    return fields == [INDEX, *map(str, range(len(fields) - 1))] and len(fields) > 1


def _is_value(field):
    return bool(re.match(NUMBER, field)) or field.lower().lstrip("+-") in ("nan", "inf", "")


def _blanked(match):
    return b"\n" * match.group().count(b"\n")


def _single_blanks(block):
    return re.sub(rb"(?m)^ +| +$", b"", re.sub(rb"[ \t]+", b" ", block.replace(b"\r", b"")))


class CsvWriter(Writer):
    """Comma-separated text, compressed where the name ends in ``.gz``."""

    kind = "CSV"

    def __init__(self, path, schema, tree):
        import pyarrow as pa
        import pyarrow.csv as pacsv

        super().__init__(path, schema, tree)
        for field in schema:
            if pa.types.is_nested(field.type):
                message = f"CSV cannot hold {field.name!r}, which has several values per event"
                raise DataError(message)
        name = path.name.lower()
        is_packed = name.endswith(".gz")
        self._stream = pa.output_stream(path, compression="gzip" if is_packed else None)
        separator = "\t" if name.removesuffix(".gz").endswith(".tsv") else ","
        self._csv = pacsv.CSVWriter(
            self._stream, schema, write_options=pacsv.WriteOptions(delimiter=separator)
        )

    def write(self, batch):
        """Add a batch; see `Writer.write`."""
        self._check_lines(batch)
        self._csv.write(batch)

    def close(self, *, complete):  # noqa: ARG002 - text needs no ending
        """Close the file."""
        try:
            self._csv.close()
        finally:
            self._stream.close()

    def _check_lines(self, batch):
        import pyarrow as pa
        import pyarrow.compute as pc

        for field in batch.schema:
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
                broken = pc.match_substring_regex(batch[field.name], r"[\r\n\x00]")
                if pc.any(broken).as_py():
                    raise DataError(f"CSV cannot hold {field.name!r}: its text has line breaks")
