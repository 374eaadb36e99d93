"""Results that cannot be repeated in class, with the command and date of their making."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["recording"]

_FOLDER = Path(__file__).with_name("recorded")


def recording(name: str) -> dict[str, Any]:
    """Return the recorded result of a lesson.

    Parameters
    ----------
    name : str
        Name of the lesson, such as ``"boosted-trees"``.

    Returns
    -------
    dict
        The result, with ``"command"``, ``"versions"`` and the date ``"recorded"``.

    Raises
    ------
    KeyError
        If nothing was recorded under that name.
    """
    names = sorted(path.stem for path in _FOLDER.glob("*.json"))
    if name not in names:
        raise KeyError(f"nothing was recorded as {name!r}; there is: {', '.join(names)}")
    return json.loads((_FOLDER / f"{name}.json").read_text())
