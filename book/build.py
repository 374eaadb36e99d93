"""Build what is built: `notebooks/*.ipynb` from `tutorials/*.md`, and the book from both.

    python book/build.py notebooks            those whose text or code changed
    python book/build.py notebooks --force    all of them
    python book/build.py notebooks start      the named ones
    python book/build.py book                 pages in book/_build/html, offline

What the last run of each notebook took, and from which text and code, is kept in
`book/measured.json`. A notebook is built again when its text, what `behind.py` finds behind it
(modules, scripts, recordings, samples), or the notebook itself is no longer what it was then.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import nbformat
import weave
from behind import behind
from nbclient.exceptions import CellExecutionError

from hepml.files import whole, write_text

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ROOT / "tutorials"
NOTEBOOKS = ROOT / "notebooks"
BOOK = ROOT / "book"
MEASURED = BOOK / "measured.json"
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
MEGABYTE = 1_000_000
# Sums of threads come in any order: with one, the examples of the gallery give the same page again.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ENGLISH = {"HEPML_LANGUAGE": "en"}  # whatever the person who builds it speaks


def say(sentence, end="\n"):
    print(sentence, end=end, flush=True)  # noqa: T201 - the person waits and reads


def texts():
    """Map the name of each lesson, such as ``dashboards/roc``, to its text."""
    paths = sorted(TEXTS.rglob("*.md"))
    named = {path.relative_to(TEXTS).with_suffix("").as_posix(): path for path in paths}
    return {name: path for name, path in named.items() if path.name != "README.md"}


def target(name):
    return NOTEBOOKS / f"{name}.ipynb"


def digest(*paths):
    """Hash of files, by their bytes alone."""
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def fingerprint(path):
    """Hash of a text and of all that its notebook depends on."""
    cells = (cell.source for cell in weave.sketch(path).cells if cell.cell_type == "code")
    return digest(path, *behind(cells, ROOT))


def measured():
    """Read what the last run of each notebook took: seconds, megabytes, and its fingerprints."""
    try:
        return json.loads(MEASURED.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # what is damaged is built anew
        return {}


def is_current(name, path):
    last = measured().get(name, {})
    return (
        last.get("made_from") == fingerprint(path)
        and target(name).exists()
        and last.get("notebook") == digest(target(name))
    )


def build_notebook(name, path):
    """Execute one lesson, save it, and note what it took."""
    say(f"{name}: running …", end="")
    made_from = fingerprint(path)
    target(name).parent.mkdir(parents=True, exist_ok=True)
    try:
        notebook, seconds, peak, messages = weave.execute(weave.sketch(path), target(name).parent)
    except CellExecutionError as error:
        sys.exit(f" stopped\n\n{error}")
    with whole(target(name)) as part:
        nbformat.write(notebook, part)
    megabytes = peak and 10 * round(peak / MEGABYTE / 10)
    note(name, made_from, seconds=round(seconds, 1), megabytes=megabytes)
    say(f" {seconds:.0f} s, peak memory {megabytes or '?'} MB{unsaid(messages)}")


def unsaid(messages):
    """Tell what was left out of the notebook, so that a warning is not lost."""
    return f"\n  stderr, not saved:\n{messages}" if messages else ""


def note(name, made_from, **figures):
    entry = {"made_from": made_from, "notebook": digest(target(name)), **figures}
    kept = {key: value for key, value in measured().items() if key in texts()} | {name: entry}
    write_text(MEASURED, json.dumps(kept, indent=1, sort_keys=True) + "\n")


def build_notebooks(names, *, force=False):
    """Build the named notebooks, or all; an unchanged one only if forced."""
    for name, path in chosen(names).items():
        if force or not is_current(name, path):
            build_notebook(name, path)
        else:
            say(f"{name}: unchanged")


def chosen(names):
    known = texts()
    if unknown := set(names) - set(known):
        sys.exit(f"No such lesson: {', '.join(sorted(unknown))}. There are: {', '.join(known)}.")
    return {name: known[name] for name in names or known}


def build_book(options=(), output=BOOK):
    """Build the pages offline into `output`/_build, warnings as errors; return the exit status."""
    start = perf_counter()
    shutil.rmtree(output / "_build", ignore_errors=True)  # pages of lessons that are no more
    paths = ["--config", BOOK / "_config.yml", "--toc", BOOK / "_toc.yml", "--path-output", output]
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", ROOT, *paths, "-W", "--keep-going"]
    words = [str(part) for part in (*command, *options)]
    status = subprocess.call(words, cwd=ROOT, env=os.environ | ONE_THREAD | ENGLISH)  # noqa: S603
    if status == 0:
        page = output / "_build" / "html" / "index.html"
        say(f"The book took {perf_counter() - start:.0f} s. Open {page}")
    return status


def main(arguments):
    """Run the command of the command line; return its exit status."""
    parser = argparse.ArgumentParser(prog="build.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    notebooks = commands.add_parser("notebooks", help="execute lessons into notebooks/")
    notebooks.add_argument("names", nargs="*", help="which ones, such as dashboards/roc")
    notebooks.add_argument("--force", action="store_true", help="also those that are unchanged")
    commands.add_parser("book", help="build the pages; further options go to jupyter-book")
    chosen_options, rest = parser.parse_known_args(arguments)
    if chosen_options.command == "book":
        return build_book(rest)
    if rest:
        parser.error(f"unknown: {' '.join(rest)}")
    return build_notebooks(chosen_options.names, force=chosen_options.force)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
