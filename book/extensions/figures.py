"""Figures of the lessons in the colours of the page: drawn once for paper, shown on either ground.

A notebook keeps one picture of each figure, dark on white. From it the build makes a second one,
and the theme shows the one that suits it. White becomes transparent, so that the ground is the
page's own; every other colour keeps its hue and its saturation while light and dark change
places, so signal stays red and background blue, pale areas are pale and grey texts grey. The scale
of colours of images, whose lightness must rise all the way, becomes the one that the widgets have
on dark pages.

The other ways were found wanting. No one grey is read well on both grounds (4.5:1 on white and on
#14181e leaves three shades, and black and white would be gone); a second run of each cell would
double what notebooks weigh and take; a filter in the style sheet (``invert`` and ``hue-rotate``)
turns the signal's red to salmon and orange to brown.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
from docutils import nodes
from matplotlib.colors import to_rgb
from PIL import Image

from hepml.files import write_bytes
from hepml_widgets.core import style

LIGHTEST = 0xE8  # as the ink of the widgets on a dark ground
KINDS = ("only-light", "only-dark")  # what the theme calls them
SHADES = 512
NEAR = 8  # of 255: what a palette of 256 colours may move a colour


def night(colors):
    """Give colours as they are on a dark ground: what was white lets it through.

    Parameters
    ----------
    colors : array_like, shape (n, 3)
        Red, green and blue from 0 to 255, as they are on white.

    Returns
    -------
    ndarray of uint8, shape (n, 4)
        With their opacity.
    """
    given = np.asarray(colors, dtype=float).reshape(-1, 3)
    colors = given / 255
    opacity = 1 - colors.min(axis=1, keepdims=True)
    ink = (colors - (1 - opacity)) / np.where(opacity > 0, opacity, 1)
    ink += 1 - ink.max(axis=1, keepdims=True)
    ink = np.minimum(255 * ink, LIGHTEST)
    found = np.hstack([ink, 255 * opacity])
    distance = np.linalg.norm(given[:, None] - shades(style.HEAT), axis=2)
    hot = distance.min(axis=1) < NEAR
    found[hot, :3] = shades(style.HEAT_ON_DARK)[distance[hot].argmin(axis=1)]
    found[hot, 3] = 255
    return np.rint(found).astype(np.uint8)


def shades(scale):
    """Give many colours of a scale, evenly, from 0 to 255."""
    known = 255 * np.array([to_rgb(color) for color in scale])
    at = np.linspace(0, len(known) - 1, SHADES)
    return np.stack([np.interp(at, np.arange(len(known)), part) for part in known.T], axis=1)


def night_picture(picture):
    """Make a PNG for a dark ground of one that was drawn for white.

    Parameters
    ----------
    picture : bytes

    Returns
    -------
    bytes
    """
    image = Image.open(BytesIO(picture))
    if image.mode != "P" or "transparency" in image.info:
        image = on_white(image).quantize(256, dither=Image.Dither.NONE)
    colors = night(image.getpalette("RGB"))
    image.putpalette(colors[:, :3].tobytes())
    file = BytesIO()
    image.save(file, "PNG", optimize=True, transparency=colors[:, 3].tobytes())
    return file.getvalue()


def on_white(image):
    """Give a picture of any kind as it looks on paper."""
    image = image.convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image).convert("RGB")


def is_output(node):
    while node := node.parent:
        if "cell_output" in node.get("classes", []):
            return True
    return False


def add_nights(app, doctree):
    """Put beside each figure that a cell shows its like for dark pages."""
    for image in list(doctree.findall(nodes.image)):
        if is_output(image) and image["uri"].endswith(".png"):
            image.parent.insert(image.parent.index(image) + 1, night_of(app, image))


def night_of(app, image):
    """Write the dark picture beside the one of a node; return its own node."""
    path = Path(app.srcdir, image["uri"])
    dark = path.with_name(f"{path.stem}-dark.png")
    write_bytes(dark, night_picture(path.read_bytes()))
    other = image.deepcopy()
    other["uri"] = str(Path(image["uri"]).with_name(dark.name))
    other["candidates"] = {"*": other["uri"]}
    app.env.images.add_file(app.env.docname, other["uri"])
    for node, kind in zip((image, other), KINDS, strict=True):
        node["classes"] = [*node["classes"], kind]
    return other


def setup(app):
    app.connect("doctree-read", add_nights, priority=900)  # the collector of images comes before
    return {"parallel_read_safe": True}
