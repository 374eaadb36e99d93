"""Progress on standard error: what is done, at what rate, and the time left."""

import time

from hepml.cli._say import visible

__all__ = ["Bar"]

SECONDS_BETWEEN_LINES = 20


class Bar:
    """Progress to be called with (done, total, whether it was kept from an earlier run).

    On a terminal it is a bar; elsewhere, as in a batch job's log, a line now and then.

    Parameters
    ----------
    name : str
        Shown before the bar.
    unit : str
        What is counted; "bytes" are shown as MB.
    waiting : str
        What is said until the first step is done, which may be long.
    """

    def __init__(self, name, unit, waiting=""):
        from rich import progress as rich  # noqa: PLC0415 - only long work needs it
        from rich.console import Console  # noqa: PLC0415

        self.name, self.unit, self.waiting, self.kept = name, unit, waiting, 0
        self.console = Console(stderr=True, soft_wrap=True, highlight=False)
        self.bar = rich.Progress(
            rich.TextColumn("{task.description}", markup=False),
            rich.BarColumn(),
            rich.TextColumn("{task.fields[shown]}"),
            rich.TimeElapsedColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task(visible(name), total=None, shown="")
        self.started = self.printed = time.monotonic()

    def __enter__(self):
        """Show the bar."""
        self.bar.start()
        return self

    def __exit__(self, *_):
        """Leave the bar as it is."""
        if self.console.is_terminal:  # rich before 15 ends a bar that never was with an empty line
            self.bar.stop()

    def __call__(self, done, total, kept):
        """Move the bar; ``total`` may be None where it is not known."""
        if kept:
            self.kept, self.started = done, time.monotonic()
        shown = self._shown(done, total)
        self.bar.update(self.task, total=total, completed=done, shown=shown)
        now = time.monotonic()
        first = kept and (done or self.waiting)
        due = now - self.printed > SECONDS_BETWEEN_LINES or done == total or first
        if due and not self.console.is_terminal:
            self.printed = now
            self._print(f"{self.name}  {shown}")

    def note(self, sentence):
        """Say what delays the work."""
        self._print(sentence)

    def _print(self, line):
        self.console.print(visible(line), markup=False)

    def _shown(self, done, total):
        """Done and total, the rate of this run, and the time left at this rate."""
        of = f"/{self._amount(total)}" if total else ""
        parts = [f"{self._amount(done)}{of} {self._unit}"]
        made, seconds = done - self.kept, time.monotonic() - self.started
        if self.kept and not made:
            parts.append("kept from an earlier run")
        if self.waiting and not made and done != total:
            parts.append(self.waiting)
        if made > 0 and seconds > 0:
            parts.append(f"{self._amount(made / seconds, 1)} {self._unit}/s")
            if total and done < total:
                parts.append(f"{_clock((total - done) * seconds / made)} left")
            elif total:
                parts.append(f"in {_clock(seconds)}")
        return ", ".join(parts)

    @property
    def _unit(self):
        return "MB" if self.unit == "bytes" else self.unit

    def _amount(self, value, digits=0):
        return f"{value / 1e6:.1f}" if self.unit == "bytes" else f"{value:.{digits}f}"


def _clock(seconds):
    """Time as minutes and seconds, or hours and minutes, or days and hours."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes}:{seconds:02d}"
