"""Which Chromium is started, and how."""

import os
import shutil
from pathlib import Path

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium(playwright):
    """Path of the first Chromium at hand: $HEPML_CHROMIUM, Playwright's own, the system's."""
    own = playwright.chromium.executable_path
    system = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    candidates = (os.environ.get("HEPML_CHROMIUM"), own, *system)
    return next((path for path in candidates if path and Path(path).exists()), None)
