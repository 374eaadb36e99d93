"""Ten widgets in one notebook: how soon a key is answered, and what memory they take.

python -m benchmarks.notebook [--presses 20]
"""

from statistics import median, quantiles

from benchmarks.browser import (
    PATH,
    RUN_CELL,
    Thread,
    chromium,
    laboratory,
    opened,
    resident,
)
from benchmarks.timing import asking, circumstances, met, present, rotated, table
from tests.support.all_views import VIEWS

GOAL = 100  # ms
LIMIT = 10_000  # ms
MORE = "RocExplorer, a million events"
AGAIN = "RocExplorer, again"
KEYS = ("ArrowRight", "ArrowLeft")
FIRST = f"""{PATH}
import numpy as np
from benchmarks import contestants
from tests.support.all_views import VIEWS
rng = np.random.default_rng(1)
sample = contestants.sample({{events}})"""
# The first control of a view whose keys change the line of numbers, and how soon they do.
PREPARE = """() => {
    const root = () => document.querySelector('.jp-mod-active [data-hepml-live]');
    const text = () => root().querySelector('[class*=readout]').textContent;
    let begun = 0;
    document.addEventListener('keydown', event => { begun = event.timeStamp; }, true);
    window.controls = () => [...root().querySelectorAll('[role=slider], input[type=range]')]
        .filter(node => node.getBoundingClientRect().width > 0).length;
    window.await_answer = (index, latest) => {
        root().querySelectorAll('[role=slider], input[type=range]')[index].focus();
        const before = text();
        window.answer = new Promise(done => {
            const over = setTimeout(() => finish(null), latest);
            const observer = new MutationObserver(() => text() !== before && finish(afterFrame()));
            const finish = async frame => {
                clearTimeout(over);
                observer.disconnect();
                done(frame && await frame - begun);
            };
            observer.observe(root(), {subtree: true, childList: true, characterData: true});
        });
    };
}"""
COMMENT = """All nine widgets on toys, and {more}, in one notebook of a real JupyterLab with a
real kernel, in headless Chromium that draws in software. With all open, the control too, each is
asked by {presses} real key presses in turns; the time runs from the event's own stamp to the
first frame after its line of numbers changed. Memory is what each cell added: to the JavaScript
in use of the whole page after collecting garbage, and to the kernel's resident memory (its data
and the fits of its toys too)."""


def cells():
    """List code of each view by its name."""
    views = {name: f"VIEWS[{name!r}](rng)" for name in VIEWS}
    views["OvertrainingView"] = "contestants.staged(rng)"  # the toy has no slider
    explorer = "from hepml_widgets import RocExplorer\nRocExplorer(*sample)"
    return views | {MORE: explorer, AGAIN: f"{views['RocExplorer']}  # again"}


class Bench:
    """A notebook whose views are opened one by one."""

    def __init__(self, browser, lab, events):
        self.lab, self.cells = lab, cells()
        first = FIRST.format(events=events)
        self.page, _, self.kernel = opened(browser, lab, "ten.ipynb", first, *self.cells.values())
        self.thread = Thread(self.page)
        self.controls = {}
        self.run(first)
        self.page.evaluate(PREPARE)

    def run(self, text):
        self.lab.show(self.page, text)
        self.page.evaluate(RUN_CELL)

    def memory(self):
        """Bytes of the page's JavaScript and of the kernel."""
        return self.thread.heap(), resident(self.kernel)

    def open(self, name):
        """Run the cell of a view; return the bytes it added."""
        before = self.memory()
        self.run(self.cells[name])
        self.page.locator(".jp-mod-active [data-hepml-live]").first.wait_for(timeout=60_000)
        self.page.wait_for_timeout(500)
        return [after - start for after, start in zip(self.memory(), before, strict=True)]

    def show(self, name):
        self.lab.show(self.page, self.cells[name])
        self.page.locator(".jp-mod-active [data-hepml-live]").first.wait_for(timeout=LIMIT)
        self.page.wait_for_timeout(300)

    def press(self, control, key, latest=LIMIT):
        """Milliseconds until a key is answered, or None."""
        self.page.evaluate("given => await_answer(...given)", [control, latest])
        self.page.keyboard.press(key)
        return self.page.evaluate("answer")

    def control(self, name):
        """Find the first control of a view whose keys change its numbers."""
        if name not in self.controls:
            tried = range(self.page.evaluate("controls()"))
            heard = (i for i in tried for key in KEYS if self.press(i, key, 1000) is not None)
            self.controls[name] = next(heard)
        return self.controls[name]

    def answers(self, name, presses):
        """Milliseconds of some presses."""
        self.show(name)
        control = self.control(name)
        times = [self.press(control, KEYS[i % 2], 1000) for i in range(presses + 2)]
        # At the end of its range a control has nothing to answer to one of the keys.
        return [t for t in times if t is not None]


def measure(presses, rounds, events):
    """Bytes that each view added, and its milliseconds."""
    with chromium() as browser, laboratory() as lab:
        bench = Bench(browser, lab, events)
        empty = bench.memory()
        added = {name: bench.open(name) for name in list(bench.cells)[:-1]}
        full = bench.memory()
        added[AGAIN] = bench.open(AGAIN)
        print("  notebook: all views are open", flush=True)
        times = {name: [] for name in bench.cells}
        for turn in range(rounds):
            for name in rotated(list(bench.cells), turn):
                times[name] += bench.answers(name, presses // rounds)
            print(f"  notebook: round {turn + 1} of {rounds}", flush=True)
    return empty, full, added, times


def megabytes(count):
    return f"{count / 1e6:.1f}"


def p95(values):
    return quantiles(values, n=20)[-1]


def report(empty, full, added, times, presses):
    rows = [
        [name, f"{median(times[name]):.1f}", f"{p95(times[name]):.1f}", *map(megabytes, grown)]
        for name, grown in added.items()
    ]
    rows.append(["before", "", "", *map(megabytes, empty)])
    rows.append(["with ten open", "", "", *map(megabytes, full)])
    everything = [t for answers in times.values() for t in answers]
    worst = max(map(p95, times.values()))
    most = p95(everything)
    slowest = f"of the slowest view {worst:.0f} ms: {met(worst <= GOAL)}"
    page, kernel = (megabytes(after - before) for after, before in zip(full, empty, strict=True))
    wanted = [
        f"p95 of all answers, goal ≤ {GOAL} ms: {met(most <= GOAL)}, {most:.0f} ms; {slowest}",
        f"memory of ten: {page} MB in the page, {kernel} MB in the kernel",
    ]
    header = ["widget", "key to frame [ms]", "95 % [ms]", "page [MB]", "kernel [MB]"]
    where = circumstances("ipykernel", "jupyterlab", "anywidget", "numpy")
    lines = "\n".join(f"- {line}." for line in wanted)
    comment = COMMENT.format(more=MORE, presses=presses)
    parts = ["## Ten widgets in one notebook", f"{where}.", comment, table(header, rows), lines]
    return "\n\n".join(parts)


def main():
    parser = asking(__doc__)
    parser.add_argument("--presses", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--events", type=float, default=1e6, help="of the larger explorer")
    asked = parser.parse_args()
    text = report(*measure(asked.presses, asked.rounds, asked.events), asked.presses)
    present("notebook", text, dry=asked.dry)


if __name__ == "__main__":
    main()
