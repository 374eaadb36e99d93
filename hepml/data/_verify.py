"""A sample's files held against its card."""

import math
from pathlib import Path

from hepml.data._cards import card_of, cards_in
from hepml.data._content import check_file, columns_of, content_digest, digest_of_parts, tallies
from hepml.data._errors import DataError, nearest
from hepml.data.recipes import NAMES

__all__ = ["verified"]

SUM_PRECISION = 1e-9  # relative: the same float32 weights, added in another order


def verified(place):
    """Check a sample against its card; see `hepml.data.verify`.

    Parameters
    ----------
    place : str or path-like
        A folder of samples, a file of one, or a card.

    Returns
    -------
    list of pathlib.Path
        The files that were checked.
    """
    checked = []
    for found, folder, files in _targets(place):
        sums = [_verify_file(found, folder, file) for file in files]
        if len(files) == len(found.files):
            _verify_whole(found, sums)
        checked += [folder / file["name"] for file in files]
    return checked


def _targets(place):
    """List (card, folder, records of the files to check)."""
    place = Path(place).expanduser()
    if place.is_dir():
        return [(found, place, found.files) for found in map(card_of, cards_in(place))]
    if not place.is_file():
        message = f"there is no sample, folder or file {str(place)!r}; {nearest(place, NAMES)}"
        raise DataError(message)
    found = card_of(place)
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
    columns = columns_of(file)
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


def _verify_whole(found, sums):
    """Check what the card says of all files together; ``sums`` are the tallies of each."""
    record, name = found.record, found.name
    if sum(file["events"] for file in found.files) != record["events"]:
        raise DataError(f"the card of {name} disagrees with itself on the number of events")
    if "files" in record and digest_of_parts(record["files"]) != record["content_sha256"]:
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
