"""Live curves of a training, with a Stop that is heard while it trains."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import math
import platform
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import traitlets
from IPython import get_ipython
from IPython.display import display, update_display
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hepml.files import write_text
from hepml_widgets.core import style
from hepml_widgets.core.base import View
from hepml_widgets.core.drawing import plain
from hepml_widgets.core.histories import flat_history, sets_of
from hepml_widgets.core.numbers import as_name, isolated, shorten
from hepml_widgets.core.validate import as_number, as_target
from hepml_widgets.training_monitor import adapters, picture
from hepml_widgets.training_monitor.recorder import SETS, Recorder, cell, measured, spelled

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["TrainingMonitor"]

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
MESSAGE = 300  # letters of an error that are shown
INTERVAL = 0.2  # s; at most five updates per second
SHARE = 200  # an update that took t is followed by at least 200 t without one
TAIL = 16  # rounds sent on their own before the whole payload is sent again
BUSY = ("running", "paused", "stopping")
INVITATION = "train a model to see it here"


class TrainingMonitor(adapters.KerasHooks, View):
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
        self._unit = "epoch"
        self._message = ""
        self.mean = None
        self._options = {"metrics": metrics, "baseline": baseline, "watch": watch, "mode": mode}
        self._function = None
        self._thread = None
        self._before = {}
        self._recorded = None
        self._sent = 0  # epochs in the payload that the browser has
        self._due = 0.0
        self._steps = None
        self._held = False  # paused or stopping: one look per batch
        self._stopping = False
        self._go = threading.Event()
        self._go.set()
        self._lock = threading.RLock()
        self._copy = None
        self._copy_is_old = False
        self._loop = None
        self.result = None
        self.error = None
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

    def describe(self) -> str:
        """One sentence that stands for the picture where it cannot be seen."""
        if not self.epochs:
            return f"Training monitor: {self._waiting}."
        last = [f"{short(n)} {values[-1]:.3g}" for n, values in self.history.items() if values]
        text = f"Training curves after {self.epochs} {self._unit}s: {', '.join(last)}."
        epoch, name, value = self.best or (0, "", 0)
        return f"{text} Best {short(name)} {value:.3g} at {epoch}." if epoch else text

    # ------------------------------------------------------------ a loop of your own

    def begin(self, total: int | None = None, unit: str = "epoch", *, resume: bool = False) -> None:
        """Begin a training; curves of an earlier one are forgotten.

        Parameters
        ----------
        total : int, optional
            Epochs or rounds planned; with it the time left is estimated.
        unit : {"epoch", "round"}
            What the axis counts.
        resume : bool
            Keep the curves and go on after them.
        """
        with self._lock:
            self._before = self._recorder.columns
            self._recorder.begin(total, resume=resume)
            self._unit = unit
            self._recorded = None
            self.mean = self.mean if resume else None
            self._message = ""
            self._stopping = False
            self._sent = -1
            self._held = not self._go.is_set()
        self._watch_cell()
        self._tell("running")

    def update(self, values: Mapping[str, float]) -> bool:
        """Record one epoch or round.

        Waits while the training is paused.

        Parameters
        ----------
        values : dict of str to float
            Curves measured, validation ones named ``val_…``. Of a metric of your own say which
            direction is better: ``TrainingMonitor(mode={"rejection": "max"})``.

        Returns
        -------
        bool
            True when Stop was pressed: end the loop, the model stays as it is.
        """
        with self._lock:
            self._recorder.add(values)
        if time.perf_counter() >= self._due:
            self._publish()
        return self._held and self._wait()

    def learn(self, directions: Mapping[str, str], sets: Mapping[str, str] | None = None) -> None:
        """Take over what a library says of its curves.

        Parameters
        ----------
        directions : dict of str to {"min", "max"}
            Which direction is better, by curve; ``mode`` goes before.
        sets : dict of str to str, optional
            Evaluation sets beyond training and validation: what the names of their curves begin
            with, and what they are called.
        """
        with self._lock:
            self._recorder.learn(directions, sets)

    def tick(self, step: int, steps: int | None = None) -> bool:
        """Count one batch; cheap enough for every batch.

        Parameters
        ----------
        step : int
            Batches of this epoch done.
        steps : int, optional
            Batches per epoch.

        Returns
        -------
        bool
            True when Stop was pressed.
        """
        if steps and time.perf_counter() >= self._due:
            self._recorder.progress(step / steps)
            self._publish()
        return self._held and self._wait()

    def end(self) -> None:
        """End the training; a saved notebook then holds its curves."""
        self._settle(None)

    def __enter__(self):
        """Mark the training as interrupted or failed when the block is left by an exception."""
        return self

    def __exit__(self, kind, error, trace):
        """End, and let the exception pass."""
        self._settle(error)

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

    # ------------------------------------------------------------ control

    @property
    def stopping(self) -> bool:
        """Whether Stop was pressed and the training has not ended yet."""
        return self._stopping

    def stop(self) -> None:
        """End the training after the running batch or round; the model stays usable."""
        if self.status in BUSY and not self._stopping:
            self._stopping = self._held = True
            self._go.set()
            self._tell("stopping")

    def pause(self) -> None:
        """Hold the training after the running batch or round, until `resume` or `stop`."""
        if self.status == "running":
            self._go.clear()
            self._held = True
            self._tell("paused")

    def resume(self) -> None:
        """Go on after `pause`."""
        if self.status == "paused":
            self._held = self._stopping
            self._go.set()
            self._tell("running")

    def on_start(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Run ``function()`` in a background thread whenever Start is pressed.

        This works everywhere: in JupyterLab, and in Voila, where all cells have run before the
        page is seen.

        Parameters
        ----------
        function : callable
            Trains, and reports to this monitor (``callbacks=[monitor]``, ``monitor.fit(…)``).

        Returns
        -------
        callable
            The same function, so that this can be a decorator.
        """
        self._function = function
        self._publish()
        return function

    def start(self, function: Callable[..., Any] | None = None) -> TrainingMonitor:
        """Train in a background thread now; the notebook stays responsive.

        Parameters
        ----------
        function : callable, optional
            As for `on_start`; default the one given there.

        Returns
        -------
        TrainingMonitor
            This monitor.

        Raises
        ------
        RuntimeError
            While a training started before still runs.
        ValueError
            Without a function.
        """
        if function is not None:
            self.on_start(function)
        if self._function is None:
            raise ValueError("nothing to start: give a function to start() or on_start()")
        if self._thread is not None and self._thread.is_alive():
            raise RuntimeError("a training is running: stop() it and wait() first")
        self.result = self.error = None
        self._thread = threading.Thread(target=self._work, name="training", daemon=True)
        self._thread.start()
        return self

    def wait(self, timeout: float | None = None) -> Any:
        """Wait for the training begun by `start`; its curves are then in a saved notebook.

        Parameters
        ----------
        timeout : float, optional
            Seconds.

        Returns
        -------
        object
            What the function returned; its exception is raised here again.

        Raises
        ------
        TimeoutError
            If it still runs after ``timeout``.
        """
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                raise TimeoutError(f"still training after {timeout} s")
        # A notebook executed without a browser takes this from the running cell only.
        if self._copy_is_old:
            self._renew_copy()
        if self.error is not None:
            raise self.error
        return self.result

    def _work(self):
        try:
            self.result = self._function()
        except BaseException as error:  # noqa: BLE001 - shown, and raised by wait()
            self.error = error
        self._settle(self.error)

    def _hear(self, _, content, __):
        """Obey a button."""
        deeds = {"stop": self.stop, "pause": self.pause, "resume": self.resume}
        wish = content.get("do")
        if wish == "start":
            # Start pressed twice is not a mistake to report.
            with suppress(RuntimeError, ValueError):
                self.start()
        elif wish in deeds:
            deeds[wish]()

    def _wait(self):
        """Wait while paused; whether to stop."""
        if not self._go.is_set():
            self._recorder.pause()
            self._publish()
            self._go.wait()
            self._recorder.resume()
        return self._stopping

    def _continue_from(self, epoch):
        """Let a fit with ``initial_epoch`` go on with the curves of the one before."""
        length = max(map(len, self._before.values()), default=0)
        if epoch and epoch == length and not self._recorder.length:
            self._recorder.restore(self._before)

    def _settle(self, error):
        """Leave the busy states."""
        if error is not None:
            interrupted = isinstance(error, KeyboardInterrupt)
            said = "" if interrupted else f"{type(error).__name__}: {error}"
            self._message = as_name(said)[:MESSAGE]
            self._finish("interrupted" if interrupted else "failed")
        elif self.status in BUSY:
            self._finish("stopped" if self._stopping else "finished")

    def _finish(self, status):
        self._recorder.pause()
        self._stopping = self._held = False
        self._go.set()
        self._sent = -1
        self._tell(status)
        self._renew_copy()

    def _watch_cell(self):
        """Learn from IPython how the cell ended: a fit that raised tells its callbacks nothing."""
        shell = get_ipython()
        if shell is None or threading.current_thread() is not threading.main_thread():
            return

        def after_cell(result):
            shell.events.unregister("post_run_cell", after_cell)
            if self.status in BUSY:
                self._settle(result.error_in_exec)

        shell.events.register("post_run_cell", after_cell)

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
            "sets": [[lead, text] for lead, text in self._recorder.sets.items()],
        }

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

    @property
    def _waiting(self):
        """What stands in the frame before there is a curve."""
        if self.status in BUSY:
            return f"the first {self._unit} is under way"
        return INVITATION if self.status == "empty" else f"no {self._unit} was completed"

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
        """Write the copy again, in the main thread: matplotlib has one style for all threads."""
        if self._copy is None:
            return
        self._copy_is_old = True
        if self._loop is None or threading.current_thread() is threading.main_thread():
            self._copy_is_old = False
            update_display(self._still(), raw=True, display_id=self._copy)
        else:
            self._loop.call_soon_threadsafe(self._renew_copy)

    # ------------------------------------------------------------ recordings

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
    def replay(cls, path: str | os.PathLike[str], **options: Any) -> TrainingMonitor:
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
    ) -> TrainingMonitor:
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

    # ------------------------------------------------------------ print

    def figure(self) -> Figure:
        """Draw the curves with matplotlib, for print.

        Returns
        -------
        matplotlib.figure.Figure
            Loss above and, if there is one, the metric below.
        """
        with style.context():
            return self._figure()

    def picture(self) -> bytes:
        """PNG of the curves, as bytes: plainer than `figure`, at little cost."""
        upper, lower = self._panels()
        names = [name for name in (upper, *lower[:1]) if name is not None]
        baselines = self._baselines(upper, lower)
        panels = [self._panel(name, baselines.get(name)) for name in names]
        best = self.best and self.best.epoch
        words = None if self.epochs else self._waiting
        return picture.draw(panels, self._unit, self.epochs, best, words)

    def _panel(self, name, baseline):
        looks = _looks(name, self._recorder.sets)
        curves = [
            picture.Curve(label, self._points(curve), color, width, dash)
            for curve, (label, color, width, dash) in looks.items()
        ]
        best = self.best
        dot = (best.epoch, best.value, looks[best.name][1]) if best and best.name in looks else None
        return picture.Panel(self._title(name), curves, baseline, dot)

    def _points(self, curve):
        values = self._recorder.columns.get(curve, ())
        return [(i, v) for i, v in enumerate(values, start=1) if v is not None]

    def _figure(self):
        upper, lower = self._panels()
        names = [name for name in (upper, *lower[:1]) if name is not None]
        figure, axes = _frames(max(len(names), 1))
        for ax, name in zip(axes, names, strict=False):
            self._draw(ax, name, self._baselines(upper, lower).get(name))
        room = 1.17 if self._recorder.sets.keys() == SETS.keys() else 1.3
        _finish_axes(axes, self._unit, room * max(self.epochs, 1))
        if not self.epochs:
            axes[0].text(0.5, 0.5, self._waiting, ha="center", transform=axes[0].transAxes)
            axes[0].set(xticks=[], yticks=[])
        return figure

    def _draw(self, ax, name, baseline):
        looks = _looks(name, self._recorder.sets)
        for curve, (label, color, width, dash) in looks.items():
            self._draw_curve(ax, curve, label, color=color, lw=width, ls=style.linestyle(dash))
        if baseline is not None:
            ax.axhline(baseline, color=style.CURVES[2], lw=1, ls=":")
            ax.text(0.01, baseline, f" baseline {baseline:.3g}", va="bottom", fontsize=8,
                    color=style.CURVES[2], transform=ax.get_yaxis_transform())  # fmt: skip
        if self.best is not None:
            ax.axvline(self.best.epoch, color=style.CURVES[0], lw=0.8, ls=(0, (1, 2)))
            if self.best.name in looks:
                ax.plot(self.best.epoch, self.best.value, "o", ms=5, color=looks[self.best.name][1])
        ax.set_ylabel(plain(shorten(self._title(name), 40)))
        ax.yaxis.set_label_coords(-0.105, 0.5)

    def _draw_curve(self, ax, curve, label, **look):
        points = self._points(curve)
        if points:
            ax.plot(*zip(*points, strict=True), marker="." if len(points) == 1 else None, **look)
            ax.annotate(label, points[-1], xytext=(4, 0), textcoords="offset points",
                        va="center", fontsize=8, color=look["color"])  # fmt: skip


def short(name):
    return isolated(name, 24)


def _frames(count):
    """Figure with frames above each other."""
    # Places known beforehand: to find them matplotlib would draw everything again.
    figure = Figure(figsize=(6.4, 4.0), layout="none")
    figure.subplots_adjust(left=0.13, right=0.985, bottom=0.125, top=0.98, hspace=0.09)
    return figure, figure.subplots(count, sharex=True, squeeze=False)[:, 0]


def _looks(name, sets):
    """Label, colour, width and dash of the curves of a panel."""
    own = {"": (style.CURVES[1], 1.0, style.DASHES[1]), "val_": (style.CURVES[0], 2.0, "")}
    others = [lead for lead in sets if lead not in own]
    for i, lead in enumerate(others):
        place = 3 + i % (len(style.CURVES) - 3)  # the one before is the baseline's
        own[lead] = (style.CURVES[place], 1.5, style.DASHES[place])
    return {f"{lead}{name}": (sets[lead], *own[lead]) for lead in sets}


def _finish_axes(axes, unit, end):
    axes[-1].set_xlabel(unit)
    axes[-1].xaxis.set_label_coords(0.5, -0.055 - 0.065 * len(axes))
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    # Room for the names at the curves' ends.
    axes[-1].set_xlim(0, end)


def _revived(kind, options, recorded):
    """Monitor of its own with the curves of one that was pickled."""
    monitor = kind(**options)
    return monitor._recall(*recorded) if recorded[0] else monitor  # noqa: SLF001


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
