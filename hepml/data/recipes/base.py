"""What all recipes share: independent chunks of events, and weights that add up."""

import json
import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

__all__ = ["Chunk", "CountedProcess", "Process", "Recipe"]

FIRST_EVENT_ID = 100_000
NOT_SETTINGS = ("name", "title", "columns", "notes")


@dataclass(frozen=True)
class Process:
    """One process: its label (1 signal, 0 background) and its part of the sample's events."""

    name: str
    label: int
    fraction: float

    @property
    def shares(self):
        """Parts of the process's events that its variants take; it has one by default."""
        return (1.0,)

    def narrowed(self, _variant):
        """Return the process with one of its variants only."""
        return self


@dataclass(frozen=True)
class CountedProcess(Process):
    """A process whose weights are to add up to a stated number of ``expected`` events."""

    expected: float


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
    def group(self):
        """Process and variant: what is weighed together."""
        return self.process, self.variant

    @property
    def rng(self):
        """Generator of all the chunk's randomness."""
        return np.random.default_rng((self.seed, self.process, self.variant, self.index))


@dataclass(frozen=True)
class Recipe(ABC):
    """Every number that shapes a sample; subclasses define `simulate`, and `features` if any.

    Fields that a subclass adds are settings: they stand on the card and decide the content.

    Attributes
    ----------
    packages : tuple of str
        Distributions beside NumPy whose versions decide the content.
    """

    packages: ClassVar[tuple] = ()

    name: str
    title: str
    processes: tuple
    columns: tuple
    notes: tuple
    chunk_events: int = 500

    @abstractmethod
    def simulate(self, process, events, rng):
        """Make events of one process.

        Parameters
        ----------
        process : Process
            With one variant only.
        events : int
        rng : numpy.random.Generator

        Returns
        -------
        dict of str to ndarray
            Primary columns and ``weight``, all of shape (events, ...), and scalars that
            `summary` picks up.
        """

    def features(self, _primary):
        """Columns computed from the primary ones, both dicts of arrays of shape (events, ...)."""
        return {}

    def summary(self, result):
        """Pick what weighing must know of a chunk: numbers, from what `simulate` returned."""
        return {"sum_of_weights": float(result["weight"].sum())}

    def scale(self, process, _variant, summaries):
        """Factor on the weights of one variant.

        Parameters
        ----------
        process : CountedProcess
        _variant : int
        summaries : list of dict
            Of all chunks of the variant, in order.

        Returns
        -------
        float
        """
        total = math.fsum(summary["sum_of_weights"] for summary in summaries)
        return process.expected / total

    def weights(self, result, scale):
        """Weights of a chunk's events, from what `simulate` returned and what `scales` gives."""
        return result["weight"] * scale

    def heading(self):
        """Say on the card what holds for the sample as a whole."""
        return {}

    def facts(self, _process, _summaries):
        """Say more about a process on the card, from a list of summaries for each variant."""
        return {}

    def chunks(self, events, seed):
        """List the independent pieces of work.

        Parameters
        ----------
        events : int
            Rows of the sample, shared out by the processes' and variants' fixed fractions; at
            least one for each.
        seed : int

        Returns
        -------
        list of Chunk
        """
        parts = [
            (p, v, process.fraction * share)
            for p, process in enumerate(self.processes)
            for v, share in enumerate(process.shares)
        ]
        totals = _shared_out(events, [fraction for *_, fraction in parts])
        return [
            Chunk(p, v, i, size, seed)
            for (p, v, _), total in zip(parts, totals, strict=True)
            for i, size in enumerate(self._sizes(total))
        ]

    def _sizes(self, total):
        """Nearly equal parts of at most ``chunk_events``."""
        parts = -(-total // self.chunk_events)
        return [total // parts + (i < total % parts) for i in range(parts)]

    def run(self, chunk):
        """Do one piece of work; returns what `simulate` does."""
        process = self.processes[chunk.process].narrowed(chunk.variant)
        return self.simulate(process, chunk.events, chunk.rng)

    def scales(self, groups):
        """Factor on the weights of each group.

        Parameters
        ----------
        groups : dict of (process, variant) to list of dict
            Summaries of all chunks.

        Returns
        -------
        dict of (process, variant) to float
        """
        return {(p, v): self.scale(self.processes[p], v, s) for (p, v), s in groups.items()}

    def table(self, results, scales, order_rng, first=0):
        """Weigh, join and shuffle finished chunks.

        Parameters
        ----------
        results : iterable of (Chunk, dict)
            What `run` returned for each, in the order of `chunks`.
        scales : dict
            From `scales`.
        order_rng : numpy.random.Generator
        first : int
            Events in the files before this one.

        Returns
        -------
        dict of str to ndarray
            Named, ordered and typed as ``self.columns``.
        """
        parts = [self._part(chunk, result, scales[chunk.group]) for chunk, result in results]
        table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        table |= self.features(table)
        order = order_rng.permutation(len(table["Weight"]))
        lengths = {c.name: table[c.lengths] for c in self.columns if c.lengths}
        table = {name: _taken(values, order, lengths.get(name)) for name, values in table.items()}
        table["EventId"] = FIRST_EVENT_ID + first + np.arange(len(order))
        return {c.name: table[c.name].astype(c.dtype) for c in self.columns}

    def _part(self, chunk, result, scale):
        # Rounded before features are computed, so that anyone can recompute them exactly.
        primary = {c.name: result[c.name].astype(c.dtype) for c in self.columns if c.name in result}
        label = self.processes[chunk.process].label
        return primary | {
            "Weight": self.weights(result, scale),
            "Label": np.full(chunk.events, label),
            "Process": np.full(chunk.events, chunk.process),
        }

    def describe(self):
        """All that decides the content, as JSON knows it."""
        settings = {k: v for k, v in asdict(self).items() if k not in NOT_SETTINGS}
        return json.loads(json.dumps(settings))


def _taken(values, order, lengths):
    """Values of some events, which have one each or lists of some ``lengths``, in an order."""
    if lengths is None:
        return values[order]
    starts, sizes = (np.cumsum(lengths) - lengths)[order], lengths[order]
    first = np.cumsum(sizes) - sizes
    return values[np.arange(sizes.sum()) + np.repeat(starts - first, sizes)]


def _shared_out(events, fractions):
    """Whole numbers near to their fractions of ``events`` that add up to it, none of them 0."""
    sizes = [max(1, round(events * fraction)) for fraction in fractions]
    step = 1 if sum(sizes) < events else -1
    while sum(sizes) != events:
        able = [i for i, size in enumerate(sizes) if size + step > 0]
        if not able:  # fewer events than processes
            return sizes
        sizes[max(able, key=lambda i: step * (events * fractions[i] - sizes[i]))] += step
    return sizes
