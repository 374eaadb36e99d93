"""Matplotlib's figures as small SVG that takes its colours and its type from the page."""

import io
import re
import warnings
from html import escape
from xml.etree import ElementTree as ET

import matplotlib as mpl

from hepml_widgets.core import style

__all__ = ["svg_of"]

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
PIXELS = 4 / 3  # of a point
COLORS = {
    "#000000": "var(--ink)",
    "#808080": "var(--muted)",
    style.SIGNAL: "var(--signal)",
    style.BACKGROUND: "var(--background)",
    **{color: f"var(--curve-{place})" for place, color in enumerate(style.CURVES)},
}
# What an element has by itself, and what the style sheet of the page says of all texts.
IDLE = {
    "stroke-linejoin": {"miter", "round"},
    "stroke-linecap": {"butt", "square"},
    "stroke-miterlimit": {"100000"},
    "stroke-dashoffset": {"0"},
    "stroke-width": {"1"},
    "opacity": {"1"},
}
TEXT = {"font-size", "text-anchor", "fill"}
KEPT = {"d", "x", "y", "width", "height", "transform", "clip-path"}


def svg_of(figure, label, key):
    """Draw a figure as an SVG element for a page that defines the colours.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    label : str
        What it shows, for those who do not see it.
    key : str
        Unlike those of the other figures of the page: names in the SVG begin with it.

    Returns
    -------
    str
    """
    root = ET.fromstring(_drawn(figure))  # noqa: S314 - our own figure
    names = _Names(root, key)
    width, height = (float(root.get(name).removesuffix("pt")) for name in ("width", "height"))
    body = "".join(_written(child, names) for child in root)
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {width:g} {height:g}" '
        f'style="width:{width * PIXELS:.0f}px">{body}</svg>'
    )


def _drawn(figure):
    options = {"svg.fonttype": "none", "svg.hashsalt": "hepml"}
    file = io.BytesIO()
    with mpl.rc_context(options), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # the font of the page draws the letters
        figure.savefig(file, format="svg", transparent=True)
    return file.getvalue()


class _Names:
    """Short names for what is referred to inside one SVG."""

    def __init__(self, root, key):
        text = ET.tostring(root, encoding="unicode")
        used = dict.fromkeys(re.findall(r'(?:url\(|href=")#([\w-]+)', text))
        self.short = {name: f"{key}{place}" for place, name in enumerate(used)}
        looks = {node.get("id"): node.get("style") for node in root.iter() if node.get("id")}
        self.looks = {name: _rules(looks[name] or "") for name in used}

    def of(self, reference):
        """Return a reference with its short name."""
        return re.sub(r"#([\w-]+)", lambda found: f"#{self.short[found[1]]}", reference)


def _written(node, names):
    tag = node.tag.removeprefix(SVG)
    if tag in {"metadata", "style"} or node.tag is ET.Comment:
        return ""
    inside = "".join(_written(child, names) for child in node) + escape((node.text or "").strip())
    attributes = _attributes(tag, node, names)
    if tag in {"g", "defs"} and not (inside and (attributes or tag == "defs")):
        return inside
    if tag == "path" and not node.get("d"):
        return ""
    return f"<{tag}{attributes}>{inside}</{tag}>" if inside else f"<{tag}{attributes}/>"


def _attributes(tag, node, names):
    found = {name: value for name, value in node.attrib.items() if name in KEPT}
    if node.get("id") in names.short:
        found["id"] = names.short[node.get("id")]
    if LINK in node.attrib:
        found["href"] = node.get(LINK)
    found = {name: _tidy(name, value, names) for name, value in found.items()}
    found = {name: value for name, value in found.items() if value}
    own = node.get("style", "")
    if rules := _style_of(tag, own, names.looks.get(node.get(LINK, "")[1:], {})):
        found["style"] = rules
    return "".join(f' {name}="{value}"' for name, value in found.items())


def _tidy(name, value, names):
    if name in {"clip-path", "href"}:
        return names.of(value)
    if name == "id":
        return value
    value = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)
    return _path(value) if name == "d" else re.sub(r"^rotate\(-?0 .*\)$", "", value)


def _path(text):
    """Path with the shortest commands for its straight lines."""
    parts, at = [], ("", "")
    for command, numbers in re.findall(r"([MLCQz])([^MLCQz]*)", text):
        to = tuple(numbers.split()[-2:])
        if command == "L" and to == at:
            continue
        level = command == "L" and (to[0] == at[0] or to[1] == at[1])
        short = (f"V{to[1]}" if to[0] == at[0] else f"H{to[0]}") if level else None
        parts.append(short or command + " ".join(numbers.split()))
        at = to if command != "z" else ("", "")
    return "".join(parts)


def _rules(text):
    return dict(part.strip().split(": ", 1) for part in text.split(";") if ": " in part)


def _style_of(tag, text, known):
    """Style of an element, less what it has anyway and what that which it uses says."""
    rules = {name: value for name, value in _rules(text).items() if known.get(name) != value}
    if tag in {"text", "tspan"}:
        rules = {name: value for name, value in rules.items() if name in TEXT}
        rules = {k: v for k, v in rules.items() if (k, v) != ("fill", "#000000")}
    rules = {k: v for k, v in rules.items() if v not in IDLE.get(k, ())}
    return ";".join(f"{name}:{COLORS.get(value, value)}" for name, value in rules.items())
