"""A Python that sees an accelerator, or the reason why there is none."""

import ast
import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

from hepml import devices
from hepml_lessons import recipes as lessons
from hub import kernels
from hub.kernels._environments import python_of

ROOT = Path(__file__).resolve().parents[2]
PREPARED = """
import json
from hepml import devices
device = devices.prepare()
"""
ASKED = PREPARED + "print(json.dumps([device.is_accelerator, repr(device)]))"
# The lessons promise that a device is not needed: what the tests compare with hides it.
HIDDEN = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}


def run(python, code, **variables):
    """Run code in a Python of its own, from the repository; return what its last line says."""
    done = subprocess.run(
        [python, "-c", code],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def gpu_kernels():
    return [kernel for kernel in kernels.installed() if kernel.gpu]


@functools.cache
def seeing(backend):
    """Return the first Python with which a backend sees a device, or what each of them said."""
    said = [f"nvidia-smi names {', '.join(devices.machine_gpus()) or 'no GPU'}"]
    for python in (sys.executable, *(python_of(kernel.environment) for kernel in gpu_kernels())):
        try:
            sees, sentence = run(python, ASKED, KERAS_BACKEND=backend)
        except AssertionError as error:
            sees, sentence = False, f"{backend}: {str(error).strip().splitlines()[-1]}"
        if sees:
            return python, None
        said.append(sentence)
    return None, "; ".join(said)


@pytest.fixture(params=["tensorflow", "jax"])
def backend(request):
    return request.param


@pytest.fixture
def python(backend):
    """Return a Python with which the backend sees a device."""
    path, reason = seeing(backend)
    if path is None:
        pytest.skip(f"no accelerator: {reason}")
    return path


@pytest.fixture
def gpu_kernel():
    """Return the kernel that `hepml kernels install --gpu` made."""
    if not devices.machine_gpus():
        pytest.skip("no accelerator: nvidia-smi names no GPU")
    found = gpu_kernels()
    if not found:
        pytest.skip("no kernel for a GPU is installed: hepml kernels install --gpu")
    return found[0]


def recipe_text(lesson):
    """Return the recipe as text: an environment for a GPU has no jupytext to read lessons with."""
    text = jupytext.read(lessons.TEXTS / f"{lesson}.md")
    code = [cell for cell in text.cells if lessons.is_code(cell)]
    recipes = [cell.source for cell in code if "recipe" in cell.metadata.get("tags", ())]
    return "\n".join([*(ast.unparse(lessons.imports(cell.source)) for cell in code), *recipes])


def check_both(python, backend, code, least, apart):
    """Run code with the device and without: the same AUC within what seeds differ by.

    Returns
    -------
    dict of str
        What the two runs took, to be recorded.
    """
    on_device, auc, seconds, sentence = run(python, code, KERAS_BACKEND=backend)
    assert on_device
    off_device, expected, longer, _ = run(python, code, KERAS_BACKEND=backend, **HIDDEN)
    assert not off_device
    assert auc > least
    assert auc == pytest.approx(expected, abs=apart)
    return {
        "on the device": f"{sentence}, {seconds:.1f} s, AUC {auc:.4f}",
        "on the CPU": f"{longer:.1f} s, AUC {expected:.4f}",
    }
