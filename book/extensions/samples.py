"""What pages state about samples, written into them when the book is built.

``{cards}`` shows the card of each bundled sample, or with the argument ``published`` of each
published set; ``{results} formats`` is that section of ``benchmarks/RESULTS.md``;
``{plan} higgs_tautau`` tables what many events cost, from the measured rates.
"""

import json
from abc import ABC, abstractmethod
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from hepml import data
from hepml.data import published

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
RATES = ROOT / "benchmarks" / "generation.json"


EVENTS = 10**6, 10**7, 10**8
CORES = 16, 100, 1000


def plan_table(name, measured):
    """Markdown table of what generating costs: CPU, wall time on some cores, disk, traffic.

    Parameters
    ----------
    name : str
        Of the recipe.
    measured : dict
        As ``benchmarks/generation.json`` holds it.

    Returns
    -------
    str
    """
    figures = measured["recipes"][name]
    rate = figures["average_events_per_cpu_second"]
    assembly = measured["assembly_cpu_seconds_per_event"]
    head = ["", *(f"{n // 10**6} million" for n in EVENTS)]
    rows = [
        ["CPU-hours of the workers", *(amount(n / rate / 3600) for n in EVENTS)],
        *([f"hours on {c} cores", *(amount(n / rate / 3600 / c) for n in EVENTS)] for c in CORES),
        ["hours of one core, at the end", *(amount(n * assembly / 3600) for n in EVENTS)],
        ["GB of chunks on the way", *(gigabytes(n, figures, "chunk_bytes") for n in EVENTS)],
        ["GB of the sample", *(gigabytes(n, figures, "bytes") for n in EVENTS)],
        ["files", *(str(max(1, n // measured["shard_events"])) for n in EVENTS)],
    ]
    lines = [head, ["---"] + ["---:"] * len(EVENTS), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def amount(value):
    """Two digits are all that a measured rate is good for."""
    return f"{float(f'{value:.2g}'):,g}" if value >= 0.01 else "under 0.01"


def gigabytes(events, figures, kind):
    return amount(events * figures[f"{kind}_per_event"] / 1e9)


class Written(SphinxDirective, ABC):
    """A directive whose content is Markdown that `text` computes."""

    @abstractmethod
    def text(self):
        """Markdown to put in place."""

    def run(self):
        """Parse what `text` gives."""
        place = nodes.section()
        place.document = self.state.document
        lines = StringList(self.text().splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, self.content_offset, place, match_titles=True)
        for section in self.state.document.findall(nodes.section):  # its headings are among them
            section["support_smartquotes"] = False  # W' is not a quotation
        return place.children


class Cards(Written):
    optional_arguments = 1

    def text(self):
        """One heading and card for each sample or set."""
        shop = published if self.arguments == ["published"] else data
        cards = [f"## `{name}`\n\n{shop.card(name)._repr_markdown_()}" for name in shop.names()]
        return "\n\n".join(cards)


class Results(Written):
    required_arguments = 1

    def text(self):
        """Give the section without its heading."""
        page, name = RESULTS.read_text(encoding="utf-8"), self.arguments[0]
        section = page.split(f"<!-- begin {name} -->")[1].split(f"<!-- end {name} -->")[0]
        return section.strip().partition("\n")[2]


class Plan(Written):
    required_arguments = 1

    def text(self):
        """CPU-hours and GB for the numbers of events that people ask for."""
        return plan_table(self.arguments[0], json.loads(RATES.read_text(encoding="utf-8")))


def setup(app):
    app.add_directive("cards", Cards)
    app.add_directive("results", Results)
    app.add_directive("plan", Plan)
    return {"parallel_read_safe": True}
