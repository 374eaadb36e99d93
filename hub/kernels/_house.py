"""What the repository holds for an installation: its locks and its lists."""

import re
import shutil
import sys
import tomllib
from pathlib import Path

from hub.house import root
from hub.kernels._errors import KernelError

__all__ = ["builders", "find_uv", "locks", "requirements"]

CPU_BUILD = "tensorflow-cpu"  # has the same files as the build for GPUs


def locks(*, gpu):
    """Files that pin every package of a kernel, with hashes."""
    names = ["requirements.lock", "requirements-gpu.lock"] if gpu else ["requirements.lock"]
    return [root() / name for name in names]


def requirements(*, gpu, backend):
    """List what a kernel of the lessons needs directly."""
    project = _pyproject()["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["lab"]]
    if gpu:
        return [one for one in wanted if _name(one) != CPU_BUILD] + extras["gpu"]
    return [*wanted, "jax"] if backend == "jax" else wanted


def builders():
    """List what puts the project itself into an environment."""
    return _pyproject()["build-system"]["requires"]


def _pyproject():
    return tomllib.loads((root() / "pyproject.toml").read_text(encoding="utf-8"))


def _name(requirement):
    return re.match(r"[\w.-]+", requirement)[0]


def find_uv():
    """Path of the installer: the one beside this Python, or the first on the PATH."""
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("uv")
    if found is None:
        raise KernelError(
            "this needs uv, which 'make install' brings and which is neither beside this Python "
            "nor on the PATH: pip install uv"
        )
    return found
