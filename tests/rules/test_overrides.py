"""No view hides by accident what ipywidgets, anywidget or traitlets call by the same name."""

import anywidget
import ipywidgets
import numpy as np
import pytest

import hepml_widgets
from hepml_widgets.core.base import View
from tests.support.all_views import VIEWS

INTENDED = {"__init__", "__repr__", "__copy__", "__deepcopy__"}
MACHINERY = {  # what Python and traitlets give to every class
    "__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__",
    "__classdictcell__", "__conditional_annotations__", "__dict__", "__doc__", "__firstlineno__",
    "__module__", "__qualname__", "__static_attributes__", "__weakref__",
    "_all_trait_default_generators", "_descriptors", "_instance_inits",
    "_static_immutable_initial_values", "_trait_default_generators", "_traits",
}  # fmt: skip


def is_ours(kind):
    return kind.__module__.partition(".")[0] == hepml_widgets.__name__


def hidden_by(view):
    """Name all that a class and its bases among ours define, and the bases of others too."""
    own, others = ([one for one in view.__mro__[:-1] if is_ours(one) == ours] for ours in (1, 0))
    names = {name for one in own for name in vars(one)} - INTENDED - MACHINERY
    return {name for name in names if any(name in vars(other) for other in others)}


@pytest.mark.parametrize("name", VIEWS)
def test_no_view_overrides_a_name_of_its_bases(name):
    view = getattr(hepml_widgets, name)
    assert issubclass(view, View)
    assert hidden_by(view) == set()


def test_an_override_is_found():
    class Wrong(View):
        def _compare(self, change):
            """Hide the comparison that every embedded page needs."""

    Wrong.__module__ = View.__module__
    assert hidden_by(Wrong) == {"_compare"}


@pytest.mark.parametrize("name", VIEWS)
def test_no_view_keeps_something_under_a_name_of_its_bases(name):
    """An attribute of an instance hides a method as well."""
    view = VIEWS[name](np.random.default_rng(0))
    plain = vars(anywidget.AnyWidget())
    assert {one for one in vars(view) if hasattr(ipywidgets.DOMWidget, one)} - set(plain) == set()


def test_all_views_are_asked():
    exported = [getattr(hepml_widgets, name) for name in hepml_widgets.__all__]
    views = [one for one in exported if isinstance(one, type) and issubclass(one, View)]
    assert {one.__name__ for one in views} == set(VIEWS)
