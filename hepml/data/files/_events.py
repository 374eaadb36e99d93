"""Event files of generators as tables: what LHE and HepMC have in common.

One row per event. Of the event: ``weight``, further weights as ``weight.NAME``, ``process``,
``scale``, ``alpha_qed``, ``alpha_qcd``. Of its particles, as list columns: ``id`` (PDG's number),
``status``, ``px``, ``py``, ``pz``, ``e``, ``mass``, and ``mother1``, ``mother2``, the numbers of
the first and the last mother, counted from 1 as in the event, 0 where there is none. All in GeV.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import gzip
import io
import warnings
from abc import abstractmethod
from contextlib import closing
from typing import NamedTuple

from hepml.data._errors import DataError, NoTableError
from hepml.data.files._guard import reading
from hepml.data.files.base import BATCH_BYTES, Source, check_names, choose_tree, damaged

__all__ = ["PARTICLES", "EventSource", "Found", "Watched"]

WHOLE = ("id", "status", "mother1", "mother2")
PARTICLES = ("id", "status", "px", "py", "pz", "e", "mass", "mother1", "mother2")
GZIP = b"\x1f\x8b"
END = 200  # bytes of a file's end that are kept, to see whether it is whole


class Found(NamedTuple):
    """One event.

    Attributes
    ----------
    single : dict of str to float
        Values of the event, by column; weights apart.
    weights : list of (str, float)
        The nominal one first, whose name does not matter.
    particles : dict of str to sequence
        Values of all particles, by column.
    """

    single: dict
    weights: list
    particles: dict


class Watched:
    """File to be read by another library, of which the end and the number of events are noted.

    Parameters
    ----------
    path : pathlib.Path
    mark : bytes
        What begins an event; without one, events are not counted.
    """

    def __init__(self, path, mark):
        with path.open("rb") as file:
            is_packed = file.read(2) == GZIP
        self.stream = gzip.open(path) if is_packed else path.open("rb")  # noqa: SIM115
        self.mark, self.end, self.events = mark, b"\n", 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Stay open: pylhe would close it before its end was looked at."""

    def close(self):
        """Close the file."""
        self.stream.close()

    def read(self, size=-1):
        """Read as a file does; everything passes here once."""
        more = self.stream.read(size)
        if self.mark:
            seam = self.end[1 - len(self.mark) :] + more
            self.events += seam.count(self.mark)
        self.end = (self.end + more)[-END:]
        return more

    def readinto(self, buffer):
        """Read into a buffer, as pyhepmc does."""
        more = self.read(len(buffer))
        buffer[: len(more)] = more
        return len(more)

    def write(self, _data):
        """Refuse: pyhepmc asks whether there is such a method."""
        raise io.UnsupportedOperation

    def flush(self):
        """Do nothing, as nothing is written."""

    def peeked(self, size):
        """Bytes that come next, which are read again later."""
        return self.stream.peek(size)[:size]

    def rest(self):
        """Read what the library left."""
        while self.read(1 << 20):
            pass


class EventSource(Source):
    """Events of a generator as table; subclasses say how one format gives them."""

    more = ()  # list columns of one format, of integers where they are in `whole`
    whole = ()
    mark = b""  # that begins an event

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        check_names(path, self.kind, names)
        if tree is not None:
            choose_tree(path, [], tree)
        with self._closed_if_it_fails():
            first = next(self._found(), None)
        if first is None:
            raise NoTableError(f"{path.name} holds no event")
        self.weights = self._weight_names(first)
        self.schema = self._find_schema(first)

    def close(self):
        """Close the file; between passes none is open."""

    def has(self, name):
        """Whether a column is known to be one."""
        return self.schema is not None and name in self.schema.names

    def _weight_names(self, first):
        return list(dict.fromkeys(name for name, _value in first.weights[1:]))

    def _find_schema(self, first):
        import pyarrow as pa

        kinds = {"process": pa.int64(), "event_number": pa.int64()}
        names = [*first.single, "weight", *map("weight.{}".format, self.weights)]
        fields = [(name, kinds.get(name, pa.float64())) for name in names]
        for name in (*PARTICLES, *self.more):
            is_whole = name in WHOLE + self.whole
            fields.append((name, pa.list_(pa.int64() if is_whole else pa.float64())))
        return pa.schema([pa.field(*pair, nullable=pair[0] == "process") for pair in fields])

    @abstractmethod
    def _events(self, file):
        """Yield every `Found` of a `Watched` file."""

    @abstractmethod
    def _is_whole(self, end):
        """Whether a file that ends so was written to its end."""

    def _found(self):
        """Yield every event, and see whether that was all."""
        count = 0
        with reading(self.path, self.kind), closing(Watched(self.path, self.mark)) as file:
            events = self._events(file)
            while (event := self._next(events)) is not None:
                yield event
                count += 1
            file.rest()
            if not self._is_whole(file.end):
                raise damaged(self.path, self.kind, "its end is missing")
            if self.mark and file.events != count:
                why = f"{count} of {file.events} events can be read"
                raise damaged(self.path, self.kind, why)

    def _next(self, events):
        """Next event; a library that warns of a broken file and goes on is stopped."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return next(events, None)
        except (ValueError, RuntimeError, RuntimeWarning, IndexError, KeyError) as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise damaged(self.path, self.kind, why) from error

    def batches(self, columns):
        """Yield the table in pieces; see `Source`."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(name) for name in columns])
        most = BATCH_BYTES // (8 * len(PARTICLES + self.more))
        held, size = [], 0
        for event in self._found():
            held.append(event)
            size += len(event.particles["id"]) + 1
            if size >= most:
                yield self._batch(held, schema)
                held, size = [], 0
        if held:
            yield self._batch(held, schema)

    def _batch(self, events, schema):
        import pyarrow as pa

        arrays = []
        for field in schema:
            if pa.types.is_list(field.type):
                arrays.append(_lists([e.particles[field.name] for e in events], field.type))
            elif field.name.partition(".")[0] == "weight":
                arrays.append(pa.array([self._weight(e, field.name) for e in events], field.type))
            else:
                arrays.append(pa.array([e.single[field.name] for e in events], field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _weight(self, event, column):
        if column == "weight":
            return event.weights[0][1]
        further = dict(event.weights[1:])
        if unknown := further.keys() - set(self.weights):
            name = min(unknown)
            raise DataError(f"{self.path.name}: only later events have the weight {name!r}")
        return further.get(column.removeprefix("weight."), float("nan"))


def _lists(parts, type_):
    """Make lists of the values of each event."""
    import numpy as np
    import pyarrow as pa

    ends = np.cumsum([0, *map(len, parts)]).astype(np.int32)
    kind = type_.value_type.to_pandas_dtype()
    content = np.concatenate([np.asarray(part, kind) for part in parts])
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(content))
