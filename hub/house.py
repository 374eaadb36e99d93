"""The repository that services belong to, and its ``bootstrap.py``.

``bootstrap.py`` runs before anything is installed and can import nothing of ours, so what both
need (which Pythons, the settings of pip, the caps of threads) lives there, and is taken from there.
"""

import functools
import importlib.util
from pathlib import Path

__all__ = ["bootstrap", "root"]


def root():
    """Folder of the repository, which holds the lists of packages."""
    return Path(__file__).resolve().parents[1]


@functools.cache
def bootstrap():
    """Load the module ``bootstrap.py``."""
    spec = importlib.util.spec_from_file_location("hepml_bootstrap", root() / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
