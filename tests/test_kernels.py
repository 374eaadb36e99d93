"""Kernels with an environment of their own: really installed, started, updated and removed."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from hub import house, kernels
from hub.kernels import _environments, _house, _install, _run
from hub.kernels._plan import make_plan

ROOT = Path(__file__).resolve().parents[1]
MAIN = [sys.executable, "-c", "from hepml.cli import main; main()", "kernels"]
TINY = ["ipykernel"]


def hepml(*arguments, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run(
        [*MAIN, *map(str, arguments)], capture_output=True, text=True, check=False, env=environment
    )


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """Skip, and say why, where packages can be had from nowhere."""
    folder = tmp_path_factory.mktemp("registry")
    settings = house.bootstrap().uv_environment(folder, sys.executable)
    command = [_house.find_uv(), "pip", "compile", "--quiet", "-"]
    done = subprocess.run(
        command, input="hatchling", env=settings, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no package registry answers: {done.stderr.strip().splitlines()[-1]}")


def install(prefix, said=None, **options):
    say = said.append if said is not None else _run.ignore
    return kernels.install(prefix=prefix, say=say, **{"requirements": TINY, **options})


def environments(prefix, name):
    home = prefix / "share" / "hepml-lab" / "kernels" / name
    return [path for path in home.iterdir() if path.is_dir()]


@contextlib.contextmanager
def started(kernel):
    """Start a kernel as Jupyter does, from the folder where it is registered."""
    specs = KernelSpecManager(kernel_dirs=[str(kernel.folder.parent)])
    manager = KernelManager(kernel_name=kernel.name, kernel_spec_manager=specs)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def printed(client, code):
    """Return what code prints in a kernel."""
    texts = []

    def collect(message):
        content = message["content"]
        texts.append(content.get("text", "") + "\n".join(content.get("traceback", ())))

    reply = client.execute_interactive(code, timeout=120, output_hook=collect)
    assert reply["content"]["status"] == "ok", "".join(texts)
    return "".join(texts)


# --- one kernel, from the first day to the last ----------------------------------------------


SEEN = """
import json, os, sys, keras, hepml, IPython
from hepml import devices
threads, growth = os.environ["OMP_NUM_THREADS"], os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"]
print(json.dumps([sys.prefix, hepml.__file__, keras.backend.backend(), keras.__file__]))
print(json.dumps([threads, growth, "tensorflow" in sys.modules, repr(devices.prepare())]))
"""


@pytest.mark.kernels
@pytest.mark.usefixtures("registry")
def test_a_kernel_starts_in_an_environment_of_its_own(tmp_path):
    """Installed, started, not installed again, and its settings changed alone."""
    options = {"backend": "jax", "requirements": ["ipykernel", "keras", "jax"]}
    kernel = install(tmp_path, threads=1, **options)
    assert kernel.environment.is_relative_to(tmp_path)
    with started(kernel) as client:
        first, second = map(json.loads, printed(client, SEEN).splitlines()[-2:])
    prefix, module, backend, keras = first
    assert Path(prefix) == kernel.environment != Path(sys.prefix)
    assert Path(module) == ROOT / "hepml" / "__init__.py"
    assert Path(keras).is_relative_to(kernel.environment)
    threads, preallocates, has_tensorflow, sentence = second
    assert (backend, threads, preallocates, has_tensorflow) == ("jax", "1", "false", False)
    assert sentence.startswith("no GPU: JAX on")
    said = []
    assert install(tmp_path, said, threads=1, **options) == kernel
    assert said == ["hepml-lab (CPU) is up to date."]
    changed = install(tmp_path, said, threads=2, **options)
    assert changed.environment == kernel.environment
    assert changed.variables["OMP_NUM_THREADS"] == "2"
    assert "settings changed" in said[-1]


@pytest.mark.kernels
@pytest.mark.usefixtures("registry")
def test_a_changed_list_takes_the_place_of_the_former(tmp_path):
    """The versions are those of the lock, and Jupyter's list, ours and the disk agree."""
    said = []
    before = install(tmp_path, said, name="class")
    assert said[-1] == "hepml-lab (CPU, class) is installed."
    assert kernels.state(before) == "up to date"
    after = install(tmp_path, said, name="class", requirements=[*TINY, "tqdm"])
    assert said[-1].startswith("hepml-lab (CPU, class) is updated")
    assert environments(tmp_path, "class") == [after.environment] != [before.environment]
    code = "import importlib.metadata as m; print(m.version('tqdm'), m.version('hepml-lab'))"
    python = _environments.python_of(after.environment)
    version, _own = subprocess.check_output([python, "-c", code], text=True).split()
    assert f"tqdm=={version} " in (ROOT / "requirements.lock").read_text()
    assert hepml("list", "--prefix", tmp_path).stdout == (
        f"class  up to date  hepml-lab (CPU, class)  {after.environment}\n"
    )
    moved = install(tmp_path, name="class", path=tmp_path / "roomier")
    assert moved.environment.parent == tmp_path / "roomier" / "class"
    assert (moved.folder, environments(tmp_path, "class")) == (after.folder, [])
    removed = hepml("remove", "Class", "--prefix", tmp_path)
    assert removed.returncode == 0, removed.stderr
    assert not moved.folder.exists()
    assert not moved.environment.parent.exists()
    assert kernels.installed(tmp_path) == []


# --- interruptions and others at work --------------------------------------------------------


INTERRUPTIBLE = """
import sys
from hub import kernels
options = {"requirements": ["ipykernel"], "say": lambda text: print(text, flush=True)}
kernels.install(prefix=sys.argv[1], **options)
"""


def interrupted_at(word, command):
    """Send Ctrl-C when a command says a word; return what it said and its status."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith(word):
                process.send_signal(signal.SIGINT)
    return said, process.returncode


@pytest.mark.kernels
@pytest.mark.usefixtures("registry")
def test_an_interrupted_install_is_resumed_and_a_broken_one_mended(tmp_path):
    command = [sys.executable, "-c", INTERRUPTIBLE, str(tmp_path)]
    said, status = interrupted_at("Installing", command)
    assert status != 0, said
    assert kernels.installed(tmp_path) == []
    (unfinished,) = environments(tmp_path, "hepml-cpu")
    again = []
    kernel = install(tmp_path, again)
    assert again[0].startswith("Going on with hepml-lab (CPU)")
    assert kernel.environment == unfinished
    assert kernels.state(kernel) == "up to date"
    shutil.rmtree(next(kernel.environment.rglob("site-packages/ipykernel")))
    assert "  broken  " in hepml("list", "--prefix", tmp_path).stdout
    assert kernels.state(install(tmp_path)) == "up to date"


def test_ctrl_c_is_answered_in_a_sentence(tmp_path):
    said, status = interrupted_at("Installing", [*MAIN, "install", "--prefix", str(tmp_path)])
    assert status == 128 + signal.SIGINT
    assert said[-1].startswith("hepml: interrupted; what was fetched is kept")


def test_one_process_at_a_time(tmp_path):
    home = tmp_path / "share" / "hepml-lab" / "kernels" / "hepml-cpu"
    with _install._alone(home), pytest.raises(kernels.KernelError, match="another process"):
        install(tmp_path)


# --- what cannot be --------------------------------------------------------------------------


def nowhere(cache):
    """Return settings of an index on this machine that nothing answers for, and an empty cache."""
    here = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_INDEX": "", "UV_FIND_LINKS": ""}
    return here | {"UV_CACHE_DIR": str(cache), "UV_HTTP_RETRIES": "0", "NO_PROXY": "127.0.0.1"}


def test_no_network_is_told_and_leaves_nothing_half(tmp_path):
    prefix = tmp_path / "prefix"
    done = hepml("install", "--prefix", prefix, **nowhere(tmp_path / "cache"))
    assert done.returncode == 1
    assert "hepml: packages could not be fetched: look at the network" in done.stderr
    assert "127.0.0.1:9" in done.stderr
    assert environments(prefix, "hepml-cpu") == []
    assert kernels.installed(prefix) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no variable moves the folder")
def test_without_a_prefix_all_goes_to_the_person_s_own_folders(tmp_path):
    own = {"JUPYTER_DATA_DIR": str(tmp_path / "jupyter"), "XDG_DATA_HOME": str(tmp_path / "data")}
    done = hepml("install", **own, **nowhere(tmp_path / "cache"))
    assert f" in {tmp_path}/data/hepml-lab/kernels/hepml-cpu/" in done.stderr
    assert (tmp_path / "jupyter" / "kernels").is_dir()


def test_without_the_installer_its_name_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(kernels.KernelError, match=r"this needs uv.*pip install uv"):
        _house.find_uv()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    occupied = tmp_path / "file"
    occupied.touch()
    done = hepml("install", "--prefix", occupied)
    assert done.returncode == 1
    assert done.stderr.startswith(f"hepml: {occupied}")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="only Linux has a /sys")
def test_a_read_only_folder_is_told():
    done = hepml("install", "--prefix", "/sys/hepml")
    assert done.returncode == 1
    assert done.stderr.startswith("hepml: /sys/hepml")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("text", ['{"display_name": "Mine"}', '{"metadata": null}', "[]", "{"])
def test_a_kernel_of_others_is_left_alone(tmp_path, text):
    folder = tmp_path / "share" / "jupyter" / "kernels" / "mine"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(text)
    with pytest.raises(kernels.KernelError, match="was not installed by hepml"):
        install(tmp_path, name="mine")
    with pytest.raises(kernels.KernelError, match="no kernel 'mine' was installed by hepml"):
        kernels.remove("mine", prefix=tmp_path)
    assert (folder / "kernel.json").read_text() == text


def test_only_environments_are_removed(tmp_path):
    (tmp_path / "thesis").mkdir()
    _environments.drop(tmp_path / "thesis")
    assert (tmp_path / "thesis").is_dir()


@pytest.mark.usefixtures("registry")
def test_a_package_that_is_not_the_locked_one_is_refused(tmp_path, monkeypatch):
    lock = tmp_path / "requirements.lock"
    text = (ROOT / "requirements.lock").read_text()
    lock.write_text(re.sub(r"(?<=--hash=sha256:)[0-9a-f]{4}", "0000", text))
    monkeypatch.setattr(_house, "locks", lambda **_options: [lock])
    with pytest.raises(kernels.KernelError, match="not the one that the lock names"):
        install(tmp_path / "prefix")
    assert environments(tmp_path / "prefix", "hepml-cpu") == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("failed to write: No space left on device (os error 28)", "there is no room for it"),
        ("failed to write: Disk quota exceeded (os error 122)", "there is no room for it"),
        ("error sending request for url", "packages could not be fetched"),
        ("something quite new", "the installer failed"),
    ],
)
def test_failures_are_explained_and_quoted(said, expected):
    with pytest.raises(kernels.KernelError, match=expected) as caught:
        _run.run([sys.executable, "-c", f"print({said!r}); raise SystemExit(2)"])
    assert str(caught.value).endswith(f"  | {said}")


def test_many_hashes_do_not_hide_what_failed():
    hashes = [f"  sha256:{number:064x}" for number in range(40)]
    said = "\n".join(["Hash mismatch for `some==1.0`", "Expected:", *hashes, "hint: some hint"])
    with pytest.raises(kernels.KernelError, match="not the one that the lock names") as caught:
        _run.run([sys.executable, "-c", f"print({said!r}); raise SystemExit(2)"])
    assert "sha256" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"name": "Ünique"}, "letters, digits"),
        ({"name": "../up"}, "letters, digits"),
        ({"backend": "torch"}, "tensorflow or jax"),
        ({"threads": 0}, "at least one"),
    ],
)
def test_bad_options_are_one_sentence(options, expected):
    with pytest.raises(kernels.KernelError, match=expected):
        make_plan(**options)


# --- the kernel for a GPU --------------------------------------------------------------------


def test_no_gpu_is_told_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(_install, "BUILT_FOR", (sys.platform, _install.platform.machine()))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(kernels.KernelError, match=r"no NVIDIA GPU answers here.*--force"):
        install(tmp_path, gpu=True)
    assert list(tmp_path.iterdir()) == []


def test_machines_without_such_builds_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(_install, "BUILT_FOR", ("another", "machine"))
    with pytest.raises(kernels.KernelError, match="exist for Linux on x86_64"):
        install(tmp_path, gpu=True, force=True)


def test_both_kernels_share_a_gpu_and_keep_their_threads():
    plan = make_plan(gpu=True, threads=3)
    assert plan.variables["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert plan.variables["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    caps = {plan.variables[name] for name in house.bootstrap().THREADS}
    assert caps == {"3"}
    assert (plan.name, plan.display_name) == ("hepml-gpu", "hepml-lab (GPU)")


def test_the_environment_follows_the_locks(monkeypatch, tmp_path):
    key = make_plan(gpu=True).key
    assert key == make_plan(gpu=True, threads=1).key
    lock = tmp_path / "requirements.lock"
    lock.write_text("")
    monkeypatch.setattr(_house, "locks", lambda **_options: [lock])
    assert make_plan(gpu=True).key != key
    monkeypatch.setattr(_install, "works", lambda _environment: True)
    old = kernels.Kernel("hepml-gpu", "", tmp_path, tmp_path, key, True, {"KERAS_BACKEND": "jax"})
    assert kernels.state(old) == "out of date"


def would_install(plan, environment):
    """Ask the installer what the whole list of a plan comes to, without fetching it."""
    environment.mkdir()
    wanted = [*_environments._wanted(plan, environment), "--dry-run", "--python", sys.executable]
    lines = []
    command = [_house.find_uv(), "pip", "install", "--reinstall", *wanted]
    settings = _environments._settings(environment)
    _run.run(command, settings, lines.append)
    found = [line.removeprefix("+ ").split("==") for line in lines if line.startswith("+ ")]
    return {name: version for name, version, *_rest in found}


@pytest.mark.kernels
@pytest.mark.usefixtures("registry")
def test_the_whole_list_resolves_from_the_lock(tmp_path):
    packages = would_install(make_plan(), tmp_path / "cpu")
    assert {"jupyterlab", "keras", "ipykernel", "uproot", "hatchling"} <= packages.keys()
    assert not [name for name in packages if "pythia" in name or "cuda" in name]


@pytest.mark.kernels
@pytest.mark.skipif(
    (sys.platform, _install.platform.machine()) != _install.BUILT_FOR, reason="no such builds here"
)
@pytest.mark.usefixtures("registry")
def test_the_whole_list_for_a_gpu_resolves_from_both_locks(tmp_path):
    packages = would_install(make_plan(gpu=True), tmp_path / "gpu")
    assert {"tensorflow", "jax-cuda12-plugin", "nvidia-cudnn-cu12", "keras"} <= packages.keys()
    assert "tensorflow-cpu" not in packages
    assert packages["keras"] == would_install(make_plan(), tmp_path / "cpu")["keras"]
