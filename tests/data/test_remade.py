"""The samples from Pythia can be made again, event by event, with the code as it stands."""

import pandas as pd
import pytest

from hepml import data
from hepml.data.recipes import get
from hepml.data.recipes.base import Chunk

EVENTS = 6  # fewer events of a chunk are its first ones
SAMPLES = ("higgs_tautau", "heavy_higgs", "top_resonance")


def variants():
    for name in SAMPLES:
        for number, process in enumerate(get(name).processes):
            for variant in range(len(process.shares)):
                yield pytest.param(name, number, variant, id=f"{name}-{number}-{variant}")


@pytest.fixture(scope="module")
def samples():
    return {name: data.load(name) for name in SAMPLES}


@pytest.mark.generate
@pytest.mark.parametrize(("name", "process", "variant"), list(variants()))
def test_the_first_events_of_a_chunk_are_in_the_sample(samples, name, process, variant):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    recipe, record = get(name), data.card(name).record
    made = recipe.run(Chunk(process, variant, 0, EVENTS, record["seed"]))
    primary = {c.name: made[c.name].astype(c.dtype) for c in recipe.columns if c.name in made}
    assert len(primary) > 15
    table = samples[name]
    found = pd.DataFrame(primary).merge(table[table["Process"] == process], on=list(primary))
    assert len(found) == EVENTS
