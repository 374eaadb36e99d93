"""What every view is: one compact payload, one script, three ways to be shown."""

from __future__ import annotations

import base64
import itertools
from functools import partial
from html import escape
from typing import TYPE_CHECKING, ClassVar

import anywidget
import traitlets
from IPython.display import display
from matplotlib.figure import Figure

from hepml.files import write_text
from hepml_widgets.core import boxes, style
from hepml_widgets.core.language import current, spoken, texts_of
from hepml_widgets.core.numbers import unmarked
from hepml_widgets.core.payload import inline_json
from hepml_widgets.core.scripts import inline, source, stylesheet
from hepml_widgets.core.still import Sheet
from hepml_widgets.core.validate import as_target

if TYPE_CHECKING:
    import os
    from pathlib import Path
    from typing import Any

_counter = itertools.count(1)


class View(anywidget.AnyWidget):
    """Base of all views.

    A subclass names its script with ``_module`` and with ``_drawn_by`` the function that draws it
    on a matplotlib figure or on a ``Sheet``, and fills ``payload`` once.
    Its script ends in ``export default alive(render);`` and takes what it shares from ``../core``.

    Attributes
    ----------
    payload : dict
        What the browser computes from: JSON values, and columns of little-endian numbers.
    texts : dict
        What its script says in the language that the view was made in; nothing for English.
    language : str
        Code of that language.
    """

    _module: ClassVar[str | None] = None
    language: str | None = None

    texts = traitlets.Dict().tag(sync=True)
    payload = traitlets.Dict().tag(sync=True)
    key = traitlets.Unicode().tag(sync=True)
    # Empty by default: what is equal to a default is left out of pages that ipywidgets embeds.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits):
        self.language = current()
        if self._module is not None:
            traits["texts"] = texts_of(self._module, self.language)
            traits["_esm"] = source(self._module)
            traits["_css"] = stylesheet(self._module)
        boxes.register(View)
        super().__init__(key=f"hepml-{next(_counter)}", **traits)

    @spoken
    def figure(self) -> Figure:
        """Draw the view with matplotlib, as it stands.

        Returns
        -------
        matplotlib.figure.Figure
        """
        with style.context():
            return self._drawn_by(partial(Figure, layout="constrained"))

    def describe(self) -> str:
        """Say what stands for the picture where it cannot be seen.

        Returns
        -------
        str
        """
        return repr(self)

    def state(self) -> dict[str, Any]:
        """Collect the synced traits by name: all that a page needs to show this view."""
        names = self.trait_names(sync=True)
        ours = [name for name in names if not name.startswith("_") and name not in _HOST_TRAITS]
        state = {name: getattr(self, name) for name in sorted(ours)}
        return {name: value for name, value in state.items() if name != "texts" or value}

    @spoken
    def picture(self) -> bytes:
        """PNG of what `figure` shows, drawn in a twentieth of its time, as bytes."""
        return self._drawn_by(Sheet).png()

    @spoken
    def to_fragment(self, picture: bytes | None = None) -> str:
        """HTML that shows this view without a kernel: a picture, and the script that wakes it.

        Parameters
        ----------
        picture : bytes, optional
            The PNG to use; by default `picture` makes one.

        Returns
        -------
        str
        """
        image = base64.b64encode(self.picture() if picture is None else picture).decode()
        code, view = inline(self._module)
        script = f"{code}{view}.mount({inline_json(self.key)},{_state(self)});"
        return (
            f'<div class="hepml-still" data-hepml-still="{self.key}">'
            f'<img alt="{escape(unmarked(self.describe()))}" src="data:image/png;base64,{image}"'
            ' style="max-width:100%;height:auto"></div>\n'
            f"<style>{stylesheet(self._module)}</style>\n"
            f'<script type="module">\n{script}\n</script>'
        )

    def to_html(self, path: str | os.PathLike[str]) -> Path:
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
        page = _PAGE.format(lang=self.language, title=type(self).__name__, body=self.to_fragment())
        return write_text(as_target(path), page)

    def _ipython_display_(self):
        """Show the live view, then a copy that outlives the kernel and hides beside a live one."""
        view = {"model_id": self.model_id, "version_major": 2, "version_minor": 1}
        mime = "application/vnd.jupyter.widget-view+json"
        display({mime: view, "text/plain": repr(self)}, raw=True)
        display(self._still(), raw=True)

    def _still(self):
        """Collect what outlives the kernel; where no page can be shown, as in a PDF, a picture."""
        picture = self.picture()
        image = base64.b64encode(picture).decode()
        html = self.to_fragment(picture)
        return {"text/html": html, "image/png": image, "text/plain": repr(self)}

    def __repr__(self):
        return f"{type(self).__name__}()"


def _state(view):
    return inline_json(view.state())


_HOST_TRAITS = {"comm", "keys", "layout", "log", "tabbable", "tooltip"}

_PAGE = """<!doctype html>
<html lang="{lang}">
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
