"""Run a recipe in chunks, on several processes, resumably, and write the sample with its card."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import contextlib
import json
import multiprocessing
import os
import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from hepml import __version__
from hepml.data._errors import DataError
from hepml.data._samples import TREE, card_path, content_digest, file_digest
from hepml.data.recipes import NAMES, get

__all__ = ["generate"]

PLAN = "plan.json"
BASKET_EVENTS = 20_000


def generate(name, events, seed, out, *, workers=1, progress=None):
    """Make a sample from its recipe.

    What comes out depends on (recipe, events, seed) and on the generator's version, never on
    ``workers`` or on interruptions: finished chunks wait in ``<out>.part`` and the same call
    goes on from there.

    Parameters
    ----------
    name : str
        A sample with a recipe.
    events : int
        Rows wanted; shared out by the recipe's fixed fractions, so a few more or less come out.
    seed : int
        Not negative.
    out : str or path-like
        ROOT file to write; its card goes beside it, ending in ``.json``.
    workers : int
        Processes to run chunks on.
    progress : callable, optional
        Called with (events done, events in all, whether they came from an earlier run).

    Returns
    -------
    dict
        The card's record.

    Raises
    ------
    DataError
        If the extra ``generate`` is missing, an argument makes no sense, or ``<out>.part`` holds
        another generation.
    """
    out = Path(out).expanduser()
    _check_request(name, events, seed, out, workers)
    recipe = get(name)
    plan = _plan(recipe, events, seed)
    folder = _part_folder(out, plan)
    chunks = recipe.chunks(events, seed)
    _run_chunks(recipe, chunks, folder, workers, progress or (lambda *_: None))
    columns, processes = recipe.merge(chunks, [_load_chunk(folder, c) for c in chunks], seed)
    write_root(out, columns)
    record = _record(recipe, plan, columns, processes, out)
    card_path(out).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder)
    return record


def _check_request(name, events, seed, out, workers):
    if name not in NAMES:
        raise DataError(f"there is no recipe {name!r}; recipes: {', '.join(NAMES)}")
    if events < 1 or seed < 0 or workers < 1:
        raise DataError("events and workers must be at least 1, and the seed at least 0")
    if out.suffix != ".root":
        raise DataError(f"the sample is written as a ROOT file: {out.name!r} should end in .root")
    if not out.parent.is_dir():
        raise DataError(f"there is no folder {out.parent}")
    if not (find_spec("pythia8mc") and find_spec("fastjet")):
        raise DataError('making events needs Pythia and FastJet: pip install "hepml-lab[generate]"')


def _plan(recipe, events, seed):
    """All that decides the content."""
    return {
        "name": recipe.name,
        "events": events,
        "seed": seed,
        "generator": version("pythia8mc"),
        "settings": recipe.describe(),
    }


def _part_folder(out, plan):
    """Folder of finished chunks, new or left over from the same plan."""
    folder = out.with_name(out.name + ".part")
    folder.mkdir(exist_ok=True)
    text = json.dumps(plan, sort_keys=True)
    file = folder / PLAN
    if not file.exists():
        _write_whole(file, lambda part: part.write_text(text, encoding="utf-8"))
    if file.read_text(encoding="utf-8") != text:
        message = (
            f"{folder} holds a generation with other settings: delete it or choose another file"
        )
        raise DataError(message)
    return folder


def _write_whole(file, write):
    """Let ``write`` fill a temporary file, then give it its name: half a file is never seen."""
    part = file.with_name(f"{file.stem}.{os.getpid()}.tmp{file.suffix}")
    try:
        write(part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _chunk_file(folder, chunk):
    return folder / f"{chunk.key}.npz"


def _load_chunk(folder, chunk):
    import numpy as np

    with np.load(_chunk_file(folder, chunk), allow_pickle=False) as arrays:
        return dict(arrays)


def _make_chunk(name, chunk, folder):
    import numpy as np

    result = get(name).run(chunk)
    _write_whole(_chunk_file(folder, chunk), lambda part: np.savez(part, **result))
    return chunk.events


def _run_chunks(recipe, chunks, folder, workers, progress):
    """Make the chunks that are not there yet."""
    total = sum(chunk.events for chunk in chunks)
    missing = [chunk for chunk in chunks if not _chunk_file(folder, chunk).exists()]
    done = total - sum(chunk.events for chunk in missing)
    progress(done, total, True)
    for events in _made(recipe.name, missing, folder, workers):
        done += events
        progress(done, total, False)


def _made(name, chunks, folder, workers):
    """Sizes of the chunks as they get ready."""
    if workers == 1:
        yield from (_make_chunk(name, chunk, folder) for chunk in chunks)
        return
    # A fresh interpreter per worker: forking one that has threads may lock up.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_silence)
    with pool, _stopping(pool):
        futures = [pool.submit(_make_chunk, name, chunk, folder) for chunk in chunks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            message = "a worker died; finished chunks are kept, the same call goes on from there"
            raise DataError(message) from None


def _silence():
    """Keep what libraries in C++ print (FastJet's banner) out of a worker's progress bar."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@contextlib.contextmanager
def _stopping(pool):
    """On any way out but the good one, drop what waits and end what runs."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        raise


def write_root(file, columns):
    """Write columns as a compressed tree.

    Parameters
    ----------
    file : pathlib.Path
    columns : mapping of str to ndarray, shape (events,)
    """
    import uproot

    def write(part):
        with uproot.recreate(part, compression=uproot.ZSTD(19)) as root:
            tree = root.mktree(TREE, {name: values.dtype for name, values in columns.items()})
            events = len(next(iter(columns.values())))
            for start in range(0, events, BASKET_EVENTS):
                rows = slice(start, start + BASKET_EVENTS)
                tree.extend({name: values[rows] for name, values in columns.items()})

    _write_whole(file, write)


def _record(recipe, plan, columns, processes, out):
    return {
        "built": "by the command below; not edited by hand",
        "name": recipe.name,
        "title": recipe.title,
        "command": (
            f"hepml data generate {recipe.name} --events {plan['events']} --seed {plan['seed']} "
            f"--out {out.name}"
        ),
        "versions": {"hepml": __version__}
        | {name: version(name) for name in ("pythia8mc", "fastjet", "numpy")},
        "seed": plan["seed"],
        "events": len(next(iter(columns.values()))),
        "luminosity_fb": recipe.luminosity,
        "notes": list(recipe.notes),
        "processes": processes,
        "columns": [
            {"name": c.name, "dtype": c.dtype, "unit": c.unit, "meaning": c.meaning}
            for c in recipe.columns
        ],
        "settings": plan["settings"],
        "content_sha256": content_digest(columns),
        "sha256": file_digest(out),
    }
