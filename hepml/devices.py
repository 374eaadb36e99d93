"""Where Keras computes: the accelerator that its backend sees, made ready to be shared.

A lesson calls ``prepare`` in its first cells and prints what it returns; without an accelerator it
runs unchanged. Importing this module imports no backend; ``prepare`` imports Keras, and with it
the one backend that Keras is set to.
"""

import contextlib
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Device", "cores", "machine_gpus", "prepare"]

NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
# Read when JAX first touches a device; without it JAX takes three quarters of the memory at once.
JAX_PREALLOCATES = "XLA_PYTHON_CLIENT_PREALLOCATE"
# Wins in TensorFlow over what a program sets.
TENSORFLOW_GROWS = "TF_FORCE_GPU_ALLOW_GROWTH"


@dataclass(frozen=True, repr=False)
class Device:
    """What the backend of Keras computes on; printed, it is one sentence.

    Attributes
    ----------
    backend : str
        "tensorflow", "jax", "torch" or another one that Keras knows.
    kind : str
        "gpu", "tpu" or "cpu".
    names : tuple of str
        Names of the accelerators that the backend sees, empty on a CPU. Keras trains on the first
        unless it is told to distribute.
    memory_grows : bool
        Whether memory of the accelerator is taken as needed; if not, most of it was taken at once
        and others who share the device may find none. True on a CPU.
    threads : int
        CPU threads of one operation.
    unseen : tuple of str
        Names of the GPUs of the machine, where the backend sees none of them.
    """

    backend: str
    kind: str
    names: tuple = ()
    memory_grows: bool = True
    threads: int = 1
    unseen: tuple = ()

    @property
    def is_accelerator(self):
        """Whether it is more than a CPU."""
        return self.kind != "cpu"

    def __repr__(self):
        """Tell it in one sentence."""
        backend = NAMES.get(self.backend, self.backend)
        if self.is_accelerator:
            memory = "memory grows as needed" if self.memory_grows else "memory taken at once"
            return f"{self.kind.upper()}: {_listed(self.names)} ({backend}, {memory})"
        sentence = f"no GPU: {backend} on {self.threads} CPU thread{'s' * (self.threads != 1)}"
        if self.unseen:
            sentence += (
                f"; this machine has {_listed(self.unseen)}, which this kernel cannot use: "
                "see hepml kernels install --gpu"
            )
        return sentence


def _listed(names):
    """Return the first name and how many more there are."""
    return names[0] + (f" and {len(names) - 1} more" if names[1:] else "")


def prepare():
    """Find what the backend of Keras computes on, and let its memory grow as needed.

    Call it before anything runs on the device: memory that was taken cannot be given back. Call it
    before ``import keras``, and TensorFlow's greetings do not stand under your first cell. A
    second call changes nothing. Settings that the person made in the environment
    (``TF_FORCE_GPU_ALLOW_GROWTH``, ``XLA_PYTHON_CLIENT_PREALLOCATE``) win, and are told.

    Returns
    -------
    Device
        Printed, it says for example ``no GPU: TensorFlow on 2 CPU threads`` or ``GPU: NVIDIA H100
        80GB HBM3 (TensorFlow, memory grows as needed)``.

    Raises
    ------
    ImportError
        If Keras, or the backend that it is set to, is not installed.

    Examples
    --------
    >>> from hepml import devices
    >>> device = devices.prepare()
    >>> batch_size = 4096 if device.is_accelerator else 512
    """
    backend = _imported_keras().backend.backend()
    device = BACKENDS.get(backend, _only_cpu)(backend)
    if device.is_accelerator:
        return device
    return Device(backend, "cpu", threads=device.threads, unseen=_hidden_gpus())


def machine_gpus():
    """List the NVIDIA GPUs whose driver answers, whatever the installed backends can use.

    Returns
    -------
    tuple of str
        Their names, as ``nvidia-smi`` tells them; empty without a GPU or without its driver.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    command = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(  # noqa: S603 - the driver's own program
            command, capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip())


def _hidden_gpus():
    """Return the machine's GPUs, unless the person hides them on purpose."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in {"", "-1", "none"}
    return () if hidden else machine_gpus()


@contextlib.contextmanager
def _silent():
    """Drop what is written to stderr below Python; TensorFlow's log has no switch that early."""
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _imported_keras():
    try:
        with _silent():
            import keras  # noqa: PLC0415 - seconds, and only here it is known to be wanted
        logging.getLogger("tensorflow").addFilter(_not_retracing)
    except ModuleNotFoundError as error:
        if error.name == "keras":
            raise ImportError('this needs Keras: pip install "hepml-lab[lab]"') from None
        raise ImportError(
            f"Keras is set to a backend that is not installed here: {error.name} is missing; "
            f"install it or set KERAS_BACKEND to one of {', '.join(NAMES)}"
        ) from error
    except ValueError as error:
        known = ", ".join(NAMES)
        raise ImportError(f"{error}; set KERAS_BACKEND to one of {known}") from error
    return keras


def _not_retracing(record):
    """Whether a warning is none about traces made anew, as whoever runs a cell twice gets them."""
    return "tf.function retracing" not in record.getMessage()


def cores():
    """Count the CPU cores that this process may use.

    Returns
    -------
    int
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _only_cpu(backend):
    return Device(backend, "cpu", threads=cores())


def _tensorflow(backend):
    import tensorflow as tf  # noqa: PLC0415 - Keras has it loaded

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        set_by_program = tf.config.threading.get_intra_op_parallelism_threads()
        return Device(backend, "cpu", threads=set_by_program or _tensorflow_threads())
    grows = [_grows_in_tensorflow(tf.config.experimental, gpu) for gpu in gpus]
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    names = tuple(one.get("device_name", "a GPU") for one in details)
    return Device(backend, "gpu", names, all(grows), _tensorflow_threads())


def _tensorflow_threads():
    wanted = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) else cores()


def _grows_in_tensorflow(config, gpu):
    """Switch growth on for one GPU, if that is still possible, and tell whether it is on."""
    forced = os.environ.get(TENSORFLOW_GROWS, "").lower()
    if forced in {"true", "false"}:
        return forced == "true"
    try:
        config.set_memory_growth(gpu, True)
    except (RuntimeError, ValueError):  # it computes already, or is cut into virtual devices
        return bool(config.get_memory_growth(gpu))
    return True


def _jax(backend):
    import jax  # noqa: PLC0415 - Keras has it loaded

    if not _jax_started():
        os.environ.setdefault(JAX_PREALLOCATES, "false")
    found = jax.devices()
    kind = found[0].platform
    if kind == "cpu":
        return _only_cpu(backend)
    names = tuple(device.device_kind for device in found)
    return Device(backend, "tpu" if kind == "tpu" else "gpu", names, _grows_in_jax(), cores())


def _jax_started():
    """Tell whether JAX holds its devices already, when a setting of their memory is too late."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    asked = getattr(bridge, "backends_are_initialized", None)
    return bool(asked and asked())


def _grows_in_jax():
    """Tell what JAX made of the environment when it started."""
    if os.environ.get("XLA_PYTHON_CLIENT_ALLOCATOR", "").lower() == "platform":
        return True
    return os.environ.get(JAX_PREALLOCATES) in {"false", "False", "0"}


def _torch(backend):
    import keras  # noqa: PLC0415 - loaded
    import torch  # noqa: PLC0415 - Keras has it loaded

    kind = keras.ops.zeros(1).device.type
    if kind == "cpu":
        return Device(backend, "cpu", threads=torch.get_num_threads())
    module = getattr(torch, kind)
    count = module.device_count() if hasattr(module, "device_count") else 1
    named = getattr(module, "get_device_name", None)  # Apple's GPU has no name
    names = tuple(named(one) if named else "the GPU" for one in range(count))
    return Device(backend, "gpu", names, threads=torch.get_num_threads())


BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
