"""What is recorded about jet images: all that the lesson reads, and once more in small."""

import numpy as np
import pytest

from benchmarks import goals, jet_images
from benchmarks.cells import Cells, compare
from hepml import stats
from hepml_lessons import recording
from hepml_lessons.recipes import recipe

SMALLEST, TESTED = 1_000, 9_000


@pytest.fixture(scope="module")
def recorded():
    return recording("jet-images")


@pytest.fixture(scope="module")
def lesson():
    return recipe("jet-images")


@pytest.fixture(scope="module")
def bundled(lesson):
    return jet_images.prepared(lesson, jet_images.bundled_jets().iloc[: SMALLEST + TESTED])


def test_everything_the_lesson_reads_is_there(recorded):
    assert {"command", "versions", "recorded", "data", "method", "known"} <= recorded.keys()
    assert "1000" in recorded["curves"]
    for size, point in recorded["curves"].items():
        assert int(size) <= point["jets"]
        assert tuple(point["models"]) == jet_images.MODELS
        for held in point["models"].values():
            assert 0.5 < held["auc"] < 1
            assert held["rejection"] > 2
            assert min(held[key] for key in ("auc_error", "rejection_error", "cpu_seconds")) > 0
        pairs = {f"{first} - {second}" for first, second in jet_images.PAIRS}
        assert set(point["differences"]) == pairs
        assert all(race["error"] > 0 for race in point["differences"].values())


def test_the_cnn_learns_from_more_jets_long_after_the_trees(recorded):
    curves = recorded["curves"]
    most = max(curves, key=int)
    gained = {
        name: curves[most]["models"][name]["auc"] - curves["3000"]["models"][name]["auc"]
        for name in jet_images.MODELS
    }
    assert gained["CNN"] > 2 * max(gained["BDT"], gained["BDT with the number"])
    ahead = curves[most]["differences"]["CNN - BDT"]
    assert ahead["difference"] > 5 * ahead["error"]


def test_single_quantities_have_the_order_of_the_paper(recorded):
    known = {name: held["auc"] for name, held in recorded["known"]["models"].items()}
    single = max(known[name] for name in jet_images.QUANTITIES)
    most = recorded["curves"][max(recorded["curves"], key=int)]["models"]
    assert single < known["jet_mass and tau_21"] < most["BDT"]["auc"] < most["CNN"]["auc"]
    assert max(known, key=known.get) == "jet_mass and tau_21"
    assert max(jet_images.QUANTITIES, key=known.get) == "tau_21"


@pytest.mark.parametrize("model", jet_images.MODELS)
def test_a_small_training_agrees_with_the_record(lesson, bundled, recorded, model):
    """Other jets of the same recipe: they may differ as trainings on different jets do."""
    train, test = bundled.rows(slice(SMALLEST)), bundled.rows(slice(SMALLEST, None))
    score = jet_images.fit(lesson, model, train, seed=5)(test)
    curve = stats.roc_curve(test.y, score, test.weights)
    held = recorded["curves"][str(SMALLEST)]["models"][model]
    tolerance = 4 * np.hypot(curve.auc_error, np.std(held["each"], ddof=1))
    assert curve.auc == pytest.approx(held["auc"], abs=tolerance)
    assert tolerance < 0.05


def test_the_order_of_towers_and_labels_is_kept(lesson, bundled):
    """Rows of all parts belong to the same jet."""
    some = bundled.rows(slice(10, 30))
    again = jet_images.prepared(
        lesson, jet_images.bundled_jets().iloc[10:30].reset_index(drop=True)
    )
    for ours, wanted in zip(some, again, strict=True):
        assert ours == pytest.approx(wanted, abs=1e-6)


# ---------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("available", "sizes"),
    [
        (200, []),
        (300, [300]),
        (4_400, [300, 1_000, 3_000]),
        (5_000, [300, 1_000, 3_000, 5_000]),
        (34_500, [300, 1_000, 3_000, 10_000, 30_000]),
        (67_300, [300, 1_000, 3_000, 10_000, 30_000, 65_000]),
    ],
)
def test_the_largest_size_is_all_there_is(available, sizes):
    assert jet_images.sizes_for(available) == sizes


def fill(folder, jets, sizes, score):
    """Finish all trainings of some sizes on a file of so many jets."""
    cells = Cells(jet_images.folder_for(folder, jets))
    for size, seed, model in list(jet_images.todo(cells, sizes, jets)):
        cells.put(jet_images.cell_name(size, model, seed), np.full(3, score), 1.0)
    return cells


def test_no_size_is_larger_than_the_file(tmp_path):
    cells = Cells(tmp_path)
    assert {size for size, *_ in jet_images.todo(cells, [1_000, 3_000], 2_999)} == {1_000}


def test_trainings_have_jets_of_their_own_as_far_as_there_are_enough():
    rows = [jet_images.rows_of(1_000, seed, 2_500) for seed in range(3)]
    assert [(one.start, one.stop) for one in rows] == [(0, 1_000), (1_000, 2_000), (1_500, 2_500)]


def test_of_each_size_the_longest_file_counts_that_is_finished(tmp_path):
    fill(tmp_path, 4_000, [1_000, 3_000], 0.1)
    longer = fill(tmp_path, 12_000, [1_000], 0.2)
    held = {}
    for folder in sorted(tmp_path.glob("*-jets"), key=jet_images.jets_of):
        held |= jet_images.finished(folder)
    assert {size: jet_images.jets_of(cells.folder) for size, cells in held.items()} == {
        1_000: 12_000,
        3_000: 4_000,
    }
    longer.path(jet_images.cell_name(1_000, "CNN", 1)).unlink()
    assert jet_images.finished(longer.folder) == {}


def test_what_is_compared_are_the_quantities_asked_for():
    rng = np.random.default_rng(3)
    y, weights = rng.integers(0, 2, 5000), rng.exponential(1, 5000)
    scores = {name: [(rng.normal(y * shift, 1), 2.0)] for name, shift in (("a", 1), ("b", 1.5))}
    found = compare(y, scores, weights, pairs=[("b", "a")], quantities=("auc", "rejection"))
    for name, [(score, _)] in scores.items():
        curve = stats.roc_curve(y, score, weights)
        point = stats.working_point(curve, signal_efficiency=0.5)
        held = found["models"][name]
        assert held["auc"] == curve.auc
        assert held["auc_error"] == pytest.approx(curve.auc_error, rel=0.4)
        assert held["rejection"] == stats.background_rejection(curve, 0.5)
        assert held["rejection_error"] == pytest.approx(point.background_rejection_error, rel=0.4)
    assert found["differences"]["b - a"]["difference"] == pytest.approx(
        found["models"]["b"]["auc"] - found["models"]["a"]["auc"]
    )


def race(*differences):
    return {
        str(10**k): {"differences": {"a - b": {"difference": each, "error": 1.0}}}
        for k, each in enumerate(differences)
    }


@pytest.mark.parametrize(
    ("differences", "size"),
    [((3, 3, 3), "1"), ((3, 1, 3), "100"), ((-3, 1, 3), "100"), ((3, 3, 1), None)],
)
def test_ahead_is_who_stays_ahead(differences, size):
    assert goals.ahead_from(race(*differences), "a - b") == size
