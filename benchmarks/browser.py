"""A real browser and a real JupyterLab for the benchmarks, and what is read off them."""

import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.support.chromium import CHROMIUM_FLAGS, find_chromium
from tests.support.servers import Lab, lab_arguments, serve

ROOT = Path(__file__).resolve().parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
# In a notebook: what is on the path here, is there too.
PATH = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
# Resolves when the next frame has been made: a message is read after its painting.
AFTER_FRAME = """() => { window.afterFrame = async () => {
    await new Promise(requestAnimationFrame);
    await new Promise(done => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = done;
        port2.postMessage(null);
    });
    return performance.now();
}; }"""
RUN_CELL = "() => jupyterapp.commands.execute('notebook:run-cell')"


@contextmanager
def chromium(*flags):
    """Headless Chromium, drawing in software."""
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        browser = playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def laboratory():
    """JupyterLab on loopback, serving an empty copy of the notebooks."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextmanager(serve)(Lab, "notebooks", Path(folder), lab_arguments, "/api") as lab,
    ):
        yield lab


def opened(browser, lab, name, *cells):
    """Page with a notebook of these cells, its kernel ready, and the kernel's process."""
    lab.write(name, *cells)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    wire = Wire(page)
    lab.open(page, name)
    page.evaluate(AFTER_FRAME)
    return page, wire, int(lab.evaluate(page, "__import__('os').getpid()"))


class Wire:
    """Counts messages between a page and its kernel, both ways."""

    def __init__(self, page):
        self.sent = self.received = 0
        page.on("websocket", self._watch)

    def _watch(self, socket):
        if "/channels" in socket.url:
            socket.on("framesent", lambda _: self._add(1, 0))
            socket.on("framereceived", lambda _: self._add(0, 1))

    def _add(self, sent, received):
        self.sent += sent
        self.received += received

    @property
    def messages(self):
        return self.sent + self.received


class Thread:
    """CPU seconds that the main thread of a page has spent; waiting for a core does not count."""

    def __init__(self, page):
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def read(self):
        """Seconds in scripts, and in all tasks: scripts, style, layout, painting."""
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        named = {metric["name"]: metric["value"] for metric in metrics}
        return named["ScriptDuration"], named["TaskDuration"]

    def heap(self):
        """Bytes of JavaScript in use, after collecting what is not."""
        self._session.send("HeapProfiler.enable")
        self._session.send("HeapProfiler.collectGarbage")
        return self._session.send("Runtime.getHeapUsage")["usedSize"]


def cpu_seconds(pid):
    """CPU seconds of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid):
    """Bytes of a process in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1])
