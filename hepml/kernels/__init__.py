"""Jupyter kernels with an environment of their own, for the lessons on a CPU or on a GPU.

The environment in which ``hepml`` itself runs stays as it is. Every package comes as the locks of
the repository pin it, with its hash.
"""

from hepml.kernels._errors import KernelError
from hepml.kernels._install import install, installed, remove, state
from hepml.kernels._plan import BACKENDS
from hepml.kernels._specs import Kernel

__all__ = ["BACKENDS", "Kernel", "KernelError", "install", "installed", "remove", "state"]
