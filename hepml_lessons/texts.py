"""What there is to translate: the texts of widgets and checks, and which languages lack some.

``python -m hepml_lessons.texts`` lists what is missing or no longer said; with ``--write`` the
files are brought up to date: what is missing gets an empty translation, which shows as English,
and translations of what is no longer said are dropped, and told.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from pathlib import Path

from hepml_widgets.core.language import PLACE

ROOT = Path(__file__).resolve().parents[1]
STATS = ROOT / "hepml" / "stats"  # what its doctor says, views show
CATALOGUES = {
    "widgets": ((ROOT / "hepml_widgets", STATS), ROOT / "hepml_widgets" / "languages"),
    "checks": ((ROOT / "hepml_lessons" / "checks",), ROOT / "hepml_lessons" / "languages"),
}
SAYING = {"tr", "later", "name_or", "said"}
IN_SCRIPT = re.compile(r'\b(?:tr|later)\(\s*("(?:[^"\\]|\\.)*")')
SENTENCE = re.compile(r"(?:\S+ ){2,}.*[.?!]", re.DOTALL)


def texts_of_script(source: str) -> list[str]:
    """Find the texts that a script says, in their order."""
    return [json.loads(found) for found in IN_SCRIPT.findall(source)]


def texts_of_module(source: str) -> list[str]:
    """Find the texts that a module in Python says, in their order."""
    nodes = ast.walk(ast.parse(source))
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.args]
    said = [
        (call.lineno, call.col_offset, call.args[0].value)
        for call in calls
        if getattr(call.func, "id", None) in SAYING
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    ]
    return [text for _, _, text in sorted(said)]


def sentences_of_module(source: str) -> list[str]:
    """Find what a check says besides: whole sentences, which a `Verdict` says in any language."""
    tree = ast.parse(source)
    inside = (ast.JoinedStr, ast.Expr, ast.Raise)
    apart = {part for node in ast.walk(tree) if isinstance(node, inside) for part in ast.walk(node)}
    plain = {node for node in ast.walk(tree) if isinstance(node, ast.Constant)} - apart
    found = [
        (node.lineno, node.col_offset, node.value)
        for node in plain
        if SENTENCE.fullmatch(str(node.value))
    ]
    return [text for _, _, text in sorted(found)]


def texts_in(*folders: Path) -> list[str]:
    """Find the texts of all scripts and modules of some folders, each once.

    Parameters
    ----------
    *folders : pathlib.Path

    Returns
    -------
    list of str
    """
    found = []
    for path in (path for folder in folders for path in sorted(folder.rglob("*.*"))):
        if path.parent.name == "dist" or path.suffix not in (".js", ".py"):
            continue
        source = path.read_text(encoding="utf-8")
        found += texts_of_script(source) if path.suffix == ".js" else texts_of_module(source)
        if path.parent.name == "checks":
            found += sentences_of_module(source)
    return list(dict.fromkeys(text for text in found if text))


def faults(texts: list[str], translated: dict[str, str]) -> list[str]:
    """Say what a file of translations lacks, has too many, or says with other placeholders."""
    own = {text: said for text, said in translated.items() if text}
    lacking = [f"not translated: {text}" for text in texts if not own.get(text)]
    stale = [f"no longer said: {text}" for text in own if text not in texts]
    odd = [
        f"other placeholders: {text}"
        for text, said in own.items()
        if said and sorted(PLACE.findall(text)) != sorted(PLACE.findall(said))
    ]
    return lacking + stale + odd


def brought_up_to_date(texts: list[str], translated: dict[str, str]) -> dict[str, str]:
    """Give every text a translation, empty where there is none, in the order of the sources."""
    return {"": translated.get("", "")} | {text: translated.get(text, "") for text in texts}


def read(file: Path) -> dict[str, str]:
    """Read a file of translations; its empty text is the language's own name."""
    return json.loads(file.read_text(encoding="utf-8"))


def tell(*lines):
    sys.stdout.writelines(f"{line}\n" for line in lines)


def main(arguments: list[str] | None = None) -> int:
    """List what is to be translated.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line if not given.

    Returns
    -------
    int
        1 if texts of widgets are at fault, else 0: checks may be untranslated.
    """
    parser = argparse.ArgumentParser(prog="python -m hepml_lessons.texts", description=__doc__)
    parser.add_argument("--write", action="store_true", help="bring the files up to date")
    write = parser.parse_args(arguments).write
    wrong = 0
    for name, (folders, files) in CATALOGUES.items():
        texts = texts_in(*folders)
        tell(f"{name}: {len(texts)} texts")
        for file in sorted(files.glob("*.json")):
            translated = read(file)
            if write:
                dropped = {text for text, said in translated.items() if text and said} - {*texts}
                tell(
                    *(f"  {file.stem}: dropped {text!r}: {translated[text]!r}" for text in dropped)
                )
                translated = brought_up_to_date(texts, translated)
                content = json.dumps(translated, ensure_ascii=False, indent=1)
                file.write_text(f"{content}\n", encoding="utf-8")
            found = faults(texts, translated)
            tell(f"  {file.stem}: {len(found)} to do", *(f"    {one}" for one in found))
            wrong += name == "widgets" and bool(found)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
