"""What a lesson is told about the device it computes on, in fresh Pythons."""

import dataclasses
import importlib.util
import json
import os
import stat
import subprocess
import sys

import pytest

from hepml import devices

HEAVY = {"keras", "tensorflow", "jax", "torch"}
BACKENDS = [name for name in devices.NAMES if importlib.util.find_spec(name)]
TOLD = """
import json, sys
from hepml import devices
first, second = devices.prepare(), devices.prepare()
loaded = [name for name in ("tensorflow", "jax", "torch") if name in sys.modules]
print(json.dumps([repr(first), first == second, first.backend, loaded]))
"""


def python(code, **variables):
    """Run code in a fresh Python that sees no accelerator, whatever the machine has."""
    hidden = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    own = {name: value for name, value in os.environ.items() if not name.startswith("XLA_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**own, **hidden, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_importing_the_module_imports_no_backend():
    done = python("import json, sys; from hepml import devices; print(json.dumps([*sys.modules]))")
    assert {name.split(".")[0] for name in json.loads(done.stdout)} & HEAVY == set()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_machine_without_accelerator_is_told_in_one_sentence(backend):
    done = python(TOLD, KERAS_BACKEND=backend, TF_NUM_INTRAOP_THREADS="1", OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    sentence, same, named, loaded = json.loads(done.stdout.splitlines()[-1])
    assert sentence.startswith(f"no GPU: {devices.NAMES[backend]} on ")
    assert sentence.endswith((" CPU thread", " CPU threads"))
    assert same
    assert named == backend
    assert backend in loaded


def test_tensorflow_does_not_greet_and_stderr_works_afterwards():
    code = "import os; from hepml import devices; devices.prepare(); os.write(2, b'I am here')"
    done = python(code, KERAS_BACKEND="tensorflow")
    assert done.returncode == 0
    assert done.stderr == "I am here"


def test_running_a_training_cell_twice_warns_of_no_traces():
    code = (
        "from hepml import devices; devices.prepare(); import logging; "
        "log = logging.getLogger('tensorflow'); log.setLevel('WARNING'); "
        "log.warning('5 out of 9 calls triggered tf.function retracing.'); log.warning('heard')"
    )
    done = python(code, KERAS_BACKEND="tensorflow")
    assert done.returncode == 0
    assert "heard" in done.stderr
    assert "retracing" not in done.stderr


def test_threads_are_those_that_tensorflow_was_given():
    code = "from hepml import devices; print(devices.prepare().threads)"
    done = python(code, KERAS_BACKEND="tensorflow", TF_NUM_INTRAOP_THREADS="3")
    assert done.stdout.split()[-1] == "3"


@pytest.mark.parametrize("backend", ["torch", "no_such_backend"])
def test_a_backend_that_is_not_there_is_named(backend):
    if importlib.util.find_spec(backend):
        pytest.skip(f"{backend} is installed")
    done = python("from hepml import devices; devices.prepare()", KERAS_BACKEND=backend)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert backend in last
    assert "KERAS_BACKEND" in last


JAX = """
import jax, os
{start}
from hepml import devices
devices.prepare()
print(os.environ.get("XLA_PYTHON_CLIENT_PREALLOCATE"), devices._grows_in_jax())
"""


@pytest.mark.skipif("jax" not in BACKENDS, reason="JAX is not installed")
@pytest.mark.parametrize(
    ("start", "expected"), [("jax.devices()", ["None", "False"]), ("", ["false", "True"])]
)
def test_jax_that_started_before_is_not_said_to_grow(start, expected):
    """JAX reads the setting once: set later it would be a claim and no fact."""
    done = python(JAX.format(start=start), KERAS_BACKEND="jax")
    assert done.stdout.split()[-2:] == expected


class TensorFlowConfig:
    """Stand-in for `tf.config.experimental`; the real one only changes with a GPU."""

    def __init__(self, error=None):
        self.error, self.grows = error, None

    def set_memory_growth(self, _gpu, enable):
        if self.error:
            raise self.error
        self.grows = enable

    def get_memory_growth(self, _gpu):
        return self.grows


@pytest.mark.parametrize(
    ("error", "forced", "expected"),
    [
        (None, None, True),
        (RuntimeError("initialized"), None, False),
        (RuntimeError("initialized"), "true", True),
        (None, "false", False),
    ],
)
def test_growth_in_tensorflow_is_what_it_says(monkeypatch, error, forced, expected):
    monkeypatch.delenv(devices.TENSORFLOW_GROWS, raising=False)
    if forced:
        monkeypatch.setenv(devices.TENSORFLOW_GROWS, forced)
    assert devices._grows_in_tensorflow(TensorFlowConfig(error), "GPU:0") is expected


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        (devices.Device("jax", "cpu"), "no GPU: JAX on 1 CPU thread"),
        (
            devices.Device("tensorflow", "gpu", ("NVIDIA H100 80GB HBM3",)),
            "GPU: NVIDIA H100 80GB HBM3 (TensorFlow, memory grows as needed)",
        ),
        (
            devices.Device("jax", "tpu", ("TPU v4", "TPU v4", "TPU v4"), memory_grows=False),
            "TPU: TPU v4 and 2 more (JAX, memory taken at once)",
        ),
    ],
)
def test_a_device_reads_well(device, sentence):
    assert repr(device) == sentence == str(device)


def test_a_device_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        devices.Device("jax", "cpu").kind = "gpu"


@pytest.fixture
def driver(monkeypatch, tmp_path):
    """Put a program in place of the driver's, that prints what is wanted."""

    def install(body):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return install


def test_gpus_of_the_machine_are_those_the_driver_names(driver):
    driver("printf 'NVIDIA A100-SXM4-40GB\\nNVIDIA A100-SXM4-40GB\\n'")
    assert devices.machine_gpus() == ("NVIDIA A100-SXM4-40GB",) * 2


def test_a_driver_that_fails_names_no_gpu(driver):
    driver("echo 'could not communicate with the driver'; exit 9")
    assert devices.machine_gpus() == ()


def test_a_machine_without_driver_has_no_gpu(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devices.machine_gpus() == ()


def test_a_gpu_that_the_kernel_cannot_use_is_told(driver, monkeypatch):
    driver("echo 'NVIDIA T4'")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    device = devices.Device("tensorflow", "cpu", threads=2, unseen=devices._hidden_gpus())
    assert "this machine has NVIDIA T4" in repr(device)
    assert "hepml kernels install --gpu" in repr(device)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert devices._hidden_gpus() == ()
