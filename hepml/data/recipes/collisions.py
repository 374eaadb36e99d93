"""Recipes whose weights come from a generator's cross-section and a luminosity."""

from dataclasses import dataclass, field, replace

import numpy as np

from hepml.data.recipes.base import Process, Recipe

__all__ = ["CollisionProcess", "CollisionRecipe", "Variant", "gathered"]

PB_TO_FB = 1e3


@dataclass(frozen=True)
class Variant:
    """Settings of the generator that force one set of decays.

    ``branching`` is the fraction these decays stand for that the generator's own cross-section
    does not know (tau decays); ``share`` is the variant's part of the process's events.
    """

    settings: tuple
    branching: float
    share: float


@dataclass(frozen=True)
class CollisionProcess(Process):
    """A hard process, as the generator's settings state it, in one or more variants."""

    settings: tuple
    variants: tuple = (Variant((), 1.0, 1.0),)

    @property
    def shares(self):
        """See `Process.shares`."""
        return tuple(variant.share for variant in self.variants)

    def narrowed(self, variant):
        """See `Process.narrowed`."""
        return replace(self, variants=(self.variants[variant],))


@dataclass(frozen=True)
class CollisionRecipe(Recipe):
    """A recipe with a luminosity in fb^-1.

    `simulate` returns as ``weight`` the probability of an event to be selected, and besides the
    columns the scalars ``trials`` (events generated) and ``cross_section`` (pb).
    """

    luminosity: float = field(kw_only=True)

    def summary(self, result):
        """See `Recipe.summary`."""
        return {
            "trials": int(result["trials"]),
            "cross_section": float(result["cross_section"]),
        }

    def scale(self, process, variant, summaries):
        """Weight of a generated event: cross-section x branching x luminosity / trials."""
        branching = process.variants[variant].branching
        expected = _cross_section(summaries) * PB_TO_FB * branching * self.luminosity
        return expected / _trials(summaries)

    def heading(self):
        """See `Recipe.heading`; the luminosity in fb^-1."""
        return {"luminosity_fb": self.luminosity}

    def facts(self, process, summaries):
        """Cross-sections, branchings and trials of each variant."""
        return {
            "cross_sections_pb": [_cross_section(group) for group in summaries],
            "branchings": [variant.branching for variant in process.variants],
            "trials": [_trials(group) for group in summaries],
        }


def gathered(batches, events):
    """Take selected events from batches until there are enough.

    Parameters
    ----------
    batches : iterator of dict of str to ndarray, shape (selected, ...)
        With ``weight``, and ``trial``: how many events were generated up to each.
    events : int

    Returns
    -------
    dict
        Columns of that many events, and the scalar ``trials`` that they took.
    """
    parts, found = [], 0
    while found < events:
        parts.append(next(batches))
        found += len(parts[-1]["weight"])
    joined = {name: np.concatenate([p[name] for p in parts])[:events] for name in parts[0]}
    trials = joined.pop("trial")[-1]
    return joined | {"trials": trials}


def _trials(summaries):
    return sum(summary["trials"] for summary in summaries)


def _cross_section(summaries):
    """Mean in pb, each chunk counting as much as it generated."""
    trials = [summary["trials"] for summary in summaries]
    return float(np.average([s["cross_section"] for s in summaries], weights=trials))
