"""What a lost connection does to a cell that runs, and what `book/connection.md` says of it."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

import bootstrap
from tests.support import servers
from tests.support.relay import Relay

pytestmark = pytest.mark.browser

MONITOR = "from hepml_widgets import TrainingMonitor\nmonitor = TrainingMonitor()\nmonitor"
# It prints some lines, then waits until a test lets it go.
WORK = """import time
from pathlib import Path
result = []
monitor.begin(total=20)
for i in range(20):
    result.append(i)
    print("line", i, flush=True)
    monitor.update({"loss": 1 / (1 + i)})
    while i == 4 and not Path("NAME.go").exists():
        time.sleep(0.05)
monitor.end()
_ = Path("NAME.txt").write_text(str(sum(result)))"""
ASK = "len(result)"
QUICK = '{"autosaveInterval": 2}'  # of a person's own: 20 s are long for a test
RUN_TWO = """() => {
    jupyterapp.shell.currentWidget.content.activeCellIndex = 2;
    jupyterapp.commands.execute('notebook:run-all-above');
}"""
RUN_THIRD = """() => {
    jupyterapp.shell.currentWidget.content.activeCellIndex = 2;
    jupyterapp.commands.execute('notebook:run-cell');
}"""
CONNECTED = """() => {
    const kernel = jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
    return kernel?.connectionStatus === 'connected';
}"""
CARD = re.compile("Server Connection Error|File Save Error")
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"


class House:
    """JupyterLab with the settings that ship, behind a line that tests interrupt."""

    def __init__(self, folder):
        self.folder, self.root, self.port = folder, folder / "served", servers.free_port()
        self.root.mkdir()
        self.environment = servers.private_environment(folder)
        own = folder / "settings" / "@jupyterlab" / "docmanager-extension"
        own.mkdir()
        (own / "plugin.jupyterlab-settings").write_text(QUICK)
        bootstrap.settle_lab(folder)
        self.relay, self.process = Relay(self.port), None
        self.url = f"http://127.0.0.1:{self.relay.port}"
        self.lab = servers.Lab(self.url, self.root, self.environment)

    def start(self):
        settings = self.folder / "share" / "jupyter" / "lab" / "settings"
        command = servers.lab_arguments(self.root, self.port)
        command += [f"--LabApp.app_settings_dir={settings}"]
        self.process = servers.start(command, self.environment, self.folder)
        servers.wait_until(
            lambda: self.process.poll() is not None or servers.answers(f"{self.url}/api")
        )
        assert self.process.poll() is None, (self.folder / "server.log").read_text()

    def stop(self):
        if self.process is not None:
            servers.stop(self.process)

    def begin(self, page, name):
        """Run a notebook up to where its second cell waits."""
        self.name = name
        self.file = self.lab.write(f"{name}.ipynb", MONITOR, WORK.replace("NAME", name), ASK)
        self.lab.open(page, self.file.name)
        page.evaluate(RUN_TWO)
        holds(cell(page, 1), "line 4")

    def let_go(self):
        (self.root / f"{self.name}.go").touch()

    def finish(self):
        """Let the cell go on and wait until it is done, whoever listens."""
        self.let_go()
        servers.wait_until((self.root / f"{self.name}.txt").exists)

    def kernels(self, what):
        """Return what the server itself says of all its kernels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/kernels") as reply:
            return {one[what] for one in json.load(reply)}

    def saved(self):
        """Text of the second cell's outputs in the file, unless that is just being written."""
        try:
            outputs = json.loads(self.file.read_text())["cells"][1]["outputs"]
        except ValueError:
            return ""
        return "".join("".join(one.get("text", "")) for one in outputs)


def cell(page, number):
    return page.locator(f"{PANEL} .jp-Cell").nth(number)


def prompt(page, number):
    return cell(page, number).locator(".jp-InputPrompt")


def curves(page):
    return page.locator(f"{PANEL} [data-hepml-live] .hepml-train-progress")


def lines(page):
    return cell(page, 1).locator(".jp-OutputArea-output").inner_text().count("line")


def holds(locator, text):
    expect(locator).to_contain_text(text, timeout=1e3 * servers.PATIENCE)


def connected(page):
    page.wait_for_function(CONNECTED, timeout=1e3 * servers.PATIENCE)


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("connection"))
    try:
        house.start()
        yield house
    finally:
        house.stop()
        house.relay.cut()


@pytest.fixture
def house(standing):
    yield standing
    standing.relay.mend()


@pytest.fixture
def page(browser):
    """Open a page that leaves without a question; scripts of JupyterLab complain of lost lines."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    context.close()


def told(page):
    """Wait for the card that tells of a lost connection, and close it."""
    holds(page.locator(".jp-Dialog"), CARD)
    page.locator(".jp-Dialog").get_by_role("button", name="Close").click()


def answered(page):
    """Ask, in a new cell, for what the interrupted one computed."""
    page.evaluate(RUN_THIRD)
    holds(prompt(page, 2), "[3]:")
    return cell(page, 2).locator(".jp-OutputArea-output").inner_text()


def test_the_settings_that_ship_save_often_and_a_person_may_choose(house):
    name = "@jupyterlab/docmanager-extension:plugin"
    with urllib.request.urlopen(f"{house.url}/lab/api/settings/{name}") as reply:  # noqa: S310 - our own loopback
        found = json.load(reply)
    shipped = found["schema"]["properties"]["autosaveInterval"]["default"]
    assert shipped == bootstrap.LAB_SETTINGS[name]["autosaveInterval"] == 20
    assert found["settings"]["autosaveInterval"] == 2


def test_a_page_that_is_loaded_again_has_what_was_saved_and_its_curves(house, page):
    """The kernel goes on; later text and the number of the cell never come."""
    house.begin(page, "again")
    servers.wait_until(lambda: "line 4" in house.saved())
    page.reload()
    holds(cell(page, 1), "line 4")
    page.close()
    page = page.context.new_page()
    page.goto(f"{house.url}/lab/tree/{house.file.name}")
    holds(cell(page, 1), "line 4")
    connected(page)
    page.evaluate(RUN_THIRD)
    holds(prompt(page, 2), "[*]:")
    house.finish()
    holds(prompt(page, 2), "[3]:")
    holds(cell(page, 2), "20")
    holds(curves(page), "epoch 20 of 20")
    assert house.lab.evaluate(page, "len(monitor.history['loss'])") == "20"
    assert lines(page) == 5
    assert prompt(page, 1).inner_text() == "[ ]:"


def test_a_connection_that_is_lost_and_found_loses_nothing(house, page):
    house.begin(page, "found")
    house.relay.cut()
    servers.wait_until(lambda: house.kernels("connections") == {0})
    house.finish()
    house.relay.mend()
    holds(prompt(page, 1), "[2]:")
    assert lines(page) == 20
    holds(curves(page), "epoch 20 of 20")
    assert answered(page) == "20"
    servers.wait_until(lambda: "line 19" in house.saved())


def test_what_was_on_its_way_when_a_line_fell_silent_is_lost_but_for_the_curves(house, page):
    """The cell keeps its star, though the kernel is idle and answers."""
    house.begin(page, "silent")
    house.relay.freeze()
    house.finish()
    servers.wait_until(lambda: house.kernels("execution_state") == {"idle"})
    servers.wait_until(lambda: b"line 19" in house.relay.on_its_way)
    house.relay.cut()
    house.relay.mend()
    holds(curves(page), "epoch 20 of 20")
    assert answered(page) == "20"
    assert lines(page) == 5
    assert prompt(page, 1).inner_text() == "[*]:"


def test_a_server_that_ended_took_the_kernel_and_left_what_was_saved(house, page):
    house.begin(page, "ended")
    servers.wait_until(lambda: "line 4" in house.saved())
    house.stop()
    told(page)
    house.start()
    page.reload()
    holds(cell(page, 1), "line 4")
    connected(page)
    assert prompt(page, 1).inner_text() == "[ ]:"
    page.evaluate(RUN_THIRD)
    holds(cell(page, 2), "NameError: name 'result' is not defined")
