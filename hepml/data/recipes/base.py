"""What all recipes share: independent chunks, and weights that add up to expected events."""

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass

import numpy as np

__all__ = ["Chunk", "Column", "Process", "Recipe", "Variant"]

PB_TO_FB = 1e3
FIRST_EVENT_ID = 100_000


@dataclass(frozen=True)
class Column:
    """One column of a sample: its name, NumPy type, unit ("" for a pure number) and meaning."""

    name: str
    dtype: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Variant:
    """Settings that force one set of decays.

    ``branching`` is the fraction these decays stand for that the generator's own cross-section
    does not know (tau decays); ``share`` is the variant's part of the process's events.
    """

    settings: tuple
    branching: float
    share: float


@dataclass(frozen=True)
class Process:
    """One process: its label (1 signal, 0 background), part of the sample, and settings.

    ``fakes`` lets jets stand for the tau; events lighter than ``weight_floor`` are thinned out
    until those left weigh as much.
    """

    name: str
    label: int
    fraction: float
    settings: tuple
    variants: tuple
    fakes: bool = False
    weight_floor: float = 0.0


@dataclass(frozen=True)
class Chunk:
    """One piece of work, whose result depends on nothing but this record and its recipe."""

    process: int
    variant: int
    index: int
    events: int
    seed: int

    @property
    def key(self):
        """Name of the chunk, unique within one generation."""
        return f"{self.process}-{self.variant}-{self.index:05d}"

    @property
    def rng(self):
        """Generator of all the chunk's randomness."""
        return np.random.default_rng((self.seed, self.process, self.variant, self.index))


@dataclass(frozen=True)
class Recipe(ABC):
    """Every number that shapes a sample; subclasses define `simulate` and `features`."""

    name: str
    title: str
    luminosity: float  # fb^-1
    processes: tuple
    columns: tuple
    notes: tuple
    chunk_events: int = 500

    @abstractmethod
    def simulate(self, process, variant, events, rng):
        """Make selected events.

        Parameters
        ----------
        process : Process
        variant : Variant
        events : int
        rng : numpy.random.Generator

        Returns
        -------
        dict of str to ndarray
            Primary columns, ``weight`` (probability to be selected), all of shape (events,), and
            the scalars ``trials`` (events generated) and ``cross_section`` (pb).
        """

    @abstractmethod
    def features(self, primary):
        """Columns computed from the primary ones, both dicts of arrays of shape (events,)."""

    def chunks(self, events, seed):
        """List the independent pieces of work.

        Parameters
        ----------
        events : int
            Rows of the sample, shared out by the processes' and variants' fixed fractions.
        seed : int

        Returns
        -------
        list of Chunk
        """
        return [
            Chunk(p, v, i, size, seed)
            for p, process in enumerate(self.processes)
            for v, variant in enumerate(process.variants)
            for i, size in enumerate(self._sizes(events * process.fraction * variant.share))
        ]

    def _sizes(self, events):
        """Nearly equal parts of at most ``chunk_events``."""
        total = max(1, round(events))
        parts = -(-total // self.chunk_events)
        return [total // parts + (i < total % parts) for i in range(parts)]

    def run(self, chunk):
        """Do one piece of work; returns what `simulate` does."""
        process = self.processes[chunk.process]
        return self.simulate(process, process.variants[chunk.variant], chunk.events, chunk.rng)

    def merge(self, chunks, results, seed):
        """Weigh, join and shuffle finished chunks.

        Parameters
        ----------
        chunks : list of Chunk
        results : list of dict
            What `run` returned for each.
        seed : int
            Of the shuffle.

        Returns
        -------
        columns : dict of str to ndarray
            Named, ordered and typed as ``self.columns``.
        record : list of dict
            For each process: settings, events, trials, cross-sections, sum of weights.
        """
        tables, record = [], []
        for p, process in enumerate(self.processes):
            groups = [
                [
                    r
                    for c, r in zip(chunks, results, strict=True)
                    if (c.process, c.variant) == (p, v)
                ]
                for v in range(len(process.variants))
            ]
            tables.append(self._table(p, process, groups))
            record.append(_entry(process, groups, tables[-1]["Weight"]))
        return self._finished(tables, seed), record

    def _table(self, number, process, groups):
        """Primary columns and weights of one process."""
        parts = [
            result | {"weight": result["weight"] * scale}
            for variant, group in zip(process.variants, groups, strict=True)
            for scale in [_events_per_trial(group, variant, self.luminosity)]
            for result in group
        ]
        weight = np.concatenate([part["weight"] for part in parts])
        names = [c.name for c in self.columns if c.name in parts[0]]
        # Rounded before features are computed, so that anyone can recompute them exactly.
        table = {n: np.concatenate([p[n] for p in parts]).astype(np.float32) for n in names}
        label = np.full(len(weight), process.label)
        return table | {"Weight": weight, "Label": label, "Process": np.full(len(weight), number)}

    def _finished(self, tables, seed):
        table = {name: np.concatenate([t[name] for t in tables]) for name in tables[0]}
        table |= self.features(table)
        order = np.random.default_rng(seed).permutation(len(table["Weight"]))
        table = {name: values[order] for name, values in table.items()}
        table["EventId"] = FIRST_EVENT_ID + np.arange(len(order))
        return {c.name: table[c.name].astype(c.dtype) for c in self.columns}

    def describe(self):
        """All that decides the content, as JSON knows it."""
        skipped = ("columns", "notes", "title", "name")
        settings = {k: v for k, v in asdict(self).items() if k not in skipped}
        return json.loads(json.dumps(settings))


def _cross_section(group):
    """Mean in pb, each chunk counting as much as it generated."""
    trials = [result["trials"] for result in group]
    return float(np.average([result["cross_section"] for result in group], weights=trials))


def _events_per_trial(group, variant, luminosity):
    """Weight of a generated event: cross-section x branching x luminosity / trials."""
    trials = sum(int(result["trials"]) for result in group)
    return _cross_section(group) * PB_TO_FB * variant.branching * luminosity / trials


def _entry(process, groups, weight):
    weight = weight.astype(np.float32).astype(np.float64)
    return {
        "process": process.name,
        "label": process.label,
        "events": len(weight),
        "sum_of_weights": float(weight.sum()),
        "largest_weight_share": float(weight.max() / weight.sum()),
        "cross_sections_pb": [_cross_section(group) for group in groups],
        "branchings": [variant.branching for variant in process.variants],
        "trials": [sum(int(result["trials"]) for result in group) for group in groups],
    }
