"""Examples that run while the book is built, each above the live view that it made.

The body of ``{view}`` is code as it stands in a notebook. What it displays, else the value of its
last line, is shown as a saved notebook shows it: alive, with neither kernel nor network. Nothing
that an example makes is committed, so the page cannot lag behind the widgets. An example that
fails, or so much as warns, fails the build.

Under each view stands what of it can be observed and linked, and its size. Of a report, the page
is written beside the one that shows the example, and linked.
"""

import ast
import contextlib
import html
import tempfile
import warnings
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

INNER = ("payload", "key", "texts", "live")  # traits by which a view and its script talk
logger = logging.getLogger(__name__)


def displayed(code):
    """Run an example; return what it displayed last, else the value of its last line.

    Parameters
    ----------
    code : str
        A cell of a notebook, with ``display`` at hand.

    Returns
    -------
    object
    """
    seen = []
    program = ast.parse(code)
    last = ast.Expression(program.body.pop().value)
    names = {"display": seen.append, "__name__": "__main__"}
    with warnings.catch_warnings(action="error"), elsewhere():
        exec(compile(program, "<example>", "exec"), names)  # noqa: S102 - the book's own code
        value = eval(compile(last, "<example>", "eval"), names)  # noqa: S307
    return seen[-1] if seen else value


@contextlib.contextmanager
def elsewhere():
    """Work in a folder of its own: what an example writes is none of the book's."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        yield


def traits(cls):
    """Names of the traits of a view that are for its users, sorted.

    Parameters
    ----------
    cls : type
        Subclass of `hepml_widgets.core.base.View`.

    Returns
    -------
    list of str
    """
    own = [one for one in cls.__mro__ if one.__module__.startswith("hepml_widgets")]
    names = {name for one in own for name in vars(one) if name in cls.class_trait_names()}
    return sorted(name for name in names if name[0] != "_" and name not in INNER)


def kilobytes(text):
    return f"{len(text.encode()) / 1000:.0f} kB"


class Example(SphinxDirective):
    """``{view} name``: an example, and the view or report that it makes."""

    required_arguments = 1
    has_content = True

    def run(self):
        """Give the code, and what came of it."""
        code = "\n".join(self.content)
        cell = boxed(
            "cell", boxed("cell_input", nodes.literal_block(code, code, language="python"))
        )
        try:
            cell += self.shown(displayed(code))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the writer is told
            text = "the example %r does not run: %s: %s"
            place = (self.env.docname, self.lineno)
            logger.warning(text, self.arguments[0], type(error).__name__, error, location=place)
        return [cell]

    def shown(self, value):
        """Give what stands under the code."""
        if hasattr(value, "to_fragment"):
            return self.view(value)
        if hasattr(value, "html"):
            return self.report(value)
        raise TypeError(f"its last line gives {value!r:.60}, which is neither a view nor a report")

    def view(self, view):
        """Give the view as a saved notebook keeps it, named alike in every build."""
        view.key = f"gallery-{self.arguments[0]}"
        fragment = view.to_fragment()
        names = ", ".join(f"<code>{name}</code>" for name in traits(type(view)))
        note = f"<p>Traits: {names}. {kilobytes(fragment)} of this page.</p>"
        live = f'<div class="output text_html">{fragment}</div>'
        return boxed("cell_output", raw(live)), boxed("gallery-note", raw(note))

    def report(self, report):
        """Write the page of a report, and give a link to it."""
        name = f"{self.arguments[0]}.html"
        folder = Path(self.env.app.outdir, self.env.docname).parent
        folder.mkdir(parents=True, exist_ok=True)
        report.to_html(folder / name)
        text = f"Open the page that these lines wrote ({kilobytes(report.html)})"
        link = f'<p><a class="gallery-report" href="{name}">{html.escape(text)}</a></p>'
        return boxed("cell_output", raw(link))


def boxed(name, *children):
    return nodes.container("", *children, classes=[name])


def raw(markup):
    return nodes.raw("", markup, format="html")


def setup(app):
    app.add_directive("view", Example)
    return {"parallel_read_safe": True}
