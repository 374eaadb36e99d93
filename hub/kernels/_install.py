"""Install a kernel, bring it up to date, list what is there, remove it."""

import contextlib
import errno
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from hepml import devices
from hub.kernels._environments import build, drop, is_environment, python_of, works
from hub.kernels._errors import KernelError
from hub.kernels._plan import make_plan
from hub.kernels._run import ignore, quote
from hub.kernels._specs import all_kernels, read, register, specs_folder

__all__ = ["install", "installed", "remove", "state"]

BUILT_FOR = ("linux", "x86_64")


def install(
    *,
    gpu=False,
    name=None,
    prefix=None,
    path=None,
    backend="tensorflow",
    threads=None,
    requirements=None,
    force=False,
    say=ignore,
    watch=ignore,
):
    """Install a Jupyter kernel with an environment of its own, or bring it up to date.

    An environment is built beside the former one and takes its place when it is complete, so an
    interruption at any moment leaves a kernel that was there as it was. One process at a time.

    Parameters
    ----------
    gpu : bool
        Take the builds for NVIDIA GPUs (Linux on x86_64).
    name : str, optional
        Name of the kernel; "hepml-cpu" or "hepml-gpu" unless given.
    prefix : path, optional
        Installation that gets both kernel and environment, below ``share``; the person's own
        folders unless given.
    path : path, optional
        Folder of environments, where another disk has more room.
    backend : {"tensorflow", "jax"}
        What Keras computes with.
    threads : int, optional
        CPU threads of each library; at most four of the cores unless given.
    requirements : sequence of str, optional
        Packages, of those in the locks, instead of all that the lessons need.
    force : bool
        Install the builds for GPUs where no GPU answers, as for an image of a machine.
    say : callable
        Gets sentences for the person.
    watch : callable
        Gets every line of the installer.

    Returns
    -------
    Kernel

    Raises
    ------
    KernelError
        If it cannot be installed; the message says why and what to do.
    OSError
        If a folder cannot be written.
    """
    if gpu:
        _require_gpu(force=force)
    plan = make_plan(
        gpu=gpu, name=name, backend=backend, threads=threads, requirements=requirements
    )
    folder, home = specs_folder(prefix) / plan.name, _home(plan.name, prefix, path)
    before = read(folder)
    _require_writable(folder.parent)
    with _alone(home):
        return _installed(plan, before, home, folder=folder, say=say, watch=watch)


def _installed(plan, before, home, *, folder, say, watch):
    """Do what `install` promises, alone in the home of a kernel."""
    environment = home / plan.key[:12]
    finished = before is not None and before.environment == environment and works(environment)
    if finished and (before.key, before.variables) == (plan.key, plan.variables):
        say(f"{before.display_name} is up to date.")
        return before
    if not finished:
        say(_purpose(plan, before, environment))
        build(plan, environment, say, watch)
    kernel = register(plan, environment, folder)
    _tidy(home, before, environment)
    say(f"{kernel.display_name} is {_done(before, finished)}.")
    if plan.gpu and not finished:
        say(_seen(kernel))
    return kernel


def _purpose(plan, before, environment):
    free = shutil.disk_usage(environment.parent).free / 1e9
    again = "Going on with" if is_environment(environment) else "Making"
    verb = "Updating" if before else again
    return f"{verb} {plan.display_name} in {environment} ({free:.0f} GB are free there)."


def _done(before, finished):
    if finished:
        return "up to date; its settings changed, restart it where it runs"
    return "updated; restart it where it runs" if before else "installed"


def _seen(kernel):
    """Return what Keras sees from inside a kernel, in one sentence."""
    code = "from hepml import devices; print(devices.prepare())"
    done = subprocess.run(  # noqa: S603 - our own environment
        [python_of(kernel.environment), "-P", "-c", code],
        env={**os.environ, **kernel.variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return f"Keras does not start in it:\n{quote(done.stderr[-2000:])}"
    return f"Its Keras sees here: {done.stdout.splitlines()[-1]}"


def _require_gpu(*, force):
    if (sys.platform, platform.machine()) != BUILT_FOR:
        raise KernelError(
            "builds for NVIDIA GPUs exist for Linux on x86_64; on Windows install inside WSL2. "
            "Without --gpu the kernel computes on the CPU"
        )
    if not force and not devices.machine_gpus():
        raise KernelError(
            "no NVIDIA GPU answers here (nvidia-smi names none): nothing was installed. Install "
            "the driver first; for the image of a machine that has one, give --force"
        )


def _home(name, prefix, path):
    """Folder of one kernel's environments."""
    if path is not None:
        base = Path(path).expanduser().absolute()
    elif prefix is not None:
        base = Path(prefix).expanduser().absolute() / "share" / "hepml-lab" / "kernels"
    else:
        import platformdirs  # noqa: PLC0415 - comes with Jupyter

        base = Path(platformdirs.user_data_dir("hepml-lab")) / "kernels"
    return base / name


def _require_writable(folder):
    """Have a folder that takes files, before an hour of fetching."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, "no permission", str(folder))


@contextlib.contextmanager
def _alone(home):
    """Keep other processes from a kernel's home; the system lifts the lock if one dies."""
    from hepml.data import DataError  # noqa: PLC0415 - the command without this stays fast
    from hepml.data.published.cache import locked  # noqa: PLC0415

    _require_writable(home)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(home, home.name))
        except DataError as error:
            raise KernelError(str(error)) from None
        yield


def _tidy(home, before, keep):
    """Remove environments that no kernel uses any more."""
    former = [before.environment] if before else []
    for environment in {*former, *home.iterdir()} - {keep}:
        drop(environment)


def installed(prefix=None):
    """List the kernels that `install` made.

    Parameters
    ----------
    prefix : path, optional
        Look in this installation only.

    Returns
    -------
    list of Kernel
    """
    return all_kernels(prefix)


def state(kernel):
    """Say whether the environment of a kernel is as it would be made today.

    Parameters
    ----------
    kernel : Kernel

    Returns
    -------
    str
        "up to date", "out of date" or "broken".
    """
    if not works(kernel.environment):
        return "broken"
    plan = make_plan(
        gpu=kernel.gpu,
        backend=kernel.variables["KERAS_BACKEND"],
        requirements=kernel.requirements,
    )
    return "up to date" if plan.key == kernel.key else "out of date"


def remove(name, *, prefix=None):
    """Remove a kernel and its environment.

    Parameters
    ----------
    name : str
    prefix : path, optional
        The installation that it is in.

    Returns
    -------
    Kernel
        What was removed.

    Raises
    ------
    KernelError
        If no such kernel was installed by `install`.
    """
    found = {kernel.name: kernel for kernel in all_kernels(prefix)}
    kernel = found.get(name.lower())  # as `install` writes it
    if kernel is None:
        there = f"there are {', '.join(found)}" if found else "there is none"
        raise KernelError(f"no kernel {name!r} was installed by hepml: {there}")
    home = kernel.environment.parent
    if home.is_dir():
        with _alone(home):
            shutil.rmtree(kernel.folder)
            _tidy(home, kernel, None)
        _leave(home)
    else:
        shutil.rmtree(kernel.folder)
    return kernel


def _leave(home):
    """Remove what is left of a kernel's home, unless somebody keeps something else there."""
    (home / "lock").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        home.rmdir()
