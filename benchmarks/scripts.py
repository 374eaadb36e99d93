"""How much JavaScript and style the page of each view has, before esbuild and now.

python -m benchmarks.scripts
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from benchmarks.timing import record, table
from hepml_widgets.core import scripts

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "ba543a32ba9df3cf143cd02298c8e3c934e07ef5"  # the last commit with a minifier of our own

INTRODUCTION = """## JavaScript of the widgets

Counted by `python -m benchmarks.scripts`: kB of the script and of the style sheet that the page of
each view has, without its numbers; before, shortened by a minifier of our own that took the shared
declarations a view needs; now, bundled by esbuild. At most 60 kB of scripts are wanted: {met}."""

ASKED = """
import json
from hepml_widgets import _scripts as scripts
names = {path.stem for path in scripts.STATIC.glob("*.css")} - {"plot", "report"}
print(json.dumps({name: [scripts.source(name), scripts.stylesheet(name)] for name in names}))
"""


def pages_before():
    """Return script and style sheet of each view as the build of before gave them to pages."""
    command = [shutil.which("git"), "archive", BEFORE, "hepml_widgets", "hepml"]
    kept = subprocess.check_output(command, cwd=ROOT)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(kept)) as archive:
            archive.extractall(folder, filter="data")
        command = [sys.executable, "-P", "-c", ASKED]
        environment = {**os.environ, "PYTHONPATH": folder}
        return json.loads(subprocess.check_output(command, cwd=folder, env=environment))


def pages_now():
    """Return script and style sheet of each view as pages get them."""
    names = sorted(path.stem for path in scripts.DIST.glob("*.js"))
    return {name: [scripts.source(name), scripts.stylesheet(name)] for name in names}


def sizes(texts):
    """Bytes of a script, of it compressed, and of a style sheet."""
    code, style = (text.encode() for text in texts)
    return len(code), len(gzip.compress(code, mtime=0)), len(style)


def rows(before, now):
    """One row for each view, and one for the largest of each column, in kB."""
    counts = {name: (*sizes(before[name]), *sizes(now[name])) for name in now}
    counts["largest"] = tuple(map(max, zip(*counts.values(), strict=True)))
    return [[name, *(f"{count / 1e3:.1f}" for count in found)] for name, found in counts.items()]


def main():
    now = pages_now()
    met = "met" if max(sizes(texts)[0] for texts in now.values()) <= 60_000 else "not met"
    kinds = ("script", "gzip", "style")
    header = ["view", *(f"{kind} {when}" for when in ("before", "now") for kind in kinds)]
    found = table(header, rows(pages_before(), now))
    record("scripts", f"{INTRODUCTION.format(met=met)}\n\n{found}\n")


if __name__ == "__main__":
    main()
