"""One step of a slider on a million events: ours and peers' in one JupyterLab, in turns.

python -m benchmarks.steps [--rounds 3]

Each contestant is stepped by keys in a real notebook with a real kernel. The time runs from the
key press to the first frame after the last change of the picture that the step brought.
"""

from statistics import median, quantiles
from typing import NamedTuple

from benchmarks.browser import PATH, Thread, chromium, cpu_seconds, laboratory, opened
from benchmarks.contestants import VIEWS
from benchmarks.timing import asking, circumstances, met, present, rotated, table

OURS = "RocExplorer"
AGAIN = f"{OURS}, again"
FRAME = 16.7  # ms
CLOCK = 0.1  # ms; how fine the clock of a page is
QUIET = 150  # ms without a change: the step is over
LATEST = 10_000  # ms; a step that has drawn nothing by then counts as that long
REST = 800  # ms; by then a view has told the kernel where it stands
HANDLE = ".jp-mod-active [role=slider]"
# What belongs to a picture: not the slider, the words, the signs of the notebook.
PREPARE = """quiet => {
    const picture = 'svg.hepml-frame, .js-plotly-plot svg, [class*=bqplot] svg, img';
    const inPicture = node => (node.closest ? node : node.parentElement)?.closest?.(picture)
        && !node.closest?.('.widget-slider');
    const brings = node => node.matches && (node.matches(picture) || node.querySelector(picture));
    const changed = record => inPicture(record.target) || [...record.addedNodes].some(brings);
    const area = () => document.querySelector('.jp-mod-active .jp-Cell-outputArea');
    let seen = () => {};
    const paint = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...given) {
        paint.apply(this, given);
        seen();
    };
    const frame = async () => {
        const images = [...area().querySelectorAll('img')];
        await Promise.all(images.map(image => image.decode().catch(() => null)));
        return afterFrame();
    };
    const press = (node, key) =>
        node.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
    const watching = async (body, latest) => {
        const observer = new MutationObserver(list => list.some(changed) && seen());
        observer.observe(area(), {
            subtree: true, childList: true, attributes: true, characterData: true});
        try { return await body(latest); } finally { observer.disconnect(); seen = () => {}; }
    };
    const settled = (last, count, latest) => new Promise(done => {
        const begun = performance.now();
        const look = setInterval(() => {
            const now = performance.now();
            if (count() && now - last() > quiet) { clearInterval(look); done(); }
            if (now - begun > latest) { clearInterval(look); done(); }
        }, 10);
    });
    // One key; milliseconds until the frame that shows what it changed.
    window.stepOnce = (selector, key, latest) => watching(async () => {
        let [last, count, drawn] = [0, 0, Promise.resolve()];
        seen = () => { last = performance.now(); count += 1; drawn = frame(); };
        const begun = performance.now();
        press(document.querySelector(selector), key);
        await settled(() => last, () => count, latest);
        return count ? await drawn - begun : latest;
    });
    // A key per frame, as when it is held: intervals of frames, and how many brought a picture.
    window.hold = (selector, frames) => watching(async () => {
        let [fresh, pictures, before] = [false, 0, await new Promise(requestAnimationFrame)];
        const intervals = [];
        seen = () => { fresh = true; };
        for (let i = 0; i < frames; i += 1) {
            const key = i % 40 < 20 ? 'ArrowLeft' : 'ArrowRight';
            if (selector) press(document.querySelector(selector), key);
            const now = await new Promise(requestAnimationFrame);
            intervals.push(now - before);
            before = now;
            pictures += fresh;
            fresh = false;
        }
        return {intervals, pictures};
    });
}"""


class Turn(NamedTuple):
    """What one contestant did in one round."""

    times: list  # ms, each step
    kernel: float  # s of CPU
    script: float
    thread: float
    messages: int
    intervals: list  # ms, each frame while a key is held
    pictures: float  # per second while a key is held
    work: float  # s of CPU of the page's main thread per frame while a key is held
    held: int  # messages while a key is held
    after: int  # messages when it rests


def notebook(events):
    """Cells: sample, then a view each."""
    first = f"{PATH}\nfrom benchmarks import contestants\nsample = contestants.sample({events})"
    views = [f"contestants.{function}(sample)" for function in VIEWS.values()]
    return [first, *views, "contestants.hepml(sample)  # again"]


class Bench:
    """A notebook with all views, open in a page."""

    def __init__(self, browser, lab, events):
        self.lab = lab
        self.page, self.wire, self.kernel = opened(browser, lab, "steps.ipynb", *notebook(events))
        self.thread = Thread(self.page)
        lab.run_all(self.page)
        self.page.evaluate(PREPARE, QUIET)
        self.cells = dict(zip([*VIEWS, AGAIN], notebook(events)[1:], strict=True))

    def show(self, name):
        """Bring a view to where it is drawn."""
        self.lab.show(self.page, self.cells[name])
        self.page.locator(HANDLE).first.wait_for(timeout=30_000)
        self.page.wait_for_timeout(500)

    def turn(self, name, steps, frames):
        """Step one contestant, then hold its key."""
        self.show(name)
        self.step("ArrowLeft")
        before, messages = self.costs(), self.wire.messages
        times = [self.step(("ArrowRight", "ArrowLeft")[i % 2]) for i in range(steps)]
        self.page.wait_for_timeout(100)
        spent = [after - start for after, start in zip(self.costs(), before, strict=True)]
        sent = self.wire.messages - messages
        self.page.wait_for_timeout(REST)
        return Turn(times, *spent, sent, **self.hold(HANDLE, frames))

    def step(self, key):
        return self.page.evaluate("given => stepOnce(...given)", [HANDLE, key, LATEST])

    def costs(self):
        return cpu_seconds(self.kernel), *self.thread.read()

    def hold(self, selector, frames):
        """Hold a key (or none) for so many frames; then let what is under way end."""
        messages, before = self.wire.messages, self.thread.read()[1]
        found = self.page.evaluate("given => hold(...given)", [selector, frames])
        found["work"] = (self.thread.read()[1] - before) / frames
        found["held"] = self.wire.messages - messages
        self.page.wait_for_timeout(2 * REST)
        found["after"] = self.wire.messages - messages - found["held"]
        found["pictures"] *= 1e3 / sum(found["intervals"])
        return found


def measure(events, rounds, steps, frames):
    """Let each contestant take its turns; collect idle frames between them."""
    with chromium() as browser, laboratory() as lab:
        bench = Bench(browser, lab, events)
        turns = {name: [] for name in bench.cells}
        idle = []
        for number in range(rounds):
            for name in rotated(list(bench.cells), number):
                turns[name].append(bench.turn(name, steps, frames))
            idle += bench.hold(None, frames)["intervals"]
            print(f"  steps: round {number + 1} of {rounds}", flush=True)
    return turns, idle


# ---------------------------------------------------------------- words

HEADER = [
    "view",
    "messages per step",
    "kernel CPU [ms]",
    "scripts CPU [ms]",
    "page CPU [ms]",
    "key to frame [ms]",
    "95 % [ms]",
    "times ours",
    "key held: messages per key",
    "pictures/s",
    "frame p95 [ms]",
]


def p95(values):
    return quantiles(values, n=20)[-1]


def row(name, turns, ours, steps):
    """Cells of one contestant."""
    times = [t for turn in turns for t in turn.times]
    ratios = [median(mine.times) / median(its.times) for mine, its in zip(turns, ours, strict=True)]
    intervals = [t for turn in turns for t in turn.intervals]
    low, high = min(ratios), max(ratios)
    return [
        name,
        f"{sum(turn.messages for turn in turns) / len(turns) / steps:.1f}",
        f"{1e3 * median(turn.kernel for turn in turns) / steps:.1f}",
        f"{1e3 * median(turn.script for turn in turns) / steps:.2f}",
        f"{1e3 * median(turn.thread for turn in turns) / steps:.1f}",
        f"{median(times):.1f}",
        f"{p95(times):.1f}",
        f"{median(ratios):.2f} ({low:.2f} … {high:.2f})",
        f"{sum(turn.held for turn in turns) / len(intervals):.1f}",
        f"{median(turn.pictures for turn in turns):.0f}",
        f"{p95(intervals):.1f}",
    ]


def goals(turns, idle):
    """Sentences that say what was wanted and what was reached."""
    ours = turns[OURS] + turns[AGAIN]
    sent, after = (sum(getattr(turn, when) for turn in ours) for when in ("held", "after"))
    keys = sum(len(turn.intervals) for turn in ours)
    rest = f"when it rests the trait is told, {after / len(ours):.0f} messages"
    frames = p95([t for turn in ours for t in turn.intervals])
    key = p95([t for turn in ours for t in turn.times])
    work = 1e3 * median(turn.work for turn in ours)
    reached = met(frames <= FRAME)
    nothing = f"{p95(idle):.1f} ms where nothing moves; the page's clock counts in {CLOCK} ms"
    return [
        f"messages of ours, key held, goal 0: {met(sent == 0)}, {sent} in {keys} steps ({rest})",
        f"frame p95 of ours, goal ≤ {FRAME} ms: {reached}, {frames:.1f} ms ({nothing})",
        f"CPU of the page's main thread per such frame of ours: {work:.1f} ms",
        f"key to drawn frame, p95 of ours: {key:.1f} ms",
        f"steps that had drawn nothing after {LATEST / 1e3:.0f} s: {blind(turns)}",
    ]


def blind(turns):
    """Name the views that drew nothing, and how often."""
    counts = {name: sum(t >= LATEST for turn in held for t in turn.times)
              for name, held in turns.items()}  # fmt: skip
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"


COMMENT = """A model of {events:.0e} events; each view shows scores, ROC and significance with one
threshold, in one notebook of a real JupyterLab with a real kernel, in headless Chromium that
draws in software. {rounds} interleaved rounds of {steps} steps each by keys, then a key held for
{frames} frames. Messages are those of the kernel's socket, both ways; a view of ours tells the
kernel its threshold when keys rest for 0.4 s. CPU is per step: of the kernel's process (in ticks
of 10 ms), of the page's main thread in scripts, and in all its tasks. "Key to frame" runs from
the press to the first frame after the last change that it brought; "times ours" is the median of
the rounds' ratios (smallest … largest). "Naive" computes and draws everything at each step; all
others computed once, "cached" draws everything, the rest what moves."""


def report(turns, idle, asked):
    rows = [row(name, held, turns[OURS], asked.steps) for name, held in turns.items()]
    wanted = "\n".join(f"- {line}." for line in goals(turns, idle))
    where = circumstances("ipykernel", "jupyterlab", "matplotlib", "ipympl", "plotly", "bqplot")
    parts = [f"{where}.", COMMENT.format(**vars(asked)), table(HEADER, rows), wanted]
    return "## One step of a slider\n\n" + "\n\n".join(parts)


def main():
    parser = asking(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--events", type=float, default=1e6)
    asked = parser.parse_args()
    text = report(*measure(asked.events, asked.rounds, asked.steps, asked.frames), asked)
    present("steps", text, dry=asked.dry)


if __name__ == "__main__":
    main()
