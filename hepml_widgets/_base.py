"""What every view is: one compact table, one script, three ways to be shown."""

import base64
import io
import itertools
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import ClassVar

import anywidget
import matplotlib as mpl
import numpy as np
import traitlets
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

STATIC = Path(__file__).with_name("static")
DEFAULT_EXPORT = "export default { render };"
_counter = itertools.count(1)


def pack(values, kind="<f8"):
    """Little-endian bytes of an array: how a column travels in a table."""
    return np.ascontiguousarray(values, dtype=kind).tobytes()


def unpack(column, kind="<f8"):
    """Array of a column made by `pack`."""
    return np.frombuffer(column, dtype=kind)


_IMPORT = re.compile(r'^import\s[^;]*?"\./(\w+)\.js";\n', re.MULTILINE)
_DECLARATION = re.compile(r"^(?:async )?(?:function|const) (\w+)")
_HOOKS = {"live", "mount"}


@cache
def source(module):
    """Script of a view: its module and what it needs of those it imports, joined into one."""
    *shared, own = (_blocks(name) for name in _in_order(module, []))
    shared = [block for blocks in shared for block in blocks]
    joined = "\n".join([*_needed(shared, own), *own])
    return joined.replace(DEFAULT_EXPORT, "").rstrip() + "\n"


def _in_order(module, seen):
    for name in _IMPORT.findall(_read(f"{module}.js")):
        _in_order(name, seen)
    if module not in seen:
        seen.append(module)
    return seen


def _blocks(module):
    """Split into declarations, without imports, exports, indents and comments: pages carry them."""
    text = _IMPORT.sub("", _read(f"{module}.js"))
    parts = re.split(r"^(?=(?:export |async |function |const |class ))", text, flags=re.MULTILINE)
    return [block for block in map(_bare, parts) if block]


def _bare(block):
    block = re.sub(r"^\s*(?://.*)?\n|^[ \t]+|\n+\Z", "", block, flags=re.MULTILINE)
    block = re.sub(r"(?<=[;,{]) +// .*$", "", block, flags=re.MULTILINE)
    block = re.sub(r"(?<=[;,})\]])\n(?=[})\]])", "", block)
    return re.sub(r"^export (?!default)", "", block)


def _needed(shared, own):
    """Those of the shared declarations that a view's own reach, in their order."""
    names = {block: match[1] for block in shared if (match := _DECLARATION.match(block))}
    kept, words = set(), _HOOKS | _words(own)
    while found := {block for block, name in names.items() if name in words} - kept:
        kept |= found
        words |= _words(found)
    return [block for block in shared if block in kept or block not in names]


def _words(blocks):
    return {word for block in blocks for word in re.findall(r"\w+", block)}


@cache
def stylesheet(module):
    """Style sheet of a view: what all share, then its own."""
    text = _read("plot.css") + _read(f"{module}.css")
    text = re.sub(r"/\*.*?\*/\n?|^\s+", "", text, flags=re.MULTILINE)
    return re.sub(
        r"(?<=[;{]) +|(?<=\w:) (?=[^{}]*;)| +(?=[{}])|;? *(?=})|(?<=[;{},])[\n ]+", "", text
    )


def _read(name):
    path = STATIC / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _portable(value):
    """JSON's idea of a trait: bytes become base64, tuples lists, NaN null."""
    if isinstance(value, bytes | bytearray | memoryview):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {str(name): _portable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_portable(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _inline_json(value):
    """JSON that can stand inside a script element whatever its strings hold."""
    text = json.dumps(_portable(value), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def png(figure, *, dpi=80, colors=128):
    """PNG of a figure with a small palette, as bytes; the same figure gives the same bytes."""
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(dpi)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    file = io.BytesIO()
    picture.quantize(colors).save(file, format="PNG", optimize=True)
    return file.getvalue()


class View(anywidget.AnyWidget):
    """Base of all views.

    A subclass names its script with `_module`, fills `table` once, and defines
    `figure()`, which draws the view with matplotlib and returns the figure.
    Its script ends in ``export default { render };`` and takes what it shares from ``./plot.js``.

    Attributes
    ----------
    table : dict
        What the browser computes from: JSON values, and columns made by `pack`.
    """

    _module: ClassVar[str | None] = None

    table = traitlets.Dict().tag(sync=True)
    key = traitlets.Unicode().tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        """Join the script and the style sheet that the subclass names."""
        # anywidget derives a class per instance: that one has its script already.
        if "_module" in vars(cls) and cls._module is not None:
            cls._esm = f"{source(cls._module)}export default {{ render: live(render) }};\n"
            cls._css = stylesheet(cls._module)
        super().__init_subclass__(**kwargs)

    def __init__(self, **traits):
        super().__init__(key=f"hepml-{next(_counter)}", **traits)

    def describe(self):
        """Say what stands for the picture where it cannot be seen.

        Returns
        -------
        str
        """
        return repr(self)

    def state(self):
        """Collect the synced traits by name: all that a page needs to show this view."""
        names = self.trait_names(sync=True)
        ours = [name for name in names if not name.startswith("_") and name not in _HOST_TRAITS]
        return {name: getattr(self, name) for name in sorted(ours)}

    def picture(self):
        """PNG of `figure()`, as bytes."""
        with mpl.rc_context():
            return png(self.figure())

    def to_fragment(self):
        """HTML that shows this view without a kernel: a picture, and the script that wakes it."""
        image = base64.b64encode(self.picture()).decode()
        script = f"{source(self._module)}mount({_inline_json(self.key)}, render, {_state(self)});"
        return (
            f'<div class="hepml-still" data-hepml-still="{self.key}">'
            f'<img alt="{escape(self.describe())}" src="data:image/png;base64,{image}"'
            ' style="max-width:100%;height:auto"></div>\n'
            f"<style>{stylesheet(self._module)}</style>\n"
            f'<script type="module">\n{script}\n</script>'
        )

    def to_html(self, path):
        """Write one self-contained page that needs neither kernel nor network.

        Parameters
        ----------
        path : str or os.PathLike
            File to write.

        Returns
        -------
        pathlib.Path
            The file written.
        """
        path = Path(path)
        path.write_text(_PAGE.format(title=type(self).__name__, body=self.to_fragment()), "utf-8")
        return path

    def _ipython_display_(self):
        """Show the live view, then a copy that outlives the kernel and hides beside a live one."""
        view = {"model_id": self.model_id, "version_major": 2, "version_minor": 1}
        mime = "application/vnd.jupyter.widget-view+json"
        display({mime: view, "text/plain": repr(self)}, raw=True)
        display({"text/html": self.to_fragment(), "text/plain": repr(self)}, raw=True)

    def __repr__(self):
        return f"{type(self).__name__}()"


def _state(view):
    return _inline_json(view.state())


_HOST_TRAITS = {"comm", "keys", "layout", "log", "tabbable", "tooltip"}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 1rem; background: #fff; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #121212; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
