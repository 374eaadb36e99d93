"""Jupyter kernels with an environment of their own, for the lessons on a CPU or on a GPU.

The environment in which ``hepml`` itself runs stays as it is. Every package comes as the locks of
the repository pin it, with its hash.
"""

from hub.kernels._errors import KernelError
from hub.kernels._install import install, installed, remove, state
from hub.kernels._plan import BACKENDS
from hub.kernels._specs import Kernel

__all__ = ["BACKENDS", "Kernel", "KernelError", "install", "installed", "remove", "state"]
