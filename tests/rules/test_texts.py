"""What widgets and checks say goes through the catalogue, and no translation is missing or old."""

import re

import pytest

from hepml_lessons import texts

# What is shown of a literal: names of controls and frames, words beside them, remarks in frames.
SHOWN = re.compile(
    r"""(?:"aria-label":|\b(?:label|title|caption|text|excuse):|\bquiet\(|\bnote\(|\bstage\(el,"""
    r"""|\bremark\(panel,|\bvector\("title",\s\{\},)\s*(["`](?:\\.|[^"`\\])*["`])"""
)
SYMBOLS = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}|\b(?:AUC|Z)\b")
CODES = sorted(path.stem for path in texts.CATALOGUES["widgets"][1].glob("*.json"))


def scripts(root):
    found = sorted((root / "hepml_widgets").glob("*/*.js"))
    return [path for path in found if path.parent.name != "dist"]


def untold(source):
    """Words of a script that are shown and do not go through the catalogue."""
    shown = SHOWN.findall(source)
    return [text for text in shown if re.search("[A-Za-z]{2}", SYMBOLS.sub("", text))]


def test_pattern_finds_what_it_forbids():
    assert untold('button({ "aria-label": "two words" })') == ['"two words"']
    assert untold("quiet(`so many ${n.map((one) => one)}`)") != []
    assert untold('stage(el, "Bump hunter")') != []
    assert untold('vector("title", {}, `adds ${n}`)') != []
    assert untold('x = { title: tr("threshold"), text: `${name} AUC ${auc}`, label }') == []


def test_scripts_show_no_words_beside_the_catalogue(root):
    found = {path.name: untold(path.read_text(encoding="utf-8")) for path in scripts(root)}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("code", CODES)
def test_every_text_of_the_widgets_is_translated(code):
    """Each has a translation with the same placeholders, and none is left from what was said."""
    folders, files = texts.CATALOGUES["widgets"]
    said = texts.texts_in(*folders)
    assert len(said) > 400
    assert texts.faults(said, texts.read(files / f"{code}.json")) == []


@pytest.mark.parametrize("code", CODES)
def test_translations_of_checks_are_of_what_they_say(code):
    """They may be missing, which shows as English."""
    folders, files = texts.CATALOGUES["checks"]
    found = texts.faults(texts.texts_in(*folders), texts.read(files / f"{code}.json"))
    assert [fault for fault in found if not fault.startswith("not translated")] == []


def ends(text):
    return text.startswith((" ", ",")), text.endswith(".")


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("catalogue", texts.CATALOGUES)
def test_ends_of_texts_stay(catalogue, code):
    """A text that begins or ends with a space, a comma or a full stop does so in any language."""
    translated = texts.read(texts.CATALOGUES[catalogue][1] / f"{code}.json")
    moved = [
        text
        for text, said in translated.items()
        if text and said and text[0] != ":" and ends(text) != ends(said)
    ]
    assert moved == []


def test_what_is_to_do_is_told(capsys, tmp_path, monkeypatch):
    folder = tmp_path / "languages"
    folder.mkdir()
    (tmp_path / "one.js").write_text('tr("{n} events"); later("a \\"b\\"");', encoding="utf-8")
    code = 'tr("left " "over", n=1)\nname_or("mass", x)'
    (tmp_path / "two.py").write_text(code, encoding="utf-8")
    old = '{"": "Deutsch", "{n} events": "{m} Ereignisse", "old": "alt"}'
    (folder / "de.json").write_text(old, encoding="utf-8")
    monkeypatch.setattr(texts, "CATALOGUES", {"widgets": ((tmp_path,), folder)})
    assert texts.texts_in(tmp_path) == ["{n} events", 'a "b"', "left over", "mass"]
    assert texts.main([]) == 1
    said = capsys.readouterr().out
    assert "widgets: 4 texts" in said
    assert "de: 5 to do" in said
    assert "other placeholders: {n} events" in said
    assert "no longer said: old" in said
    assert texts.main(["--write"]) == 1
    assert "dropped 'old': 'alt'" in capsys.readouterr().out
    assert list(texts.read(folder / "de.json")) == ["", "{n} events", 'a "b"', "left over", "mass"]
