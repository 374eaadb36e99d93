"""Run a recipe in chunks, on any number of workers, resumably; write the sample with its card."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import accumulate
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING

from hepml import __version__
from hepml.data._cards import card_of, card_path
from hepml.data._chunks import GO_ON, ChunkFolder, differences, pack
from hepml.data._content import TREE, content_digest, digest_of_parts, file_digest, tallies
from hepml.data._errors import DataError, nearest, reporting
from hepml.data._verify import verified
from hepml.data.recipes import NAMES, get
from hepml.files import locked, named, write_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["generate"]

SHARD_EVENTS = 1_000_000
AT_HAND = "is there already, and is as its card says"
UNTOUCHED = "the sample is there already, and stays as it is"
LIST_ENTRIES = 40  # of a column of lists, to estimate what an event takes
MOST_EVENTS = 2_000_000_000  # EventId is a 32-bit number
SMALL_SAMPLE = 200_000  # events, up to which the best compression is worth its time


def generate(
    name: str,
    events: int,
    seed: int,
    out: str | os.PathLike[str],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[int, int, bool], object] | None = None,
) -> dict[str, Any]:
    """Make a sample from its recipe, into a folder.

    What comes out depends on (recipe, events, seed) and on the versions that the card names,
    never on workers or interruptions: finished chunks wait in ``<out>/<name>.part`` and the same
    call goes on from there. If the very sample is in the folder, it is verified and kept.

    Parameters
    ----------
    name : str
        A sample with a recipe.
    events : int
        Rows wanted, 2e9 at most; shared out by the recipe's fixed fractions, so a few more or
        less come out.
    seed : int
        Not negative.
    out : str or path-like
        Folder for ``<name>.root`` and its card ``<name>.json``. Above a million events there are
        several files ``<name>-00000.root``, each a shuffled mixture of all processes.
    workers : int
        Processes to run chunks on; with more than one, a Dask cluster on this machine.
    scheduler : str, optional
        Address of a Dask scheduler whose workers run the chunks instead.
    progress : callable, optional
        Called with (events done, events in all, whether they came from an earlier run). If it
        has a method ``note``, that is called with a sentence on what delays the work.

    Returns
    -------
    dict
        The card's record.

    Raises
    ------
    DataError
        If an argument makes no sense, a package is missing, the cluster fails, the disk is full
        or too small for so many events, or the folder holds another sample of this name, finished
        or not, or a damaged one.
    """
    if name not in NAMES:
        raise DataError(f"there is no recipe {name!r}; {nearest(name, NAMES)}")
    events, seed = _whole("events", events, 1), _whole("seed", seed, 0)
    workers = _whole("workers", workers, 1)
    if scheduler is not None:
        from hepml.data._cluster import check_address

        check_address(scheduler)
    recipe, out = get(name), Path(out).expanduser()
    progress = progress or (lambda *_: None)
    _check_packages(recipe, scheduler)
    made = partial(_made, workers=workers, scheduler=scheduler)
    with reporting(out):
        _check_folder(out)
    with _alone(name, out):
        return _there_or_made(recipe, _plan(recipe, events, seed), out, made, progress)


def _there_or_made(recipe, plan, out, made, progress):
    """Record of the sample, which is there already or is made now."""
    part, events = out / f"{recipe.name}.part", plan["events"]
    with reporting(out):
        if record := _finished(out, plan, part, progress):
            return record
        _check_room(recipe, events, out, part)
    folder = ChunkFolder(part, plan)
    with _kept(folder):
        chunks = recipe.chunks(events, plan["seed"])
        _make_chunks(recipe, chunks, folder, made, progress)
        record = _write_sample(recipe, plan, chunks, folder, out)
    folder.remove()
    return record


@contextlib.contextmanager
def _alone(name, out):
    """Keep a second run from a sample that this one is making; leave no folder without content."""
    was_there = out.exists()
    try:
        with _lock(name, out) as is_ours:
            if not is_ours:
                message = (
                    f"another run is making {name} in {out}: wait until it is done, then the "
                    "same again finds it there"
                )
                raise DataError(message)
            yield
    finally:
        if not was_there:
            with contextlib.suppress(OSError):
                out.rmdir()


def _lock(name, out):
    """Lock for a sample in a folder; a folder that is only read needs none."""
    with reporting(out):
        out.mkdir(exist_ok=True)
    if not os.access(out, os.W_OK):
        return contextlib.nullcontext(True)
    return locked(out / f".{name}.lock", remove=True)


@contextlib.contextmanager
def _kept(folder):
    """Say of whatever ends the work that finished chunks are kept, if there are any."""
    try:
        yield
    except DataError as error:
        if folder.remove_if_idle():
            raise
        raise DataError(f"{error}; {GO_ON}") from error.__cause__
    except BaseException as error:
        if not folder.remove_if_idle():
            error.add_note(GO_ON)
        raise


def _whole(argument, value, least):
    """Take an integer, or a float that is one, as an int."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    whole = number and (isinstance(value, Integral) or float(value).is_integer())
    if not whole or value < least:
        raise DataError(f"{argument}={value!r}: say a whole number, at least {least}")
    return int(value)


def _check_packages(recipe, scheduler):
    """Whoever runs chunks needs the packages of the recipe; whoever only collects them does not.

    Their versions decide the content, though, and workers must agree with us on them.
    """
    missing = [package for package in recipe.packages if not find_spec(package)]
    if missing:
        who = "" if scheduler is None else " (here too, to know the versions)"
        raise DataError(
            f"making {recipe.name} needs {' and '.join(missing)}{who}: "
            'pip install "hepml-lab[generate]"'
        )


def _check_folder(out):
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file: name a folder for the sample")
    if not out.parent.is_dir():
        raise DataError(f"there is no folder {out.parent}")


def _finished(out, plan, part, progress):
    """Record of the very sample that is to be made, if it is there; refuses another one."""
    file = out / f"{plan['name']}.json"
    if file.exists():
        record = card_of(file).record
        if unlike := differences(_plan_of(record, plan), plan):
            raise _in_the_way(f"{file}, which differs in {unlike},")
        _verify_finished(file)
        shutil.rmtree(part, ignore_errors=True)  # of a run that ended just before it did so
        progress(record["events"], record["events"], True)
        _note(progress)(f"{file} {AT_HAND}")
        return record
    if file.with_suffix(".root").exists() and not part.is_dir():
        raise _in_the_way(file.with_suffix(".root"))
    return None


def _in_the_way(what):
    return DataError(f"{what} is there already: delete it or choose another folder")


def _plan_of(record, plan):
    """Plan by which a sample was made, from its card; ``plan`` is that of the sample wanted.

    The oldest cards do not say how many events were asked for, only how many came out.
    """
    versions = {package: record["versions"].get(package) for package in plan["versions"]}
    kept = {"events": record.get("requested", record["events"]), "versions": versions}
    return kept | {key: record[key] for key in ("name", "seed", "settings")}


def _verify_finished(file):
    try:
        verified(file)
    except DataError as error:
        raise DataError(f"{error}: delete {file} and what it speaks of to make it anew") from None
    except KeyboardInterrupt as error:
        error.add_note(UNTOUCHED)
        raise


def _check_room(recipe, events, out, part):
    """Refuse at once what would fill memory with its plan, or the disk."""
    if events > MOST_EVENTS:
        message = (
            f"{events} events are more than the {MOST_EVENTS} that one sample may have: make "
            "several, each with a seed of its own"
        )
        raise DataError(message)
    need = events * _event_bytes(recipe)
    disk = shutil.disk_usage(out if out.exists() else out.parent)
    free = disk.free + sum(file.stat().st_size for file in part.glob("*-*-*.npz"))
    if disk.total and need > free:  # some network disks tell 0 for all
        message = (
            f"{events} events need about {need / 1e9:.3g} GB, and {free / 1e9:.3g} GB are free on "
            f"the disk of {out}: make fewer, or choose another folder"
        )
        raise DataError(message)


def _event_bytes(recipe):
    """Estimate what an event takes on disk, in its chunk and in the sample.

    Measured: 120 bytes for 130 with known_truth, 230 for 260 with higgs_tautau.
    """
    import numpy as np

    def entries(column):
        return math.prod(column.shape) * (LIST_ENTRIES if column.lengths else 1)

    return 2 * sum(np.dtype(c.dtype).itemsize * entries(c) for c in recipe.columns)


def _plan(recipe, events, seed):
    """All that decides the content."""
    return {
        "name": recipe.name,
        "events": events,
        "seed": seed,
        "versions": {package: version(package) for package in ("numpy", *recipe.packages)},
        "settings": recipe.describe(),
    }


def _make_chunks(recipe, chunks, folder, made, progress):
    """Make the chunks that are not there yet."""
    total = sum(chunk.events for chunk in chunks)
    if damaged := folder.drop_damaged(chunks):
        _note(progress)(f"damaged chunks are made again: {', '.join(damaged)}")
    missing = _mixed(folder.missing(chunks))
    done = total - sum(chunk.events for chunk in missing)
    progress(done, total, True)
    for chunk, content in made(recipe, missing, progress):
        folder.write(chunk, content)
        done += chunk.events
        progress(done, total, False)


def _mixed(chunks):
    """Order in which all groups advance alike, so that the rate holds and none is left over."""
    sizes = {}
    for chunk in chunks:
        sizes[chunk.group] = sizes.get(chunk.group, 0) + 1
    seen = dict.fromkeys(sizes, 0)
    place = []
    for chunk in chunks:
        place.append((seen[chunk.group] + 0.5) / sizes[chunk.group])
        seen[chunk.group] += 1
    return [chunks[i] for i in sorted(range(len(chunks)), key=place.__getitem__)]


def _made(recipe, chunks, progress, *, workers, scheduler):
    """Yield (chunk, content of its file) as they get ready."""
    if not chunks:
        return
    if workers == 1 and scheduler is None:
        if "fastjet" in recipe.packages:
            _silence_fastjet()
        yield from ((chunk, _packed(recipe, chunk)) for chunk in chunks)
        return
    from hepml.data._cluster import made_on_cluster

    note = _note(progress)
    yield from made_on_cluster(recipe.name, chunks, workers=workers, scheduler=scheduler, note=note)


def _silence_fastjet():
    """Keep its banner out of our output; the card names it. Not worth failing for."""
    with contextlib.suppress(ImportError, AttributeError):
        from fastjet._swig import ClusterSequence

        ClusterSequence.set_fastjet_banner_stream(None)


def _note(progress):
    return getattr(progress, "note", lambda _: None)


def _packed(recipe, chunk):
    try:
        return pack(recipe.run(chunk))
    except (RuntimeError, MemoryError) as error:
        message = f"chunk {chunk.key} failed: {type(error).__name__}: {error}"
        raise DataError(message) from error


def _write_sample(recipe, plan, chunks, folder, out):
    """Weigh over all chunks, then write shard by shard; the card comes last."""
    from hepml.data.files.root import write_columns

    groups = {}
    for chunk in chunks:
        groups.setdefault(chunk.group, []).append(folder.load(chunk, recipe.summary))
    scales = recipe.scales(groups)
    shards = _dealt(chunks)
    first = [0, *accumulate(sum(chunk.events for chunk in shard) for shard in shards)]
    files, sums = [], []
    for k, shard in enumerate(shards):
        results = ((chunk, folder.load(chunk)) for chunk in shard)
        rng = _order_rng(plan["seed"], k, len(shards))
        columns = recipe.table(results, scales, rng, first[k])
        file = folder.path / shard_name(recipe.name, k, len(shards))
        lengths = {column.name: column.lengths for column in recipe.columns if column.lengths}
        level = 19 if first[-1] <= SMALL_SAMPLE else 5
        with reporting(file):
            write_columns(file, TREE, columns, level=level, lengths=lengths)
        files.append(_file_entry(file, columns))
        sums.append(tallies(columns, [process.label for process in recipe.processes]))
    processes = _processes(recipe, groups, sums)
    record = _record(recipe, plan, processes, files)
    _hand_over(folder, files, out, record)
    return record


def shard_name(name, k, shards):
    """File of a sample's k-th shard."""
    return f"{name}.root" if shards == 1 else f"{name}-{k:05d}.root"


def _dealt(chunks):
    """Deal chunks out in turns, so that each shard has its part of every process."""
    shards = -(-sum(chunk.events for chunk in chunks) // SHARD_EVENTS)
    while True:
        dealt = [chunks[k::shards] for k in range(shards)]
        if max(sum(chunk.events for chunk in shard) for shard in dealt) <= SHARD_EVENTS:
            return dealt
        shards += 1


def _order_rng(seed, k, shards):
    import numpy as np

    if shards == 1:
        return np.random.default_rng(seed)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))


def _file_entry(file, columns):
    return {
        "name": file.name,
        "events": len(next(iter(columns.values()))),
        "content_sha256": content_digest(columns),
        "sha256": file_digest(file),
    }


def _processes(recipe, groups, sums):
    """Entries of the card, from the shards' tallies of each process."""
    entries = []
    for p, process in enumerate(recipe.processes):
        own = [shard[p] for shard in sums]
        total = math.fsum(tally["sum_of_weights"] for tally in own)
        largest = max(tally["largest_weight"] for tally in own)
        summaries = [groups[p, v] for v in range(len(process.shares))]
        entries.append(
            {
                "process": process.name,
                "label": process.label,
                "events": sum(tally["events"] for tally in own),
                "sum_of_weights": total,
                "largest_weight_share": largest / total,
            }
            | recipe.facts(process, summaries)
        )
    return entries


def _record(recipe, plan, processes, files):
    return {
        "built": "by the command below; not edited by hand",
        "name": recipe.name,
        "title": recipe.title,
        "command": (
            f"hepml data generate {recipe.name} --events {plan['events']} --seed {plan['seed']} "
            "--out ."
        ),
        "versions": {"hepml": __version__}
        | {name: version(name) for name in (*recipe.packages, "numpy")},
        "seed": plan["seed"],
        "requested": plan["events"],
        "events": sum(file["events"] for file in files),
        **recipe.heading(),
        "notes": list(recipe.notes),
        "processes": processes,
        "columns": [column.describe() for column in recipe.columns],
        "settings": plan["settings"],
        **_digests(files),
    }


def _digests(files):
    """Digests of the one file, or of each; the content of several is that of their list."""
    if len(files) == 1:
        return {key: files[0][key] for key in ("content_sha256", "sha256")}
    return {"files": files, "content_sha256": digest_of_parts(files)}


def _hand_over(folder, files, out, record):
    """Move finished files from among the chunks to their place, then write the card."""
    with reporting(out):
        for file in files:
            named(folder.path / file["name"], out / file["name"])
    card = card_path(out / files[0]["name"])
    with reporting(card):
        write_text(card, json.dumps(record, indent=1) + "\n")
