"""On a real accelerator: memory grows, a step computes what it should, and the kernel sees it."""

import json
import shutil

import numpy as np
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from hub import kernels
from tests.gpu.conftest import HIDDEN, PREPARED, run

pytestmark = pytest.mark.gpu

# Of the memory that was free before, what is left while the process computes. The GPU that counts
# is the first, on which Keras trains.
MEMORY = """
import json, subprocess
def free():
    command = ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits", "--id=0"]
    return float(subprocess.check_output(command, text=True).split()[0])
before = free()
from hepml import devices
device = devices.prepare()
import keras, numpy as np
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8), keras.layers.Dense(1)])
model.compile("sgd", loss="mse")
model.fit(np.ones((64, 8), "float32"), np.ones((64, 1), "float32"), verbose=0)
print(json.dumps([free() / before, device.memory_grows]))
"""
GREEDY = {"TF_FORCE_GPU_ALLOW_GROWTH": "false", "XLA_PYTHON_CLIENT_PREALLOCATE": "true"}


@pytest.fixture
def memory(python):
    """Run a step and tell the share of memory left and whether growth was claimed."""
    if shutil.which("nvidia-smi") is None:
        pytest.skip("nvidia-smi, which tells the memory of a GPU, is not here")
    return lambda backend, **variables: run(python, MEMORY, KERAS_BACKEND=backend, **variables)


def test_memory_is_taken_as_needed(memory, backend):
    """A context and a tiny network; JAX would take 75 %, TensorFlow nearly all."""
    left, claimed = memory(backend)
    assert claimed is True
    assert left > 0.6


def test_memory_taken_at_once_is_told(memory, backend):
    """The control of the test above, with the growth switched off by the person."""
    left, claimed = memory(backend, **GREEDY)
    assert claimed is False
    assert left < 0.4


STEP = (
    PREPARED
    + """
import keras, numpy as np
rng = np.random.default_rng(1)
X, W = rng.normal(size=(512, 64)), rng.normal(size=(64, 16)) / 8
layer = keras.layers.Dense(16, activation="tanh")
out = layer(keras.ops.convert_to_tensor(X.astype("float32")))
layer.set_weights([W.astype("float32"), np.zeros(16, "float32")])
out = layer(keras.ops.convert_to_tensor(X.astype("float32")))
off = float(np.max(np.abs(keras.ops.convert_to_numpy(out) - np.tanh(X @ W))))
place = out.device if hasattr(out, "device") else ""
print(json.dumps([str(place), off, repr(device)]))
"""
)


def test_a_layer_computes_on_the_device(python, backend):
    """Against NumPy; recent GPUs multiply with 10 bits of mantissa (TF32), hence 5e-3."""
    place, off, sentence = run(python, STEP, KERAS_BACKEND=backend)
    assert any(word in place.lower() for word in ("gpu", "cuda", "tpu")), place
    assert sentence.startswith(("GPU: ", "TPU: "))
    assert off < 5e-3


def test_without_its_device_the_same_code_runs(python, backend):
    place, off, sentence = run(python, STEP, KERAS_BACKEND=backend, **HIDDEN)
    assert "cpu" in place.lower()
    assert sentence.startswith("no GPU: ")
    assert off < np.finfo("float32").eps * 100


def test_the_kernel_for_a_gpu_sees_it(gpu_kernel):
    """As Jupyter starts it, with the variables of its description alone."""
    assert kernels.state(gpu_kernel) == "up to date"
    specs = KernelSpecManager(kernel_dirs=[str(gpu_kernel.folder.parent)])
    manager = KernelManager(kernel_name=gpu_kernel.name, kernel_spec_manager=specs)
    manager.start_kernel()
    client, said = manager.client(), []
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        code = PREPARED + "print(json.dumps([device.kind, device.memory_grows, repr(device)]))"
        hook = lambda message: said.append(message["content"].get("text", ""))  # noqa: E731
        client.execute_interactive(code, timeout=300, output_hook=hook)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    kind, grows, sentence = json.loads("".join(said).splitlines()[-1])
    assert (kind, grows) == ("gpu", True)
    assert sentence.endswith("memory grows as needed)")
