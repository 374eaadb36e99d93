"""A lesson's training steps on one backend of Keras, in a Python of its own."""

import json
import os
import subprocess
import sys

from hepml_lessons.recipes import ROOT


def steps_on(backend, code):
    """Return the losses that ``code`` prints: before training steps and after each."""
    settings = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["backend"] == backend
    return result["losses"]
