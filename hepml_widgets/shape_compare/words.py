"""What the doctor of weights said, in the language of a view: `hepml.stats` speaks English."""

import re

from hepml_widgets.core.language import ENGLISH, current, tr

THIN = "\N{NARROW NO-BREAK SPACE}"  # a number and its sign stay together


def retold(said):
    """Say a reason again: its text in the language, its names as they are."""
    if current() == ENGLISH:
        return str(said)
    if isinstance(said, tuple):
        return tr(" and ").join(map(retold, said))
    if not hasattr(said, "values"):
        return re.sub(r"(?<=\d) (?=%$)", THIN, said)
    return tr(said.text, **{name: retold(value) for name, value in said.values.items()})
