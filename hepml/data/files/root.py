"""ROOT files: TTrees and RNTuples, flat and jagged.

A `RootWriter` puts a digest of every column beside the tree. ROOT has no check of its own that
covers a whole column, so this is what tells a damaged column from a sound one when a file is read
from beginning to end. Files without it are read as they are, and so are files that another
program made from ours: digests hold for the file whose identifier they name.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import json
from pathlib import Path

from hepml.data._errors import DataError
from hepml.data.files._digest import Digest
from hepml.data.files._envelopes import sound_envelopes
from hepml.data.files._friends import (
    find_file,
    friends_of,
    has_unknown_friends,
    is_indexed,
    read_tree,
)
from hepml.data.files._guard import reading
from hepml.data.files._remote import Remote
from hepml.data.files._rntuple import NTuple
from hepml.data.files._root_writer import DIGESTS, TITLE, TreeWriter, write_columns
from hepml.data.files._ttree import Tree
from hepml.data.files.base import (
    BATCH_BYTES,
    NO_TYPE,
    NUMBERS_ROWS,
    Source,
    check_expansion,
    check_names,
    choose_tree,
    damaged,
)

__all__ = ["RootSource", "RootWriter", "write_columns"]

TREES = ["TTree", "TNtuple", "TNtupleD", "THbookTree", "ROOT::RNTuple"]
BIG_FILE_VERSION = 1_000_000  # from here on the header's pointers have eight bytes
INDEX = "index"  # what uproot calls that of pandas
LEARNT = "uproot.dynamic"  # where uproot puts the classes that files describe
LEAST_WIDTH = 8  # bytes per row assumed at least, whatever a damaged file says


class RootSource(Source):
    """A TTree or RNTuple."""

    kind = "ROOT"
    opens_slowly = True

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        check_names(path, self.kind, names)
        _check_length(path)
        self._others = []
        with self._reading():
            self._file = _open(path)
        with self._closed_if_it_fails(), self._reading():
            self._look_up(tree)

    def _reading(self):
        return reading(self.path, self.kind)

    def _look_up(self, tree):
        key = self._choose(tree)
        self.tree = key.partition(";")[0]
        self._table = self._lay_out(read_tree(self._file, key))
        self._digests = self._find_digests()
        self._describe()
        if not self._digests and self._has_row_numbers():
            self.left_out[INDEX] = NUMBERS_ROWS
            self.schema = self.schema.remove(self.schema.get_field_index(INDEX))

    def _choose(self, tree):
        """Name of the tree that is meant, with its cycle if that was asked for."""
        cycles = self._file.keys(filter_classname=TREES)
        if tree in cycles:
            return tree
        trees = list(dict.fromkeys(key.partition(";")[0] for key in cycles))
        if not trees and (chains := self._file.keys(filter_classname="TChain", cycle=False)):
            message = f"{self.path.name} holds no tree, but the chain {chains[0]!r}"
            raise DataError(f"{message}, which is a list of files: read these")
        if tree and ";" in tree:
            trees = [*trees, *cycles]
        return choose_tree(self.path, trees, tree)

    def close(self):
        """Close the file, and those of friends."""
        for file in (self._file, *self._others):
            file.close()

    def batches(self, columns):
        """Yield the tree in pieces that end, if possible, where its baskets do."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(name) for name in columns])
        self._check_lengths(columns)
        with self._reading():
            ranges = list(self._ranges(columns))
        sums = {name: Digest() for name in columns if name in self._digests}
        for start, stop in ranges:
            with self._reading():
                arrays = [self._table.array(f.name, f.type, start, stop) for f in schema]
                batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
            for name, digest in sums.items():
                digest.update(batch.column(batch.schema.get_field_index(name)))
            yield batch
        for name, digest in sums.items():
            if digest.sums() != self._digests[name]["sums"]:
                raise self._changed(f"the digest of {name!r} differs")

    def _lay_out(self, tree):
        import uproot

        if isinstance(tree, uproot.behaviors.TTree.TTree):
            return self._with_friends(Tree(tree), tree)
        if not sound_envelopes(tree):
            raise self._changed("a checksum of its RNTuple differs")
        return NTuple(tree)

    def _with_friends(self, table, tree):
        """Add the columns of the friends of a tree, or say why not."""
        if has_unknown_friends(tree):
            table.leave_out("friends.*", "uproot cannot read which trees are its friends")
        for friend in friends_of(tree):
            try:
                table.join(friend.name, self._befriended(friend, table))
            except DataError as error:
                table.leave_out(f"{friend.name}.*", f"friend {friend.tree!r}: {error}")
        return table

    def _befriended(self, friend, table):
        """Columns of a friend; an error says why there are none to join."""
        file = self._file_of(friend)
        with reading(file.file_path, self.kind):
            if friend.tree not in _trees(file):
                raise DataError(f"there is no such tree in {Path(file.file_path).name}")
            tree = read_tree(file, friend.tree)
        if is_indexed(tree):
            raise DataError("it is joined by an index, not row by row")
        with reading(file.file_path, self.kind):
            found = Tree(tree)
        for other in friends_of(tree):
            if other.tree != self.tree:
                found.leave_out(f"{other.name}.*", "friends of friends are not followed")
        if found.rows != table.rows:
            raise DataError(f"it has {found.rows} rows, the tree {table.rows}")
        return found

    def _file_of(self, friend):
        """File of a friend, open."""
        if not friend.file:
            return self._file
        if not isinstance(self.path, Path):
            raise DataError("friends of files on other machines are not followed")
        path = find_file(friend, self.path)
        if path is None:
            raise DataError(f"there is no file {friend.file!r} beside {self.path.name}")
        _check_length(path)
        with reading(path, self.kind):
            self._others.append(_open(path))
        return self._others[-1]

    def _changed(self, reason):
        return damaged(self.path, self.kind, reason)

    def _find_digests(self):
        """Look up what the writer noted about each column; nothing in files of other programs."""
        folder, slash, name = self.tree.rpartition("/")
        key = f"{folder}{slash}{DIGESTS.format(name)}"
        own = str(self._file.file.uuid)
        is_there = key in self._file.keys(cycle=False, filter_classname="TObjString")
        note = json.loads(str(self._file[key])) if is_there else {"file": None}
        if (note["file"] == own) != (self._table.title == TITLE.format(own)):
            raise self._changed("the digests or the title of the tree are lost")
        return note["columns"] if note["file"] == own else {}

    def _describe(self):
        import pyarrow as pa

        self.rows = self._table.rows
        types = {name: self._table.type(name) for name in self._own_names()}
        for name, noted in self._digests.items():
            if str(types[name]) != noted["type"]:
                raise self._changed(f"the type of {name!r} differs")
        reasons = getattr(self._table, "reasons", {})
        self.left_out = {n: reasons.get(n, NO_TYPE) for n, kind in types.items() if kind is None}
        known = {name: kind for name, kind in types.items() if kind is not None}
        self.schema = pa.schema([self._table.field(name) for name in known])
        if self.rows and self.left_out and not known:
            name, why = next(iter(self.left_out.items()))
            message = f"{self.path.name} has no column in {self.tree!r} that can be read"
            raise DataError(f"{message}; {name!r}, for one: {why}")
        # Each row takes a byte at least in every flat column.
        check_expansion(self.path, self.rows if known else 0)

    def _has_row_numbers(self):
        """Whether there is a column of row numbers, as uproot makes of the index of pandas."""
        import numpy as np

        place, start = self.schema.get_field_index(INDEX), 0
        if place < 0 or len(self.schema) == 1 or str(self.schema.field(place).type) != "int64":
            return False
        try:
            for batch in self.batches([INDEX]):
                numbers = np.arange(start, start + batch.num_rows)
                if not np.array_equal(batch.column(0), numbers):
                    return False
                start += batch.num_rows
        except DataError:
            return False  # said where it is read
        return start > 0

    def _own_names(self):
        """Columns of the table, without the counters that a writer of ours had to add."""
        if self._digests:
            return [*self._digests, *getattr(self._table, "added", [])]
        return self._table.names

    def _check_lengths(self, columns):
        for name in columns:
            with self._reading():
                length = self._table.length(name)
            if length != self.rows:
                message = f"column {name!r} of {self.path.name} has {length} rows"
                raise DataError(f"{message}, its tree {self.rows}: lengths differ")

    def _ranges(self, columns):
        """Where batches start and stop."""
        width = max(LEAST_WIDTH, sum(self._table.width(name) for name in columns))
        step = int(max(1, BATCH_BYTES // width))
        edges, start = self._table.edges(columns), 0
        while start < self.rows:
            stop = _next_edge(edges, start, step, self.rows)
            yield start, stop
            start = stop


def _open(path):
    """Open without memory mapping and without caches, which would keep what was read.

    uproot keeps how it reads a class, by name and version, for all files: where another file has
    another class of that name, values would come out wrong. So each file starts afresh.
    """
    import uproot

    options = {"object_cache": None, "array_cache": None, "use_threads": False}
    options["custom_classes"] = {
        name: known for name, known in uproot.classes.items() if known.__module__ != LEARNT
    }
    if isinstance(path, Remote):
        handler, options = uproot.source.fsspec.FSSpecSource, options | path.options
        return uproot.open({path.address: None}, handler=handler, **options)
    handler = uproot.source.file.MultithreadedFileSource
    return uproot.open({str(path): None}, handler=handler, **options)


def _check_length(path):
    """Compare the end that the header states with the size of the file."""
    with path.open("rb") as file:
        header = file.read(20)
    size = path.stat().st_size
    wide = int.from_bytes(header[4:8], "big") >= BIG_FILE_VERSION
    end = int.from_bytes(header[12 : 20 if wide else 16], "big")
    if len(header) < 20 or size < end:
        raise DataError(f"{path} is cut short: {size} bytes of {end}")


def _trees(file):
    return list(dict.fromkeys(file.keys(filter_classname=TREES, cycle=False)))


def _next_edge(edges, start, step, rows):
    """End of the batch from ``start``: the last edge within reach, else just ``step`` further."""
    import numpy as np

    reach = min(start + step, rows)
    edge = edges[np.searchsorted(edges, reach, side="right") - 1]
    return int(edge) if edge > start else reach


class RootWriter(TreeWriter):
    """A TTree or an RNTuple that is read back before it counts as written; see `TreeWriter`."""

    def close(self, *, complete):
        """Close the file, and raise unless it is read as what was to be written."""
        super().close(complete=complete)
        if complete:
            self._check()

    def _check(self):
        with RootSource(self.path, tree=self.tree) as found:
            types = {field.name: field.type for field in found.schema}
            if (types, found.left_out, found.rows) != (self.types, {}, self.rows):
                raise _unlike(self.path, "names, types or rows")
            optional = [name for name in types if self.levels[name]]
            for batch in found.batches(optional) if optional else ():
                del batch  # each column's digest is compared at the end


def _unlike(path, what):
    return DataError(f"{path.name} is not what was written: its {what} differ; nothing is kept")
