"""What is in a sample's file: its columns, their digests, and what its processes add up to."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import hashlib
from functools import partial
from pathlib import Path

from hepml.data._errors import DataError

__all__ = ["TREE", "check_file", "columns_of", "content_digest", "digest_of_parts", "file_digest"]
__all__ += ["tallies"]

TREE = "events"


def columns_of(file):
    """Columns of a sample's file as arrays, which nothing else holds; of lists, the entries."""
    import uproot

    with uproot.open({str(file): None}, object_cache=None, array_cache=None) as root:
        tree = root[TREE]
        return {name: _array(tree[name]) for name in tree.keys(recursive=False)}


def _array(branch):
    if branch.count_branch is None:
        return branch.array(library="np")
    import awkward as ak

    return ak.to_numpy(ak.flatten(branch.array(library="ak")))


def check_file(file, digest):
    """Raise `DataError` if a file's sha256 is not the one on its card."""
    if file_digest(file) != digest:
        message = f"{file} is not the file its card describes: sha256 differs (damaged or changed)"
        raise DataError(message)


def file_digest(file, algorithm="sha256"):
    """Hexadecimal digest of a file; it tells damage, and keeps no secret."""
    with Path(file).open("rb") as stream:
        new = partial(hashlib.new, algorithm, usedforsecurity=False)
        return hashlib.file_digest(stream, new).hexdigest()


def content_digest(columns):
    """Hexadecimal sha256 of a table's columns: names, types and values, not how they are stored.

    Parameters
    ----------
    columns : mapping of str to ndarray

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    for name, values in columns.items():
        digest.update(f"{name} {values.dtype.str} {'x'.join(map(str, values.shape))}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def digest_of_parts(files):
    """Hexadecimal sha256 of the content of several files, from their records on a card."""
    digests = "\n".join(file["content_sha256"] for file in files)
    return hashlib.sha256(digests.encode()).hexdigest()


def tallies(columns, labels):
    """Count events and add up weights of each process.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (events,)
        With ``Weight``, ``Label``, and ``Process`` where labels do not tell processes apart.
    labels : list of int
        Label of each process.

    Returns
    -------
    list of dict
        ``events``, ``sum_of_weights`` and ``largest_weight`` of each.
    """
    by_label = "Process" not in columns
    found = []
    for number, label in enumerate(labels):
        own = columns["Label"] == label if by_label else columns["Process"] == number
        weight = columns["Weight"][own].astype("float64")
        largest = float(weight.max()) if len(weight) else 0.0
        sums = {"sum_of_weights": float(weight.sum()), "largest_weight": largest}
        found.append({"events": len(weight), **sums})
    return found
