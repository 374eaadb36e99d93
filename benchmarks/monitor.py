"""What watching a training costs: extra CPU of live plots on a small Keras network.

    python -m benchmarks.monitor [--rounds 20]

Every contestant runs in one Jupyter kernel whose messages are read by a client, as a browser
would; contestants that are not installed are left out. The network is 28-300-300-300-1, the
batch 1024 events.
"""

import shutil
import sys
import tempfile
import time
from functools import partial
from importlib.util import find_spec
from statistics import median

from benchmarks.kernel import Kernel
from benchmarks.timing import asking, circumstances, interleave, met, present, table

BATCH = 1024
LIMIT = 3600  # s
EXTRA, PER_BATCH, HISTORY = 2, 0.1, 20  # %, ms, MB
PROGRESS = "  monitor:"
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")
OURS, BARE = "TrainingMonitor", "nothing"
COMMENT = """Medians of the CPU time of the whole process in {rounds} interleaved rounds,
TensorFlow on one thread; extra CPU is the median over rounds of the ratio to the training without
callback. Each
training shows {events} events in {batches} batches in each of {epochs} epochs, with validation,
in a Jupyter kernel with a client reading its messages. "nothing, again" is the same-against-same
control; "spread" is the middle half of the rounds, "error" that of the median, from the middle
half. "Fixed" is the extra CPU of a training of a single batch: for TrainingMonitor the widget and
the copy with a picture that stays in the saved notebook. "Per batch" is the rest, over all
batches."""


# ---------------------------------------------------------------- in the kernel


def network():
    """Compile the network of the comparison, the same each time."""
    import keras

    keras.utils.set_random_seed(1)
    hidden = [keras.layers.Dense(300, "relu") for _ in range(3)]
    model = keras.Sequential([keras.Input((28,)), *hidden, keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def sample(batches):
    import numpy as np

    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, batches * BATCH)
    return (rng.normal(size=(len(y), 28)) + 0.1 * y[:, None]).astype("float32"), y


class Fit:
    """One training with the callbacks that `watch()` makes."""

    def __init__(self, batches, epochs):
        self.training, self.validation = sample(batches), sample(max(batches // 5, 1))
        self.epochs = epochs
        self.model = network()
        self.start = self.model.get_weights()

    def __call__(self, watch=list):
        self.model.set_weights(self.start)
        self.model.fit(*self.training, batch_size=BATCH, epochs=self.epochs, verbose=0,
                       validation_data=self.validation, callbacks=watch())  # fmt: skip


def monitor():
    from IPython.display import display

    from hepml_widgets import TrainingMonitor

    watcher = TrainingMonitor()
    display(watcher)
    return [watcher]


def livelossplot():
    from livelossplot import PlotLossesKerasTF

    return [PlotLossesKerasTF()]


def tensorboard(every="epoch"):
    import keras

    folder = tempfile.mkdtemp()
    remove = keras.callbacks.LambdaCallback(on_train_end=lambda _: shutil.rmtree(folder))
    return [keras.callbacks.TensorBoard(folder, write_graph=False, update_freq=every), remove]


def tqdm():
    import keras
    from tqdm import tqdm as bar

    shown = bar(unit="batch", file=sys.stdout)
    step = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, **__: shown.update(),
        on_train_end=lambda _: shown.close(),
    )
    return [step]


def matplotlib():
    """Redraw curves after each epoch, as many a notebook does by hand."""
    import keras
    import matplotlib.pyplot as plt
    from IPython.display import clear_output, display

    curves = {}

    def redraw(_, logs):
        for name, value in logs.items():
            curves.setdefault(name, []).append(value)
        clear_output(wait=True)
        fig, axes = plt.subplots(1, 2, figsize=(9, 3.5))
        for name, values in curves.items():
            axes[int("accuracy" in name)].plot(values, label=name)
        for ax in axes:
            ax.legend()
        display(fig)
        plt.close(fig)

    return [keras.callbacks.LambdaCallback(on_epoch_end=redraw)]


PEERS = {
    OURS: (monitor, "hepml_widgets"),
    "TensorBoard, per epoch": (tensorboard, "tensorboard"),
    "TensorBoard, per batch": (partial(tensorboard, "batch"), "tensorboard"),
    "tqdm, per batch": (tqdm, "tqdm"),
    "livelossplot": (livelossplot, "livelossplot"),
    "matplotlib, per epoch": (matplotlib, "matplotlib"),
}


def measure(rounds, batches, epochs):
    """Seconds of CPU of each contestant in each round, in long and in short trainings."""
    there = {name: make for name, (make, module) in PEERS.items() if find_spec(module)}
    found = {}
    for length, fit in (("long", Fit(batches, epochs)), ("short", Fit(1, 1))):
        runs = {BARE: fit} | {name: partial(fit, make) for name, make in there.items()}
        tell = partial(progress, length, rounds)
        times = interleave(runs, control=BARE, rounds=rounds, tell=tell)
        found[length] = {name: timing.rounds for name, timing in times.items()}
    return found


def progress(length, rounds, turn):
    print(f"{PROGRESS} {length} trainings, round {turn + 1} of {rounds}", flush=True)


def hooked(epochs, batches):
    """Call a shown monitor as Keras does for that many batches of no work."""
    (watcher,) = monitor()
    watcher.set_params({"epochs": epochs, "steps": batches})
    watcher.on_train_begin()
    for epoch in range(epochs):
        watcher.on_epoch_begin(epoch)
        for batch in range(batches):
            watcher.on_train_batch_begin(batch)
        watcher.on_epoch_end(epoch, dict.fromkeys(CURVES, 1 / (1 + epoch)))
    watcher.on_train_end()
    return watcher


def history(epochs, batches):
    """Bytes that a monitor takes at most while it watches, and CPU seconds per batch."""
    import tracemalloc

    start = time.process_time()
    hooked(epochs, batches)
    seconds = (time.process_time() - start) / (epochs * batches)
    tracemalloc.start()
    watcher = hooked(epochs, batches)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"seconds": seconds, "bytes": peak, "epochs": watcher.epochs}


# ---------------------------------------------------------------- outside


def hear(message):
    """Take a message, as a browser does; only progress is worth printing."""
    text = message["content"].get("text", "") if message["msg_type"] == "stream" else ""
    if PROGRESS in text:
        print(text[text.index(PROGRESS) :].splitlines()[0], flush=True)


def in_kernel(rounds, batches, epochs, length):
    """Measure in one fresh kernel."""
    with Kernel(LIMIT) as kernel:
        kernel.run("from benchmarks import monitor")
        kernel.run(f"found = monitor.measure({rounds}, {batches}, {epochs})", hear)
        kernel.run(f"held = monitor.history({length}, {length})", hear)
        return kernel.value("found"), kernel.value("held")


def quartiles(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]


def error(values):
    """Error of a median, from the middle half."""
    low, high = quartiles(values)
    return 1.25 * (high - low) / 1.35 / len(values) ** 0.5


def extra(seconds, name):
    """Percent more CPU than without callback, round by round."""
    pairs = zip(seconds[name], seconds[BARE], strict=True)
    return [100 * (its / bare - 1) for its, bare in pairs]


def difference(seconds, name):
    """Seconds more than without callback, round by round."""
    return [its - bare for its, bare in zip(seconds[name], seconds[BARE], strict=True)]


def fixed(found, name):
    return median(difference(found["short"], name))


def per_batch(found, name, count):
    """Milliseconds per batch beyond what the training costs once."""
    return 1e3 * (median(difference(found["long"], name)) - fixed(found, name)) / count


def rows(found, count):
    """Table rows: contestant, seconds, extra CPU and its spread, fixed part, rest per batch."""
    for name, rounds in found["long"].items():
        cells = [name.replace(" again", ", again"), f"{median(rounds):.2f}"]
        if name == BARE:
            yield [*cells, *[""] * 5]
            continue
        ratios = extra(found["long"], name)
        low, high = quartiles(ratios)
        yield [
            *cells,
            f"{median(ratios):+.1f}",
            f"{error(ratios):.1f}",
            f"{low:+.1f} … {high:+.1f}",
            f"{1e3 * fixed(found, name):.0f}",
            f"{per_batch(found, name, count):.2f}",
        ]


def goals(found, held, count):
    """Sentences that say what was wanted and what was reached."""
    ratios = extra(found["long"], OURS)
    share, each = median(ratios), per_batch(found, OURS, count)
    megabytes, pairs = held["bytes"] / 1e6, len(ratios)
    control = extra(found["long"], f"{BARE} again")
    same = f"the control ({median(control):.1f} ± {error(control):.1f}) %"
    reached = f"({share:.1f} ± {error(ratios):.1f}) % in {pairs} pairs, {same}"
    hooks = f"its hooks alone, without a network: {1e3 * held['seconds']:.4f} ms"
    size = f"history of {held['epochs']} epochs with as many batches each"
    return [
        f"extra CPU of TrainingMonitor, goal ≤ {EXTRA} %: {met(share <= EXTRA)}, {reached}",
        f"per batch, goal ≤ {PER_BATCH} ms: {met(each <= PER_BATCH)}, {each:.2f} ms; {hooks}",
        f"{size}, goal < {HISTORY} MB: {met(megabytes < HISTORY)}, {megabytes:.1f} MB at most",
    ]


def main():
    parser = asking(__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--batches", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--history", type=int, default=1000, help="epochs, and batches in each")
    asked = parser.parse_args()
    found, held = in_kernel(asked.rounds, asked.batches, asked.epochs, asked.history)
    count = asked.batches * asked.epochs
    header = ["callback", "CPU [s]", "extra CPU [%]", "error [%]", "spread [%]"]
    text = table([*header, "fixed [ms]", "per batch [ms]"], list(rows(found, count)))
    events = f"{asked.batches * BATCH:,}".replace(",", " ")
    where = circumstances("keras", "tensorflow-cpu", "anywidget", "ipykernel")
    comment = COMMENT.format(events=events, **vars(asked))
    wanted = "\n".join(f"- {line}." for line in goals(found, held, count))
    parts = ["## Watching a training", f"{where}.", comment, text, wanted]
    present("monitor", "\n\n".join(parts), dry=asked.dry)


if __name__ == "__main__":
    main()
