"""How much JavaScript the nine widgets are, as written and as pages get it.

python -m benchmarks.scripts
"""

import gzip

from benchmarks.timing import record, table
from hepml_widgets.core import scripts

INTRODUCTION = """## JavaScript of the widgets

Counted by `python -m benchmarks.scripts`: bytes of all nine widgets, what they share once, as the
repository has it and as pages get it (no comments, no needless space, short names; a page gets
only those of the shared declarations that its widget needs). 60 kB in pages were wanted."""


def row(name, texts):
    """One row of the table, in kB: as written, in pages, in pages compressed."""
    parts = [text.encode() for text in texts]
    counts = *map(len, parts), len(gzip.compress(parts[1], mtime=0))
    return [name, *(f"{count / 1e3:.1f}" for count in counts)]


def main():
    names = scripts.modules()
    texts = [
        ((scripts.STATIC / f"{name}.js").read_text(), scripts.own_part(name)) for name in names
    ]
    rows = [row(f"`{name}.js`", pair) for name, pair in zip(names, texts, strict=True)]
    rows.append(row("together", ["".join(column) for column in zip(*texts, strict=True)]))
    header = ["script", "written [kB]", "in pages [kB]", "compressed [kB]"]
    record("scripts", f"{INTRODUCTION}\n\n{table(header, rows)}\n")


if __name__ == "__main__":
    main()
