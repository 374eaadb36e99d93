"""Cells of an executed lesson as HTML that needs no network: prose, code and what it shows."""

import functools
import html

from hepml_lessons._cells import tags_of, text_of

__all__ = ["STYLE", "code", "document", "prose", "shown"]

FOLDED = {"hide-input"}
LONG = 24  # lines
PICTURE = '<img alt="{alt}" src="data:{kind};base64,{data}">'
STYLE = """
:root { color-scheme: light }
body { font: 11pt/1.45 system-ui, "Noto Sans", sans-serif; color: #1a1a1a; background: #fff }
h1, h2, h3, h4 { line-height: 1.2; break-after: avoid }
a { color: #1d5f9e }
pre { font-size: 8.5pt; line-height: 1.35; white-space: pre-wrap; overflow-wrap: anywhere }
pre.code { border-left: 3px solid #3f90da; background: #f6f7f8; padding: .5em .8em }
img, svg { max-width: 100%; height: auto }
table { border-collapse: collapse; font-size: .9em; font-variant-numeric: tabular-nums }
td, th { padding: .15em .6em; border-bottom: 1px solid #d9dce0; text-align: left }
.hepml-bar { position: static !important }
details { border: 1px solid #8c959f; border-radius: 6px; padding: .2em .8em; margin: .3em 0 }
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def document(lesson, body, style):
    """Frame a body and a style of its own under the title of a lesson."""
    title = text_of(lesson["cells"][0]).splitlines()[0].removeprefix("# ")
    return PAGE.format(title=html.escape(title), body=body, style=STYLE + style)


def prose(text):
    """Markdown with formulas, as HTML with MathML."""
    return _renderer().render(text)


@functools.cache
def _renderer():
    from markdown_it import MarkdownIt  # noqa: PLC0415 - a fifth of a second, for exports alone
    from mdit_py_plugins.dollarmath import dollarmath_plugin  # noqa: PLC0415

    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    return parser.use(dollarmath_plugin, renderer=_formula)


def _formula(text, options):
    from math_core import LatexError, LatexToMathML  # noqa: PLC0415

    try:
        return LatexToMathML().convert_with_local_state(text, displaystyle=options["display_mode"])
    except LatexError:
        return f"<code>{html.escape(text)}</code>"


def code(cell):
    """Code of a cell, in colours; nothing of one whose code is folded."""
    from pygments import highlight  # noqa: PLC0415
    from pygments.formatters import HtmlFormatter  # noqa: PLC0415
    from pygments.lexers import PythonLexer  # noqa: PLC0415

    if FOLDED & tags_of(cell) or not text_of(cell).strip():
        return ""
    inner = highlight(text_of(cell), PythonLexer(), HtmlFormatter(nowrap=True, noclasses=True))
    kind = "code long" if inner.count("\n") > LONG else "code"
    return f'<pre class="{kind}">{inner}</pre>'


def shown(cell):
    """List what a cell showed: one fragment for each output that a page can show.

    Returns
    -------
    list of (str, bool)
        HTML, and whether it is a picture or a view.
    """
    return [found for output in cell.get("outputs", ()) if (found := _fragment(output))[0]]


def _fragment(output):
    data = {kind: "".join(value) for kind, value in output.get("data", {}).items()
            if isinstance(value, str | list)}  # fmt: skip
    if "text/html" in data:
        return data["text/html"], "hepml-still" in data["text/html"]
    if "text/markdown" in data:
        return prose(data["text/markdown"]), False
    if "image/png" in data:
        alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
        alt = html.escape(alt, quote=True)
        return PICTURE.format(alt=alt, kind="image/png", data=data["image/png"].strip()), True
    text = "".join(output.get("text", "")) or data.get("text/plain", "")
    is_text = output["output_type"] in ("stream", "execute_result") and text.strip()
    return (f"<pre>{html.escape(text.rstrip())}</pre>" if is_text else ""), False
