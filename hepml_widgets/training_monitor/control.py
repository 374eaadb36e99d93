"""How a training is followed and steered: a loop's reports, Start, Pause, Stop, and its thread."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from IPython import get_ipython

from hepml_widgets.core.numbers import as_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Self

__all__ = ["BUSY", "Control"]

MESSAGE = 300  # letters of an error that are shown
BUSY = ("running", "paused", "stopping")


class Control:
    """What a loop calls, what the buttons do, and the thread in which a training runs.

    The monitor that inherits it has a recorder, says what is new by ``_publish`` and ``_tell``, and
    writes its saved copy again by ``_renew_copy``.
    """

    def _make_ready(self):
        """Stand before the first training."""
        self._unit = "epoch"
        self._message = ""
        self.mean = None
        self._function = None
        self._thread = None
        self._before = {}
        self._due = 0.0
        self._held = False  # paused or stopping: one look per batch
        self._stopping = False
        self._go = threading.Event()
        self._go.set()
        self._lock = threading.RLock()
        self.result = None
        self.error = None

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

    def start(self, function: Callable[..., Any] | None = None) -> Self:
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
