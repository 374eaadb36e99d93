"""From many jet images to the compact payload of an `ImageBrowser`, and its averages."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from hepml_widgets.core.axes import Axis, nice_edges
from hepml_widgets.core.payload import in_halves, pack

KINDS = ("signal", "background")
IMAGE_BYTES = 220_000  # for sums of images by bin; base64 makes four bytes of three
SINGLE_BYTES = 40_000
MOST_BINS = 20
LEAST_BINS = 4
MOST_CELLS = 80
CHUNK = 4096  # jets at a time: 20 MB of temporaries for 25 x 25 pixels
RATIO = 1.05  # of neighbouring codes of a spread


@dataclass(frozen=True, eq=False)
class Stack:
    """Images of one class added up in every cell, as precisely as the table holds them.

    Attributes
    ----------
    total : ndarray, shape (n_cells, n_pixels)
        Sums of w I, to 1 part in 2048.
    spread : ndarray or None
        √Σ w² (I - c)² around the centre c, to 2.5 %; None where errors are not kept.
    centre : ndarray or None
        c = Σ w² I / Σ w², where it is not the mean.
    columns : dict
        All of it packed.
    """

    total: np.ndarray
    spread: np.ndarray | None
    centre: np.ndarray | None
    columns: dict


@dataclass(frozen=True, eq=False)
class Jets:
    """Some jets one by one: the cells they are in, (n_jets, n_variables), and their images."""

    cells: np.ndarray
    values: np.ndarray
    stacks: dict
    columns: dict


@dataclass(frozen=True, eq=False)
class Sample:
    """One class: weights by cell, histograms of pairs of cells, stacks of images, single jets.

    ``total`` is the weight of all its jets.
    """

    total: float
    sumw: np.ndarray
    sumw2: np.ndarray
    counts: np.ndarray
    cross: np.ndarray
    stacks: dict
    singles: Jets

    def share(self, cells):
        """Share of the weight in some cells of one variable; NaN if there is no weight."""
        sumw = self.sumw[cells].sum()
        inside = sumw if known(sumw, self.sumw2[cells].sum()) else 0.0
        return float(inside / self.total) if self.total else math.nan

    def packed(self):
        """Columns of the class for the browser."""
        return {
            "total": self.total,
            "sumw": pack(self.sumw),
            "sumw2": pack(self.sumw2),
            "counts": pack(self.counts),
            "cross": pack(self.cross, "<f4"),
            "stacks": {name: stack.columns for name, stack in self.stacks.items()},
            "singles": self.singles.columns,
        }


@dataclass(frozen=True, eq=False)
class Average:
    """Weighted average of the images of one class in the selection.

    Attributes
    ----------
    mean, error : ndarray, shape (height, width)
        Σ w I / Σ w and its standard error √Σ w² (I - mean)² / |Σ w|. NaN where the weights add
        up to nothing; the error also for fewer than two jets, and for a saliency.
    jets : int
        How many jets are selected.
    share : float
        Their share of the weight of the class.
    """

    mean: np.ndarray
    error: np.ndarray
    jets: int
    share: float


@dataclass(frozen=True, eq=False)
class Difference:
    """Average of signal minus that of background, with its error."""

    value: np.ndarray
    error: np.ndarray

    @cached_property
    def pull(self):
        """Difference in units of its error; 0 where both are equal, NaN where none is known."""
        with np.errstate(divide="ignore", invalid="ignore"):
            same = (self.value == 0) & (self.error == 0)
            pull = np.where(same, 0.0, self.value / self.error)
        return np.where(np.isfinite(pull), pull, np.nan)


# ---------------------------------------------------------------- averages of the table


def average(sample, name, cells, shape):
    """Average of one stack of a class over some cells.

    Parameters
    ----------
    sample : Sample
    name : {"images", "saliency"}
    cells : slice
        Neighbouring bins of one variable.
    shape : tuple of int

    Returns
    -------
    Average
    """
    sumw, sumw2 = sample.sumw[cells].sum(), sample.sumw2[cells].sum()
    jets, stack = int(sample.counts[cells].sum()), sample.stacks[name]
    mean = np.full(shape, np.nan)
    error = mean.copy()
    if known(sumw, sumw2):
        mean = stack.total[cells].sum(axis=0) / sumw
        if jets > 1 and stack.spread is not None:
            error = np.sqrt(variance(sample, stack, cells, mean)) / abs(sumw)
    return Average(mean.reshape(shape), error.reshape(shape), jets, sample.share(cells))


def known(sumw, sumw2):
    """Whether weights add up to more than rounding."""
    return abs(sumw) > 1e-9 * np.sqrt(sumw2)


def holds_half(image):
    """Mask of the pixels with most of a saliency that together hold half of it."""
    sizes = np.abs(image).ravel()
    order = np.argsort(-sizes, kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]
    mask = np.zeros(sizes.shape, dtype=bool)
    mask[order] = 2 * before < sizes.sum()  # halves of the smallest numbers are zero
    return mask.reshape(image.shape)


def variance(sample, stack, cells, mean):
    """Σ w² (I - mean)², of the spread in each cell and of how far its centre lies off."""
    filled = sample.counts[cells] > 0
    sumw, sumw2 = sample.sumw[cells][filled, None], sample.sumw2[cells][filled, None]
    total, spread = stack.total[cells][filled], stack.spread[cells][filled]
    centre = total / sumw if stack.centre is None else stack.centre[cells][filled]
    return np.sum(spread**2 + (centre - mean) ** 2 * sumw2, axis=0)


# ---------------------------------------------------------------- axes


def room(pixels, unequal, *, saliency):
    """How many bins there is room for; ``unequal`` of the two classes have unequal weights."""
    return min(MOST_CELLS, IMAGE_BYTES // (pixels * (2 * 3 + 2 * unequal + 4 * saliency)))


def axes_of(variables, edges, most):
    """Axes of all variables, with no more than so many bins together.

    Parameters
    ----------
    variables : dict of str to ndarray
    edges : dict of str to ndarray
        Bin edges of some of them.
    most : int

    Raises
    ------
    ValueError
        If the images are too large, or the edges too many.
    """
    free = len(variables) - len(edges)
    given = sum(len(one) - 1 for one in edges.values())
    each = min(MOST_BINS, (most - given) // free) if free else 0
    if given > most or (free and each < LEAST_BINS):
        raise ValueError(
            f"There is room for {most} bins of images, but at least {given + LEAST_BINS * free} "
            "are wanted: give fewer edges or variables, or add up pixels (2 x 2) to fewer."
        )
    axes, first = [], 0
    for name, values in variables.items():
        own = edges[name] if name in edges else nice_edges(values, each)
        axes.append(Axis(name, own, first))
        first += axes[-1].bins
    return axes


# ---------------------------------------------------------------- sums


def make_samples(stacks, y, weights, axes, values, *, singles, rng):
    """Add up both classes.

    Parameters
    ----------
    stacks : dict of str to ndarray, shape (n, height, width)
        ``"images"`` and, if there is one, ``"saliency"``.
    y : ndarray of bool
    weights : ndarray or None
    axes : list of Axis
    values : list of ndarray
        Of the variable of each axis.
    singles : int
        Jets of each class to keep one by one, at most.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to Sample
    """
    cells = np.column_stack([axis.cells_of(v) for axis, v in zip(axes, values, strict=True)])
    table, count = np.column_stack(values), axes[-1].first + axes[-1].bins
    samples = {}
    for kind in KINDS:
        rows = np.flatnonzero(y == (kind == "signal"))
        w = np.ones(len(rows)) if weights is None else weights[rows]
        kept = rows[rng.permutation(len(rows))[:singles]]
        jets = take_jets(stacks, kept, cells[kept], table[kept])
        samples[kind] = make_sample(stacks, rows, w, cells[rows], count=count, singles=jets)
    return samples


def make_sample(stacks, rows, w, cells, *, count, singles):
    hits = [one_hot(cells, weights, count) for weights in (np.ones(len(w)), w, w**2)]
    counts, sumw, sumw2 = (hit.sum(axis=1) for hit in hits)
    added = {}
    for name, images in stacks.items():
        sums = added_up(images, rows, w, cells, count=count, squares=name == "images")
        added[name] = as_stack(*sums, sumw2, unequal=len(w) > 0 and np.ptp(w) > 0)
    total = float(w.sum()) if known(w.sum(), (w**2).sum()) else 0.0
    cross = (hits[1] @ hits[0].T).toarray()
    return Sample(total, sumw, sumw2, counts, cross, added, singles)


def one_hot(cells, weights, count):
    """Matrix (n_cells, n) that holds the weight of each jet in its cell of every variable."""
    n, variables = cells.shape
    columns = np.repeat(np.arange(n), variables)
    values = np.repeat(weights, variables)
    return csr_array((values, (cells.ravel(), columns)), shape=(count, n))


def added_up(images, rows, w, cells, *, count, squares):
    """Σ w I, Σ w² I and Σ w² I² in each cell; the last two are None without ``squares``."""
    pixels = images.shape[1] * images.shape[2]
    sums = np.zeros((3 if squares else 1, count, pixels))
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        block = np.asarray(images[rows[part]], dtype=float).reshape(-1, pixels)
        sums[0] += one_hot(cells[part], w[part], count) @ block
        if squares:
            hit = one_hot(cells[part], w[part] ** 2, count)
            sums[1] += hit @ block
            sums[2] += hit @ block**2
    return (*sums, None, None)[:3]


def as_stack(total, total2, squares, sumw2, *, unequal):
    """Stack of a class from its sums."""
    total, columns = in_halves(total, "total")
    spread = centre = None
    if squares is not None:
        exact = total2 / np.where(sumw2 > 0, sumw2, 1.0)[:, None]
        left = squares - exact * total2
        left[left < 1e-12 * squares] = 0.0  # rounding
        spread, more = in_steps(np.sqrt(left))
        columns |= more
        if unequal:
            centre, more = in_halves(exact, "centre")
            columns |= more
    return Stack(total, spread, centre, columns)


# ---------------------------------------------------------------- few bytes


def in_steps(rows):
    """One byte for each positive number: its logarithm in steps of 5 %, no smaller than 4e-6."""
    unit = np.max(rows, axis=1, initial=0.0)
    unit[unit == 0] = 1.0
    with np.errstate(divide="ignore"):
        steps = np.log(rows / unit[:, None]) / np.log(RATIO)
    codes = np.where(rows > 0, np.clip(np.round(255 + steps), 1, 255), 0)
    columns = {"spread": pack(codes, "u1"), "spreadUnit": pack(unit)}
    return np.where(codes > 0, unit[:, None] * RATIO ** (codes - 255), 0.0), columns


def take_jets(stacks, rows, cells, values):
    """Take some jets with all their pixels, as many as there is room for."""
    blocks = {
        name: np.asarray(images[rows], dtype=float).reshape(len(rows), math.prod(images.shape[1:]))
        for name, images in stacks.items()
    }
    cost = sum(3 * np.count_nonzero(block, axis=1) + 20 for block in blocks.values())
    fit = int(np.searchsorted(np.cumsum(cost), SINGLE_BYTES / 2, side="right"))
    kept = {name: in_halves(block[:fit], "value") for name, block in blocks.items()}
    cells, values = cells[:fit], values[:fit]
    return Jets(
        cells,
        values,
        {name: block for name, (block, _) in kept.items()},
        {
            "values": pack(values, "<f4"),
            "cells": pack(cells),
            "stacks": {name: sparse(*one) for name, one in kept.items()},
        },
    )


def sparse(block, columns):
    """Pixels that are not zero: how far each is from the one before, and its value."""
    codes = np.frombuffer(columns["value"], "<f2").reshape(block.shape)
    gaps, values = [], []
    for row in codes:
        places = np.flatnonzero(row)
        stops = np.union1d(places, np.arange(254, len(row), 255))  # gaps fit one byte
        gaps.append(np.diff(stops, prepend=-1))
        values.append(row[stops])
    counts = [len(one) for one in gaps]
    return {
        "counts": counts,
        "gap": pack(np.concatenate([*gaps, []]), "u1"),
        "value": pack(np.concatenate([*values, np.zeros(0, "<f2")]), "<f2"),
        "unit": columns["valueUnit"],
    }
