"""The widgets alone: an empty environment and `pip install .`, as a physicist does it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap

ROOT = Path(__file__).resolve().parents[1]
UNREACHABLE = re.compile(r"connection|resolve|timed out|no matching distribution", re.IGNORECASE)
HEAVY = ("tensorflow", "keras", "sklearn", "pandas", "pyarrow", "uproot", "pythia8", "jupyterlab")

VIEWS = """
import importlib.util, json, sys
from pathlib import Path
import numpy as np
from hepml_widgets import (
    AnomalyMonitor, BumpHunter, ImageBrowser, OvertrainingView, ParameterScan, RocExplorer,
    ShapeCompare, TrainingMonitor,
)

rng = np.random.default_rng(1)
y = np.repeat([1, 0], 500)
s = rng.normal(y)
mjj = 2000 + rng.exponential(800, 20_000)
monitor = TrainingMonitor()
monitor.begin(total=1)
monitor.update({"loss": 0.5, "val_loss": 0.6})
monitor.end()
views = [
    RocExplorer(y, s), OvertrainingView(y, s, y, rng.normal(y), permutations=39), monitor,
    ImageBrowser(rng.random((1000, 8, 8)), y, variables={"mass [GeV]": 80 + s}),
    ShapeCompare({"x": s[:500]}, {"x": s[500:]}, np.ones(500)),
    BumpHunter(mjj, rng.random(20_000), signal_region=(3300, 3700)),
    ParameterScan({m: (y, s + rng.normal(size=1000)) for m in (1, 2)}, trained=1),
    AnomalyMonitor(s[500:], s[:500], populations=0.6, null=rng.normal(0.5, 0.01, 99)),
]
pages = [view.to_html(Path(f"{i}.html")).stat().st_size for i, view in enumerate(views)]
for view in views:
    view.figure().savefig("figure.png")
there = [name for name in HEAVY if importlib.util.find_spec(name)]
print(json.dumps([pages, there, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def run(command, cwd):
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False
    )
    return done.returncode, done.stdout, done.stderr


NEXT = f"python{bootstrap.NEXT}"


@pytest.fixture(scope="module", params=[sys.executable, NEXT], ids=["this", NEXT])
def alone(tmp_path_factory, request):
    """Return the Python of an environment with nothing but this project in it."""
    if shutil.which(request.param) is None:
        pytest.skip(f"there is no {request.param}: the promise that we run on it is not tried here")
    folder = tmp_path_factory.mktemp("alone")
    subprocess.run([request.param, "-m", "venv", folder / "env"], check=True, timeout=300)
    places = (folder / "env" / "bin" / "python", folder / "env" / "Scripts" / "python.exe")
    python = next(place for place in places if place.exists())
    code, _, said = run([python, "-I", "-m", "pip", "install", "--quiet", ROOT], folder)
    if code and UNREACHABLE.search(said):
        pytest.skip(f"no package registry answers: {said.splitlines()[-1][:100]}")
    assert code == 0, said
    return python


def test_all_views_of_arrays_work_without_any_library_of_models(alone, tmp_path):
    code, out, said = run([alone, "-I", "-c", f"HEAVY = {HEAVY}\n{VIEWS}"], tmp_path)
    assert code == 0, said
    pages, there, loaded = json.loads(out.splitlines()[-1])
    assert there == []
    assert max(pages) <= 650_000
    assert {"hepml", "hepml_widgets"} <= set(loaded)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("from hepml import data; data.load('jets')", "no file of 'jets' here"),
        ("from hepml import devices; devices.prepare()", 'needs Keras: pip install "hepml-lab'),
        ("from hepml.cli import main; main()", 'needs typer: pip install "hepml-lab'),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(alone, tmp_path, code, sentence):
    status, _, said = run([alone, "-I", "-c", code], tmp_path)
    assert status != 0
    assert sentence in said.splitlines()[-1]


PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_widgets_and_files_are_built_for_the_next_python(platform, tmp_path):
    """Whoever installs them there needs no compiler."""
    uv = [bootstrap.BIN / "uv", "pip", "compile", "--quiet", "--only-binary", ":all:"]
    uv += ["--python-version", bootstrap.NEXT, "--python-platform", platform]
    command = [*map(str, uv), "--extra", "files", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=bootstrap.uv_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(f"no package registry answers: {done.stderr.splitlines()[-1][:100]}")
    assert done.returncode == 0, done.stderr
    names = set(re.findall(r"^([\w-]+)==", done.stdout, re.MULTILINE))
    assert {"numpy", "scipy", "anywidget", "uproot", "awkward-cpp", "pyarrow", "h5py"} <= names
