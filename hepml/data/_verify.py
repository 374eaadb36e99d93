"""A sample's files held against its card."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import hashlib
import math
import tempfile
from pathlib import Path

from hepml.data._errors import DataError, nearest
from hepml.data._samples import TREE, card, cards_in, check_file, content_digest, path, tallies
from hepml.data.recipes import NAMES, get

__all__ = ["verified"]

SUM_PRECISION = 1e-9  # relative: the same float32 weights, added in another order
FLOAT32_ROUNDING = 1e-6  # relative: libraries differ in a double's last bit, which may round up


def verified(name, *, again=False):
    """Do what `hepml.data.verify` says."""
    checked = []
    for found, folder, files in _targets(name):
        sums = [_verify_file(found, folder, file) for file in files]
        if len(files) == len(found.files):
            _verify_whole(found, sums)
        if again:
            _verify_again(found, folder, files)
        checked += [folder / file["name"] for file in files]
    return checked


def _targets(name):
    """List (card, folder, records of the files to check)."""
    if str(name) in NAMES:
        found = card(name)
        return [(found, path(name).parent, found.files)]
    place = Path(name).expanduser()
    if place.is_dir():
        return [(found, place, found.files) for found in map(card, cards_in(place))]
    if not place.is_file():
        message = f"there is no sample, folder or file {str(name)!r}; {nearest(name, NAMES)}"
        raise DataError(message)
    found = card(place)
    own = [file for file in found.files if file["name"] == place.name]
    if not own and place.suffix != ".json":
        raise DataError(f"the card beside {place} does not speak of it")
    return [(found, place.parent, own or found.files)]


def _verify_file(found, folder, stated):
    """Check one file against its record; returns what its processes add up to."""
    file = folder / stated["name"]
    if not file.is_file():
        raise DataError(f"{file} is missing")
    check_file(file, stated["sha256"])
    columns = _columns(file)
    kinds = {name: (str(v.dtype), list(v.shape[1:])) for name, v in columns.items()}
    wanted = {c["name"]: (c["dtype"], c.get("shape", [])) for c in found.record["columns"]}
    if list(kinds.items()) != list(wanted.items()):
        first = next((n for n in {**wanted, **kinds} if kinds.get(n) != wanted.get(n)), "the order")
        raise DataError(f"{file} differs from its card in columns or types: {first}")
    events = len(next(iter(columns.values())))
    if events != stated["events"]:
        raise DataError(f"{file} has {events} events, its card says {stated['events']}")
    if content_digest(columns) != stated["content_sha256"]:
        raise DataError(f"{file} has another content than its card says")
    return tallies(columns, [process["label"] for process in found.record["processes"]])


def _columns(file):
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


def _verify_whole(found, sums):
    """Check what the card says of all files together; ``sums`` are the tallies of each."""
    record, name = found.record, found.name
    if sum(file["events"] for file in found.files) != record["events"]:
        raise DataError(f"the card of {name} disagrees with itself on the number of events")
    if "files" in record:
        digests = "\n".join(file["content_sha256"] for file in record["files"])
        if hashlib.sha256(digests.encode()).hexdigest() != record["content_sha256"]:
            raise DataError(f"the card of {name} disagrees with itself on the content")
    for p, process in enumerate(record["processes"]):
        events = sum(shard[p]["events"] for shard in sums)
        total = math.fsum(shard[p]["sum_of_weights"] for shard in sums)
        same = math.isclose(total, process["sum_of_weights"], rel_tol=SUM_PRECISION)
        if events != process["events"] or not same:
            message = (
                f"{name}: {process['process']} has {events} events standing for {total:.6g}, its "
                f"card says {process['events']} standing for {process['sum_of_weights']:.6g}"
            )
            raise DataError(message)


def _verify_again(found, folder, files):
    """Make the sample once more and compare every value of some of its files."""
    from hepml.data._generate import generate

    record = found.record
    if "pythia8mc" in get(found.name).packages:
        message = (
            f"{found.name} takes Pythia hours: repeat the command on its card and compare "
            "content_sha256"
        )
        raise DataError(message)
    with tempfile.TemporaryDirectory(prefix="hepml-") as fresh:
        generate(found.name, record["requested"], record["seed"], fresh)
        for name in (file["name"] for file in files):
            _compare(name, _columns(folder / name), _columns(Path(fresh) / name))


def _compare(file, ours, theirs):
    import numpy as np

    for name, values in ours.items():
        if not np.allclose(values, theirs[name], rtol=FLOAT32_ROUNDING, atol=FLOAT32_ROUNDING):
            raise DataError(f"{file}: {name} differs from what its recipe makes again")
