"""Event shapes of e+e- -> hadrons: thrust exactly, two tensors, hemispheres, Durham's jets.

Momenta of many events lie one after the other, rows of (px, py, pz, E). Definitions are those of
the review hep-ph/0312283; all are ratios, so momenta may have any unit.
"""

from itertools import pairwise

import numpy as np

__all__ = ["durham", "event_axes", "event_shapes", "hemispheres", "in_frame", "tensors"]

_BOTH_WAYS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_MERGES = {"y_23": 2, "y_34": 3}


def event_axes(momenta):
    """Axes of one event, exactly: no direction has a larger thrust.

    The best axis is the sum of all momenta, each with a sign, and a plane through two of them
    parts the signs: every pair is tried. The same in the plane across it for the major axis.

    Parameters
    ----------
    momenta : ndarray, shape (particles, 4)
        Not all at rest.

    Returns
    -------
    ndarray, shape (3, 3)
        Unit vectors of thrust, major and minor as rows, right-handed. Thrust points to the
        hemisphere with the larger mass, major to the particle that goes farthest along it.
    """
    p = momenta[:, :3]
    thrust = _unit(_largest_sum(p))
    thrust = thrust * (1 if np.subtract(*_squared_masses(momenta, thrust)) >= 0 else -1)
    plane = np.linalg.svd(thrust[None])[2][1:]
    major = _unit(_largest_plane_sum(p @ plane.T)) @ plane
    along = p @ major
    major = major * (1 if along[np.abs(along).argmax()] >= 0 else -1)
    return np.stack([thrust, major, np.cross(thrust, major)])


def _unit(vector):
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else np.eye(len(vector))[0]


def _largest_sum(p):
    """Longest sum of momenta in space, each with a sign, shape (particles, 3)."""
    if len(p) == 1:
        return p[0]
    first, second = np.triu_indices(len(p), 1)
    moved = _moved(p)
    signs = np.sign(np.cross(moved[first], moved[second]) @ moved.T)
    rows = np.arange(len(first))
    signs[rows, first] = signs[rows, second] = 0
    inner = signs @ p
    return _longest([inner + a * p[first] + b * p[second] for a, b in _BOTH_WAYS])


def _largest_plane_sum(q):
    """Longest sum of momenta in a plane, each with a sign, shape (particles, 2)."""
    moved = _moved(q)
    across = np.outer(moved[:, 0], moved[:, 1])
    signs = np.sign(across - across.T)
    np.fill_diagonal(signs, 0)
    inner = signs @ q
    return _longest([inner + q, inner - q])


def _moved(p):
    """Momenta moved by a billionth, lest three lie in one plane or two on one line.

    None is perpendicular to the longest sum, so its signs stay what they are.
    """
    places = np.arange(1, len(p) + 1)[:, None] * np.sqrt([2, 3, 5])[: p.shape[1]]
    return p + 1e-9 * np.linalg.norm(p, axis=1, keepdims=True) * np.sin(places)


def _longest(choices):
    sums = np.concatenate(choices)
    return sums[np.square(sums).sum(axis=1).argmax()]


def _squared_masses(momenta, axis):
    """Of the hemispheres ahead and behind."""
    ahead = momenta[:, :3] @ axis > 0
    total = np.stack([momenta[ahead].sum(axis=0), momenta[~ahead].sum(axis=0)])
    return total[:, 3] ** 2 - (total[:, :3] ** 2).sum(axis=1)


def in_frame(momenta, axes):
    """Momenta with z along the thrust, x along the major and y along the minor axis.

    Parameters
    ----------
    momenta : ndarray, shape (particles, 4)
    axes : ndarray, shape (3, 3)
        As `event_axes` gives them.

    Returns
    -------
    ndarray, shape (particles, 4)
    """
    turned = momenta[:, :3] @ axes[[1, 2, 0]].T
    return np.concatenate([turned, momenta[:, 3:]], axis=1)


def hemispheres(turned):
    """Shapes that refer to the axes of one event.

    Parameters
    ----------
    turned : ndarray, shape (particles, 4)
        As `in_frame` gives them.

    Returns
    -------
    dict of str to float
        ``one_minus_thrust``, ``thrust_major``, ``thrust_minor``, ``heavy_jet_mass`` and
        ``light_jet_mass`` (M^2 over the visible energy squared), ``total_broadening`` and
        ``wide_broadening``.
    """
    p = np.abs(turned[:, :3])
    total = np.linalg.norm(turned[:, :3], axis=1).sum()
    major, minor, thrust = p.sum(axis=0) / total
    ahead = turned[:, 2] > 0
    across = np.hypot(p[:, 0], p[:, 1])
    broadenings = np.array([across[ahead].sum(), across[~ahead].sum()]) / (2 * total)
    masses = _squared_masses(turned, np.array([0, 0, 1])) / turned[:, 3].sum() ** 2
    return {
        "one_minus_thrust": 1 - thrust,
        "thrust_major": major,
        "thrust_minor": minor,
        "heavy_jet_mass": masses.max(),
        "light_jet_mass": max(masses.min(), 0.0),
        "total_broadening": broadenings.sum(),
        "wide_broadening": broadenings.max(),
    }


def tensors(event, momenta, events):
    """Shapes from eigenvalues of the momentum tensors, quadratic and linear.

    Parameters
    ----------
    event : ndarray of int, shape (particles,)
        Number of each particle's event, from 0.
    momenta : ndarray, shape (particles, 4)
        None at rest.
    events : int

    Returns
    -------
    dict of str to ndarray, shape (events,)
        ``sphericity`` and ``aplanarity``, ``c_parameter`` and ``d_parameter``.
    """
    p = momenta[:, :3]
    size = np.linalg.norm(p, axis=1)
    _, second, third = _eigenvalues(event, p, size**2, events)
    one, two, three = _eigenvalues(event, p / np.sqrt(size)[:, None], size, events)
    return {
        "sphericity": 1.5 * (second + third),
        "aplanarity": 1.5 * third,
        "c_parameter": 3 * (one * two + two * three + three * one),
        "d_parameter": 27 * one * two * three,
    }


def _eigenvalues(event, p, norm, events):
    """Of the sum of p p^T over that of ``norm``, largest first, shape (3, events)."""
    parts = [np.bincount(event, a * b, events) for a in p.T for b in p.T]
    tensor = np.stack(parts, axis=-1) / np.bincount(event, norm, events)[:, None]
    return np.maximum(np.linalg.eigvalsh(tensor.reshape(events, 3, 3)).T[::-1], 0)


def durham(counts, momenta):
    """Find where the Durham algorithm (Phys. Lett. B269, 432) begins to see more jets.

    Parameters
    ----------
    counts : ndarray of int, shape (events,)
        Number of each event's particles, at least four.
    momenta : ndarray, shape (sum of counts, 4)

    Returns
    -------
    dict of str to ndarray, shape (events,)
        ``y_23``, the largest distance cut that leaves three jets, and ``y_34``, four: the largest
        distance of all mergers up to there, as a merger may lie below the one before it.
    """
    import awkward as ak  # noqa: PLC0415 - only who generates has it
    import fastjet  # noqa: PLC0415 - only who generates has it

    names = ("px", "py", "pz", "E")
    flat = ak.zip(dict(zip(names, momenta.T, strict=True)), with_name="Momentum4D")
    definition = fastjet.JetDefinition0Param(fastjet.ee_kt_algorithm)
    sequence = fastjet.ClusterSequence(ak.unflatten(flat, counts), definition)
    return {name: ak.to_numpy(sequence.exclusive_ymerge_max(n)) for name, n in _MERGES.items()}


def event_shapes(event, momenta):
    """All shapes of many events, and their momenta turned into each event's frame.

    Parameters
    ----------
    event : ndarray of int, shape (particles,)
        Number of each particle's event, from 0 and without gaps, in order.
    momenta : ndarray, shape (particles, 4)
        At least four of each event, none at rest.

    Returns
    -------
    columns : dict of str to ndarray, shape (events,)
        Of `hemispheres`, `tensors` and `durham`.
    turned : ndarray, shape (particles, 4)
        See `in_frame`.
    """
    counts = np.bincount(event)
    edges = pairwise(np.concatenate([[0], np.cumsum(counts)]))
    parts = [momenta[start:end] for start, end in edges]
    turned = [in_frame(part, event_axes(part)) for part in parts]
    rows = [hemispheres(part) for part in turned]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    columns |= tensors(event, momenta, len(counts)) | durham(counts, momenta)
    return columns, np.concatenate(turned)
