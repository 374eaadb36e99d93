"""ImageBrowser's contract in Python: numpy's averages for any brush, small tables, honest input."""

import io
import math
import re
from pathlib import Path

import numpy as np
import pytest
import traitlets
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hepml_widgets import ImageBrowser, style
from hepml_widgets.core import base
from hepml_widgets.core.axes import nice_edges
from hepml_widgets.core.payload import SMALLEST, inline_json
from hepml_widgets.image_browser.payload import RATIO, holds_half
from tests.support.toy_jets import toy_jets

HALF = 2.0**-11  # what half precision rounds by, at most
STEP = math.sqrt(RATIO) - 1
EXTENT = (-1.25, 1.25, -1.25, 1.25)
WEIGHTS = {
    "none": lambda rng, n: None,  # noqa: ARG005
    "equal": lambda rng, n: np.full(n, rng.uniform(0.1, 3)),
    "positive": lambda rng, n: rng.gamma(2, 0.5, n),
    "signed": lambda rng, n: rng.choice([1.5, 0.5, -0.4], n),
}


def numpys(images, weights):
    """Average, standard error and how far both may be off, by the definitions."""
    images = images.astype(float)
    sumw, sumw2 = weights.sum(), (weights**2).sum()
    if not abs(sumw) > 1e-9 * math.sqrt(sumw2):
        nothing = np.full(images.shape[1:], np.nan)
        return nothing, nothing, 0, 0
    mean = np.tensordot(weights, images, 1) / sumw
    square = np.tensordot(weights**2, (images - mean) ** 2, 1)
    error = np.sqrt(square) / abs(sumw) if len(images) > 1 else np.full(mean.shape, np.nan)
    # In each bin a sum is off by no more than a share of what was added up.
    off = HALF * np.tensordot(np.abs(weights), np.abs(images), 1) / abs(sumw)
    largest = np.abs(images).max(axis=0)
    return mean, error, off, (off + 2 * HALF * largest) * math.sqrt(sumw2) / abs(sumw)


def close(found, wanted, allowed, share=0.0):
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    scale = np.nanmax(np.abs(wanted), initial=0.0)
    slack = np.asarray(allowed) + share * np.abs(wanted) + 1e-9 * scale
    known = ~np.isnan(wanted)
    assert (np.abs(found - wanted) <= slack)[known].all()


@pytest.fixture(scope="module")
def jets():
    return toy_jets(1500)


@pytest.fixture(scope="module")
def explorer(jets):
    images, y, weights, variables = jets
    return ImageBrowser(images, y, weights, variables=variables, extent=EXTENT)


@pytest.fixture
def fresh(explorer):
    """Hand out the explorer as it was made."""
    state = {name: getattr(explorer, name) for name in explorer.trait_names(sync=True)}
    yield explorer
    for name in ("brush", "shown", "scale", "contrast", "jet", "pixel"):
        setattr(explorer, name, state[name])


def selected(values, edges, low, high):
    """Jets between two bin edges; end bins hold what lies beyond."""
    low = -np.inf if low == edges[0] else low
    return (values >= low) & (values < (np.inf if high == edges[-1] else high))


@given(
    st.integers(0, 10**6),
    st.integers(1, 40),
    st.sampled_from(sorted(WEIGHTS)),
    st.data(),
)
@settings(max_examples=40, deadline=None)
def test_averages_are_numpys_for_any_brush(seed, n, kind, data):
    rng = np.random.default_rng(seed)
    images = rng.exponential(size=(n, 3, 4)) * (rng.random((n, 3, 4)) < 0.4)
    images *= rng.choice([1, 1e-7]) if rng.random() < 0.5 else rng.choice([-1, 1], images.shape)
    y, weights = rng.integers(0, 2, n), WEIGHTS[kind](rng, n)
    variables = {"a": rng.normal(size=n), "b": rng.integers(0, 5, n)}
    explorer = ImageBrowser(images, y, weights, variables=variables)
    axis = data.draw(st.sampled_from(explorer.variables))
    start = data.draw(st.integers(0, axis.bins - 1))
    stop = data.draw(st.integers(start + 1, axis.bins))
    explorer.brush = (axis.name, axis.edges[start], axis.edges[stop])
    inside = selected(variables[axis.name], axis.edges, *explorer.brush[1:])
    weights = np.ones(n) if weights is None else weights
    found, wanted = explorer.averages, {}
    for name, label in (("signal", 1), ("background", 0)):
        rows = inside & (y == label)
        mean, error, off, error_off = wanted[name] = numpys(images[rows], weights[rows])
        close(found[name].mean, mean, off)
        close(found[name].error, error, error_off, STEP)
        assert found[name].jets == rows.sum()
        total = weights[y == label].sum()
        if abs(total) > 1e-6:
            assert found[name].share == pytest.approx(weights[rows].sum() / total, abs=1e-9)
        if not np.isnan(mean).any():  # where no jet has anything it is zero, and only there
            empty = ~(images[rows] != 0).any(axis=0)
            assert (found[name].mean[empty] == 0).all()
            assert kind == "signed" or (images < 0).any() or (found[name].mean[~empty] > 0).all()


def test_a_pixel_with_anything_never_becomes_zero():
    images = np.zeros((2, 1, 3))
    images[:, 0] = [1.0, 1e-20, -1e-20]
    explorer = ImageBrowser(images, [0, 1], variables={"x": [0.0, 1.0]})
    mean = explorer.averages["signal"].mean[0]
    assert mean[0] == 1
    assert 0 < mean[1] == -mean[2] <= 2 * SMALLEST


def test_the_other_histograms_show_the_selected_jets(fresh, jets):
    _, y, weights, variables = jets
    axis = fresh.variables[1]
    fresh.brush = ("mass [GeV]", 70, 90)
    inside = selected(variables["mass [GeV]"], axis.edges, *fresh.brush[1:])
    for other in fresh.variables:
        rows = inside & (y == 0)
        ends = other.edges.copy()
        ends[[0, -1]] = -np.inf, np.inf
        wanted = np.histogram(variables[other.name][rows], ends, weights=weights[rows])[0]
        own = slice(other.first, other.first + other.bins)
        found = fresh.samples["background"].cross[fresh.cells, own].sum(axis=0)
        np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_difference_and_pull_are_of_the_averages(fresh):
    signal, background = (fresh.averages[kind] for kind in ("signal", "background"))
    value, error = fresh.difference.value, fresh.difference.error
    np.testing.assert_array_equal(value, signal.mean - background.mean)
    np.testing.assert_array_equal(error, np.hypot(signal.error, background.error))
    known = error > 0
    np.testing.assert_array_equal(fresh.difference.pull[known], value[known] / error[known])
    assert (fresh.difference.pull[(value == 0) & ~known] == 0).all()


def test_pulls_of_the_same_jets_are_normal():
    """Jets of one kind in both classes: a null test of averages, errors and their quantisation."""
    images, _, weights, variables = toy_jets(6000)
    y = np.random.default_rng(3).integers(0, 2, 6000)
    explorer = ImageBrowser(images, y, weights, variables=variables)
    often = (images > 0).mean(axis=0) > 0.1
    for brush in ((), ("score", 0.3, 0.6)):
        explorer.brush = brush
        pulls = explorer.difference.pull[often]
        assert len(pulls) > 25
        assert abs(pulls.mean()) < 3 / math.sqrt(len(pulls))
        assert 0.7 < pulls.std() < 1.3


def test_a_class_without_jets_is_a_defined_case(jets):
    images, y, _, variables = jets
    explorer = ImageBrowser(images, np.zeros_like(y), variables=variables)
    assert explorer.averages["signal"].jets == 0
    assert np.isnan(explorer.averages["signal"].mean).all()
    assert np.isnan(explorer.difference.value).all()
    assert "ε_s – · ε_b 100.0\u202f%" in explorer.readout
    assert explorer.figure().axes
    explorer.shown = "jets"
    assert "jet_s –" in explorer.readout


def test_weights_that_cancel_are_a_defined_case(jets):
    images, y, _, variables = jets
    weights = np.where(np.arange(len(y)) % 2, 1.0, -1.0)
    first = np.flatnonzero(y)[: y.sum() // 2 * 2]
    weights[y == 1] = 0
    weights[first] = np.tile([1.0, -1.0], len(first) // 2)
    explorer = ImageBrowser(images, y, weights, variables=variables)
    assert np.isnan(explorer.averages["signal"].mean).all()
    assert math.isnan(explorer.averages["signal"].share)
    assert np.isfinite(explorer.averages["background"].mean).all()


def test_single_jets_are_jets_of_the_selection(fresh, jets):
    images, y, _, variables = jets
    fresh.brush = ("score", 0.5, 0.8)
    fresh.shown = "jets"
    flat = images.reshape(len(images), -1)
    inside = (variables["score"] >= 0.5) & (variables["score"] < 0.8)
    for fresh.jet in (0, 1, -1, 1000):
        for label, kind in ((1, "signal"), (0, "background")):
            _, count, image = fresh.singles[kind]
            assert 0 < count <= 50
            off = np.abs(flat - image.ravel()).max(axis=1)
            nearest = int(np.argmin(off))
            assert off[nearest] <= HALF
            assert y[nearest] == label
            assert inside[nearest]
            np.testing.assert_array_equal(image != 0, images[nearest] != 0)


def test_single_jets_are_drawn_by_a_seed(jets):
    images, y, _, variables = jets
    pick = [ImageBrowser(images, y, variables=variables, rng=rng).singles for rng in (0, 0, 1)]
    drawn = [one["signal"][2] for one in pick]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
    none = ImageBrowser(images, y, variables=variables, singles=0)
    assert none.singles["signal"] == (None, 0, None)


def test_brush_moves_to_the_nearest_edges(fresh):
    edges = fresh.variables[1].edges
    step = edges[1] - edges[0]
    fresh.brush = ("mass [GeV]", edges[2] + 0.1 * step, edges[4] + 0.2 * step)
    assert fresh.brush == ("mass [GeV]", edges[2], edges[4])
    fresh.brush = ("mass [GeV]", -1e9, 1e9)
    assert fresh.brush[1:] == (edges[0], edges[-1])
    fresh.brush = ("mass [GeV]", edges[3], np.inf)
    assert fresh.brush[1:] == (edges[3], edges[-1])
    fresh.brush = ["mass [GeV]", 1e9, 1e9]
    assert fresh.brush[1:] == (edges[-2], edges[-1])
    fresh.brush = ()
    assert fresh.readout.startswith("selected all jets · ε_s 100.0\u202f% · ε_b 100.0\u202f% · ")


def test_jets_beyond_the_axis_are_in_its_end_bins_and_said(jets):
    images, y, _, variables = jets
    edges = {"mass [GeV]": [75, 80, 85]}
    explorer = ImageBrowser(images, y, variables=variables, edges=edges)
    mass = variables["mass [GeV]"]
    assert explorer.note.startswith("end bins of mass [GeV] hold ")
    explorer.brush = ("mass [GeV]", 80, 85)
    assert explorer.averages["signal"].jets == ((mass >= 80) & (y == 1)).sum()
    inside = ImageBrowser(images, y, variables={"score": variables["score"]})
    assert inside.note == ""


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"brush": ("pt", 1, 2)}, r"brush has no variable 'pt': there are 'pT \[GeV\]'"),
        ({"brush": ("score", 1)}, "brush is empty or"),
        ({"brush": ("score", 0.7, 0.2)}, "goes from low to high, not from 0.7 to 0.2"),
        ({"brush": ("score", math.nan, 1)}, "goes from low to high, not from nan"),
        ({"brush": ("score", "a", "b")}, "goes from low to high, not from a to b"),
        ({"pixel": (1,)}, "a row and a column"),
        ({"stack": "saliency"}, "There is no saliency to show"),
        ({"scale": "sqrt"}, "scale"),
    ],
)
def test_states_that_cannot_be_are_named(fresh, options, sentence):
    (name, value), *_ = options.items()
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(fresh, name, value)


def nan_in(images):
    images = images.copy()
    images[7, 3, 3] = np.nan
    images[9, 3, 3] = np.inf
    return images


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"images": nan_in}, "images holds NaN or infinity in 2 of 1500 jets, first in jet 7"),
        ({"saliency": nan_in}, "saliency holds NaN or infinity in 2 of 1500 jets"),
        ({"saliency": lambda images: images[1:]}, r"saliency has shape \(1499, 25, 25\), but"),
        ({"images": lambda images: images[:, 0]}, r"images has shape \(1500, 25\): wanted \(jets"),
        ({"images": lambda images: images.astype(str)}, "images has dtype"),
        ({"images": lambda images: np.ma.masked_less(images, 0.5)}, "masked entries"),
        ({"images": lambda images: images[:7]}, "y has 1500, images has 7 entries"),
        ({"images": lambda _: np.zeros((1500, 60, 60))}, "There is room for 10 bins of images"),
        ({"y": np.arange(1500)}, "Labels are 1"),
        ({"y": [], "images": lambda images: images[:0]}, "No events: y and images are empty"),
        ({"weights": [1.0]}, "weights has 1 "),
        ({"weights": np.full(1500, np.nan)}, "1500 of 1500 weights are NaN"),
        ({"variables": {}}, "variables is a dict of one to four arrays"),
        ({"variables": np.zeros(1500)}, "variables is a dict of one to four arrays"),
        ({"variables": {"my score": np.zeros(3)}}, "'my score' has 3 entries"),
        ({"variables": {"x": np.full(1500, np.nan)}}, "1500 of 1500 values of 'x' are NaN"),
        ({"variables": {"x": ["a"] * 1500}}, "'x' has dtype"),
        ({"edges": {"eta": [0, 1]}}, "edges are of 'eta', which is none of the variables"),
        ({"edges": {"score": [1, 0]}}, "edges of 'score' are finite and rising"),
        ({"edges": {"score": [[1, 0]]}}, "edges of 'score' are two rising numbers or more"),
        ({"edges": {"score": np.linspace(0, 1, 60)}}, "There is room for 58 bins"),
        ({"extent": (0, 1)}, "extent is"),
        ({"extent": (0, 1, 1, 0)}, "extent is"),
        ({"axes": "xy"}, "axes are two titles"),
        ({"names": ["a"]}, "names are two"),
        ({"singles": -1}, "singles is how many"),
        ({"singles": 2.5}, "singles is how many"),
    ],
)
def test_unusable_input_is_named(jets, change, sentence):
    images, y, _, variables = jets
    options = {"y": y, "variables": variables} | change
    if "saliency" in change:
        options["saliency"] = change["saliency"](images)
    given_images = change.get("images", lambda images: images)(images)
    options.pop("images", None)
    with pytest.raises((TypeError, ValueError), match=sentence):
        ImageBrowser(given_images, **options)


def test_images_of_keras_and_counts_are_taken(jets):
    images, y, _, variables = jets
    wanted = ImageBrowser(images, y, variables=variables)
    found = ImageBrowser(images[..., None], y.astype(bool), variables=variables)
    assert found.payload == wanted.payload
    counts = ImageBrowser((images > 0.1), y, variables=variables)
    assert 0 < counts.averages["signal"].mean.max() <= 1


def encoded(explorer):
    return len(inline_json(explorer.payload))


@pytest.mark.parametrize("size", [8, 25, 33])
@pytest.mark.parametrize("full", [False, True])
def test_table_is_small_for_any_number_of_jets(size, full):
    sizes = []
    for n in (3000, 30_000):
        images, y, weights, variables = toy_jets(n, size=size)
        more = {"saliency": images + 1, "weights": weights * 0.3 + y} if full else {}
        variables["another"] = np.arange(n)
        sizes.append(encoded(ImageBrowser(images, y, variables=variables, singles=999, **more)))
    assert max(sizes) <= 400_000
    assert abs(sizes[0] - sizes[1]) < 25_000  # bins are put where the jets are


def test_page_is_self_contained_and_small(explorer, tmp_path):
    path = explorer.to_html(tmp_path / "view.html")
    text = path.read_text("utf-8")
    assert path.stat().st_size <= 250_000 + encoded(explorer)
    assert set(re.findall(r"(?:src|href)=\"([^\"]{0,5})", text)) == {"data:"}
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_figure_shows_images_and_histograms(fresh, caplog):
    fresh.brush = ("score", 0.5, 1)
    for fresh.shown in ("averages", "jets"):
        for fresh.scale in ("log", "linear"):
            for fresh.contrast in ("difference", "pull"):
                figure = fresh.figure()
                figure.savefig(io.BytesIO(), dpi=30)
                titles = [axes.get_xlabel() for axes in figure.axes]
                assert titles[:6] == ["Δη"] * 3 + ["pT [GeV]", "mass [GeV]", "score"]
                assert len(titles) == 9  # and three colour bars
    assert not caplog.records  # no letter that the font does not have


def test_saliency_is_averaged_and_outlined(jets):
    images, y, weights, variables = jets
    saliency = np.diff(images, axis=1, prepend=0).astype(float)
    explorer = ImageBrowser(images, y, weights, variables=variables, saliency=saliency)
    explorer.stack = "saliency"
    rows = y == 1
    mean, _, off, _ = numpys(saliency[rows], weights[rows])
    found = explorer.averages["signal"]
    close(found.mean, mean, off)
    assert np.isnan(found.error).all()
    assert explorer.readout.endswith("pull –")
    assert explorer.title == "saliency"
    np.testing.assert_array_equal(explorer.dotted["signal"], found.mean)
    assert explorer.figure().axes[0].lines


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
@example([5e-324])
def test_half_is_held_by_the_fewest_pixels(values):
    sizes = np.abs(values)
    mask = holds_half(np.array([values]))[0]
    assert 2 * sizes[mask].sum() >= sizes.sum() * (1 - 1e-12)
    if mask.any():
        assert sizes[mask].min() >= np.max(sizes[~mask], initial=0)
        assert 2 * (sizes[mask].sum() - sizes[mask].min()) <= sizes.sum() * (1 + 1e-12)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.integers(4, 20))
def test_edges_are_round_and_hold_the_values(low, width, most):
    values = np.linspace(low, low + width, 101)
    edges = nice_edges(values, most)
    assert 1 <= len(edges) - 1 <= most
    assert (np.diff(edges) > 0).all()
    slack = 1e-6 * (edges[1] - edges[0])
    assert edges[0] <= values.min() + slack
    assert edges[-1] >= values.max() - slack


def test_representation_is_stable(explorer):
    wanted = "ImageBrowser(1500 images of 25 x 25 pixels, by 'pT [GeV]', 'mass [GeV]', 'score')"
    assert repr(explorer) == wanted


# ---------------------------------------------------------------- colours

OKLAB = (
    np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    ),
    np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    ),
)
# Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009) 1291: full severity.
BLINDNESS = {
    "none": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
               [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def linear(colors):
    rgb = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in colors]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    """B. Ottosson's Oklab of linear sRGB."""
    return np.cbrt(rgb @ OKLAB[0].T) @ OKLAB[1].T


def written(name):
    return (Path(base.__file__).parents[1] / name).read_text(encoding="utf-8")


def heats():
    css = written("image_browser/view.css")
    return [line.split() for line in re.findall(r"--heat: ([^;]*);", css)]


def test_colours_are_the_same_in_print():
    light, dark = heats()
    assert tuple(light) == style.HEAT
    assert tuple(dark) == style.HEAT_ON_DARK
    assert len(dark) == len(light)
    css = written("image_browser/view.css")
    cold, hot = (re.search(f"--{name}: ([^;]*);", css)[1].split() for name in ("cold", "hot"))
    assert (*cold, "#ffffff", *hot) == style.COLD_TO_HOT


@pytest.mark.parametrize("blindness", ["none", "protan", "deutan"])
@pytest.mark.parametrize("which", ["light", "dark"])
def test_both_signs_stand_out_by_lightness_and_apart_by_hue(which, blindness):
    css = written("image_browser/view.css")
    sides = [re.findall(f"--{name}: ([^;]*);", css) for name in ("cold", "hot")]
    cold, hot = (linear(side[which == "dark"].split()) for side in sides)
    ground = linear(["#121212" if which == "dark" else "#ffffff"])
    seen = [
        oklab(np.clip(side @ np.transpose(BLINDNESS[blindness]), 0, 1))
        for side in (np.vstack([cold, ground])[::-1], np.vstack([ground, hot]))
    ]
    for side in seen:
        assert (np.diff(side[:, 0]) * (1 if which == "dark" else -1) > 0.1).all()
    assert (np.linalg.norm(seen[0][1:] - seen[1][1:], axis=1) > 0.1).all()


@pytest.mark.parametrize("which", ["light", "dark"])
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_colours_are_uniform_and_rank_without_hue(which, blindness):
    colors = linear(heats()[which == "dark"])
    seen = oklab(np.clip(colors @ np.transpose(BLINDNESS[blindness]), 0, 1))
    steps = np.diff(seen[:, 0]) * (1 if which == "dark" else -1)
    assert (steps > 0.03).all()  # a difference of 0.02 is just noticed
    if blindness == "none":
        sizes = np.linalg.norm(np.diff(seen, axis=0), axis=1)
        assert sizes.max() / sizes.min() < 1.15


@pytest.mark.parametrize("which", ["light", "dark"])
def test_the_lowest_colour_is_not_the_blank_of_zero(which):
    lowest = linear(heats()[which == "dark"])[:1]
    ground = linear(["#121212" if which == "dark" else "#ffffff"])
    assert np.linalg.norm(oklab(lowest) - oklab(ground)) > 0.15
