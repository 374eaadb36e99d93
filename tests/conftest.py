"""What every test may ask for: a real browser, real data, a seeded generator."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.support import groups
from tests.support.chromium import CHROMIUM_FLAGS, find_chromium

# A job in the background ignores Ctrl-C, and what it starts would ignore it as well.
signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.pop("HEPML_LANGUAGE", None)  # of whoever runs the tests

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config, log):
    return groups.scheduler(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        groups.longest_first(items)


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            pytest.skip("no Chromium found: 'make test' installs one, or set HEPML_CHROMIUM")
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """Open a page, 1280 px wide, that fails the test on any uncaught script error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.script_errors = []
    page.on("pageerror", lambda error: page.script_errors.append(str(error)))
    yield page
    context.close()
    assert page.script_errors == []


@pytest.fixture(scope="session")
def real_data():
    """Folder of data that may not be redistributed; tests skip visibly without it."""
    folder = Path(os.environ.get("HEPML_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data: set HEPML_REAL_DATA to its folder")
    return folder


@pytest.fixture
def rng():
    return np.random.default_rng(20240917)
