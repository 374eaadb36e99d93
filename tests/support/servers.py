"""JupyterLab and Voila on loopback, each bounded in time and stopped by its own process."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180  # seconds, for a machine that has much else to do
LIFETIME = 4 * 3600  # seconds, longer than any run; then the system ends a server left behind
# An alarm survives exec: the bound holds even when the test run itself is killed.
BOUNDED = (
    "import os,signal,sys; signal.alarm(int(sys.argv[1])); os.execv(sys.argv[2], sys.argv[2:])"
)
# A kernel is "idle" before it listens, and cells sent then are lost: its reply is the proof.
KERNEL_READY = """async seconds => {
    const late = new Promise((_, no) => setTimeout(() => no('kernel: late'), 1000 * seconds));
    const panel = jupyterapp.shell.currentWidget;
    const reply = async () => {
        await Promise.all([panel.context.ready, panel.sessionContext.ready]);
        const kernel = panel.sessionContext.session.kernel;
        while (kernel.connectionStatus !== 'connected') await new Promise(r => setTimeout(r, 50));
        await kernel.requestKernelInfo();
    };
    await Promise.race([reply(), late]);
}"""
RUN_ALL = """async seconds => {
    const late = new Promise((_, no) => setTimeout(() => no('run all: late'), 1000 * seconds));
    await Promise.race([jupyterapp.commands.execute('notebook:run-all-cells'), late]);
}"""
RUN_TO = """async seconds => {
    const late = new Promise((_, no) => setTimeout(() => no('run to: late'), 1000 * seconds));
    const run = async () => {
        await jupyterapp.commands.execute('notebook:run-all-above');
        await jupyterapp.commands.execute('notebook:run-cell');
    };
    await Promise.race([run(), late]);
}"""
# A silent request in the notebook's own session: it leaves no trace in the notebook.
KERNEL_REPR = """async ([expression, seconds]) => {
    const late = new Promise((_, no) => setTimeout(() => no('kernel: late'), 1000 * seconds));
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({
        code: '', silent: true, store_history: false, user_expressions: {value: expression}});
    const reply = (await Promise.race([future.done, late])).content.user_expressions.value;
    if (reply.status !== 'ok') throw new Error(`${reply.ename}: ${reply.evalue}`);
    return reply.data['text/plain'];
}"""
SHOW_CELL = """async text => {
    const notebook = jupyterapp.shell.currentWidget.content;
    const index = notebook.widgets.findIndex(c => c.model.sharedModel.source.includes(text));
    if (index < 0) throw new Error(`no cell holds ${text}`);
    notebook.activeCellIndex = index;
    await notebook.scrollToItem(index, 'start');
}"""
# The question about news would cover the notebook.
QUIET = '{"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}'


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310 - our own loopback
            return reply.status == 200
    except OSError:
        return False


def wait_until(condition, seconds=PATIENCE, pause=0.2):
    """Return once `condition()` holds; raise TimeoutError after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not so within {seconds} s")
        time.sleep(pause)


def private_environment(folder):
    """Environment in which Jupyter reads and writes nothing of the person who runs the tests."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    own = {name: str(folder / name.lower()) for name in names}
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(QUIET)
    return (
        os.environ
        | own
        | {
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OMP_NUM_THREADS": "2",
            "OMP_WAIT_POLICY": "PASSIVE",
            "GOMP_SPINCOUNT": "1000",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
    )


@dataclass(frozen=True)
class Server:
    """A running server: its address, the folder it serves, its environment."""

    url: str
    root: Path
    environment: dict

    def write(self, name, *cells):
        """Save a notebook of code `cells` (text) in the served folder; return its path."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        for number, cell in enumerate(notebook.cells):
            cell.id = f"cell-{number}"
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        path = self.root / name
        nbformat.write(notebook, path)
        return path

    def trust(self, *names):
        """Sign notebooks as a student does who trusts them: only then do saved scripts run."""
        command = [sys.executable, "-m", "jupyter", "trust", *(str(self.root / n) for n in names)]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)


class Lab(Server):
    """JupyterLab on a copy of `notebooks/`."""

    def open(self, page, name, *, seconds=PATIENCE):
        """Show the notebook `name` in `page` and wait until its kernel is idle."""
        page.goto(f"{self.url}/lab/tree/{name}?reset", timeout=1e3 * seconds)
        page.wait_for_selector(
            ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell", timeout=1e3 * seconds
        )
        page.evaluate(KERNEL_READY, seconds)

    def run_all(self, page, *, seconds=PATIENCE):
        """Run every cell of the notebook shown and return when the last one is done."""
        page.evaluate(RUN_ALL, seconds)

    def run_to(self, page, text, *, seconds=PATIENCE):
        """Run the notebook shown up to its first cell that holds `text`, this one included."""
        self.show(page, text)
        page.evaluate(RUN_TO, seconds)

    def changed(self, name, old, new):
        """Save the notebook `name` with other text in its cells; return its new name."""
        text = (self.root / name).read_text()
        assert old in text
        (self.root / f"changed-{name}").write_text(text.replace(old, new))
        return f"changed-{name}"

    def show(self, page, text):
        """Scroll the notebook shown to its first cell that holds `text`."""
        page.evaluate(SHOW_CELL, text)

    def evaluate(self, page, expression, *, seconds=PATIENCE):
        """Text of `repr(expression)` as the kernel of the notebook shown computes it."""
        return page.evaluate(KERNEL_REPR, [expression, seconds])


class Voila(Server):
    """Voila on a copy of `notebooks/dashboards/`."""

    def open(self, page, name, *, seconds=PATIENCE):
        """Show the dashboard `name` and wait until all its cells have run."""
        page.goto(f"{self.url}/voila/render/{name}", timeout=1e3 * seconds)
        page.wait_for_selector(
            "#rendered_cells, .jp-Notebook, main", state="attached", timeout=1e3 * seconds
        )


def copy_notebooks(source, folder):
    """Copy a built folder so that autosave in a browser never touches the repository."""
    kept = shutil.ignore_patterns(".ipynb_checkpoints", "README.md")
    return Path(shutil.copytree(ROOT / source, folder / "served", ignore=kept, dirs_exist_ok=True))


def start(command, environment, folder):
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-c", BOUNDED, str(LIFETIME), sys.executable, *command],
            env=environment, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip


def stop(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def serve(kind, source, folder, arguments, ready):
    """Yield a `kind` of server on a copy of `source`, started by `arguments(root, port)`."""
    root, environment, port = (
        copy_notebooks(source, folder),
        private_environment(folder),
        free_port(),
    )
    process = start(arguments(root, port), environment, folder)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: process.poll() is not None or answers(url + ready))
        assert process.poll() is None, (folder / "server.log").read_text()
        yield kind(url, root, environment)
    finally:
        stop(process)


def lab_arguments(root, port):
    return [
        "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}", "--IdentityProvider.token=",
        "--expose-app-in-browser", f"--ServerApp.shutdown_no_activity_timeout={LIFETIME}",
    ]  # fmt: skip


def voila_arguments(root, port):
    place = ["--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}"]
    return ["-m", "hub.dashboards", str(root), *place]
