"""Curves of trainings that are over: written to a file, read from one, taken from a history."""

from __future__ import annotations

import importlib.metadata
import json
import math
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hepml.files import write_text
from hepml_widgets.core.histories import flat_history, sets_of
from hepml_widgets.core.numbers import as_name
from hepml_widgets.core.validate import as_target
from hepml_widgets.training_monitor.recorder import SETS, measured, spelled

if TYPE_CHECKING:
    import os
    from typing import Any, Self

__all__ = ["Recordings"]

FORMAT = "hepml training history 1"
LIBRARIES = {
    "keras": "keras",
    "tensorflow": "tensorflow",
    "torch": "torch",
    "jax": "jax",
    "sklearn": "scikit-learn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
}


class Recordings:
    """How a monitor becomes a file, and how it is made of one, of a history, and of a pickle."""

    def record(self, path: str | os.PathLike[str], recorded: str | None = None) -> Path:
        """Write the curves as JSON, to be shown again by `replay`.

        Parameters
        ----------
        path : str or os.PathLike
            File to write.
        recorded : str, optional
            What was run: date, command, seed, versions. Default: date and versions.

        Returns
        -------
        pathlib.Path
            The file written.
        """
        content = {
            "format": FORMAT,
            "recorded": recorded or self._recorded or _provenance(),
            "unit": self._unit,
            "seconds": round(self._recorder.elapsed, 3),
            **self._known(),
            "curves": {n: [_exact(v) for v in c] for n, c in self._recorder.columns.items()},
        }
        return write_text(as_target(path), json.dumps(content, allow_nan=False) + "\n")

    @classmethod
    def replay(cls, path: str | os.PathLike[str], **options: Any) -> Self:
        """Monitor of a training recorded by `record`.

        Parameters
        ----------
        path : str or os.PathLike
            File to read.
        **options
            As for `TrainingMonitor`.

        Returns
        -------
        TrainingMonitor

        Raises
        ------
        ValueError
            If the file holds something else.
        """
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f"{path} is no training recorded by TrainingMonitor.record")
        curves = {
            n: [None if v is None else float(v) for v in c] for n, c in content["curves"].items()
        }
        known = {name: content[name] for name in ("mean", "told", "sets") if content.get(name)}
        return cls(**options)._recall(curves, str(content["recorded"]), content["unit"], known)  # noqa: SLF001

    @classmethod
    def from_history(
        cls,
        history: Any,
        recorded: str | None = None,
        *,
        unit: str = "epoch",
        training: str | None = None,
        **options: Any,
    ) -> Self:
        """Monitor of a training that is over.

        Parameters
        ----------
        history : dict, or object with ``.history``
            Lists by curve name; Keras's ``History``; the evaluation results of xgboost or
            lightgbm. A curve measured every k-th epoch may be shorter than the others.
        recorded : str, optional
            Says where it comes from: date, command, versions. It is shown with the curves.
        unit : {"epoch", "round"}
            What the axis counts.
        training : str, optional
            Which evaluation set is training, where its name does not tell (``"validation_0"``);
            without it each of several such sets is drawn under its own name.
        **options
            As for `TrainingMonitor`.

        Returns
        -------
        TrainingMonitor

        Raises
        ------
        ValueError
            If the lengths of the curves do not fit each other.
        """
        curves = _aligned(flat_history(history, training))
        known = {"sets": sets_of(history, training)}
        return cls(**options)._recall(curves, recorded or "recorded", unit, known)  # noqa: SLF001

    def _known(self):
        """Return what is known of the curves beyond their values."""
        recorder = self._recorder
        sets = {lead: text for lead, text in recorder.sets.items() if lead not in SETS}
        known = {"mean": self.mean, "told": recorder.told, "sets": sets}
        return {name: value for name, value in known.items() if value}

    def _recall(self, columns, recorded, unit, known):
        self._recorder.learn(known.get("told", {}), known.get("sets"))
        self._recorder.restore(columns)
        self.mean = known.get("mean")
        self._unit = unit
        self._recorded = as_name(recorded)
        self._sent = -1
        self._tell("recorded")
        return self

    def __copy__(self):
        """Return this monitor: a view is one."""
        return self

    def __deepcopy__(self, memo):
        """Return this monitor: what `sklearn.base.clone` makes reports here too."""
        return self

    def __reduce__(self):
        """Pickle settings and curves; buttons, threads and the function to run stay here."""
        curves = {name: list(column) for name, column in self._recorder.columns.items()}
        given = self._options | {"events": self.events}
        said = self._recorded or _provenance()
        kind = type(self)
        while kind.__base__.__name__ == kind.__name__:  # traitlets makes a class for each instance
            kind = kind.__base__
        return _revived, (kind, given, (curves, said, self._unit, self._known()))


def _revived(kind, options, recorded):
    """Monitor of its own with the curves of one that was pickled."""
    monitor = kind(**options)
    return monitor._recall(*recorded) if recorded[0] else monitor  # noqa: SLF001


def _exact(value):
    finite = value is None or math.isfinite(value)
    return value if finite else spelled(value)


def _aligned(curves):
    """Columns of one length: a curve measured every k-th epoch gets None between."""
    length = max(map(len, curves.values()))
    return {name: _stretched(name, values, length) for name, values in curves.items()}


def _stretched(name, values, length):
    stride = length // max(len(values), 1)
    if not values or length // stride != len(values):
        raise ValueError(
            f"{name} has {len(values)} values where the longest curve has {length}"
            if length
            else f"{name} has no values: wanted one or more, one per epoch"
        )
    column = [None] * length
    column[stride - 1 : stride * len(values) : stride] = [measured(name, v) for v in values]
    return column


def _provenance():
    """Date and the versions of the libraries in use."""
    used = {name for name in LIBRARIES if name in sys.modules}
    found = [f"{LIBRARIES[n]} {v}" for n in sorted(used) if (v := _version(LIBRARIES[n]))]
    return ", ".join(
        [f"{datetime.now(UTC):%Y-%m-%d}", f"Python {platform.python_version()}", *found]
    )


def _version(distribution):
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return getattr(sys.modules.get(distribution), "__version__", None)
