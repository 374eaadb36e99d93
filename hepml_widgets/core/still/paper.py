"""What lines are painted on, in pixels from the lower left corner; and then text."""

import functools
import io

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform
from PIL import Image, ImageDraw

from hepml_widgets.core.still.words import fitting, size_of, write, write_upwards

UPWARDS, MIDDLE = "upwards", ("center", "center")
NEARLY = 251  # of 255: white
SAME = IdentityTransform()
BLACK, WHITE = (0, 0, 0, 1), (1, 1, 1, 1)


class Paper:
    """White paper of so many pixels; ``unit`` is a point in pixels."""

    def __init__(self, width, height, dpi):
        self.width, self.height, self.unit = width, height, dpi / 72
        self._painter = RendererAgg(width, height, dpi)
        self._pen = self._painter.new_gc()
        self.written = []
        everything = rectangle(-9, -9, width + 9, height + 9)
        self._painter.draw_path(self._set(WHITE), everything, SAME, WHITE)

    def shape(self, x, y, stroke=BLACK, width=0.8, *, dash=(), fill=None, hatch=None, clip=None):
        """Draw a line or an area; it has a gap where a coordinate is not finite."""
        pen = self._set(stroke, width if stroke else 0, dash, clip)
        if hatch:
            pen.set_hatch(hatch)
            pen.set_hatch_color(stroke or fill)
            pen.set_hatch_linewidth(0.6)
        corners = np.column_stack([x, y])
        if fill or hatch:
            path = closed(corners)
            if path is not None:
                self._painter.draw_path(pen, path, SAME, fill)
        else:
            self._painter.draw_path(pen, Path(corners), SAME)
        pen.set_hatch(None)

    def frame(self, box):
        pen = self._set(BLACK, 0.8)
        self._painter.draw_path(pen, rectangle(*box), SAME)

    def points(self, x, y, marker, *, size, fill, stroke, clip=None):
        """Draw a marker at each place."""
        path, turn = outline(marker)
        places = np.column_stack([x, y])
        places = places[np.isfinite(places).all(axis=1)]
        if len(places):
            pen = self._set(stroke, 1.0, (), clip)
            scale = Affine2D(turn).scale(size * self.unit)
            self._painter.draw_markers(pen, path, scale, Path(places), SAME, fill)

    def image(self, left, bottom, colors):
        """Paint pixels, the first row lowest."""
        pixels = np.ascontiguousarray(colors)
        self._painter.draw_image(self._set(BLACK), left, bottom, pixels)

    def text(self, x, y, text, size=10.0, *, color="black", align=MIDDLE, room=None):
        """Write words later, on top of all lines; ``align`` may be `UPWARDS`.

        They are made smaller for want of room, and moved rather than cut by the paper's edge.
        """
        if not str(text).strip():
            return
        size *= self.unit
        size = size if room is None else fitting(text, size, room)
        if align != UPWARDS:
            width = size_of(text, size)[0]
            start = x - width * {"left": 0, "center": 0.5, "right": 1}[align[0]]
            x += max(1 - start, 0) - max(start + width + 1 - self.width, 0)
        rgb = tuple(round(255 * part) for part in to_rgba(color)[:3])
        self.written.append(((x, self.height - y), text, size, rgb, align))

    def png(self, colors):
        """Encode with few colours."""
        picture = Image.fromarray(np.asarray(self._painter.buffer_rgba())).convert("RGB")
        pen = ImageDraw.Draw(picture)
        for place, text, size, color, align in self.written:
            if align == UPWARDS:
                write_upwards(picture, place, text, size, color=color)
            else:
                write(pen, place, text, size, color=color, align=align)
        file = io.BytesIO()
        few_colors(picture, colors).save(file, format="PNG")
        return file.getvalue()

    def _set(self, color, width=1, dash=(), clip=None):
        pen = self._pen
        pen.set_foreground(color or BLACK, isRGBA=True)
        pen.set_linewidth(width * self.unit)
        pen.set_dashes(0, [max(width, 0.8) * self.unit * part for part in dash] or None)
        pen.set_clip_rectangle(None if clip is None else Bbox.from_extents(*clip))
        return pen


def few_colors(picture, most):
    """Picture with a palette; Pillow's fastest way makes a light grey of white."""
    found = picture.quantize(most, Image.Quantize.FASTOCTREE)
    found.putpalette([255 if shade > NEARLY else shade for shade in found.getpalette()])
    return found


@functools.cache
def outline(marker):
    """Path of a marker of size one, and how it is turned."""
    style = MarkerStyle(marker)
    return style.get_path(), style.get_transform().get_matrix()


def rectangle(left, bottom, right, top):
    corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
    return Path(corners, closed=True)


def closed(corners):
    """Path around the areas whose corners are parted by gaps."""
    gaps = ~np.isfinite(corners).all(axis=1)
    parts = [part for part in np.split(corners, np.flatnonzero(gaps) + 1) if len(part) > 1]
    parts = [part[np.isfinite(part).all(axis=1)] for part in parts]
    codes = [[Path.MOVETO] + [Path.LINETO] * (len(p) - 2) + [Path.CLOSEPOLY] for p in parts]
    return Path(np.concatenate(parts), np.concatenate(codes)) if parts else None
