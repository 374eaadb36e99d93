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
from hepml.data.files._notation import MISSING, NUMBER, TextColumn, settled
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
NAMELESS = "Unnamed: {}"  # as pandas calls a column without a name
TRAILING = "\n"  # stands for the name of what follows a separator at the end of every line
NUMBERS = "{} starts with numbers, not with names: give them by names="
SEPARATORS = ",;\t|"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
BROKEN = (EOFError, OSError, zlib.error)
ODD_MARKS = ":^~!&*/\x01"  # that would leave a line in one column


class CsvSource(Source):
    """Text with one row per line and the names of the columns in the first."""

    kind = "CSV"

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        if tree is not None:
            choose_tree(path, [], tree)
        with path.open("rb") as file:
            starts_packed = file.read(2) == GZIP
        self._is_packed = starts_packed or path.name.lower().endswith(".gz")
        lines = self._first_lines()
        first = next(lines, None)
        if first is None:
            raise NoTableError(f"{path} is empty")
        self._separator = _separator(first, next(lines, first))
        fields = _fields(first, self._separator)
        self._is_quoted = first.count('"') >= 2 * len(fields)
        self._is_numbered = _is_numbering(fields)
        self.names, self._header = self._find_names(fields, names)
        self._kept = []
        self._columns = {name: TextColumn(name) for name in self.names}
        self._inner = {}  # by their names, columns that the file gives none
        self._survey()
        self._check_index()
        self._check_ends()
        self.schema = self._find_schema()

    def close(self):
        """Forget what was kept; between passes no file is open."""
        self._kept = []

    @staticmethod
    def gives(written, found):
        """Whether text keeps a column: numbers as numbers, whatever their type."""
        return _category(written) == _category(found)

    @property
    def blank(self):
        """Columns without any value."""
        return {name for name, column in self._columns.items() if not column.kinds}

    def batches(self, columns):
        """Yield the table block by block; see `Source.batches`."""
        import pyarrow as pa

        wanted = [self._columns[self._inner.get(name, name)] for name in columns]
        for column in wanted:
            if column.fault:
                raise DataError(f"{self.path.name}: {column.fault}")
        schema = pa.schema([self.schema.field(name) for name in columns])
        types = {name: column.parsed_as for name, column in self._columns.items()}
        tables = self._kept or (self._parse(block, line, types) for block, line in self._blocks())
        for table in tables:
            values = [settled(table[column.name], column) for column in wanted]
            yield from pa.Table.from_arrays(values, schema=schema).to_batches()

    def _open(self):
        return gzip.open(self.path) if self._is_packed else self.path.open("rb")

    def _first_lines(self):
        """Yield lines that are neither blank nor comments, without their ends."""
        for block, first in self._raw_blocks():
            for place, line in enumerate(block.split(b"\n"), first):
                text = self._decoded(line, place).removeprefix("\ufeff")
                if text.strip() and not text.startswith("#"):
                    yield text

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
        if len(fields) == 1 and not re.search(r"\w", fields[0]) and not self._is_quoted:
            raise DataError(f"{self.path.name} begins with {fields[0][:20]!r}, not with names")
        if fields[0].lower().startswith("sep="):
            raise DataError(f"{self.path.name} begins with {fields[0]!r}: delete that line")
        self._name_leading(fields)
        if len(fields) > 1 and not fields[-1]:
            fields[-1] = TRAILING
        for place, name in enumerate(fields):
            if place and not name:
                raise DataError(f"{self.path.name}: column {place + 1} has no name")
        name, count = Counter(fields).most_common(1)[0]
        if count > 1:
            raise DataError(f"{self.path.name} has two columns named {name!r}")

    @staticmethod
    def _name_leading(fields):
        """Call the levels of an index that has several as pandas does when it reads them."""
        levels = next((place for place, name in enumerate(fields) if name), 0)
        if levels > 1:
            fields[:levels] = map(NAMELESS.format, range(levels))

    def _check_index(self):
        """Refuse a first line ``,0,1,2`` whose first column is no index: it may be a row."""
        index = self._columns.get(INDEX)
        is_whole = index and index.kinds == {"int64"} and not index.missing
        if self._is_numbered and not self._is_quoted and not is_whole:
            raise DataError(NUMBERS.format(self.path.name))
        if self._is_numbered or (index and index.kinds and index.kinds <= {"int64", "double"}):
            self.left_out = {INDEX: NUMBERS_ROWS}
        elif index and index.kinds:
            self._inner = {_free(NAMELESS.format(0), self.names): INDEX}

    def _check_ends(self):
        """Refuse values without a name, and lines that nothing parts into columns."""
        last = self._columns.get(TRAILING)
        if last and last.kinds:
            raise DataError(f"{self.path.name}: column {len(self.names)} has no name")
        if len(self.names) > 1 or not (word := self._columns[self.names[0]].first_word):
            return
        name, word = self.names[0], word[1]
        for mark in ODD_MARKS:
            if 0 < name.count(mark) == word.count(mark):
                message = f"{self.path.name} has one column of text, {name!r}: {word!r}"
                raise DataError(f"{message}; if {mark!r} separates values, write commas instead")

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
                while more := _with_plain_ends(file):
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

    def _parse(self, block, line, types, only=None):
        """Table of a block; columns without a type get the one that fits this block."""
        import pyarrow as pa

        try:
            return self._parsed(block, types, PIECE_BYTES, only)
        except pa.ArrowInvalid:
            pass  # perhaps only because a row is longer than a piece
        try:
            return self._parsed(block, types, len(block) + 1, only)
        except pa.ArrowInvalid as error:
            raise self._uneven(block, line, error) from None

    def _parsed(self, block, types, size, only):
        import pyarrow as pa
        import pyarrow.csv as pacsv

        return pacsv.read_csv(
            pa.BufferReader(block),
            read_options=pacsv.ReadOptions(column_names=self.names, block_size=size),
            parse_options=pacsv.ParseOptions(delimiter=self._separator),
            convert_options=pacsv.ConvertOptions(
                column_types=types,
                include_columns=only,
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
            texts = self._doubtful(table, block, line)
            for name, column in self._columns.items():
                column.add(table[name], self.rows, texts.get(name))
                self._check_breaks(table[name], name)
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

    def _doubtful(self, table, block, line):
        """Texts of the columns in which integers were perhaps rounded; see `TextColumn.add`."""
        import pyarrow as pa

        may_hex = b"x" in block or b"X" in block  # quick to find, and rare among numbers
        has_hex = may_hex and bool(re.search(rb"(?i)0x[0-9a-f]{16}", block))
        is_doubtful = {
            name: column.is_doubtful(table[name], has_long_hex=has_hex)
            for name, column in self._columns.items()
        }
        names = [name for name, doubt in is_doubtful.items() if doubt]
        if not names:
            return {}
        found = self._parse(block, line, dict.fromkeys(names, pa.string()), names)
        return {name: found[name] for name in names}

    def _check_breaks(self, values, name):
        """Refuse text of several lines: where a block ends in it, it would be torn."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_string(values.type) and pc.any(pc.match_substring(values, "\n")).as_py():
            raise DataError(f"{self.path.name}: text in column {name!r} has line breaks")

    def _find_schema(self):
        import pyarrow as pa

        shown = {inner: name for name, inner in self._inner.items()}
        fields = []
        for column in self._columns.values():
            name = shown.get(column.name, column.name)
            if name in (INDEX, TRAILING):
                continue
            if column.type is None:
                self.left_out[name] = column.why
            else:
                fields.append(pa.field(name, column.type, nullable=column.is_nullable))
        if not fields and self.left_out:
            name, why = next(iter(self.left_out.items()))
            raise DataError(
                f"{self.path.name} has no column that a table can hold: {name!r}: {why}"
            )
        return pa.schema(fields)


def _text(value):
    """Cell of a value, or of a missing one."""
    if value is None:
        return "NA"
    quoted = str(value).replace('"', '""')
    return f'"{quoted}"' if isinstance(value, str) else quoted.lower()


def _with_plain_ends(file):
    """Next bytes of a file, every line ended as here, whatever the system that wrote it."""
    more = file.read(BLOCK_BYTES)
    if more.endswith(b"\r"):
        more += file.read(1)
    if b"\r" not in more:
        return more
    return more.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _free(name, names):
    while name in names:
        name += ".0"
    return name


def _category(type_):
    import pyarrow as pa

    if pa.types.is_boolean(type_) or pa.types.is_string(type_):
        return str(type_)
    return "number"


def _separator(line, following):
    """Character that stands most often between the values of a line; blanks in two of them."""
    line = re.sub('"[^"]*"', "", line)
    found = [mark for mark in SEPARATORS if mark in line]
    if found:
        return max(found, key=line.count)
    return " " if " " in line.strip() and " " in following.strip() else ","


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
    return re.sub(rb"(?m)^ +| +$", b"", re.sub(rb"[ \t]+", b" ", block))


class CsvWriter(Writer):
    """Comma-separated text, compressed where the name ends in ``.gz``."""

    kind = "CSV"

    def __init__(self, path, schema, tree):
        import pyarrow as pa
        import pyarrow.csv as pacsv

        super().__init__(path, schema, tree)
        for field in schema:
            if self.refusal(field):
                message = f"CSV cannot hold {field.name!r}, which has several values per event"
                raise DataError(message)
        name = path.name.lower()
        is_packed = name.endswith(".gz")
        self._stream = pa.output_stream(path, compression="gzip" if is_packed else None)
        separator = "\t" if name.removesuffix(".gz").endswith(".tsv") else ","
        self._csv = pacsv.CSVWriter(
            self._stream, schema, write_options=pacsv.WriteOptions(delimiter=separator)
        )

    @staticmethod
    def refusal(field):
        """Why text cannot hold a column; see `Writer.refusal`."""
        import pyarrow as pa

        is_lists = pa.types.is_nested(field.type)
        return "CSV cannot hold several values per event" if is_lists else ""

    def write(self, batch):
        """Add a batch; see `Writer.write`."""
        self._check_lines(batch)
        if len(self.schema) == 1 and batch.column(0).null_count:
            self._write_alone(batch.column(0))
        else:
            self._csv.write(batch)

    def _write_alone(self, values):
        """Write the only column: what is missing must not become a line that is skipped."""
        texts = map(_text, values.to_pylist())
        self._stream.write("".join(f"{text}\n" for text in texts).encode())

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
