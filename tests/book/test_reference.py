"""The reference: everything public, each thing once, as its docstring says it."""

import inspect
import re

import build
import pytest
import traitlets
from bs4 import BeautifulSoup

import hepml_widgets
from hepml import data, stats
from hepml_widgets import style
from hepml_widgets.core.base import View

PAGES = {
    "hepml_widgets": (hepml_widgets, "widgets"),
    "hepml_widgets.style": (style, "widgets"),
    "hepml.stats": (stats, "stats"),
    "hepml.stats.events": (stats.events, "stats"),
    "hepml.data": (data, "data"),
}
NAMES = [(package, name) for package, (module, _) in PAGES.items() for name in module.__all__]
NAMES.remove(("hepml_widgets", "style"))
VIEWS = [n for n in hepml_widgets.__all__ if inspect.isclass(getattr(hepml_widgets, n))]
every_view = pytest.mark.parametrize("name", VIEWS)


@pytest.fixture(scope="session")
def reference(book):
    kinds = {kind for _, kind in PAGES.values()}
    return {k: BeautifulSoup(book.text(f"book/reference-{k}.html"), "html.parser") for k in kinds}


def entry(reference, package, name):
    return reference[PAGES[package][1]].find("dt", id=f"{package}.{name}")


def described(reference, package, name):
    """Names that stand under a heading of an entry, each with what is said of it."""
    lists = entry(reference, package, name).find_next_sibling("dd").find_all("dl", recursive=False)
    (fields,) = [one for one in lists if "field-list" in one.get("class", ())]
    found = {}
    for heading in fields.find_all("dt", recursive=False):
        body = heading.find_next_sibling("dd")
        words = {one.get_text(): one.find_parent(["li", "p"]).get_text() for one in body("strong")}
        found[heading.get_text().strip(":")] = words
    return found


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_every_public_name_is_described(reference, package, name):
    text = entry(reference, package, name).find_next_sibling("dd").find("p", recursive=False)
    assert len(text.get_text().split()) >= 3


def made_by(thing):
    """Give the function whose parameters a user gives; None for results and constants."""
    thing = thing.__init__ if inspect.isclass(thing) and issubclass(thing, View) else thing
    return thing if inspect.isfunction(thing) and inspect.signature(thing).parameters else None


CALLED = [one for one in NAMES if made_by(getattr(PAGES[one[0]][0], one[1]))]


@pytest.mark.parametrize(("package", "name"), CALLED)
def test_every_parameter_is_described(reference, package, name):
    function = made_by(getattr(PAGES[package][0], name))
    words = described(reference, package, name)["Parameters"]
    known = {part for key in words for part in key.lstrip("*").split(", ")}
    assert known == {*inspect.signature(function).parameters} - {"self"}


@every_view
def test_traits_are_told_from_other_attributes(reference, name):
    cls, found = getattr(hepml_widgets, name), described(reference, "hepml_widgets", name)
    shared = {*View.class_trait_names(), "live"}
    own = {one for one in cls.class_trait_names() if one not in shared and one[0] != "_"}
    assert own == {part for key in found["Traits"] for part in key.split(", ")}
    for key, words in found["Traits"].items():
        assert len(words.removeprefix(key).split(" – ", 1)[1]) > 15, key
    assert not own & set(found.get("Attributes", ()))


@every_view
def test_what_all_views_have_is_described_once(reference, name):
    page = reference["widgets"]
    for method in ("figure", "to_html", "picture", "to_fragment", "describe"):
        assert page.find("dt", id=f"hepml_widgets.core.base.View.{method}")
        assert not page.find("dt", id=f"hepml_widgets.{name}.{method}")
    signature = page.find("dt", id=f"hepml_widgets.{name}").get_text()
    assert "kwargs" not in signature


def test_no_trait_is_without_words():
    for name in VIEWS:
        for key, trait in getattr(hepml_widgets, name).class_own_traits(sync=True).items():
            assert trait.help or key == "live" or key[0] == "_", (name, key)


def test_what_is_named_in_single_quotes_is_a_link(reference):
    loose = {
        (kind, code.get_text())
        for kind, page in reference.items()
        for code in page.select("code.py-obj")
        if code.find_parent("a") is None
    }
    assert loose == set()


def test_every_gallery_link_leads_to_an_entry(book, reference):
    linked = re.findall(r'href="reference-(\w+)\.html#([^"]+)"', book.text("book/gallery.html"))
    assert len(linked) >= len(VIEWS) + 1
    for kind, target in linked:
        assert reference[kind].find(id=target), target


# ---------------------------------------------------------------- how it is made


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.syspath_prepend(build.BOOK / "extensions")
    import reference

    return reference


class Toy(traitlets.HasTraits):
    """Short.

    Attributes
    ----------
    one, two : float
        Both
        are traits.
    result
        None.

    Notes
    -----
    A - B
    """

    one = traitlets.Float()
    two = traitlets.Float()


def test_sections_keep_every_line(extension):
    text = inspect.cleandoc(Toy.__doc__)
    parts = extension.sections(text)
    assert list(parts) == ["", "Attributes", "Notes"]
    assert [names for names, _ in extension.entries(parts["Attributes"])] == [
        ["one", "two"],
        ["result"],
    ]
    assert extension.explained(Toy) == {"one", "two", "result"}


def test_traits_get_a_section_of_their_own(extension):
    text = extension.with_traits(Toy, inspect.cleandoc(Toy.__doc__))
    assert re.findall(r"(\w+)\n-+\n(\w+)", text) == [
        ("Traits", "one"),
        ("Attributes", "result"),
        ("Notes", "A"),
    ]
    before, after = Toy.__doc__, text
    assert sorted(after.split()) == sorted([*before.split(), "Traits", "------"])


def test_words_about_a_constant_are_found_where_they_stand(extension):
    assert "distortion" in " ".join(extension.comment("hepml.data.DISTORTIONS"))
    assert extension.comment("hepml.data.NOTHING") == []
