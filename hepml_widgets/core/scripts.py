"""Scripts and style sheets as pages get them: what `make scripts` bundled into `dist`."""

import re
from functools import cache
from pathlib import Path

DIST = Path(__file__).parents[1] / "dist"

_EXPORT = re.compile(r"export\{([\w$]+) as default\};\s*\Z")


@cache
def source(module):
    """Script of a view: an ES module whose default export has `render` and `mount`."""
    return (DIST / f"{module}.js").read_text(encoding="utf-8")


@cache
def stylesheet(module):
    """Style sheet of a view: what all share, then its own."""
    return (DIST / f"{module}.css").read_text(encoding="utf-8")


def inline(module):
    """Script of a view for an element of a page, which exports nothing, and its export's name."""
    code, name, _ = _EXPORT.split(source(module))
    return code, name
