"""The browser's half: hand-written, small, and asking nobody for anything."""

import re

import pytest

# The names of SVG and its kin are addresses in form only.
ADDRESS = re.compile(r"(?:https?:)?//(?!www\.w3\.org/)[\w-]+(?:\.[\w-]+)+/?")
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'](?!\./|\.\./)([^"']+)["']|@import""")


@pytest.fixture(scope="module")
def scripts(root):
    found = sorted((root / "hepml_widgets").rglob("*.js"))
    assert found
    return found


def test_patterns_find_what_they_forbid():
    assert ADDRESS.search('fetch("https://' + 'cdn.example.org/d3.js")')
    assert not ADDRESS.search('createElementNS("http://www.w3.org/2000/svg", "g")')
    assert IMPORT.search('import * as d3 from "d3";')
    assert not IMPORT.search('import { axis } from "./plot.js";')


def test_no_third_party_module(scripts, root):
    styles = sorted((root / "hepml_widgets").rglob("*.css"))
    bad = [(path.name, IMPORT.findall(path.read_text())) for path in [*scripts, *styles]]
    assert [found for found in bad if found[1]] == []


def test_no_address(scripts, root):
    styles = sorted((root / "hepml_widgets").rglob("*.css"))
    bad = [(path.name, ADDRESS.findall(path.read_text())) for path in [*scripts, *styles]]
    assert [found for found in bad if found[1]] == []
