"""The CNN of the lesson on jet images, on a real accelerator and beside it on the CPU."""

import ast

import pytest

from hepml_lessons import recipes as lessons
from tests.gpu.conftest import PREPARED, check_both, recipe_text

TRAINED = """
import time
import keras
from hepml import data, stats

jets = data.load("jets")
jets = jets[jets["mpi"] == 0].reset_index(drop=True).iloc[:16_000]
X = exposed(pixelated(jet_frame(towers_of(jets))))
y, w = jets["Label"].to_numpy(), jets["Weight"].to_numpy(float)
train, test = slice(0, 10_000), slice(10_000, None)
keras.utils.set_random_seed(3)
epochs, batch = 4, 128
model = image_network(epochs * -(-10_000 // batch))
started = time.perf_counter()
model.fit(X[train], y[train].astype("float32")[:, None],
          sample_weight=balanced(y[train], w[train]), batch_size=batch, epochs=epochs, verbose=0)
seconds = time.perf_counter() - started
score = model.predict(X[test], batch_size=4096, verbose=0)[:, 0]
print(json.dumps([device.is_accelerator, stats.auc(y[test], score, w[test]), seconds,
                  repr(device)]))
"""


@pytest.mark.gpu
def test_the_network_trains_on_the_device_as_on_the_cpu(python, backend, record_property):
    """Other roundings and another order of sums: the same AUC within what seeds differ by."""
    code = PREPARED + recipe_text("jet-images") + TRAINED
    for name, said in check_both(python, backend, code, least=0.8, apart=0.015).items():
        record_property(name, said)


def test_the_text_defines_what_the_network_needs():
    """The text that is sent away is the lesson's; no device is needed to see that."""
    names = lessons.recipe("jet-images")
    tree = ast.parse(recipe_text("jet-images"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"towers_of", "jet_frame", "pixelated", "image_network"} <= defined <= names.keys()
