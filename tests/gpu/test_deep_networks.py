"""The recipe of the lesson on deep networks, on a real accelerator and beside it on the CPU."""

import ast

import pytest

from hepml_lessons import recipes as lessons
from tests.gpu.conftest import PREPARED, check_both, recipe_text

TRAINED = """
import time
import keras
from hepml import data, stats

events = data.load("heavy_higgs")
X, y = low_level(events), events["Label"].to_numpy()
order = np.random.default_rng(3).permutation(len(y))
train, test = order[:20_000], order[20_000:40_000]
scaled = standardiser(X[train])
batch, epochs = 256, 6
keras.utils.set_random_seed(3)
model = network(X.shape[1], epochs * -(-len(train) // batch))
started = time.perf_counter()
model.fit(scaled(X[train]), y[train].astype("float32")[:, None], batch_size=batch, epochs=epochs,
          verbose=0)
seconds = time.perf_counter() - started
score = model.predict(scaled(X[test]), batch_size=8192, verbose=0)[:, 0]
print(json.dumps([device.is_accelerator, stats.auc(y[test], score), seconds, repr(device)]))
"""


@pytest.mark.gpu
def test_the_recipe_trains_on_the_device_as_on_the_cpu(python, backend, record_property):
    """Other roundings and another order of sums: the same AUC within what seeds differ by."""
    code = PREPARED + recipe_text("deep-networks") + TRAINED
    for name, said in check_both(python, backend, code, least=0.6, apart=0.01).items():
        record_property(name, said)


def test_the_text_defines_what_the_recipe_does():
    """The text that is sent away is the lesson's; no device is needed to see that."""
    names = lessons.recipe("deep-networks")
    tree = ast.parse(recipe_text("deep-networks"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"low_level", "standardiser", "network"} <= defined <= names.keys()
