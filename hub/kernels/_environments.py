"""Build the environment of a kernel: the packages of a plan, as the locks pin them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from hepml.files import write_text
from hub import house
from hub.kernels import _house
from hub.kernels._run import run

__all__ = ["build", "drop", "is_environment", "python_of", "works"]


def python_of(environment):
    """Path of an environment's Python."""
    windows = os.name == "nt"
    return Path(environment) / ("Scripts" if windows else "bin") / f"python{'.exe' * windows}"


def is_environment(folder):
    """Tell whether a folder is a virtual environment, and so may be removed as one."""
    return (Path(folder) / "pyvenv.cfg").is_file()


def works(environment):
    """Tell whether an environment's Python starts and has what makes it a kernel."""
    command = [python_of(environment), "-P", "-c", "import ipykernel"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


def drop(environment):
    """Remove an environment; another folder is left alone."""
    if is_environment(environment):
        shutil.rmtree(environment)


def build(plan, environment, say, watch):
    """Make the environment of a plan anew; what an interruption left in its place goes.

    Packages that were fetched before come from the installer's cache, so that building again after
    an interruption is a matter of seconds, and never meets half of a package.
    """
    uv, settings = _house.find_uv(), _settings(environment)
    itself = ["--no-deps", "--no-build-isolation", "--editable", house.root()]
    try:
        make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment]
        run(make, settings, watch)
        say(f"Installing {_amount(plan)} …")
        run([*_install(environment), *_wanted(plan, environment)], settings, watch)
        run([*_install(environment), *itself], settings, watch)
    except Exception:
        drop(environment)
        raise


def _settings(environment):
    return house.bootstrap().uv_environment(environment, sys.executable)


def _install(environment):
    return [_house.find_uv(), "pip", "install", "--python", python_of(environment)]


def _wanted(plan, environment):
    """Return the switches that ask for all packages of a plan, with the locks' hashes."""
    pinned = [option for lock in _house.locks(gpu=plan.gpu) for option in ("-c", lock)]
    return ["--require-hashes", "--compile-bytecode", "-r", _listed(plan, environment), *pinned]


def _amount(plan):
    if plan.listed:
        return f"{', '.join(plan.listed)} and what they need"
    packages = "the packages of the lock"
    if plan.gpu:
        return f"{packages} and the builds for NVIDIA GPUs: up to 5 GB to fetch, 9 GB on disk"
    return f"{packages}: up to 1 GB to fetch, 2.5 GB on disk"


def _listed(plan, environment):
    """Write what is asked for into the environment, as a project that needs it.

    Only of a project the installer takes names without versions and still demands a hash, which
    the locks have, of each package that is installed.
    """
    path = environment / "pyproject.toml"
    dependencies = json.dumps(plan.requirements, indent=2, ensure_ascii=False)
    text = f'[project]\nname = "{plan.name}"\nversion = "0"\ndependencies = {dependencies}\n'
    return write_text(path, text)
