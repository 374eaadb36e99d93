"""What watching a training costs: extra CPU of live plots on a small Keras network.

    python -m benchmarks.monitor [--rounds 10]

Every contestant runs in one Jupyter kernel whose messages are read by a client, as a browser
would; contestants that are not installed are left out. The network is 28-300-300-300-1, the
batch 1024 events.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.timing import circumstances, interleave, record, table

ROOT = Path(__file__).resolve().parents[1]
BATCH = 1024
ONE_THREAD = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
LIMIT = 3600  # s
COMMENT = """
Medians of the CPU time of the whole process in {rounds} interleaved rounds, TensorFlow on one
thread; extra CPU is the median over rounds of the ratio to the training without callback.
Each training shows {events} events in each of {epochs} epochs, with validation, in a Jupyter
kernel with a client reading its messages. "nothing, again" is the same-against-same control;
"spread" is the middle half of the rounds. TrainingMonitor's cost has a part that does not grow
with the training ({fixed:.2f} s: the widget, and the copy with a picture that stays in the saved
notebook).
"""


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


def tensorboard():
    import keras

    folder = tempfile.mkdtemp()
    remove = keras.callbacks.LambdaCallback(on_train_end=lambda _: shutil.rmtree(folder))
    return [keras.callbacks.TensorBoard(folder, write_graph=False), remove]


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
    "TrainingMonitor": (monitor, "hepml_widgets"),
    "TensorBoard, per epoch": (tensorboard, "tensorboard"),
    "tqdm, per batch": (tqdm, "tqdm"),
    "livelossplot": (livelossplot, "livelossplot"),
    "matplotlib, per epoch": (matplotlib, "matplotlib"),
}


def measure(rounds, batches, epochs):
    """Seconds of CPU of each contestant in each round, and of a training of one batch."""
    there = {name: make for name, (make, module) in PEERS.items() if find_spec(module)}

    def contest(fit, names):
        runs = {"nothing": fit} | {name: partial(fit, there[name]) for name in names}
        return interleave(runs, control="nothing", rounds=rounds)

    long = contest(Fit(batches, epochs), there)
    short = contest(Fit(1, 1), ["TrainingMonitor"])
    fixed = median(map(float.__sub__, short["TrainingMonitor"].rounds, short["nothing"].rounds))
    return {"seconds": {name: timing.rounds for name, timing in long.items()}, "fixed": fixed}


# ---------------------------------------------------------------- outside


def in_kernel(code):
    """Run code in a fresh kernel whose messages are read; return what it leaves in `result`."""
    from jupyter_client.manager import KernelManager

    kernel = KernelManager()
    kernel.start_kernel(cwd=str(ROOT), env={**os.environ, **ONE_THREAD})
    client = kernel.client()
    client.start_channels()
    try:
        client.wait_for_ready(60)
        ask = {"user_expressions": {"result": "__import__('json').dumps(result)"}}
        reply = client.execute_interactive(code, output_hook=look, timeout=LIMIT, **ask)
        content = reply["content"]
        if content["status"] != "ok":
            raise RuntimeError("\n".join(content["traceback"]))
        text = content["user_expressions"]["result"]["data"]["text/plain"]
        return json.loads(text.strip("'"))
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)


def look(message):
    """Take a message, as a browser does; only mistakes are worth printing."""
    if message["msg_type"] == "error":
        print("\n".join(message["content"]["traceback"]))


def quartiles(ratios):
    ordered = sorted(ratios)
    return ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]


def rows(seconds):
    """Table rows: contestant, seconds, extra CPU, spread."""
    bare = seconds["nothing"]
    for name, rounds in seconds.items():
        ratios = [100 * (its / mine - 1) for its, mine in zip(rounds, bare, strict=True)]
        low, high = quartiles(ratios)
        extra = "" if name == "nothing" else f"{median(ratios):+.1f}"
        spread = "" if name == "nothing" else f"{low:+.1f} … {high:+.1f}"
        yield [name.replace(" again", ", again"), f"{median(rounds):.2f}", extra, spread]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--batches", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=8)
    asked = parser.parse_args()
    size = f"{asked.rounds}, {asked.batches}, {asked.epochs}"
    found = in_kernel(f"from benchmarks.monitor import measure\nresult = measure({size})")
    header = ["callback", "CPU [s]", "extra CPU [%]", "spread [%]"]
    text = table(header, list(rows(found["seconds"])))
    events = f"{asked.batches * BATCH:,}".replace(",", " ")
    comment = COMMENT.format(
        rounds=asked.rounds, epochs=asked.epochs, events=events, fixed=found["fixed"]
    )
    where = circumstances("keras", "tensorflow-cpu", "anywidget", "ipykernel")
    record("monitor", f"## Watching a training\n\n{where}\n{comment}\n{text}")
    print(text)


if __name__ == "__main__":
    main()
