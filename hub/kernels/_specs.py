"""What Jupyter reads of a kernel: a folder with ``kernel.json`` for each."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from hepml.files import write_text
from hub.kernels._environments import python_of
from hub.kernels._errors import KernelError
from hub.kernels._run import run

__all__ = ["Kernel", "all_kernels", "read", "register", "specs_folder"]

FILE, OURS = "kernel.json", "hepml"


@dataclass(frozen=True)
class Kernel:
    """A kernel that is installed.

    Attributes
    ----------
    name, display_name : str
        What Jupyter stores and what it shows.
    folder : pathlib.Path
        Where Jupyter finds it.
    environment : pathlib.Path
        Its packages.
    key : str
        Fingerprint of what the environment was made of.
    gpu : bool
        Whether it has the builds for NVIDIA GPUs.
    variables : dict of str to str
        Environment variables that it starts with.
    requirements : tuple of str
        What was asked for, empty where it was the lessons' packages.
    """

    name: str
    display_name: str
    folder: Path
    environment: Path
    key: str
    gpu: bool
    variables: dict
    requirements: tuple = ()


def specs_folder(prefix=None):
    """Folder of kernels: the person's own, or the one of an installation."""
    if prefix is not None:
        return Path(prefix).expanduser().absolute() / "share" / "jupyter" / "kernels"
    from jupyter_core.paths import jupyter_data_dir  # noqa: PLC0415 - only an installation has it

    return Path(jupyter_data_dir()) / "kernels"


def read(folder):
    """Read a kernel of ours; None where there is no kernel.

    Raises
    ------
    KernelError
        If the kernel there was made by something else.
    """
    try:
        spec = json.loads((folder / FILE).read_text(encoding="utf-8"))
        own = spec["metadata"][OURS]
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError):
        raise KernelError(
            f"the kernel {folder.name!r} in {folder.parent} was not installed by hepml and stays "
            "as it is; choose another name with --name"
        ) from None
    return Kernel(
        name=folder.name,
        display_name=spec["display_name"],
        folder=folder,
        environment=Path(own["environment"]),
        key=own["key"],
        gpu=own["gpu"],
        variables=spec["env"],
        requirements=tuple(own["requirements"]),
    )


def register(plan, environment, folder):
    """Let Jupyter know of a kernel; until the last step it knows the former one."""
    spec = _made_by_ipykernel(plan, environment)
    own = {"environment": str(environment), "key": plan.key, "gpu": plan.gpu}
    spec["env"] = plan.variables
    spec["metadata"] = spec.get("metadata", {}) | {OURS: own | {"requirements": plan.listed}}
    shutil.copytree(environment / _place(plan), folder, dirs_exist_ok=True, ignore=_without_spec)
    write_text(folder / FILE, json.dumps(spec, indent=1) + "\n")
    return read(folder)


def _place(plan):
    return Path("share", "jupyter", "kernels", plan.name)


def _without_spec(_folder, names):
    return [name for name in names if name == FILE]


def _made_by_ipykernel(plan, environment):
    """Return the kernel's description as its own ipykernel writes it, with what it can do."""
    command = [python_of(environment), "-P", "-m", "ipykernel", "install", "--prefix", environment]
    command += ["--name", plan.name, "--display-name", plan.display_name]
    run(command)
    return json.loads((environment / _place(plan) / FILE).read_text(encoding="utf-8"))


def all_kernels(prefix=None):
    """List the kernels of ours that Jupyter finds here, or those below a prefix."""
    from jupyter_core.paths import jupyter_path  # noqa: PLC0415 - only an installation has it

    folders = [specs_folder(prefix)] if prefix is not None else map(Path, jupyter_path("kernels"))
    found = {}
    for folder in folders:
        for path in sorted(folder.glob(f"*/{FILE}")):
            kernel = _ours(path.parent)
            if kernel:
                found.setdefault(kernel.name, kernel)
    return list(found.values())


def _ours(folder):
    try:
        return read(folder)
    except KernelError:
        return None
