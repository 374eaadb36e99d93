"""Still pictures: painted without matplotlib's axes, and they say what the figures say."""

import io
import re

import matplotlib.axes
import matplotlib.figure
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from hepml_widgets.core import style
from hepml_widgets.core.still import Sheet
from hepml_widgets.core.still.words import runs_of, size_of, width_of
from tests.support.all_views import LABELLED, VIEWS
from tests.widgets.labels import KINDS, label_of

SIZES = {
    "RocExplorer": (1056, 344), "OvertrainingView": (880, 392), "BoostingExplorer": (1056, 344),
    "ImageBrowser": (1056, 624), "ShapeCompare": (880, 592), "BumpHunter": (880, 448),
    "ParameterScan": (880, 576), "AnomalyMonitor": (880, 672), "TrainingMonitor": (512, 320),
}  # fmt: skip
CASES = [(name, kind) for name in VIEWS for kind in KINDS]


@pytest.fixture(scope="module")
def views():
    return {name: make(np.random.default_rng(1)) for name, make in VIEWS.items()}


def texts_on(view):
    """Boxes (left, bottom, right, top) and words of what a still has written."""
    paper = view._drawn_by(Sheet).painted()
    return paper, [(box_of(*written), written[1]) for written in paper.written]


def box_of(place, words, size, _color, align):
    x, y = place
    width, height = size_of(words, size)
    if align == "upwards":
        return x - height / 2, y - width / 2, x + height / 2, y + width / 2
    left = x - {"left": 0, "center": 0.5, "right": 1}[align[0]] * width
    top = y - {"top": 0, "center": 0.5, "bottom": 1}[align[1]] * height
    return left, top, left + width, top + height


@pytest.mark.parametrize("name", VIEWS)
def test_still_is_a_picture_of_its_size_and_the_same_each_time(name, views):
    first, second = (views[name].picture() for _ in range(2))
    assert first == second
    picture = Image.open(io.BytesIO(first))
    assert (picture.format, picture.size) == ("PNG", SIZES[name])
    grey = np.asarray(picture.convert("L"))
    assert 0.01 < (grey < 200).mean() < 0.9


@pytest.mark.parametrize("name", VIEWS)
def test_showing_makes_no_figure(name, views, monkeypatch):
    def refuse(*_args, **_more):
        raise AssertionError("a figure of matplotlib is made")

    monkeypatch.setattr(matplotlib.figure.Figure, "__init__", refuse)
    monkeypatch.setattr(matplotlib.axes.Axes, "__init__", refuse)
    monkeypatch.setattr(plt, "figure", refuse)
    assert views[name]._still()["image/png"]


@pytest.mark.parametrize("name", VIEWS)
def test_still_says_what_the_figure_says(name, views):
    figure = views[name].figure()
    parts = [*getattr(figure, "subfigs", []), figure]
    axes = [one for part in parts for one in part.axes]
    said = {one.get_ylabel() for one in axes} | {one.get_title("left") for one in axes}
    for one in axes:
        legend = one.get_legend()
        said |= {text.get_text() for text in legend.get_texts()} if legend else set()
    said |= {part._supxlabel.get_text() for part in parts if part._supxlabel}
    written = {words for _, words in texts_on(views[name])[1]}
    assert {text for text in said if text} <= written


def test_numbers_are_those_of_the_view(views):
    written = " ".join(words for _, words in texts_on(views["RocExplorer"])[1])
    for model in views["RocExplorer"].models.values():
        assert f"AUC {model.auc_text}" in written


@pytest.mark.parametrize("name", VIEWS)
def test_texts_stay_on_the_sheet_and_apart(name, views):
    paper, texts = texts_on(views[name])
    for (left, top, right, bottom), words in texts:
        assert left > -2, words
        assert top > -2, words
        assert right < paper.width + 2, words
        assert bottom < paper.height + 2, words
    for place, (one, words) in enumerate(texts):
        for other, others in texts[place + 1 :]:
            across = min(one[2], other[2]) - max(one[0], other[0])
            down = min(one[3], other[3]) - max(one[1], other[1])
            assert across < 2 or down < 4, (words, others)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_any_label_can_be_painted(name, kind):
    view = LABELLED[name](np.random.default_rng(1), label_of(kind))
    assert Image.open(io.BytesIO(view.picture())).size[0] == SIZES[name][0]


@pytest.mark.parametrize("name", ["RocExplorer", "ParameterScan"])
def test_signal_and_background_have_their_colours(name, views):
    pixels = np.asarray(Image.open(io.BytesIO(views[name].picture())).convert("RGB")).astype(int)
    for color in (style.SIGNAL, style.BACKGROUND):
        off = np.abs(pixels - np.round(255 * np.array(to_rgb(color))).astype(int)).max(axis=2)
        assert (off <= 16).sum() > 100


def test_negative_weights_are_painted(rng):
    from hepml_widgets import RocExplorer

    y = np.arange(400) % 2
    view = RocExplorer(y, rng.normal(y), rng.choice([1.0, -0.4], 400, p=[0.8, 0.2]))
    assert Image.open(io.BytesIO(view.picture())).size == SIZES["RocExplorer"]


def test_images_stand_upright():
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    sheet = Sheet((3, 3))
    colors = LinearSegmentedColormap.from_list("two", ["white", "black"])
    panel = sheet.subplots()
    panel.set(xlim=(0, 2), ylim=(0, 2))
    cells = np.array([[0, 0], [0, 1.0]])
    panel.imshow(cells, extent=(0, 2, 0, 2), norm=Normalize(0, 1), cmap=colors)
    grey = np.asarray(Image.open(io.BytesIO(sheet.png())).convert("L"))
    half = grey.shape[0] // 2
    dark = {(row, side): (grey[rows, columns] < 60).mean()
            for row, rows in (("top", slice(half)), ("bottom", slice(half, None)))
            for side, columns in (("left", slice(half)), ("right", slice(half, None)))}  # fmt: skip
    assert max(dark, key=dark.get) == ("top", "right")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"cost in \$", "cost in $"),
        ("$1/ε_b$", "1/εb"),
        (r"$\mathdefault{10^{-2}}$", "10−2"),
        (r"m$_{\mathregular{j\:j}}$", "mj j"),
        (r"$-\log_{10}$ p", "−log10 p"),
        (r"a \$b\$ c", "a $b$ c"),
        ("one $ alone", "one $ alone"),
    ],
)
def test_mathematics_of_labels_is_read(line, words):
    assert re.sub(r"\s+", " ", "".join(run.text for run in runs_of(line))) == words
    assert width_of(line, 12) > 0
