"""Pictures on the page of a report: with a caption, with keys, and one for each model."""

from hepml_widgets.report.html import Markup, element, joined, say
from hepml_widgets.report.svg import svg_of
from hepml_widgets.report.words import name_of, plain

__all__ = ["by_model", "figure", "invitation", "key", "keys"]


def figure(report, drawn, label, caption=None):
    """Picture, with a caption above it."""
    report.drawn += 1
    svg = svg_of(drawn, plain(label), f"f{report.drawn}-")
    return element("figure", element("figcaption", caption) if caption else "", svg)


def key(kind, words):
    """One colour and what it means."""
    return element("span", words, class_=f"k k{kind}")


def keys(report, *more):
    """Say what the colours mean."""
    own = (key(kind, name_of(name)) for kind, name in zip("sb", report.names, strict=True))
    return element("p", joined([*own, *more], " "), class_="keys")


def by_model(report, draw):
    """Picture and words for each model, beside each other; the only one needs no name."""
    alone = len(report.models) == 1
    parts = []
    for name in report.models:
        head = Markup("") if alone else element("h3", name_of(name))
        picture, *words = draw(report, name)
        parts.append(element("div", head, picture, element("div", *words), class_="model"))
    return element("div", *parts, class_="one" if alone else "models")


def invitation(what):
    """Ask for features where there are none."""
    told = say("No features were given: pass them as X to see {} here.", what)
    return element("p", told, class_="none")
