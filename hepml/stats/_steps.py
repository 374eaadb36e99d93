"""Weighted sums per step of the score: exact, one step for every distinct score."""

from typing import NamedTuple

import numpy as np

SUMW_B, SUMW_S, SUMW2_B, SUMW2_S = range(4)


class Steps(NamedTuple):
    """What each cut adds to the tighter ones.

    ``threshold`` (n,) falls; ``sums`` (4, n) holds the weights and squared weights of background
    and signal with a score from ``threshold`` up to the one before; ``counts`` are the numbers of
    background and signal events.
    """

    threshold: np.ndarray
    sums: np.ndarray
    counts: tuple
    exact: bool


def exact_steps(events):
    """Make a step at every distinct score: events with equal scores pass together."""
    threshold, sums = group_by_score(events)
    n_signal = int(np.count_nonzero(events.y))
    return Steps(threshold, sums, (len(events.y) - n_signal, n_signal), exact=True)


def group_by_score(events):
    order = np.argsort(events.score)[::-1]
    score = events.score[order]
    starts = np.flatnonzero(np.append(True, score[1:] != score[:-1]))
    weights = np.ones(len(order)) if events.weights is None else events.weights[order]
    sums = np.add.reduceat(per_class(events.y[order], weights), starts, axis=1)
    return score[starts].astype(float), sums


def per_class(y, weights):
    """Rows: weights of background, of signal, squared weights of background, of signal."""
    signal = y.astype(bool)
    weights = weights.astype(float)
    rows = np.zeros((4, len(y)))
    rows[SUMW_B] = np.where(signal, 0.0, weights)
    rows[SUMW_S] = np.where(signal, weights, 0.0)
    np.square(rows[:2], out=rows[2:])
    return rows
