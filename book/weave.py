"""Turn the text of a lesson into an executed notebook: the same text, the same bytes.

`tutorials/NAME.md` is the only place a lesson is edited; `notebooks/NAME.ipynb` is what this
module makes of it. What depends on the clock, the machine or chance is left out: timings, version
numbers, random cell and widget ids, messages on stderr.

Five marks in a code cell of the text mean more than they say:

``:tags: [solution]``
    The cell is folded in JupyterLab and stands behind a button in the book.
``:tags: [hide-input]``
    Its code alone is folded, in JupyterLab and in the book: what is merely used.
``:tags: [remove-cell]``
    It is there for tests alone: neither the book nor a student's copy has it.
``:tags: [not-saved]``
    What the cell prints is of one machine and one moment, such as a time: it is left out.
``:alt: "…"``
    What the cell's picture shows, for someone who does not see it.
"""

import os
import sys
from base64 import b64decode, b64encode
from copy import deepcopy
from io import BytesIO
from time import perf_counter

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.util import run_sync
from PIL import Image
from traitlets.config import Config

from hepml_lessons.pace import with_minutes
from hub.pages import seal

VIEW = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}
ENVIRONMENT = {
    "HEPML_LANGUAGE": "en",  # whatever the person who builds them speaks
    "MKL_NUM_THREADS": "2",
    "OMP_NUM_THREADS": "2",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "1000",
    "OPENBLAS_NUM_THREADS": "2",
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTRAOP_THREADS": "2",
}
# In bytes; Linux counts kilobytes, a Mac bytes, and Windows has no such module.
PEAK = "__import__('resource').getrusage(0).ru_maxrss * (1 if '{}' == 'darwin' else 1024)"
# Without it every kernel warns that others on this machine may listen.
SEALED = Config(KernelManager={"transport_encryption": "auto"})
PICTURES = ("image/png", "image/svg+xml", "image/jpeg")


def sketch(path):
    """Read the text of a lesson as a notebook without outputs.

    Parameters
    ----------
    path : pathlib.Path
        A MyST Markdown text.

    Returns
    -------
    nbformat.NotebookNode
        Equal for equal texts, on every machine.
    """
    notebook = jupytext.read(path, fmt="md:myst")
    notebook.metadata.pop("jupytext", None)
    notebook.metadata |= {"kernelspec": KERNEL, "language_info": LANGUAGE}
    with_minutes(notebook.cells)
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:03d}"
        _mark(cell)
    seal(notebook)
    return nbformat.from_dict(notebook | {"nbformat": 4, "nbformat_minor": 5})


def _mark(cell):
    """Spell out the short marks of the text for those who read them: JupyterLab and the book."""
    if "alt" in cell.metadata:
        _for_book(cell)["image"] = {"alt": cell.metadata.pop("alt")}
    if "solution" in cell.metadata.get("tags", []):
        cell.metadata.tags.append("hide-cell")
        cell.metadata.jupyter = {"outputs_hidden": True, "source_hidden": True}
        cell.metadata.collapsed = True  # as JupyterLab writes it, or it takes the file as changed
        prompts = {"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
        _for_book(cell).update(prompts)
    if "hide-input" in cell.metadata.get("tags", []):
        cell.metadata.jupyter = {"source_hidden": True}


def _for_book(cell):
    return cell.metadata.setdefault("mystnb", {})


def alt_text(cell):
    """Return what a cell says about its picture, or an empty text."""
    return cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")


def execute(notebook, folder, *, timeout=600):
    """Run a notebook's cells in a fresh kernel and keep what they show.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        As made by `sketch`; not changed.
    folder : pathlib.Path
        Where the kernel runs.
    timeout : float
        Seconds that one cell may take.

    Returns
    -------
    notebook : nbformat.NotebookNode
        With outputs, ready to be saved.
    seconds : float
        From starting the kernel to the last output.
    peak : int or None
        Largest resident memory of the kernel in bytes; None where it cannot be known.
    messages : str
        What the cells wrote to stderr, which is not saved.
    """
    notebook = deepcopy(notebook)
    client = _client(notebook, folder, timeout)
    start = perf_counter()
    with client.setup_kernel(env=os.environ | ENVIRONMENT):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        seconds, peak = perf_counter() - start, _peak(client)
    notebook, messages = _settle(notebook)
    return notebook, seconds, peak, messages


def _client(notebook, folder, timeout):
    options = {"timeout": timeout, "record_timing": False, "coalesce_streams": True}
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(
        notebook, kernel_name="python3", resources=resources, config=SEALED, **options
    )


def _peak(client):
    reply = run_sync(client.kc.execute_interactive)(
        "",
        silent=True,
        store_history=False,
        user_expressions={"peak": PEAK.format(sys.platform)},
        timeout=30,
    )
    value = reply["content"]["user_expressions"]["peak"]
    return int(value["data"]["text/plain"]) if value["status"] == "ok" else None


def _settle(notebook):
    """Leave out of a notebook what another run would not repeat; return it and its stderr."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = LANGUAGE
    messages, views = "", {}
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        messages += "".join(output.text for output in outputs if _is_message(output))
        if outputs:
            cell.outputs = [output for output in outputs if _is_saved(output, cell)]
        for output in cell.get("outputs", []):
            _renumber(output.get("data", {}), views)
            _slim(output.get("data", {}))
            _describe(output, alt_text(cell))
    return notebook, messages


def _is_message(output):
    return output.output_type == "stream" and output.name == "stderr"


def _is_saved(output, cell):
    return "not-saved" not in cell.metadata.get("tags", []) and not _is_message(output)


def _renumber(data, views):
    """Replace the random name of a live view by its place among the views of the notebook."""
    if VIEW in data:
        name = data[VIEW]["model_id"]
        data[VIEW]["model_id"] = views.setdefault(name, f"{len(views) + 1:032x}")


def _slim(data):
    """Store a figure with a palette of 256 colours, which takes a third of the bytes."""
    if "image/png" not in data:
        return
    stream = BytesIO()
    figure = Image.open(BytesIO(b64decode(data["image/png"]))).convert("RGB")
    figure.quantize(256, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    slim = b64encode(stream.getvalue()).decode("ascii")
    data["image/png"] = min(data["image/png"], slim, key=len)


def _describe(output, alt):
    for kind in PICTURES:
        if alt and kind in output.get("data", {}):
            output.metadata.setdefault(kind, {})["alt"] = alt
