"""Dashboards leave no kernel behind: where one is needed at all, it ends with its page."""

import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest

from hub import pages
from tests.support.servers import PATIENCE, Voila, serve

pytestmark = pytest.mark.browser
FOLDER = Path(__file__).resolve().parents[2] / "notebooks" / "dashboards"
PAUSE = 15  # seconds without a page after which this server ends a kernel
NEEDS_ONE = """from ipywidgets import Button
button = Button(description="count")
button.on_click(lambda _: setattr(button, "description", "counted"))
button"""


def arguments(pause):
    """Make the command of a server that ends a kernel after so many seconds without a page."""
    ends = {"cull_idle_timeout": pause, "cull_interval": PAUSE // 4}
    limits = [f"--MappingKernelManager.{name}={value}" for name, value in ends.items()]

    def command(root, port):
        place = ["--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}"]
        return ["-m", "hub.dashboards", str(root), *place, *limits]

    return command


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Dashboards of a server that ends no kernel by itself for an hour."""
    folder = tmp_path_factory.mktemp("patient")
    yield from serve(Voila, "notebooks/dashboards", folder, arguments(3600), "/")


@pytest.fixture(scope="module")
def tired(tmp_path_factory):
    """Dashboards of a server that soon ends a kernel to which no page listens."""
    folder = tmp_path_factory.mktemp("tired")
    yield from serve(Voila, "notebooks/dashboards", folder, arguments(PAUSE), "/")


def kernels(server):
    """List the processes of kernels that this server started."""
    return [one for one in psutil.process_iter() if is_kernel(one, str(server.root.parent))]


def is_kernel(process, mark):
    try:
        is_one = "ipykernel_launcher" in process.cmdline()
        return is_one and any(mark in value for value in process.environ().values())
    except psutil.Error:  # it has ended, or belongs to somebody else
        return False


def until_none(server, seconds):
    end = time.monotonic() + seconds
    while kernels(server) and time.monotonic() < end:
        time.sleep(0.2)
    return kernels(server)


def needy(server):
    """Give a server a dashboard with a button that asks its kernel; return its name."""
    return server.write("needy.ipynb", NEEDS_ONE).name


def visit(browser, server, name):
    page = browser.new_context().new_page()
    server.open(page, name)
    return page


def test_a_view_that_lives_by_itself_has_no_kernel(browser, served):
    pages = [visit(browser, served, "roc.ipynb") for _ in range(3)]
    for page in pages:
        page.wait_for_selector(".hepml-roc svg", timeout=1e3 * PATIENCE)
        assert page.title() == "Where would you cut?"
    assert kernels(served) == []
    for page in pages:
        page.context.close()


def test_the_start_page_leads_to_each_dashboard(browser, served):
    page = browser.new_context().new_page()
    page.goto(f"{served.url}/?theme=dark")
    cards = page.locator("li a")
    assert cards.count() == len(list(FOLDER.glob("*.ipynb")))
    widths = page.evaluate("[...document.images].map(one => one.naturalWidth)")
    assert min(widths) > 200
    cards.first.click()
    page.wait_for_selector("main svg", timeout=1e3 * PATIENCE)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert kernels(served) == []
    page.context.close()


def test_a_folder_that_is_no_gallery_is_listed_by_voila(browser, tired):
    broken = tired.root / "broken.ipynb"
    broken.write_text('{"cells": [')
    page = browser.new_context().new_page()
    try:
        page.goto(tired.url, timeout=1e3 * PATIENCE)
        page.get_by_text("broken.ipynb").wait_for(timeout=1e3 * PATIENCE)
    finally:
        broken.unlink()
        page.context.close()


def test_thirty_visitors_need_less_than_a_gigabyte(served):
    """All of them at once, each with another dashboard: no kernel, and one server."""
    names = [path.name for path in FOLDER.glob("*.ipynb")] * 4
    with ThreadPoolExecutor(30) as pool:
        texts = list(pool.map(lambda name: fetched(served, name), names[:30]))
    assert all("hepml-still" in text for text in texts)
    assert kernels(served) == []
    (server,) = servers_of(served)
    family = [server, *server.children(recursive=True)]
    assert sum(one.memory_info().rss for one in family) < 1e9


def fetched(server, name):
    with urllib.request.urlopen(f"{server.url}/voila/render/{name}", timeout=PATIENCE) as reply:  # noqa: S310 - our own loopback
        return reply.read().decode()


def servers_of(server):
    """Find the process that serves a folder."""
    return [one for one in psutil.process_iter(["cmdline"]) if is_server(one, str(server.root))]


def is_server(process, root):
    words = process.info["cmdline"] or []
    return "hub.dashboards" in words and root in words


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.ipynb")))
def test_a_dashboard_fills_a_projector(browser, served, name):
    page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    page.goto(f"{served.url}/voila/render/{name}.ipynb", timeout=1e3 * PATIENCE)
    page.wait_for_selector("main svg", timeout=1e3 * PATIENCE)
    page.wait_for_timeout(1200)  # it fits itself when all is drawn
    box = page.locator("main").bounding_box()
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    assert page.evaluate("document.documentElement.scrollWidth") <= 1920
    assert max(box["width"] / 1920, box["height"] / 1080) > 0.9
    page.context.close()


def test_on_a_projector_the_line_follows_the_pointer(browser, served):
    """An enlarged page has other pixels than the pointer's."""
    page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    page.goto(f"{served.url}/voila/render/roc.ipynb", timeout=1e3 * PATIENCE)
    page.wait_for_selector("main svg", timeout=1e3 * PATIENCE)
    page.wait_for_timeout(1200)
    assert float(page.evaluate("document.querySelector('main').style.zoom")) > 1.2
    line = page.get_by_role("slider").first
    panel = line.locator("xpath=ancestor::*[name()='svg'][1]").bounding_box()
    for share in (0.3, 0.5, 0.7):
        box, to = line.bounding_box(), panel["x"] + share * panel["width"]
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(to, box["y"] + box["height"] / 2, steps=5)
        page.mouse.up()
        page.wait_for_timeout(300)
        now = line.bounding_box()
        assert abs(now["x"] + now["width"] / 2 - to) < 6
    page.context.close()


def test_a_kernel_ends_with_its_page(browser, served):
    page = visit(browser, served, needy(served))
    page.get_by_role("button", name="count").click(timeout=1e3 * PATIENCE)
    page.get_by_role("button", name="counted").wait_for(timeout=1e3 * PATIENCE)
    assert len(kernels(served)) == 1
    page.goto(f"{served.url}/voila/tree")
    assert until_none(served, PATIENCE) == []
    page.context.close()


def test_a_kernel_whose_page_fell_silent_is_ended(browser, tired):
    pages = [visit(browser, tired, needy(tired)) for _ in range(3)]
    for page in pages:  # a kernel that no page listens to yet may be ended as well
        page.get_by_role("button", name="count").wait_for(timeout=1e3 * PATIENCE)
    assert len(kernels(tired)) == 3
    for page in pages:
        page.context.close()
    said = tired.root.parent / "server.log"
    assert until_none(tired, PATIENCE) == [], said.read_text()[-5000:]


def test_a_page_that_is_looked_at_keeps_its_kernel(browser, tired):
    page = visit(browser, tired, needy(tired))
    page.get_by_role("button", name="count").wait_for(timeout=1e3 * PATIENCE)
    time.sleep(2.5 * PAUSE)
    page.get_by_role("button", name="count").click()
    page.get_by_role("button", name="counted").wait_for(timeout=1e3 * PATIENCE)
    page.context.close()


def test_all_that_listens_does_so_on_this_machine_only(browser, served):
    page = visit(browser, served, needy(served))
    (kernel,) = kernels(served)
    server = kernel.parent()
    listening = [
        one
        for process in (server, *server.children(recursive=True))
        for one in process.net_connections()
        if one.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 6  # the pages, and five of the kernel
    assert {one.laddr.ip for one in listening} == {"127.0.0.1"}
    page.context.close()


def test_changed_code_is_run_and_not_what_was_saved():
    notebook = nbformat.read(FOLDER / "roc.ipynb", as_version=4)
    assert pages.lives_by_itself(notebook)
    notebook.cells[-1].source += "  # changed"
    assert not pages.lives_by_itself(notebook)
