"""Figures on dark pages: the hues of paper, letters that can be read, one picture at a time."""

import colorsys
import importlib.util
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from hepml_widgets.core import style

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("figures", ROOT / "book/extensions/figures.py")
figures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(figures)

GROUND = np.array([0x14, 0x18, 0x1E])  # of the theme
NAMED = ("#000000", style.SIGNAL, style.BACKGROUND, style.ACCENT, *style.PETROFF, *style.CURVES)


def bytes_of(color):
    return np.rint(255 * np.array(to_rgb(color)))


def on_ground(colors):
    """Colours as they are seen on a dark page."""
    found = figures.night(colors).astype(float)
    opacity = found[:, 3:] / 255
    return opacity * found[:, :3] + (1 - opacity) * GROUND


def contrast(one, other):
    def light(color):
        part = np.asarray(color) / 255
        linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def hue_of(color):
    return colorsys.rgb_to_hsv(*np.asarray(color) / 255)[0] * 360


def test_white_lets_the_ground_through_and_black_is_the_ink():
    assert figures.night([[255, 255, 255]])[0, 3] == 0
    assert figures.night([[0, 0, 0]]).tolist() == [[0xE8, 0xE8, 0xE8, 255]]


@pytest.mark.parametrize("color", NAMED)
def test_colours_of_the_house_are_known_again_and_can_be_read(color):
    """As well as on paper, or by 4.5:1 as text; a mark that is seen there by 3:1 here."""
    paper = bytes_of(color)
    (dark,) = on_ground([paper])
    turned = (hue_of(dark) - hue_of(paper) + 180) % 360 - 180
    if np.ptp(paper) > 60:
        assert abs(turned) < 15
    assert contrast(dark, GROUND) >= 3
    wanted = 3.7 if color == style.ACCENT else min(4.5, contrast(paper, [255] * 3))
    assert contrast(dark, GROUND) >= wanted - 0.06


def test_a_tint_is_a_tint_of_the_same_colour():
    """What lay on white as a veil lies on the dark ground as a veil."""
    color = bytes_of(style.SIGNAL)
    for share in (0.1, 0.3, 0.7):
        (dark,) = on_ground([share * color + (1 - share) * 255])
        (full,) = on_ground([color])
        assert dark == pytest.approx(share * full + (1 - share) * GROUND, abs=25)


def test_edges_of_letters_are_as_soft_as_on_paper():
    greys = np.repeat(np.linspace(0, 255, 52)[:, None], 3, axis=1)
    dark = on_ground(greys)
    assert (np.diff(dark, axis=0) <= 0).all()
    assert np.abs(np.diff(dark, 2, axis=0)).max() < 2


def test_the_scale_of_images_is_that_of_dark_widgets_and_rises():
    paper = figures.shades(style.HEAT)[::8]
    dark = on_ground(paper)
    assert np.abs(dark - figures.shades(style.HEAT_ON_DARK)[::8]).max() < 8
    light = [contrast(color, GROUND) for color in dark]
    assert (np.diff(light) > 0).all()


@pytest.mark.parametrize("mode", ["P", "RGBA", "RGB", "LA"])
def test_a_picture_of_any_kind_has_its_like(mode):
    figure = Figure(figsize=(2, 1), dpi=50)
    figure.text(0.5, 0.5, "█", color="black", size=40, ha="center", va="center")
    drawn, file = BytesIO(), BytesIO()
    figure.savefig(drawn, transparent=mode in {"RGBA", "LA"})
    Image.open(drawn).convert("RGB" if mode == "P" else mode).convert(mode).save(file, "PNG")
    dark = Image.open(BytesIO(figures.night_picture(file.getvalue())))
    assert dark.size == (100, 50)
    seen = np.asarray(dark.convert("RGBA"))
    assert seen[0, 0, 3] == 0
    assert seen[25, 50].tolist() == [0xE8, 0xE8, 0xE8, 255]


def test_every_figure_of_a_lesson_has_two_pictures(book):
    for name in book.lessons:
        text = book.text(name)
        assert text.count("only-light") == text.count("only-dark")
    pictures = {path.name for path in (book.folder / "_images").glob("*.png")}
    dark = {name for name in pictures if name.endswith("-dark.png")}
    assert len(dark) >= 30
    assert {name.replace("-dark", "") for name in dark} <= pictures
    sizes = [sum((book.folder / "_images" / name).stat().st_size for name in names)
             for names in (dark, pictures - dark)]  # fmt: skip
    assert sizes[0] < 1.3 * sizes[1]
