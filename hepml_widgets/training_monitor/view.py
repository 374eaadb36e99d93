"""Live curves of a training, with a Stop that is heard while it trains."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import traitlets
from IPython.display import display, update_display

from hepml_widgets.core.base import View
from hepml_widgets.core.language import later, spoken, tr
from hepml_widgets.core.numbers import as_name, isolated, shorten
from hepml_widgets.core.validate import as_number
from hepml_widgets.training_monitor import adapters
from hepml_widgets.training_monitor.control import BUSY, Control
from hepml_widgets.training_monitor.figure import Curve, Panel, draw, looks_of
from hepml_widgets.training_monitor.recorder import SETS, Recorder, cell
from hepml_widgets.training_monitor.recording import Recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["TrainingMonitor"]

INTERVAL = 0.2  # s; at most five updates per second
SHARE = 200  # an update that took t is followed by at least 200 t without one
TAIL = 16  # rounds sent on their own before the whole payload is sent again
INVITATION = later("train a model to see it here")
WAITING = {
    "epoch": later("the first epoch is under way"),
    "round": later("the first round is under way"),
}
NOTHING_DONE = {
    "epoch": later("no epoch was completed"),
    "round": later("no round was completed"),
}


class TrainingMonitor(adapters.KerasHooks, Control, Recordings, View):
    """Loss and metric of a training, live, with Start, Pause and Stop.

    The monitor is a Keras callback itself; `xgboost`, `lightgbm` and `fit` follow the other
    libraries; `begin`, `update` and `end` follow a loop of your own.

    Parameters
    ----------
    metrics : str or sequence of str, optional
        Curves of the lower panel, by the name of the training curve (``"auc"``); the first is
        shown, the others can be chosen. Default: all that is not the loss.
    baseline : float or dict of str to float, optional
        A value to beat, drawn as a line: ``0.87`` (of the metric, or of the loss if there is no
        metric) or ``{"auc": 0.87}``.
    watch : str, optional
        Curve that decides which epoch is best. Default: the validation loss (of several outputs,
        their sum), else another validation loss, else another validation curve, else the training
        loss. Of several evaluation sets without names that tell, the last one decides, as in
        xgboost.
    mode : {"auto", "min", "max"} or dict of str to these
        Whether small or large is best for ``watch``, or by curve: ``{"rejection": "max"}``. With
        ``"auto"`` the library says (LightGBM and the metrics of Keras do), else the name
        (``auc``, ``…_error``). Where neither tells, no epoch is called best.
    events : int, optional
        Training events per epoch; with it the speed is shown in events/s.

    Attributes
    ----------
    status : str
        ``"empty"``, ``"running"``, ``"paused"``, ``"stopping"``, ``"finished"``, ``"stopped"``,
        ``"interrupted"``, ``"failed"`` or ``"recorded"``. A trait: it can be observed.
    result, error
        What the function run by `start` returned or raised.
    mean : str or None
        How the loss is made of the losses L of events with weights w, where that is known; it
        stands on the axis. Keras gives Σw·L/N: training events of mean weight 3 beside validation
        events of mean weight 1 look three times worse, so give both the same mean. `fit`, xgboost
        and LightGBM give weighted means, Σw·L/Σw, which do not depend on it.

    Notes
    -----
    A copy by ``copy.deepcopy`` (as scikit-learn makes of parameters) is the monitor itself. A
    pickled one, in a saved model or in another process, comes back as a monitor of its own with
    the curves so far.

    Examples
    --------
    >>> monitor = TrainingMonitor()
    >>> monitor.begin(total=2)
    >>> monitor.update({"loss": 0.7, "val_loss": 0.72})
    False
    >>> monitor.update({"loss": 0.6, "val_loss": 0.69})
    False
    >>> monitor.end()
    >>> monitor
    TrainingMonitor(2 epochs, best val_loss 0.69 at 2)
    """

    _module = "training_monitor"

    live = traitlets.Dict().tag(sync=True)
    status = traitlets.Unicode("empty")

    def __init__(
        self,
        metrics: str | Sequence[str] | None = None,
        baseline: float | Mapping[str, float] | None = None,
        *,
        watch: str | None = None,
        mode: str = "auto",
        events: int | None = None,
    ) -> None:
        given = [metrics] if isinstance(metrics, str) else metrics or ()
        if not isinstance(given, list | tuple):
            raise TypeError(f"metrics is a name, or a list of names, not {metrics!r:.40}.")
        self._metrics = [as_name(name) for name in given]
        for one in baseline.values() if isinstance(baseline, dict) else [baseline]:
            _ = None if one is None else as_number("baseline", one)
        self._baseline = baseline
        self._recorder = Recorder(watch, mode)
        self.events = events
        self._options = {"metrics": metrics, "baseline": baseline, "watch": watch, "mode": mode}
        self._recorded = None
        self._sent = 0  # epochs in the payload that the browser has
        self._copy = None
        self._copy_is_old = False
        self._loop = None
        self._make_ready()
        super().__init__()
        self.on_msg(self._hear)
        _answer_while_busy(self.comm)
        self._publish()

    # ------------------------------------------------------------ results

    @property
    def history(self) -> dict[str, list[float]]:
        """Dict of lists as Keras's ``History.history``: one value per epoch measured."""
        return self._recorder.history

    @property
    def best(self) -> tuple[int, str, float] | None:
        """Best epoch so far as ``(epoch, name, value)``, epochs counted from 1; or None."""
        return self._recorder.best

    @property
    def directions(self) -> dict[str, str | None]:
        """Which direction of each curve is better: ``"min"``, ``"max"``, or None if unknown."""
        ways = {True: "max", False: "min", None: None}
        return {name: ways[self._recorder.maximises(name)] for name in self._recorder.columns}

    @property
    def epochs(self) -> int:
        """Number of epochs (or rounds) recorded."""
        return self._recorder.length

    def __repr__(self):
        name = type(self).__name__
        if not self.epochs:
            return f"{name}(no training yet)"
        count = f"{self.epochs} {self._unit}{'s' * (self.epochs != 1)}"
        best = self.best and f", best {shorten(self.best.name)[1:-1]} {self.best.value:.3g}"
        return f"{name}({count}{f'{best} at {self.best.epoch}' if best else ''})"

    @spoken
    def describe(self) -> str:
        """One sentence that stands for the picture where it cannot be seen."""
        if not self.epochs:
            return tr("Training monitor: {waiting}.", waiting=self._waiting)
        last = [f"{short(n)} {values[-1]:.3g}" for n, values in self.history.items() if values]
        values = {"n": self.epochs, "last": ", ".join(last)}
        text = (
            tr("Training curves after {n} rounds: {last}.", **values)
            if self._unit == "round"
            else tr("Training curves after {n} epochs: {last}.", **values)
        )
        epoch, name, value = self.best or (0, "", 0)
        values = {"name": short(name), "value": f"{value:.3g}", "at": epoch}
        return text + (tr(" Best {name} {value} at {at}.", **values) if epoch else "")

    # ------------------------------------------------------------ libraries

    def xgboost(self, rounds: int | None = None, training: str | None = None) -> Any:
        """Follow xgboost with a callback.

        Parameters
        ----------
        rounds : int, optional
            Boosting rounds planned (xgboost does not tell its callbacks).
        training : str, optional
            Which evaluation set is training (``"validation_0"``). By default the one that is the
            very object trained on, else one named ``train…``; if there is neither, each of several
            sets is drawn under its own name.

        Returns
        -------
        xgboost.callback.TrainingCallback
            For ``xgboost.train(…, callbacks=[…])`` or ``XGBClassifier(callbacks=[…])``.
        """
        return adapters.follow_xgboost(self, rounds, training)

    def lightgbm(self, training: str | None = None) -> Callable[[Any], None]:
        """Follow lightgbm with a callback.

        Parameters
        ----------
        training : str, optional
            Which evaluation set is training, as for `xgboost`.

        Returns
        -------
        callable
            For ``lightgbm.train(…, callbacks=[…])`` or ``LGBMClassifier().fit(…, callbacks=[…])``.
        """
        return adapters.LightgbmFollower(self, training)

    def fit(
        self,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        validation: Any = None,
    ) -> Any:
        """Fit a scikit-learn estimator and follow it; the model is that of ``estimator.fit``.

        Gradient boosting reports its own loss and AdaBoost its exponential loss, a network the
        log-loss or the mean squared error; two classes add the AUC. All are weighted.

        Parameters
        ----------
        estimator : estimator
            ``GradientBoosting*``, ``HistGradientBoosting*``, ``AdaBoostClassifier`` or ``MLP*``.
        X : array-like of shape (n, n_features)
            Training events.
        y : array-like of shape (n,)
            Their labels or targets.
        sample_weight : array-like of shape (n,), optional
            Their weights.
        validation : tuple, optional
            ``(X, y)`` or ``(X, y, weights)`` to measure validation curves on. An early stopping
            of ``HistGradientBoosting*`` then uses these events instead of its own fraction. Where
            both tables have names, columns are found by name.

        Returns
        -------
        estimator
            The same object, fitted; after Stop with the rounds trained so far.

        Raises
        ------
        TypeError
            For an estimator that has no rounds to follow.
        """
        with self:
            return adapters.fit_sklearn(self, estimator, (X, y, sample_weight), validation)

    # ------------------------------------------------------------ what the browser gets

    def _tell(self, status):
        self.status = status
        self._publish()

    def _publish(self):
        """Send what is new: few numbers mostly, the whole payload now and then."""
        with self._lock:
            begin = time.perf_counter()
            if self._table_is_old():
                self.payload = self._make_payload()
                self._sent = self._recorder.length
            self.live = self._make_live()
            end = time.perf_counter()
            self._due = end + max(INTERVAL, SHARE * (end - begin))

    def _table_is_old(self):
        new = self._recorder.length - self._sent
        names = self.payload.get("curves", {}).keys()
        return (
            self._sent < 0
            or new > max(TAIL, self._sent // 8)
            or names != self._recorder.columns.keys()
        )

    @spoken
    def _make_payload(self):
        """Curves and how to show them."""
        upper, lower = self._panels()
        return {
            **self._recorder.table(),
            "length": self._recorder.length,
            "unit": self._unit,
            "upper": upper,
            "lower": lower,
            "baseline": self._baselines(upper, lower),
            "recorded": self._recorded,
            "titles": {name: self._title(name) for name in (upper, *lower) if name is not None},
            "sets": [list(pair) for pair in self._sets().items()],
        }

    @spoken
    def _make_live(self):
        """State of the run, and the epochs that are not in the payload yet."""
        recorder = self._recorder
        watched = recorder.watched()
        return {
            **recorder.rows(self._sent),
            "status": self.status,
            "message": self._message,
            "startable": self._function is not None,
            "total": recorder.total,
            "done": cell(recorder.done),
            "elapsed": cell(recorder.elapsed),
            "remaining": cell(recorder.remaining),
            "rate": cell(recorder.rate),
            "events": self.events,
            "best": None if self.best is None else [*self.best],
            "maximise": watched is not None and recorder.maximises(watched) is True,
            "waiting": self._waiting,
        }

    def _sets(self):
        """Names of the sets of events; the usual ones are ours."""
        sets = self._recorder.sets.items()
        return {lead: tr(text) if SETS.get(lead) == text else text for lead, text in sets}

    @property
    def _waiting(self):
        """What stands in the frame before there is a curve."""
        if self.status in BUSY:
            return tr(WAITING[self._unit])
        return tr(INVITATION if self.status == "empty" else NOTHING_DONE[self._unit])

    def _title(self, name):
        """Name of a panel's axis, with what is known of its loss."""
        return f"{name} ({self.mean})" if self.mean and name.endswith("loss") else name

    def _panels(self):
        """Name of the upper curve, names of the lower ones."""
        recorder = self._recorder
        own = [name for name in recorder.columns if not recorder.lead(name)]
        names = list(dict.fromkeys([*own, *map(recorder.base, recorder.columns)]))
        free = [name for name in names if name not in self._metrics]
        losses = [name for name in free if recorder.known_direction(name) is False]
        losses = losses or [name for name in free if recorder.known_direction(name) is None]
        upper = "loss" if "loss" in losses else next(iter(losses), None)
        return upper, self._metrics or [name for name in names if name != upper]

    def _baselines(self, upper, lower):
        if self._baseline is None or isinstance(self._baseline, dict):
            return {as_name(name): float(one) for name, one in (self._baseline or {}).items()}
        name = next(iter(lower), upper)
        return {} if name is None else {name: float(self._baseline)}

    def state(self) -> dict[str, Any]:
        """Collect the synced traits for a page without a kernel: all epochs, no clock.

        What is shown there is a recording, and says so. Seconds are left out so that the same
        training gives the same page.
        """
        with self._lock:
            payload = self._make_payload() | {"recorded": self._recorded or "recorded"}
            live = self._make_live() | {"epoch": [], "curves": {}, "startable": False}
        live |= {"elapsed": None, "remaining": None, "rate": None}
        live |= {"was": self.status, "still": True}
        live["status"] = "recorded" if self.epochs else "empty"
        return {**super().state(), "payload": payload, "live": live}

    # ------------------------------------------------------------ displays

    def _drawn_by(self, sheet):
        upper, lower = self._panels()
        names = [name for name in (upper, *lower[:1]) if name is not None]
        baselines = self._baselines(upper, lower)
        panels = [self._panel(name, baselines.get(name)) for name in names]
        best = self.best and self.best.epoch
        state = {"unit": self._unit, "epochs": self.epochs, "waiting": self._waiting}
        return draw(panels, sheet, best=best, **state)

    def _panel(self, name, baseline):
        looks = looks_of(name, self._sets())
        curves = [Curve(look[0], self._points(curve), *look[1:]) for curve, look in looks.items()]
        best = self.best
        dot = (best.epoch, best.value, looks[best.name][1]) if best and best.name in looks else None
        return Panel(self._title(name), curves, baseline, dot)

    def _points(self, curve):
        values = self._recorder.columns.get(curve, ())
        return [(i, v) for i, v in enumerate(values, start=1) if v is not None]

    def _ipython_display_(self):
        """Show the live view, and the copy that a saved notebook keeps.

        The copy is written again when a training ends, wherever it was shown: a notebook saved
        after that has the curves.
        """
        view = {"model_id": self.model_id, "version_major": 2, "version_minor": 1}
        mime = "application/vnd.jupyter.widget-view+json"
        display({mime: view, "text/plain": repr(self)}, raw=True)
        self._copy = f"{self.key}-{self.model_id}"
        self._loop = _running_loop()
        display(self._still(), raw=True, display_id=self._copy)

    def _renew_copy(self):
        """Write the copy again, in the main thread, which owns the notebook."""
        if self._copy is None:
            return
        self._copy_is_old = True
        if self._loop is None or threading.current_thread() is threading.main_thread():
            self._copy_is_old = False
            update_display(self._still(), raw=True, display_id=self._copy)
        else:
            self._loop.call_soon_threadsafe(self._renew_copy)


def short(name):
    return isolated(name, 24)


def _running_loop():
    with suppress(RuntimeError):
        return asyncio.get_running_loop()


def _answer_while_busy(comm):
    """Let clicks reach the kernel while a cell trains.

    ipykernel 7.4 sends a click to the shell that wrote last, which is the busy one; without
    this private attribute it takes the subshell that JupyterLab asks for.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None  # noqa: SLF001
