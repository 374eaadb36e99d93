"""The recipe: its symmetries, on another backend, on published events; and what is recorded."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import deep_networks
from hepml import data
from hepml_lessons import recording
from hepml_lessons.recipes import recipe
from tests.lessons.backends import steps_on

STEP = """
import json, numpy as np
from hepml_lessons.recipes import recipe
from hepml import data

lesson = recipe("deep-networks")
events = data.load("heavy_higgs").iloc[:2000]
X = lesson["inputs"](events, "all")
Z, y = lesson["standardiser"](X)(X), events["Label"].to_numpy("float32")[:, None]
model = lesson["network"](Z.shape[1], steps=20, dropout=0)
rng = np.random.default_rng(3)
model.set_weights([rng.normal(0, 0.1, w.shape).astype("float32") for w in model.get_weights()])

losses = [float(model.evaluate(Z, y, batch_size=2000, verbose=0))]
for _ in range(2):
    model.fit(Z, y, batch_size=2000, epochs=1, shuffle=False, verbose=0)
    losses.append(float(model.evaluate(Z, y, batch_size=2000, verbose=0)))
print(json.dumps({"backend": lesson["keras"].backend.backend(), "losses": losses}))
"""


def test_the_recipe_takes_the_same_steps_on_jax():
    pytest.importorskip("jax")
    ours, theirs = (np.array(steps_on(backend, STEP)) for backend in ("tensorflow", "jax"))
    assert ours[2] < ours[1] < ours[0]
    assert theirs == pytest.approx(ours, abs=1e-5)


@pytest.fixture(scope="module")
def lesson():
    return recipe("deep-networks")


@pytest.fixture(scope="module")
def some():
    return data.load("heavy_higgs").iloc[:500].astype({"lepton_phi": float})


def rotated(events, angle):
    events = events.copy()
    for name in events.filter(regex="_phi$"):
        events[name] = (events[name].astype(float) + angle + np.pi) % (2 * np.pi) - np.pi
    return events


def mirrored(events, ending):
    events = events.copy()
    for name in events.filter(regex=f"{ending}$"):
        events[name] = -events[name]
    return events


def test_turned_and_mirrored_events_are_the_same_to_the_network(lesson, some):
    wanted = lesson["low_level"](some)
    for other in (rotated(some, 1.234), mirrored(some, "_eta"), mirrored(some, "_phi")):
        assert lesson["low_level"](other) == pytest.approx(wanted, abs=2e-3)


def test_the_order_of_the_jets_does_not_matter(lesson, some):
    names = {f"jet_{a}_{p}": f"jet_{b}_{p}" for a, b in ((1, 3), (3, 1)) for p in
             ("pt", "eta", "phi", "b_tag")}  # fmt: skip
    swapped = some.rename(columns=names)
    distinct = np.array([len(set(row)) == 4 for row in some.filter(regex=r"jet_\d_pt").to_numpy()])
    wanted = lesson["low_level"](some)[distinct]
    assert lesson["low_level"](swapped)[distinct] == pytest.approx(wanted)


def test_low_level_inputs_know_nothing_of_the_masses(lesson, some):
    blind = some.assign(**dict.fromkeys(lesson["MASSES"], -1.0))
    for which in ("low", "listed"):
        assert np.array_equal(lesson["inputs"](blind, which), lesson["inputs"](some, which))
    assert lesson["inputs"](some, "high").shape == (500, 7)
    assert lesson["inputs"](some, "all").shape[1] == lesson["inputs"](some, "low").shape[1] + 7


def test_masses_of_the_listed_jets_are_those_given_where_no_other_jet_is_in_them(lesson):
    """Both pairs follow from the columns in two of five events, and m_bb wherever both b are."""
    events = data.load("heavy_higgs")
    same = abs(lesson["listed_masses"](events) - lesson["high_level"](events)) < 0.002
    jj, bb = (same[:, lesson["MASSES"].index(name)] for name in ("m_jj", "m_bb"))
    tags = (events.filter(regex="b_tag$") > 0).sum(axis=1) == 2
    assert bb[tags].mean() > 0.99
    assert bb[~tags].mean() < 0.02
    assert (jj & bb).mean() == pytest.approx(0.41, abs=0.02)
    assert same[:, lesson["MASSES"].index("m_lv")].mean() > 0.99


def test_standardised_columns_have_mean_0_and_deviation_1_and_no_gaps(lesson):
    tau = data.load("higgs_tautau").iloc[:2000]
    X = lesson["tau_inputs"](tau, "all")
    assert np.isnan(X).any()
    Z = lesson["standardiser"](X)(X)
    known = ~np.isnan(X).any(axis=0)
    assert np.isfinite(Z).all()
    assert Z[:, known].mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert Z[:, known].std(axis=0) == pytest.approx(1, abs=1e-4)


@pytest.mark.real_data
def test_one_fold_of_the_recipe_on_published_events_agrees_with_the_record(real_data):
    path = real_data / "uci_higgs" / "higgs_train_10k.csv"
    recorded = recording("deep-networks")["uci"]["low"]
    settings = {"low": recorded["settings"][:1]}
    fold = deep_networks.uci(path, 1, ("low",), only_folds=1, settings=settings)["low"]
    for name in ("trees", "networks", "both"):
        error = fold[name]["auc_error"]
        assert fold[name]["auc"] == pytest.approx(recorded[name]["auc"], abs=3 * error)


def test_the_recorded_result_is_the_one_the_goal_asks_for():
    recorded = recording("deep-networks")
    assert recorded["uci"]["events"] == 10_000
    assert recorded["uci"]["all"]["both"]["auc"] >= 0.79
    assert recorded["uci"]["low"]["both"]["auc"] >= 0.67
    assert {"command", "versions", "recorded", "data"} <= recorded.keys()


def test_a_training_that_is_there_is_not_repeated(tmp_path):
    cells, trained = deep_networks.Cells(tmp_path), []

    def train():
        trained.append(1)
        return (lambda X: X + 1.0), 0.6

    for _ in range(2):
        loss = deep_networks.kept(cells, "3000 low deep 0.002 0", train, np.arange(5.0))
        assert loss == pytest.approx(0.6)
    assert trained == [1]
    assert deep_networks.tried(cells, 3000, "low", "deep") == {"0.002": pytest.approx(0.6)}
    assert deep_networks.best(cells, 3000, "low", "deep") == {"rate": 0.002}
    assert deep_networks.best(cells, 3000, "low", "trees") is None


def test_settings_are_compared_on_the_seeds_that_all_have(tmp_path):
    cells = deep_networks.Cells(tmp_path)
    for leaves, losses in ((15, [0.5]), (31, [0.4, 0.9])):
        for seed, loss in enumerate(losses):
            name = deep_networks.cell_name(
                3000, "all", "trees", {"leaves": leaves, "rate": 0.1}, seed
            )
            deep_networks.kept(cells, name, lambda loss=loss: (lambda X: X, loss), np.zeros(2))
    assert deep_networks.best(cells, 3000, "all", "trees") == {"leaves": 31, "rate": 0.1}


def test_the_search_goes_on_until_both_neighbours_are_worse():
    def loss(value):
        return (value - 4) ** 2

    assert deep_networks.climb((1, 2, 3, 4, 5), 2, loss) == 4
    assert deep_networks.climb((1, 2, 3, 4, 5), 5, loss) == 4
    assert deep_networks.climb((1, 2, 3, 4, 5), 5, loss, steps=(1,)) == 5

    def apart(settings):
        return abs(settings["leaves"] - 127) + abs(settings["rate"] - 0.05)

    found = deep_networks.chosen("trees", deep_networks.FIRST["trees"], apart)
    assert found == {"leaves": 127, "rate": 0.05}


def test_every_model_of_the_record_has_settings_chosen_among_several():
    """Equal care: trees and networks, at every size, on momenta and on all columns."""
    for size, held in recording("deep-networks")["curves"].items():
        for kind, which in ((k, w) for k in ("trees", "deep") for w in ("low", "all")):
            model = held["models"][f"{kind} {which}"]
            best = deep_networks.told(model["settings"])
            assert len(model["tried"]) >= 2, (size, kind, which)
            assert model["tried"][best] == min(model["tried"].values())


def test_paired_differences_have_smaller_errors_than_their_parts():
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 4000)
    common = rng.normal(y, 1)
    scores = {
        name: [(common + rng.normal(0, 0.1, len(y)), 1.0) for _ in range(2)]
        for name in ("deep low", "trees low")
    }
    found = deep_networks.summary(y, scores)
    apart = found["differences"]["deep low - trees low"]
    assert apart["error"] < 0.5 * found["models"]["deep low"]["auc_error"]
    assert abs(apart["difference"]) < 4 * apart["error"]
    assert pd.Series(found["models"]["deep low"]["each"]).nunique() == 2
