"""The book, built once into a folder of its own, over http and as files."""

import functools
import http.server
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Print nothing: the tests look at what the browser saw."""


@dataclass(frozen=True)
class Book:
    """Where the pages are: a folder, and the two addresses under which a browser opens them."""

    folder: Path
    addresses: dict

    @property
    def pages(self):
        """Names of all pages: neither the redirect to the first, nor what the theme keeps."""
        names = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.html"))
        return sorted(name for name in names if name != "index.html" and name[0] != "_")

    @property
    def lessons(self):
        """Names of the pages that are notebooks."""
        return [name for name in self.pages if name.startswith("notebooks/")]

    def text(self, name):
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    import build

    output = tmp_path_factory.mktemp("book")
    assert build.build_book(output=output) == 0, "the book has warnings"
    folder = output / "_build" / "html"
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        yield Book(folder, {"http": address, "file": folder.as_uri()})
        server.shutdown()
