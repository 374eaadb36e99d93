"""Functions of the lesson: against closed forms, by their symmetries, on a published layout."""

import re
import sys

import h5py
import nbformat
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.special import logit
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from hepml import data, stats
from hepml.data import published as sets
from hepml.data.published import layouts
from hepml_lessons.checks import jet_images as check
from hepml_lessons.recipes import ROOT, TEXTS, recipe

sys.path.insert(0, str(ROOT / "book"))

import weave

from tests.lessons.backends import steps_on

SIDE, PIXELS = 2.5, 25


@pytest.fixture(scope="module")
def lesson():
    return recipe("jet-images")


@pytest.fixture(scope="module")
def jets():
    return data.load("jets").iloc[:600].reset_index(drop=True)


@pytest.fixture(scope="module")
def towers(lesson, jets):
    return lesson["towers_of"](jets)


@pytest.fixture(scope="module")
def images(lesson, towers):
    return lesson["pixelated"](lesson["jet_frame"](towers))


def turned(towers, angle):
    """Towers with each jet turned about its own axis; angles small enough to stay a plane."""
    x, y = towers["x"], towers["y"]
    c, s = np.cos(angle), np.sin(angle)
    return towers | {"x": c * x - s * y, "y": s * x + c * y}


def total(towers, values, of=None):
    """Sum of pT × values of each jet, over all towers or some."""
    of = np.ones_like(towers["pt"]) if of is None else of
    return np.bincount(towers["jet"], of * towers["pt"].astype(float) * values)


# ---------------------------------------------------------------- towers


def test_towers_are_those_of_the_table(lesson, jets):
    every = lesson["towers_of"](jets, trimmed=False)
    kept = lesson["towers_of"](jets)
    number = jets["nconstituent"].to_numpy()
    assert np.array_equal(np.bincount(every["jet"]), number)
    for k in (0, 17, len(jets) - 1):
        row = jets.iloc[k]
        mask = np.asarray(row["constituent_subjet"]) > 0
        for name in ("pt", "eta", "phi", "subjet"):
            own = np.asarray(row[f"constituent_{name}"], float)
            assert np.array_equal(every[name][every["jet"] == k], own)
            assert np.array_equal(kept[name][kept["jet"] == k], own[mask])


def test_no_jet_of_the_sample_is_left_without_towers(lesson):
    """Jets are numbered up to the last tower: one without any at the end would be lost."""
    jets = data.load("jets", ["nconstituent", *(f"constituent_{n}" for n in
                     ("pt", "eta", "phi", "subjet"))])  # fmt: skip
    jet = lesson["towers_of"](jets)["jet"]
    assert np.bincount(jet, minlength=len(jets)).min() > 0


def test_trimmed_towers_have_the_mass_of_the_table(jets, towers):
    """The sum of massless towers is the trimmed jet: another way from towers to a mass."""
    jet, pt, eta, phi = (towers[k] for k in ("jet", "pt", "eta", "phi"))
    parts = (np.cosh(eta), np.cos(phi), np.sin(phi), np.sinh(eta))
    E, px, py, pz = (np.bincount(jet, pt * part) for part in parts)
    mass = np.sqrt(E**2 - px**2 - py**2 - pz**2)
    assert mass == pytest.approx(jets["jet_mass"].to_numpy(float), rel=2e-3)
    assert np.hypot(px, py) == pytest.approx(jets["jet_pt"].to_numpy(float), rel=2e-3)


# ---------------------------------------------------------------- steps


@pytest.mark.parametrize("whole", [True, False])
def test_the_weighted_centre_is_the_origin(lesson, towers, whole):
    of = np.ones_like(towers["pt"], bool) if whole else towers["subjet"] == 1
    after = lesson["centred"](towers, of=of)
    for k in ("x", "y"):
        assert total(after, after[k], of) / total(after, 1, of) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("shift", [0.3, 1.7, np.pi, -2.9])
def test_where_a_jet_lies_does_not_matter(lesson, towers, shift):
    moved = towers | {
        "phi": np.angle(np.exp(1j * (towers["phi"] + shift))),
        "eta": towers["eta"] + shift,
    }
    neighbours = np.diff(towers["jet"]) == 0
    assert (np.abs(np.diff(moved["phi"]))[neighbours] > 6).sum() > 20  # jets across ±π
    before, after = (lesson["jet_frame"](t) for t in (towers, moved))
    assert after["y"] == pytest.approx(before["y"], abs=2e-5)
    assert np.abs(after["x"]) == pytest.approx(np.abs(before["x"]), abs=2e-5)
    # A subjet of a single tower lies at x = 0, and rounding may put it right or left.
    assert np.isclose(after["x"], before["x"], atol=2e-5).mean() > 0.99


def test_wrapped_angles_are_the_same_angles(lesson):
    phi = np.linspace(-20, 20, 999)
    assert np.exp(1j * lesson["wrapped"](phi)) == pytest.approx(np.exp(1j * phi))
    assert np.abs(lesson["wrapped"](phi)).max() <= np.pi


@pytest.mark.parametrize("alone", [False, True])
def test_the_second_subjet_or_else_the_tail_is_straight_below(lesson, towers, alone):
    hardest = towers["subjet"] == 1
    towers = {k: v[hardest] for k, v in towers.items()} if alone else towers
    numbers = np.unique(towers["jet"], return_inverse=True)[1]
    centred = lesson["centred"](towers | {"jet": numbers}, of=towers["subjet"] == 1)
    after = lesson["rotated"](centred)
    far = length(after) if alone else after["subjet"] == 2
    x, y = (total(after, after[k], far) / total(after, 1) for k in ("x", "y"))
    assert x == pytest.approx(0, abs=1e-5)
    several = np.bincount(numbers, length(after) > 1e-4) > 0
    assert several.mean() > 0.98
    assert (y[several] < 0).all()
    assert length(after) == pytest.approx(length(centred), abs=1e-6)


def length(towers):
    return np.hypot(towers["x"], towers["y"])


@pytest.mark.parametrize("angle", [0.4, 2, np.pi, 5])
def test_how_a_jet_was_turned_does_not_matter(lesson, towers, angle):
    centred = lesson["centred"](towers, of=towers["subjet"] == 1)
    wanted = lesson["rotated"](centred)
    after = lesson["rotated"](turned(centred, angle))
    for k in ("x", "y"):
        assert after[k] == pytest.approx(wanted[k], abs=2e-5)
    pictures = [lesson["pixelated"](lesson["mirrored"](each)) for each in (after, wanted)]
    # Only what lies on the edge of a pixel, to the last digit, may fall to the other side.
    assert np.isclose(*pictures, rtol=1e-5).mean() > 0.999


def test_the_right_half_has_more(lesson, towers):
    before = lesson["rotated"](lesson["centred"](towers, of=towers["subjet"] == 1))
    after = lesson["mirrored"](before)
    right, left = (total(after, 1, after["x"] * sign > 0) for sign in (1, -1))
    assert (right >= left).all()
    assert np.array_equal(after["y"], before["y"])
    assert np.array_equal(np.abs(after["x"]), np.abs(before["x"]))
    other = lesson["mirrored"](before | {"x": -before["x"]})
    decided = (right > left)[after["jet"]]
    assert np.array_equal(other["x"][decided], after["x"][decided])
    assert decided.mean() > 0.99


def test_the_order_of_the_towers_does_not_matter(lesson, towers, images):
    order = np.random.default_rng(1).permutation(len(towers["pt"]))
    order = order[np.argsort(towers["jet"][order], kind="stable")]
    mixed = lesson["jet_frame"]({k: v[order] for k, v in towers.items()})
    again = lesson["pixelated"](mixed)
    assert np.mean(np.isclose(again, images, rtol=1e-5)) > 0.9999


# ---------------------------------------------------------------- pixels


def toy_towers(x, y, pt=None, jet=None):
    x, y = np.asarray(x, float), np.asarray(y, float)
    pt = np.ones_like(x) if pt is None else np.asarray(pt, float)
    jet = np.zeros(len(x), int) if jet is None else np.asarray(jet)
    return {"x": x, "y": y, "pt": pt, "jet": jet}


def test_rows_go_along_y_and_columns_along_x(lesson):
    image = lesson["pixelated"](toy_towers([-1.2, 1.2, 0], [-1.2, 0, 1.2], [1, 2, 3]))[0]
    assert image.shape == (PIXELS, PIXELS)
    assert (image[0, 0], image[12, 24], image[24, 12]) == (1, 2, 3)
    assert image.sum() == 6


def test_towers_beyond_the_frame_are_dropped(lesson):
    outside = toy_towers([1.3, -1.3, 0, 0, 0], [0, 0, 1.26, -1.26, 0], [1, 2, 4, 8, 16])
    image = lesson["pixelated"](outside)[0]
    assert image.sum() == image[12, 12] == 16


def test_images_agree_with_a_histogram_of_each_jet(lesson, towers, images):
    frame = lesson["jet_frame"](towers)
    edges = np.linspace(-SIDE / 2, SIDE / 2, PIXELS + 1)
    for k in range(40):
        one = frame["jet"] == k
        wanted, *_ = np.histogram2d(
            frame["y"][one], frame["x"][one], bins=(edges, edges), weights=frame["pt"][one]
        )
        assert np.isclose(images[k], wanted, rtol=1e-4, atol=1e-4).mean() > 0.995
        assert images[k].sum() == pytest.approx(wanted.sum(), rel=1e-4)


@pytest.mark.parametrize("pixels", [11, 25, 33])
def test_no_transverse_momentum_is_lost_inside_the_frame(lesson, towers, pixels):
    frame = lesson["jet_frame"](towers)
    images = lesson["pixelated"](frame, pixels=pixels, side=8)
    assert images.shape == (600, pixels, pixels)
    assert images.sum(axis=(1, 2)) == pytest.approx(total(frame, 1), rel=1e-5)


@pytest.mark.parametrize("pixels", [20, 25, 33])
def test_an_image_taken_apart_and_put_together_is_the_same(lesson, towers, pixels):
    images = lesson["pixelated"](lesson["jet_frame"](towers), pixels=pixels)
    parts = lesson["towers_of_images"](images)
    again = lesson["pixelated"](parts | {"x": parts["eta"], "y": parts["phi"]}, pixels=pixels)
    assert np.array_equal(again, images)


def invariant_mass(pt, eta, phi):
    """Sum of four-vectors, one by one."""
    vectors = [
        (p * np.cosh(h), p * np.cos(f), p * np.sin(f), p * np.sinh(h))
        for p, h, f in zip(pt, eta, phi, strict=True)
    ]
    E, px, py, pz = np.sum(vectors, axis=0)
    return np.sqrt(E**2 - px**2 - py**2 - pz**2)


@pytest.mark.parametrize("pixels", [25, 33])
def test_the_mass_from_pixels_is_that_of_massless_particles_there(lesson, towers, pixels):
    images = lesson["pixelated"](lesson["jet_frame"](towers), pixels=pixels)[:50]
    parts = lesson["towers_of_images"](images)
    wanted = [
        invariant_mass(*(parts[k][parts["jet"] == jet] for k in ("pt", "eta", "phi")))
        for jet in range(50)
    ]
    assert lesson["pixel_mass"](images) == pytest.approx(wanted, rel=1e-3)


def test_the_mass_of_two_pixels_has_a_closed_form(lesson):
    image = np.zeros((1, 25, 25), "float32")
    image[0, 12, 12], image[0, 6, 12] = 150, 100  # Δφ = 0.6
    wanted = np.sqrt(2 * 150 * 100 * (1 - np.cos(0.6)))
    assert lesson["pixel_mass"](image)[0] == pytest.approx(wanted, rel=1e-4)


def test_the_exposure_can_be_undone(lesson, images):
    seen = lesson["exposed"](images)
    assert seen.shape == (*images.shape, 1)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(280 * seen[..., 0] ** 2, images, rtol=1e-5)
    np.testing.assert_allclose(lesson["exposed"](images.astype(float)), seen, rtol=1e-6)
    assert images.max() > 100  # not changed in place


# ---------------------------------------------------------------- statistics


def test_training_weights_give_both_classes_the_same_say(lesson, jets):
    y, w = jets["Label"].to_numpy(), jets["Weight"].to_numpy(float)
    scaled = lesson["balanced"](y, w)
    assert [scaled[y == k].sum() for k in (0, 1)] == pytest.approx([300, 300])
    assert (scaled / w)[y == 0] == pytest.approx((scaled / w)[y == 0][0])


@pytest.fixture(scope="module")
def gauss():
    """Pictures of 4 × 4 pixels, Gaussian with correlations, and their labels."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 20_000)
    mix = rng.normal(0, 1, (16, 16)) + 3 * np.eye(16)
    X = (
        rng.normal(0, 1, (len(y), 16)) @ mix
        + y[:, None] * rng.normal(0, 1, 16)
        + rng.normal(0, 3, 16)
    )
    return X.reshape(-1, 4, 4).astype("float32"), y


def cosine(a, b):
    return a @ b / np.sqrt((a @ a) * (b @ b))


def test_fishers_discriminant_is_that_of_scikit_learn(lesson, gauss):
    X, y = gauss
    found = lesson["fisher"](X, y, np.ones(len(y)))
    flat = X.reshape(len(X), -1)
    # both classes count the same in ours, and as often as they come in theirs: here nearly so
    wanted = LinearDiscriminantAnalysis(solver="lsqr", priors=(0.5, 0.5)).fit(flat, y).coef_[0]
    assert cosine(found, wanted) > 0.999
    assert stats.auc(y, flat @ found) == pytest.approx(stats.auc(y, flat @ wanted), abs=1e-3)


def test_fishers_discriminant_counts_weights_as_copies(lesson, gauss):
    X, y = gauss
    kept = X.copy()
    times = np.random.default_rng(3).integers(0, 4, len(y))
    weighted = lesson["fisher"](X, y, times.astype(float))
    copied = lesson["fisher"](
        np.repeat(X, times, axis=0), np.repeat(y, times), np.ones(times.sum())
    )
    assert cosine(weighted, copied) > 0.99999
    assert np.array_equal(X, kept)


def test_the_likelihood_ratio_of_two_gaussians_is_their_difference(lesson):
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 200_000)
    x = rng.normal(y, 1)
    ratio = lesson["likelihood_ratio"](x, y, np.ones(len(y)))
    at = np.linspace(-1, 2, 7)
    assert ratio(at) == pytest.approx(at - 0.5, abs=0.1)
    halved = lesson["likelihood_ratio"](x, y, np.where(y == 1, 0.5, 1))
    assert halved(at) == pytest.approx(ratio(at) + np.log(0.5), abs=5e-3)  # one is added


def test_a_likelihood_ratio_finds_a_signal_in_the_middle(lesson):
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 40_000)
    x = np.where(y == 1, rng.normal(0, 0.3, len(y)), rng.uniform(-1, 1, len(y)))
    assert stats.auc(y, x) == pytest.approx(0.5, abs=0.02)
    assert stats.auc(y, lesson["likelihood_ratio"](x, y, np.ones(len(y)))(x)) > 0.75


def test_the_likelihood_ratio_of_two_quantities_sees_what_neither_tells_alone(lesson):
    rng = np.random.default_rng(8)
    y = rng.integers(0, 2, 100_000)
    first = rng.normal(0, 1, len(y))
    second = np.where(y == 1, first, -first) + rng.normal(0, 1, len(y))
    both, ones = np.stack([first, second], axis=1), np.ones(len(y))
    half = len(y) // 2
    for alone in (first, second):
        ratio = lesson["likelihood_ratio"](alone[:half], y[:half], ones[:half])
        assert stats.auc(y[half:], ratio(alone[half:])) == pytest.approx(0.5, abs=0.01)
    ratio = lesson["likelihood_ratio"](both, y, ones, bins=20)
    exact = 2 * first * second
    assert stats.auc(y, ratio(both)) == pytest.approx(stats.auc(y, exact), abs=0.01)
    near = np.array([[0.8, 0.8], [-0.8, 0.8], [0.0, 1.0]])
    assert ratio(near) == pytest.approx([1.28, -1.28, 0], abs=0.3)


def test_what_is_taken_out_separates_no_more(lesson):
    rng = np.random.default_rng(6)
    y = rng.integers(0, 2, 60_000)
    a, b = (rng.normal(0.8 * y, 1) for _ in range(2))
    third = rng.normal(0.5 * y, 1)
    weights = rng.exponential(1, len(y))
    out = lesson["taken_out"](a, b, y, weights)
    assert stats.auc(y, a + b, weights) > 0.75
    assert stats.auc(y, a + b, out) == pytest.approx(0.5, abs=0.02)
    left = stats.auc(y, third, out)
    assert left == pytest.approx(stats.auc(y, third, weights), abs=0.02)


def test_taking_out_leaves_the_signal_and_equal_sums(lesson):
    rng = np.random.default_rng(6)
    y = rng.integers(0, 2, 20_000)
    a, b = (rng.normal(0.3 * y, 1) for _ in range(2))
    weights = rng.exponential(1, len(y))
    out = lesson["taken_out"](a, b, y, weights, bins=4)
    assert np.array_equal(out[y == 1], weights[y == 1])
    assert out[y == 0].sum() == pytest.approx(weights[y == 1].sum())
    one_sided = lesson["taken_out"](a, 10 * y + b, y, weights, bins=4)
    assert one_sided[y == 1].sum() == pytest.approx(one_sided[y == 0].sum())


def test_pixel_correlations_are_those_of_numpy(lesson, images):
    rng = np.random.default_rng(7)
    seen = lesson["exposed"](images)[..., 0]
    times = rng.integers(0, 3, len(images))
    score = rng.normal(0, 1, len(images)) + 5 * seen[:, 12, 12]
    found = lesson["pixel_correlation"](seen, score, times.astype(float))
    repeated, again = (np.repeat(part, times, axis=0) for part in (seen, score))
    ever = repeated.any(axis=0)
    for row, column in np.argwhere(ever):
        wanted = np.corrcoef(repeated[:, row, column], again)[0, 1]
        assert found[row, column] == pytest.approx(wanted, abs=2e-3)
    assert not found[~ever].any()
    assert np.abs(found).max() == pytest.approx(found[12, 12])


def test_occlusion_of_a_linear_model_is_pixel_times_number(lesson, images):
    numbers = np.random.default_rng(8).normal(0, 1, images.shape[1:])

    def log_odds(images):
        return np.tensordot(images, numbers, 2) + 3

    found = lesson["occlusion"](log_odds, images[:70], at_once=32)
    assert found == pytest.approx(images[:70] * numbers, rel=1e-3, abs=2e-3)
    assert not found[images[:70] == 0].any()


# ---------------------------------------------------------------- networks


def outputs(model, X):
    return np.asarray(model.predict(X, verbose=0))[:, 0]


@pytest.fixture(scope="module")
def deep_sets(lesson, towers):
    """(network of sets, its inputs): numbers as they are before training."""
    values, mask = lesson["towers_as_set"](lesson["jet_frame"](towers))
    lesson["keras"].utils.set_random_seed(1)
    return lesson["set_network"](10, values.shape[1:], widths=(16, 16), judge=16), values, mask


def test_sets_hold_the_towers_of_each_jet(lesson, towers, deep_sets):
    _, values, mask = deep_sets
    frame = lesson["jet_frame"](towers)
    number = np.bincount(frame["jet"])
    assert np.array_equal(mask.sum(axis=(1, 2)), np.minimum(number, values.shape[1]))
    kept = number >= 3
    first_three = np.searchsorted(frame["jet"], np.flatnonzero(kept)) + np.arange(3)[:, None]
    share = frame["pt"] / total(frame, 1)[frame["jet"]]
    columns = (share, frame["x"], frame["y"], length(frame))
    for place, at in enumerate(first_three):
        own = values[kept, place]
        found = (np.exp(4 * (own[:, 0] - 1)), *(own[:, 1:] / 2).T)
        for column, wanted in zip(found, columns, strict=True):
            assert column == pytest.approx(wanted[at], rel=1e-4, abs=1e-5)


def test_a_list_that_is_too_long_loses_its_end(lesson, towers):
    frame = lesson["jet_frame"](towers)
    everything, _ = lesson["towers_as_set"](frame, length=200)
    values, mask = lesson["towers_as_set"](frame, length=7)
    assert values.shape == (600, 7, 4)
    assert np.array_equal(values, everything[:, :7])
    assert mask.sum(axis=1).max() == 7


def test_the_order_of_the_towers_does_not_change_a_score(deep_sets):
    model, values, mask = deep_sets
    order = np.random.default_rng(9).permutation(values.shape[1])
    wanted = outputs(model, [values, mask])
    assert outputs(model, [values[:, order], mask[:, order]]) == pytest.approx(wanted, abs=1e-5)
    assert wanted.std() > 1e-3


def test_what_fills_up_a_list_does_not_change_a_score(lesson, deep_sets):
    model, values, mask = deep_sets
    wanted = outputs(model, [values, mask])
    filled = np.where(mask == 1, values, 7.7).astype("float32")
    assert outputs(model, [filled, mask]) == pytest.approx(wanted, abs=1e-5)
    longer = lesson["set_network"](10, (60, 4), widths=(16, 16), judge=16)
    longer.set_weights(model.get_weights())
    padding = ((0, 0), (0, 60 - values.shape[1]), (0, 0))
    padded = [np.pad(part, padding) for part in (values, mask)]
    assert outputs(longer, padded) == pytest.approx(wanted, abs=1e-5)


STEP = """
import json, numpy as np
from hepml_lessons.recipes import recipe
from hepml import data

lesson = recipe("jet-images")
jets = data.load("jets").iloc[:400].reset_index(drop=True)
y = jets["Label"].to_numpy("float32")[:, None]
towers = lesson["jet_frame"](lesson["towers_of"](jets))
views = {
    "image": (lesson["image_network"](20, (4, 8), dense=16, dropout=0),
              lesson["exposed"](lesson["pixelated"](towers))),
    "set": (lesson["set_network"](20, (30, 4), widths=(16, 16), judge=16, dropout=0),
            list(lesson["towers_as_set"](towers, length=30))),
}
losses = {}
for name, (model, X) in views.items():
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(0, 0.1, w.shape).astype("float32") for w in model.get_weights()])
    losses[name] = [float(model.evaluate(X, y, batch_size=400, verbose=0))]
    for _ in range(2):
        model.fit(X, y, batch_size=400, epochs=1, shuffle=False, verbose=0)
        losses[name].append(float(model.evaluate(X, y, batch_size=400, verbose=0)))
print(json.dumps({"backend": lesson["keras"].backend.backend(), "losses": losses}))
"""


def test_the_networks_take_the_same_steps_on_jax():
    pytest.importorskip("jax")
    ours, theirs = (steps_on(backend, STEP) for backend in ("tensorflow", "jax"))
    for name, losses in ours.items():
        assert losses[2] < losses[1] < losses[0]
        assert theirs[name] == pytest.approx(losses, abs=2e-5)


# ---------------------------------------------------------------- published images


def write_as_published(path, images, jets):
    """Write images as the published file holds them: three axes, float64, no weights."""
    kinematics = ("jet_pt", "jet_eta", "jet_phi", "jet_mass", "jet_delta_R")
    with h5py.File(path, "w") as file:
        file["image"] = images.astype(float)
        file["signal"] = jets["Label"].to_numpy(float)
        for name in (*kinematics, "tau_1", "tau_2", "tau_3", "tau_21", "tau_32"):
            file[name] = jets[name].to_numpy(float)
    return path


@pytest.fixture(scope="module")
def published(tmp_path_factory, images, jets):
    return write_as_published(tmp_path_factory.mktemp("own") / "jet-images.hdf5", images, jets)


@pytest.fixture(scope="module")
def opened(published):
    """(images, labels) as a user gets them from the file."""
    table = data.read(published)
    pixels = data.padded(table, "image", PIXELS**2)[0].reshape(-1, PIXELS, PIXELS)
    return pixels, table["signal"].to_numpy(int)


def test_a_published_file_gives_the_images_that_are_in_it(opened, images, jets):
    pixels, y = opened
    assert np.array_equal(pixels, images)
    assert np.array_equal(y, jets["Label"])


def test_what_was_fetched_opens_with_the_same_line(published, images):
    """What DATA = "open" does: the layout of the set makes one list of the pixels."""
    batches = list(layouts.batches(sets.entry("jet_images"), published))
    jets = pa.Table.from_batches(batches).to_pandas(types_mapper=pd.ArrowDtype)
    found = data.padded(jets, "image", PIXELS**2)[0].reshape(-1, PIXELS, PIXELS)
    assert np.array_equal(found, images)


def test_published_images_go_through_all_functions(lesson, opened):
    pixels, y = opened
    towers = lesson["towers_of_images"](pixels)
    again = lesson["pixelated"](lesson["jet_frame"](towers))
    assert again.shape == pixels.shape
    assert again.sum(axis=(1, 2)) == pytest.approx(pixels.sum(axis=(1, 2)), rel=0.02)
    ones = np.ones(len(y))
    score = again.reshape(len(y), -1) @ lesson["fisher"](again, y, ones)
    assert stats.auc(y, score) > 0.8  # seen in training
    mass = lesson["pixel_mass"](pixels)
    assert np.median(mass) == pytest.approx(80, abs=8)
    correlation = lesson["pixel_correlation"](lesson["exposed"](pixels)[..., 0], score, ones)
    assert np.isfinite(correlation).all()
    out = lesson["taken_out"](mass, pixels.max(axis=(1, 2)), y, ones, bins=4)
    assert out[y == 1].sum() == pytest.approx(out[y == 0].sum())


def test_a_network_takes_a_step_on_published_images(lesson, opened):
    pixels, y = opened
    lesson["keras"].utils.set_random_seed(3)
    model = lesson["image_network"](30)
    X, target = lesson["exposed"](pixels), y.astype("float32")[:, None]
    before = model.evaluate(X, target, verbose=0)
    model.fit(X, target, batch_size=100, epochs=5, verbose=0)
    assert model.evaluate(X, target, verbose=0) < before

    def log_odds(images):
        p = outputs(model, lesson["exposed"](images)).astype(float)
        return logit(np.clip(p, 1e-7, 1 - 1e-7))

    saliency = lesson["occlusion"](log_odds, pixels[:20])
    assert saliency[pixels[:20] > 0].std() > 0
    assert np.isfinite(saliency).all()


def test_published_images_make_sets_too(lesson, opened):
    pixels, _ = opened
    values, mask = lesson["towers_as_set"](lesson["jet_frame"](lesson["towers_of_images"](pixels)))
    assert values.shape[::2] == (len(pixels), 4)
    kept = np.minimum((pixels > 0).sum(axis=(1, 2)), values.shape[1])
    assert np.array_equal(mask.sum(axis=(1, 2)), kept)


def test_images_of_another_size_go_through(lesson, towers):
    images = lesson["pixelated"](lesson["jet_frame"](towers), pixels=33, side=3.3)
    y = np.arange(len(images)) % 2
    numbers = lesson["fisher"](images, y, np.ones(len(y)))
    assert numbers.shape == (33 * 33,)
    assert lesson["exposed"](images).shape == (600, 33, 33, 1)
    assert lesson["pixel_mass"](images, side=3.3).shape == (600,)
    parts = lesson["towers_of_images"](images, side=3.3)
    again = lesson["pixelated"](lesson["jet_frame"](parts), pixels=33, side=3.3)
    assert again.shape == images.shape


OPENED = """
import pandas, pyarrow
from pathlib import Path
from hepml.data import published
from hepml.data.published import layouts

def load(name, columns=None):
    batches = list(layouts.batches(published.entry(name), Path(FILE)))
    return pyarrow.Table.from_batches(batches).to_pandas(types_mapper=pandas.ArrowDtype)

published.load = load
"""


@pytest.mark.notebook
def test_the_whole_lesson_runs_on_published_images(lesson, tmp_path):
    """With one epoch: what it finds is not looked at, only that every cell works."""
    ours = data.load("jets")
    ours = ours[ours["mpi"] == 0].iloc[:8000].reset_index(drop=True)
    images = lesson["pixelated"](lesson["jet_frame"](lesson["towers_of"](ours)))
    path = write_as_published(tmp_path / "jet-images.hdf5", images, ours)
    notebook = weave.sketch(TEXTS / "jet-images.md")
    changes = {
        r'^DATA = "bundled"': 'DATA = "open"',
        r"^EPOCHS = .*": "EPOCHS = 1",
        r"sample\(40_000,": "sample(8_000,",
    }
    for pattern, other in changes.items():
        assert (
            sum(len(re.findall(pattern, cell.source, re.MULTILINE)) for cell in notebook.cells) == 1
        )
        for cell in notebook.cells:
            cell.source = re.sub(pattern, other, cell.source, flags=re.MULTILINE)
    first = nbformat.v4.new_code_cell(f"FILE = {str(path)!r}\n{OPENED}")
    notebook.cells.insert(0, first)
    done, *_ = weave.execute(notebook, TEXTS)
    outputs = [output for cell in done.cells for output in cell.get("outputs", ())]
    assert "error" not in {output.output_type for output in outputs}
    assert len(outputs) > 40


# ---------------------------------------------------------------- exercises, on the sample


def test_the_girth_of_real_jets_passes_its_check(lesson, jets, towers):
    y, w = jets["Label"].to_numpy(), jets["Weight"].to_numpy(float)
    about = lesson["centred"](towers)
    girth = total(about, length(about)) / total(about, 1)
    turned = stats.auc(y, girth, w)
    found = check.girth(towers, y, w, my_girth=girth, my_auc=max(turned, 1 - turned))
    assert found.ok, found
