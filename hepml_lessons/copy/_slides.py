"""Slides of a lesson's core path, as one file that needs no network.

A section becomes a column of slides: what it begins with, its lists, tables and formulas, each
short piece of code with what it prints, and each figure by itself, alive. The rest of the prose
is in the speaker's notes (key S).
"""

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path

from hepml_lessons import pace
from hepml_lessons._cells import tags_of, text_of
from hepml_lessons.copy._html import code, document, prose, shown

__all__ = ["SlidesError", "slides"]

HEADING = re.compile(r"^(#{1,4}) +(.+)$")
LINES = 24  # of code on a slide
SPOKEN = 45  # words of a paragraph that stands on a slide; what is longer is told
LOOK = """
.reveal { font-size: 26px }
.reveal .slides section { text-align: left }
.reveal h1, .reveal h2, .reveal h3 { text-transform: none; letter-spacing: 0; line-height: 1.15 }
.reveal h1 { font-size: 2em } .reveal h2 { font-size: 1.5em } .reveal h3 { font-size: 1.15em }
.reveal p, .reveal li { line-height: 1.35 }
.reveal pre { width: 100%; margin: .4em 0; box-shadow: none; font-size: 19px; max-height: 560px;
  overflow: auto }
.reveal pre.long { font-size: 15px }
.reveal img { width: 100%; max-height: 600px; object-fit: contain; margin: 0; border: 0 }
.reveal .running { color: #59636e; font-size: .7em; margin: 0 0 .6em }
.reveal table { font-size: .75em; margin: .3em 0 }
.reveal details > summary { cursor: pointer }
.reveal .hepml, .reveal .hepml-still { font-size: 15px; line-height: 1.4 }
.reveal .hepml :is(svg, img, canvas) { max-width: none; max-height: none; margin: 0 }
.reveal .minutes { color: #59636e; font-size: .75em }
"""
BODY = """<div class="reveal"><div class="slides">
{slides}
</div></div>
<script>{reveal}</script>
<script>{notes}</script>
<script>
const deck = new Reveal({{ hash: true, slideNumber: 'c/t', width: 1280, height: 720, margin: 0.03,
  transition: 'none', viewDistance: 1000, mobileViewDistance: 1000, plugins: [RevealNotes] }});
const fit = () => {{
  for (const view of deck.getCurrentSlide().querySelectorAll('.hepml')) {{
    view.style.zoom = 1;
    view.style.zoom = Math.min(1, 640 / view.offsetHeight);
  }}
}};
deck.on('slidechanged', fit);
deck.initialize().then(() => setTimeout(fit, 500));
</script>"""


class SlidesError(Exception):
    """No slides can be made; the sentence says why."""


@dataclass
class Slide:
    """Parts of one slide, in HTML, and what the speaker says beside it, in Markdown."""

    parts: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    @property
    def heads(self):
        """Whether a heading stands there, and nothing else but minutes."""
        bare = [part for part in self.parts if not part.startswith('<p class="minutes">')]
        return len(bare) == 1 and bare[0].startswith("<h")

    @property
    def room(self):
        """Lines of code for which there is room below what stands there."""
        words = len(re.sub(r"<[^>]+>", " ", "".join(self.parts)).split())
        return LINES - 3 * len(self.parts) - words // 8

    def __str__(self):
        told = prose("\n\n".join(self.notes))
        notes = f'<aside class="notes">{told}</aside>' if self.notes else ""
        return f"<section>{''.join(self.parts)}{notes}</section>"


def slides(lesson):
    """Make slides of a lesson's core path.

    Parameters
    ----------
    lesson : dict
        Executed, as JSON has it.

    Returns
    -------
    str
        A page.

    Raises
    ------
    SlidesError
        If reveal.js is not installed.
    """
    columns = [[Slide()]]
    for cell in lesson["cells"]:
        if cell["cell_type"] == "markdown":
            if not _take_prose(columns, text_of(cell)):
                break
        elif "check" not in tags_of(cell):
            _take_code(columns[-1], cell)
    body = BODY.format(
        slides="\n".join(f"<section>{_column(column)}</section>" for column in columns),
        reveal=_asset("dist/reveal.js"),
        notes=_asset("plugin/notes/notes.js"),
    )
    return document(lesson, body, "".join([_asset("dist/reveal.css"), _theme(), LOOK]))


def _column(column):
    """HTML of a section's slides; what would be said beside an empty one is said before it."""
    kept, title = [], ""
    for one in column:
        if not one.parts:
            kept[-1].notes += one.notes
            continue
        title = _heading(one) or title
        if title and not _heading(one):
            one.parts.insert(0, f'<p class="running">{title}</p>')
        kept.append(one)
    return "".join(map(str, kept))


def _heading(slide):
    """Title that a slide begins with, or an empty text."""
    found = re.match(r"<h[1-4]>(.*?)</h", slide.parts[0])
    return found[1] if found else ""


def _take_prose(columns, text):
    """Put a Markdown cell on slides; return whether the core path goes on after it."""
    for block in _blocks(text):
        found = HEADING.match(block)
        if found and found[2] == pace.DEEPER:
            return False
        if found and len(found[1]) == 2:
            columns.append([Slide()])
        elif found and len(found[1]) > 2:
            columns[-1].append(Slide())
        _place(columns[-1], block, is_head=len(columns) == 1)
    return True


def _blocks(text):
    """Yield paragraphs, lists and fenced or HTML blocks; a quiz is one of them."""
    for part in re.split(r'(<div class="quiz">.*?</div>)', text, flags=re.DOTALL):
        if part.startswith('<div class="quiz">'):
            yield part
        else:
            yield from (block.strip("\n") for block in re.split(r"\n{2,}", part) if block.strip())


def _place(column, block, *, is_head):
    if block.startswith('<div class="quiz">'):
        column.append(Slide([prose(block)]))
    elif re.fullmatch(r"\*\d+ minutes?\*", block):
        column[-1].parts.append(f'<p class="minutes">{block.strip("*")}</p>')
    elif _is_for_slides(block) and not (is_head and "mybinder.org" in block):
        column[-1].parts.append(prose(block))
    else:
        column[-1].notes.append(block)
        if column[-1].heads:
            column[-1].parts.append(prose(_beginning(block)))


def _beginning(block):
    """First sentences of a paragraph, as many as a slide has room for."""
    sentences = re.split(r"(?<=[.?!:])\s+(?=[A-Z*`$])", block)
    lengths = accumulate(len(sentence.split()) for sentence in sentences)
    return " ".join(s for s, words in zip(sentences, lengths, strict=True) if words <= SPOKEN)


def _is_for_slides(block):
    """Whether a block is short, or is looked at: a heading, a list, a table, a formula."""
    is_looked_at = re.match(r"#|[-*] |\d+\. |\||\$\$|:::|<", block)
    return bool(is_looked_at) or len(block.split()) <= SPOKEN


def _take_code(column, cell):
    """Put code and what it printed below what introduces them, and each figure on a slide."""
    printed = [found for found, is_figure in shown(cell) if not is_figure]
    figures = [found for found, is_figure in shown(cell) if is_figure]
    told = [part for part in (code(cell), *printed) if part]
    if told and column[-1].room < sum(part.count("\n") + 2 for part in told):
        column.append(Slide())
    column[-1].parts += told
    column.extend(Slide([figure]) for figure in figures)
    if told or figures:
        column.append(Slide())  # what is said next stands by itself


def _theme():
    """reveal.js's plain theme; its fonts are those of the reader's system."""
    return re.sub(r"@import url\([^)]*\);", "", _asset("dist/theme/simple.css"))


def _asset(name):
    package = find_spec("sphinx_revealjs")
    if package is None:
        raise SlidesError("slides need reveal.js: pip install sphinx-revealjs, or make install")
    folder = Path(package.origin).parent / "_static" / "revealjs"
    return (folder / name).read_text(encoding="utf-8").replace("</script", "<\\/script")
