"""The reference: what docstrings say, each thing once.

Sphinx's autodoc and napoleon do the work. What they cannot know of our packages: which attributes
of a view are traits; that what a section "Attributes" explains needs no entry of its own; that
what every view has is explained where `View` is; what a constructor takes where the metaclass hides
it; and where the words about a constant stand that a package takes from one of its modules.
"""

import inspect
import re
import sys

import traitlets
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.inspect import stringify_signature

import hepml_widgets
from hepml_widgets.core.base import View

HEADING = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
ENTRY = re.compile(r"^(?=\S)", re.MULTILINE)
EVERYWHERE = {"describe", "figure", "picture", "state", "to_fragment", "to_html"}
ORDER = ("", "Parameters", "Traits", "Attributes")


def sections(docstring):
    """Sections of a docstring in NumPy's style by heading; the text before them is that of ``""``.

    Parameters
    ----------
    docstring : str
        Without indentation.

    Returns
    -------
    dict of str to str
    """
    head, *rest = HEADING.split(f"{docstring.rstrip()}\n")
    return {"": head, **dict(zip(rest[::2], rest[1::2], strict=True))}


def entries(section):
    """Entries of a section such as "Attributes": the names that each explains, and its text.

    Parameters
    ----------
    section : str

    Returns
    -------
    list of tuple of (list of str, str)
    """
    found = [entry for entry in ENTRY.split(section) if entry.strip()]
    return [(re.split(r"\s*,\s*", re.split(r"\s*:|\n", one)[0].strip()), one) for one in found]


def explained(cls):
    """Names that the docstring of a class explains as its attributes."""
    section = sections(inspect.cleandoc(cls.__doc__ or "")).get("Attributes", "")
    return {name for names, _ in entries(section) for name in names}


def with_traits(cls, docstring):
    """Split the attributes of a view into a section of its traits and one of the others."""
    parts = sections(docstring)
    known = entries(parts.pop("Attributes", ""))
    kinds = {"Traits": [], "Attributes": []}
    for names, entry in known:
        heading = "Traits" if set(names) <= set(cls.class_trait_names()) else "Attributes"
        kinds[heading].append(entry)
    parts |= {heading: "".join(found) for heading, found in kinds.items() if found}
    first = {heading: parts.pop(heading) for heading in ORDER if heading in parts}
    return "\n".join(titled(*part) for part in (first | parts).items())


def titled(heading, text):
    text = text.strip("\n") + "\n"
    return f"{heading}\n{'-' * len(heading)}\n{text}" if heading else text


def comment(name):
    """Find what stands under a constant, in whichever module of its package it is."""
    package, _, own = name.rpartition(".")
    modules = [one for one in sorted(sys.modules) if f"{one}.".startswith(f"{package}.")]
    found = (ModuleAnalyzer.for_module(one).find_attr_docs().get(("", own)) for one in modules)
    return next(filter(None, found), [])


# ---------------------------------------------------------------- what autodoc asks


def split_traits(_app, what, _name, thing, _options, lines):
    if what == "class" and issubclass(thing, traitlets.HasTraits):
        lines[:] = with_traits(thing, "\n".join(lines)).splitlines()


def find_comment(_app, what, name, _thing, _options, lines):
    if what == "data":
        lines[:] = comment(name)


def sign(_app, what, _name, thing, _options, signature, returns):
    """Show what a view takes: its metaclass would say that it takes anything."""
    if what != "class" or not issubclass(thing, traitlets.HasTraits):
        return signature, returns
    _, *parameters = inspect.signature(thing.__init__).parameters.values()
    parameters = [one.replace(annotation=one.empty) for one in parameters]  # the text has types
    return stringify_signature(inspect.Signature(parameters)), None


def skip(app, what, name, thing, _skipped, _options):
    """Leave out members that are explained elsewhere."""
    state = app.env.temp_data
    module = sys.modules.get(state.get("autodoc:module"))
    owner = getattr(module, state.get("autodoc:class") or "", None)
    if what != "class" or owner is None:
        return None
    common = issubclass(owner, View) and owner is not View and name in EVERYWHERE
    known = isinstance(thing, traitlets.TraitType) or name in explained(owner)
    return True if common or known else None


def setup(app):
    # Its constants are documented under the name by which they are imported.
    sys.modules.setdefault("hepml_widgets.style", hepml_widgets.style)
    # Napoleon stands between: it would take what is before a colon for the type of a constant.
    app.connect("autodoc-process-docstring", split_traits, priority=100)
    app.connect("autodoc-process-docstring", find_comment, priority=900)
    app.connect("autodoc-process-signature", sign)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True}
