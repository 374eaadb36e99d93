"""What a kernel shall be: its name, its packages, the variables it starts with."""

import sys
from dataclasses import dataclass, replace

from hepml import devices
from hub import house
from hub.kernels import _house
from hub.kernels._errors import KernelError

__all__ = ["BACKENDS", "Plan", "make_plan"]

BACKENDS = ("tensorflow", "jax")
MOST_THREADS = 4
# Both backends would take most of a GPU's memory at once, and a second kernel would find none.
SHARED_MEMORY = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2"}  # or TensorFlow's log stands under the first cell


@dataclass(frozen=True)
class Plan:
    """A kernel as it shall be.

    Attributes
    ----------
    name, display_name : str
        What Jupyter stores and what it shows.
    gpu : bool
        Whether the builds for NVIDIA GPUs are meant.
    backend : str
        What Keras computes with.
    threads : int
        CPU threads of each library.
    requirements : tuple of str
        What is asked for directly; the locks pin it and all that it needs.
    listed : tuple of str
        What the person asked for instead of the lessons' packages, usually nothing.
    """

    name: str
    display_name: str
    gpu: bool
    backend: str
    threads: int
    requirements: tuple
    listed: tuple = ()

    @property
    def key(self):
        """Fingerprint of all that the environment depends on."""
        locks = [path.read_text(encoding="utf-8") for path in _house.locks(gpu=self.gpu)]
        parts = [house.root(), sys.version, *self.requirements, *locks]
        return house.bootstrap().fingerprint(*parts)

    @property
    def variables(self):
        """Environment variables of the kernel."""
        caps = house.bootstrap().capped(self.threads)
        return {"KERAS_BACKEND": self.backend, **SHARED_MEMORY, **QUIET, **caps}


def make_plan(*, gpu=False, name=None, backend="tensorflow", threads=None, requirements=None):
    """Make a plan, with the house's defaults where nothing is said."""
    if backend not in BACKENDS:
        raise KernelError(f"backend is {backend!r}; a kernel computes with {' or '.join(BACKENDS)}")
    if threads is not None and threads < 1:
        raise KernelError(f"threads is {threads}; it takes at least one")
    wanted = requirements or _house.requirements(gpu=gpu, backend=backend)
    usual = Plan(
        name="hepml-gpu" if gpu else "hepml-cpu",
        display_name=f"hepml-lab ({'GPU' if gpu else 'CPU'})",
        gpu=gpu,
        backend=backend,
        threads=threads or min(devices.cores(), MOST_THREADS),
        requirements=(*wanted, *_house.builders()),
        listed=tuple(requirements or ()),
    )
    if name is None or name == usual.name:
        return usual
    shown = usual.display_name.replace(")", f", {name})")
    return replace(usual, name=_checked(name), display_name=shown)


def _checked(name):
    """Return a name that Jupyter takes: it becomes a folder, and part of addresses."""
    if name.isascii() and name.strip(".-_") and name.replace("-", "a").replace("_", "a").isalnum():
        return name.lower()
    raise KernelError(f"name is {name!r}; it takes letters, digits, '-' and '_' of ASCII")
