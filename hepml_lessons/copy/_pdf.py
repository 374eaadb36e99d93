"""A lesson on paper: printed by a browser that is on the machine."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hepml_lessons._cells import text_of
from hepml_lessons.copy._html import code, document, prose, shown

__all__ = ["PdfError", "page", "printed"]

PAPER = """
@page { size: A4; margin: 18mm 16mm }
figure, img, table, details, .hepml { break-inside: avoid }
pre.code { break-inside: auto }
table { font-size: .75em }
td, th { overflow-wrap: anywhere; padding: .15em .3em }
p, li { orphans: 3; widows: 3 }
"""
NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "microsoft-edge", "msedge", "brave-browser",
)  # fmt: skip
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
LONGEST = 180  # s, of printing
NONE = "a PDF needs Chrome, Chromium or Edge; HEPML_CHROMIUM names one that is elsewhere"


class PdfError(Exception):
    """Nothing can be printed; the sentence says why."""


def page(lesson):
    """Return a lesson as a page for paper: with what it shows, without what is folded.

    Parameters
    ----------
    lesson : dict
        Executed, as JSON has it.

    Returns
    -------
    str
    """
    parts = []
    for cell in lesson["cells"]:
        if cell["cell_type"] == "markdown":
            parts.append(prose(text_of(cell)))
        else:
            parts += [code(cell), *(found for found, _ in shown(cell))]
    return document(lesson, "\n".join(parts), PAPER)


def printed(text):
    """Print a page.

    Parameters
    ----------
    text : str
        HTML that needs nothing else.

    Returns
    -------
    bytes
        A PDF.

    Raises
    ------
    PdfError
        If there is no browser, or it does not print.
    """
    with tempfile.TemporaryDirectory(prefix="hepml-", ignore_cleanup_errors=True) as folder:
        source, made = Path(folder, "page.html"), Path(folder, "page.pdf")
        source.write_text(text, encoding="utf-8")
        command = [_browser(), *_flags(folder), f"--print-to-pdf={made}", source.as_uri()]
        try:
            done = subprocess.run(  # noqa: S603 - a browser of this machine
                command, capture_output=True, text=True, timeout=LONGEST, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PdfError(f"{command[0]} did not print: {type(error).__name__}") from None
        if not made.exists():
            told = done.stderr.strip().splitlines() or ["it says nothing"]
            raise PdfError(f"{command[0]} did not print: {told[-1]}")
        return made.read_bytes()


def _browser():
    named = [os.environ.get("HEPML_CHROMIUM"), *map(shutil.which, NAMES), *ELSEWHERE]
    found = next((path for path in named if path and Path(path).exists()), None)
    if found is None:
        raise PdfError(NONE)
    return found


def _flags(folder):
    """Without a window, with a profile of its own; root has no sandbox."""
    flags = ["--headless", "--disable-gpu", "--no-pdf-header-footer", "--virtual-time-budget=15000"]
    flags += [f"--user-data-dir={Path(folder, 'profile')}", "--disable-background-networking"]
    is_root = sys.platform == "linux" and os.geteuid() == 0
    return flags + ["--no-sandbox"] * is_root
