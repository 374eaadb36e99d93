"""The pages one reads on the way in lead somewhere."""

import re

import pytest

PAGES = ("README.md", "CONTRIBUTING.md")


def targets(text):
    """Return what a page links to in this repository."""
    found = re.findall(r"\]\(([^)#\s]+)", text)
    return [target for target in found if "://" not in target]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page, root):
    text = (root / page).read_text(encoding="utf-8")
    assert [target for target in targets(text) if not (root / target).is_file()] == []


def test_pictures_have_words(root):
    assert re.findall(r"!\[\s*\]", (root / "README.md").read_text(encoding="utf-8")) == []


def test_readme_names_commands_that_exist(root):
    text = "".join((root / page).read_text(encoding="utf-8") for page in PAGES)
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    commands = {*re.search(r"^COMMANDS = (.*)$", makefile, re.MULTILINE)[1].split(), "clean"}
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert named
    assert named <= commands
