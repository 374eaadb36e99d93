"""Everything that is public: what tests of names, words and types look at."""

import importlib
import inspect

PACKAGES = (
    "hepml.data",
    "hepml.devices",
    "hepml.stats",
    "hepml.stats.events",
    "hepml_lessons",
    "hepml_widgets",
    "hub.kernels",
)


def public(package):
    module = importlib.import_module(package)
    return [(f"{package}.{name}", getattr(module, name)) for name in module.__all__]


def methods(name, cls):
    own = vars(cls).items()
    return [(f"{name}.{key}", f) for key, f in own if key[0] != "_" and inspect.isfunction(f)]


NAMED = [pair for package in PACKAGES for pair in public(package)]
FUNCTIONS = [(name, thing) for name, thing in NAMED if inspect.isfunction(thing)]
CLASSES = [(name, thing) for name, thing in NAMED if inspect.isclass(thing)]
METHODS = [method for name, cls in CLASSES for method in methods(name, cls)]
