"""Progress on the terminal: what is done, at what rate, and the time left."""

__all__ = ["Bar"]


class Bar:
    """Progress bar to be called with (done, total, whether it was kept from an earlier run).

    Parameters
    ----------
    name : str
        Shown before the bar.
    unit : str
        What is counted; "bytes" are shown as MB.
    """

    def __init__(self, name, unit):
        from rich import progress as rich  # noqa: PLC0415 - only long work needs it

        self.kept, self.unit = 0, unit
        self.bar = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.TextColumn("{task.fields[shown]}"),
            rich.TextColumn("{task.fields[rate]}"),
            rich.TimeRemainingColumn(elapsed_when_finished=True),
        )
        self.task = self.bar.add_task(name, total=None, shown="", rate="")

    def __enter__(self):
        """Show the bar."""
        self.bar.start()
        return self

    def __exit__(self, *_):
        """Leave the bar as it is."""
        self.bar.stop()

    def __call__(self, done, total, kept):
        """Move the bar; ``total`` may be None where it is not known."""
        if kept:
            self.kept = done
        elapsed = self.bar.tasks[0].elapsed or 0
        made = done - self.kept
        self.bar.update(
            self.task,
            total=total and total - self.kept,
            completed=made,
            shown=f"{self._amount(done)}{'/' + self._amount(total) if total else ''} {self._name}",
            rate=f"{self._amount(made / elapsed, 1)} {self._name}/s" if made and elapsed else "",
        )

    @property
    def _name(self):
        return "MB" if self.unit == "bytes" else self.unit

    def _amount(self, value, digits=0):
        return f"{value / 1e6:.1f}" if self.unit == "bytes" else f"{value:.{digits}f}"
