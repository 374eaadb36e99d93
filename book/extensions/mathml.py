"""Formulas as MathML: every browser sets them itself, with no script and no network.

The mathematical font is taken, when the book is built, from a package that carries it, since a
browser without one does not stretch brackets and roots.
"""

from importlib.resources import files
from io import BytesIO
from pathlib import Path

from docutils import nodes
from fontTools.ttLib import TTFont
from math_core import LatexError, LatexToMathML
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from hepml.files import write_bytes

FONT = "stix-two-math.woff"
logger = logging.getLogger(__name__)


def convert(node, *, display):
    """MathML of a formula; a formula that cannot be set is a warning, so the build fails."""
    try:
        return LatexToMathML().convert_with_local_state(node.astext(), displaystyle=display)
    except LatexError as error:
        logger.warning("cannot set the formula %r: %s", node.astext(), error, location=node)
        return ""


def visit_inline(translator, node):
    translator.body.append(convert(node, display=False))
    raise nodes.SkipNode


def visit_block(translator, node):
    number = get_node_equation_number(translator, node) if node["number"] else None
    label = f'<span class="eqno">({number})</span>' if number else ""
    anchor = f' id="{node["ids"][0]}"' if node["ids"] else ""
    formula = convert(node, display=True)
    translator.body.append(f'<div class="math"{anchor}>{formula}{label}</div>\n')
    raise nodes.SkipNode


def font():
    """STIX Two Math in the form that pages load, as bytes."""
    source = files("ziamath").joinpath("fonts", "STIXTwoMath-Regular.ttf").read_bytes()
    typeface, target = TTFont(BytesIO(source)), BytesIO()
    typeface.flavor = "woff"
    typeface.save(target)
    return target.getvalue()


def copy_font(app, error):
    if error is None and app.builder.format == "html":
        write_bytes(Path(app.outdir, "_static", FONT), font())


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("build-finished", copy_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
