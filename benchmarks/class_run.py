"""Run one lesson as a class does, in a kernel of this Python: what `benchmarks.class_runs` times.

python -P class_run.py CHECKOUT LESSON [FOLDER]    (with a PYTHONPATH of CHECKOUT, of whatever date)

The executed notebook is written to FOLDER, if one is given.
"""

import ast
import json
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.util import run_sync

SPENT = "(lambda r: (r.ru_utime + r.ru_stime, r.ru_maxrss))(__import__('resource').getrusage(0))"
KILOBYTES = 1 if sys.platform == "darwin" else 1024


def spent(client):
    """Seconds of CPU and peak memory in bytes, of the kernel up to now."""
    ask = {"spent": SPENT}
    options = {"silent": True, "store_history": False, "user_expressions": ask, "timeout": 60}
    reply = run_sync(client.kc.execute_interactive)("", **options)
    text = reply["content"]["user_expressions"]["spent"]["data"]["text/plain"]
    seconds, peak = ast.literal_eval(text)
    return seconds, peak * KILOBYTES


def run(notebook, folder, environment):
    """Execute all cells; return the wall time, and what had been spent after each code cell."""
    options = {"kernel_name": "python3", "timeout": 1800, "record_timing": False}
    client = NotebookClient(notebook, resources={"metadata": {"path": str(folder)}}, **options)
    start, after = time.perf_counter(), []
    with client.setup_kernel(env=os.environ | environment):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
            if cell.cell_type == "code":
                after.append(spent(client))
        return time.perf_counter() - start, after


def main(checkout, lesson, folder=None):
    """Print what a lesson took, as JSON."""
    root = Path(checkout)
    sys.path.insert(0, str(root / "book"))
    import weave

    notebook = weave.sketch(root / "tutorials" / f"{lesson}.md")
    wall, after = run(notebook, root / "notebooks", weave.ENVIRONMENT)
    if folder is not None:
        nbformat.write(notebook, Path(folder) / f"{lesson}.ipynb")
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    seconds, peaks = zip(*after, strict=True)
    cells = [(source, *figures) for source, *figures in zip(sources, seconds, peaks, strict=True)]
    print(json.dumps({"wall": wall, "cpu": seconds[-1], "peak": peaks[-1], "cells": cells}))


if __name__ == "__main__":
    main(*sys.argv[1:])
