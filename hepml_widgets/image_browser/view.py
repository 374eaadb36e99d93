"""Jet images: averages, their difference and single jets, of the jets that a brush selects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import traitlets

from hepml_widgets.core import traits
from hepml_widgets.core.base import View
from hepml_widgets.core.language import later, spoken, tr
from hepml_widgets.core.numbers import (
    NOTHING,
    as_name,
    fixed,
    joined,
    percent,
    quoted,
    shorten,
    significant,
    with_error,
)
from hepml_widgets.core.payload import pack
from hepml_widgets.core.validate import as_column, as_edges, ask, check_size, name_or, two_names
from hepml_widgets.image_browser import figure
from hepml_widgets.image_browser.payload import (
    KINDS,
    Difference,
    average,
    axes_of,
    make_samples,
    room,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["ImageBrowser"]

CHUNK = 4096

LARGEST = 1e30
"""Of what is brushed: edges travel in single precision."""


MEAN, SINGLE = later("mean intensity"), later("intensity")


class ImageBrowser(View):
    """Brush a histogram and see the average image of the jets it selects, class by class.

    Average of signal, average of background and their difference stand over one histogram of each
    variable. Dragging across a histogram selects its jets: all averages, errors and the other
    histograms follow, computed in the browser from sums of images in every bin. The table is at
    most 400 kB for any number of jets, and while you drag nothing is sent.

    Parameters
    ----------
    images : array_like, shape (n, height, width) or (n, height, width, 1)
        One image per jet, rows along y from the bottom, columns along x.
    y : array_like, shape (n,)
        1 or True for signal, 0 or False for background.
    weights : array_like, shape (n,), optional
        One weight per jet, of either sign.
    variables : dict of str to array_like, shape (n,)
        What is brushed, such as ``{"pT [GeV]": pt, "mass [GeV]": mass, "score": score}``; the
        keys are the axis titles.
    saliency : array_like of the shape of images, optional
        A second image per jet, such as the gradient of a network's score: shown instead of the
        images on demand, and over them as the outline of the pixels that hold half of it.
    extent : tuple of four float, optional
        (x_low, x_high, y_low, y_high) of the image's borders; pixel numbers if not given.
    axes : tuple of str, default ("Δη", "Δφ")
        Titles of x and y; ``("column", "row")`` without an extent.
    quantity : str, default "mean intensity"
        Title of the colour bar, with its unit: ``"mean pT / ΣpT"``.
    edges : dict of str to array_like, optional
        Bin edges of a variable; by default equal bins with round edges, at most 20. The end bins
        hold what lies beyond; how much that is, is said on screen.
    singles : int, default 50
        Jets of each class to keep one by one, fewer if their pixels fill 40 kB.
    rng : int or numpy.random.Generator, default 0
        What draws the single jets.
    names : tuple of str, default ("signal", "background")
        What the two classes are called.

    Attributes
    ----------
    brush : tuple
        Empty for all jets, or (variable, low, high); what is set moves to the nearest bin edges.
    shown : {"averages", "jets"}
        Averages, or single jets of the selection.
    scale : {"log", "linear"}
        Of the colours. On both, pixels that are exactly zero are blank. On a logarithmic scale
        what is below 10⁻⁵ of the largest has the lowest colour, and what is below zero is grey.
    contrast : {"difference", "pull"}
        Signal minus background, or that in units of its standard error.
    stack : {"images", "saliency"}
        What is shown of each jet.
    jet : int
        Which of the single jets in the selection is shown; counted round and round.
    pixel : tuple of int
        Row and column of the pixel that is read out.
    averages : dict of str to Average
        Of ``"signal"`` and ``"background"`` in the selection.
    difference : Difference
        Signal minus background in the selection: ``value``, ``error`` and ``pull``.

    Raises
    ------
    ValueError, TypeError
        If the jets are not usable; the sentence says what is wrong and where.

    Notes
    -----
    One histogram is brushed at a time: sums of images in the cells of two variables together do
    not fit. For a joint selection cut before: ``ImageBrowser(images[cut], y[cut], ...)``.
    The sums of each bin are kept in half precision (1 part in 2048 of each pixel), what errors
    need of them in steps of 5 %; a pixel that any jet fills never becomes zero. An average over a
    brush is exact but for that.

    Examples
    --------
    >>> browser = ImageBrowser(images, y, variables={"mass [GeV]": mass})  # doctest: +SKIP
    >>> browser.brush = ("mass [GeV]", 70, 90)  # doctest: +SKIP
    >>> browser.averages["signal"].mean  # doctest: +SKIP
    """

    _module = "image_browser"
    _drawn_by = figure.draw

    brush = traits.Tuple(help="variable, low and high edge, or nothing").tag(sync=True)
    shown = traitlets.Enum(["averages", "jets"], "averages", help="all or one").tag(sync=True)
    scale = traitlets.Enum(["log", "linear"], "log", help="of the colours").tag(sync=True)
    contrast = traitlets.Enum(["difference", "pull"], "difference", help="drawn third").tag(
        sync=True
    )
    stack = traitlets.Enum(["images", "saliency"], "images", help="what is shown").tag(sync=True)
    jet = traits.Int(0, help="number of the single jet").tag(sync=True)
    pixel = traits.Tuple(help="row and column").tag(sync=True)

    def __init__(
        self,
        images: ArrayLike,
        y: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        variables: Mapping[str, ArrayLike],
        saliency: ArrayLike | None = None,
        extent: tuple[float, float, float, float] | None = None,
        axes: tuple[str, str] | None = None,
        quantity: str = MEAN,
        edges: Mapping[str, ArrayLike] | None = None,
        singles: int = 50,
        rng: int | np.random.Generator = 0,
        names: tuple[str, str] = ("signal", "background"),
    ) -> None:
        stacks = {"images": as_images("images", images)}
        if saliency is not None:
            stacks["saliency"] = as_images("saliency", saliency, stacks["images"].shape)
        count = len(stacks["images"])
        self.shape = stacks["images"].shape[1:]
        y, weights = as_labels(y, weights, count)
        values = as_variables(variables, count)
        self.names, self.quantity = two_names(names), name_or(MEAN, quantity)
        self._single = tr(SINGLE) if quantity == MEAN else self.quantity.removeprefix("mean ")
        self.extent = as_extent(extent, self.shape)
        self.axes = as_titles(axes, extent)
        most = room(math.prod(self.shape), unequal(y, weights), saliency=saliency is not None)
        self.variables = axes_of(values, as_all_edges(edges, values), most)
        self.note = note_of(self.variables, values)
        self.samples = make_samples(
            stacks,
            y,
            weights,
            self.variables,
            list(values.values()),
            singles=as_count(singles),
            rng=np.random.default_rng(rng),
        )
        self._n_jets = count
        super().__init__(payload=self._make_payload(), pixel=tuple(n // 2 for n in self.shape))

    # ------------------------------------------------------------ what is shown

    @property
    def cells(self) -> Any:
        """Where the selection is in columns that hold the bins of all variables one by one."""
        if not self.brush:
            return slice(0, self.variables[0].bins)
        axis = self._axis(self.brush[0])
        start, stop = axis.span(*self.brush[1:])
        return slice(axis.first + start, axis.first + stop)

    @property
    def averages(self) -> Any:
        """Average of ``stack`` in the selection, by class."""
        return {
            kind: average(sample, self.stack, self.cells, self.shape)
            for kind, sample in self.samples.items()
        }

    @property
    def difference(self) -> np.ndarray:
        """Average of signal minus that of background."""
        signal, background = self.averages.values()
        return Difference(signal.mean - background.mean, np.hypot(signal.error, background.error))

    @property
    def singles(self) -> dict[str, Any]:
        """Single jet number ``jet`` of each class in the selection, and how many there are.

        Returns
        -------
        dict of str to tuple of (index or None, number, ndarray or None)
        """
        found = {}
        for kind, sample in self.samples.items():
            jets = sample.singles
            inside = np.ones(len(jets.cells), dtype=bool)
            if self.brush:
                column = self.variables.index(self._axis(self.brush[0]))
                cells, own = self.cells, jets.cells[:, column]
                inside = (own >= cells.start) & (own < cells.stop)
            rows = np.flatnonzero(inside)
            row = rows[self.jet % len(rows)] if len(rows) else None
            image = None if row is None else jets.stacks[self.stack][row].reshape(self.shape)
            found[kind] = row, len(rows), image
        return found

    @property
    def dotted(self) -> Any:
        """Saliency behind what is shown of each class, None where there is none."""
        if "saliency" not in self.samples["signal"].stacks:
            return dict.fromkeys(KINDS)
        if self.shown == "averages":
            return {
                kind: average(sample, "saliency", self.cells, self.shape).mean
                for kind, sample in self.samples.items()
            }
        images = {kind: sample.singles.stacks["saliency"] for kind, sample in self.samples.items()}
        return {
            kind: None if row is None else images[kind][row].reshape(self.shape)
            for kind, (row, _, _) in self.singles.items()
        }

    @property
    @spoken
    def title(self) -> str:
        """What the colours of the images mean."""
        if self.stack == "saliency":
            return tr("saliency")
        return self.quantity if self.shown == "averages" else self._single

    @property
    def centres(self) -> Any:
        """Centres of the pixels' columns and rows."""
        x_low, x_high, y_low, y_high = self.extent
        return middles(x_low, x_high, self.shape[1]), middles(y_low, y_high, self.shape[0])

    @property
    @spoken
    def readout(self) -> str:
        """The line under the panels, digit for digit."""
        return joined(self._parts())

    def _parts(self):
        averages, difference = self.averages, self.difference
        at = self.pixel
        x, y = (centres[i] for centres, i in zip(self.centres, reversed(at), strict=True))
        yield tr("selected"), self._selected()
        for kind, average_ in averages.items():
            yield f"ε_{kind[0]}", percent(average_.share)
        yield tr("pixel"), f"{significant(x)}, {significant(y)}"
        if self.shown == "jets":
            for kind, (_, _, image) in self.singles.items():
                yield f"jet_{kind[0]}", NOTHING if image is None else significant(image[at])
        else:
            for kind, average_ in averages.items():
                yield f"I_{kind[0]}", with_error(average_.mean[at], average_.error[at])
        yield "I_s−I_b", with_error(difference.value[at], difference.error[at])
        pull = difference.pull[at]
        yield tr("pull"), f"{fixed(pull, 1)} σ" if np.isfinite(pull) else NOTHING

    def _selected(self):
        if not self.brush:
            return tr("all jets")
        axis = self._axis(self.brush[0])
        start, stop = axis.span(*self.brush[1:])
        ends = tr("{low} to {high}", low=axis.texts[start], high=axis.texts[stop])
        return f"{shorten(axis.name)} {ends}"

    @spoken
    def describe(self) -> str:
        """Say what stands for the picture where it cannot be seen.

        Returns
        -------
        str
        """
        one, other = map(shorten, self.names)
        values = {"one": one, "other": other, "readout": self.readout}
        return tr("Images of {one} and {other} jets; {readout}", **values)

    # ------------------------------------------------------------ payload and traits

    def _make_payload(self):
        xs, ys = self.centres
        return {
            "names": list(self.names),
            "shape": list(self.shape),
            "extent": list(self.extent),
            "axes": list(self.axes),
            "quantity": self.quantity,
            **self._said_of_one(),
            "columns": pack(xs),
            "rows": pack(ys),
            "note": self.note,
            "variables": [
                {"name": axis.name, "edges": pack(axis.edges), "texts": axis.texts}
                for axis in self.variables
            ],
            "samples": {kind: sample.packed() for kind, sample in self.samples.items()},
        }

    def _said_of_one(self):
        """Name what a single image holds, where the script does not know it from that of all."""
        usual = self.quantity.removeprefix("mean ")
        return {} if self._single == usual else {"single": self._single}

    def _axis(self, name):
        for axis in self.variables:
            if axis.name == name:
                return axis
        known = ", ".join(quoted(axis.name) for axis in self.variables)
        raise traitlets.TraitError(f"brush has no variable {quoted(name)}: there are {known}.")

    @traitlets.validate("brush")
    def _snap(self, proposal):
        if not proposal.value:
            return ()
        if len(proposal.value) != 3:
            raise traitlets.TraitError("brush is empty or (variable, low, high).")
        name, low, high = as_name(proposal.value[0]), *proposal.value[1:]
        axis = self._axis(name)
        if not (np.isreal([low, high]).all() and low <= high):
            raise traitlets.TraitError(f"brush goes from low to high, not from {low} to {high}.")
        return (name, *(float(axis.edges[i]) for i in axis.span(low, high)))

    @traitlets.validate("pixel")
    def _inside(self, proposal):
        if len(proposal.value) != 2:
            raise traitlets.TraitError("pixel is a row and a column.")
        inside = zip(proposal.value, self.shape, strict=True)
        return tuple(min(max(int(i), 0), n - 1) for i, n in inside)

    @traitlets.validate("stack")
    def _there(self, proposal):
        if proposal.value not in self.samples["signal"].stacks:
            raise traitlets.TraitError("There is no saliency to show: give saliency=.")
        return proposal.value

    def __repr__(self):
        size = " x ".join(map(str, self.shape))
        names = ", ".join(quoted(axis.name) for axis in self.variables)
        return f"{type(self).__name__}({self._n_jets} images of {size} pixels, by {names})"


def middles(low, high, count):
    """Middles of so many equal parts, without the noise of rounding."""
    return np.round(low + (np.arange(count) + 0.5) * (high - low) / count, 12)


def unequal(y, weights):
    """How many of the two classes have jets of different weight."""
    if weights is None:
        return 0
    return sum(np.ptp(part) > 0 for part in (weights[y], weights[~y]) if len(part))


def note_of(axes, variables):
    """Say of which variables the end bins hold jets beyond the axis, and what share."""
    parts = []
    for axis in axes:
        values = variables[axis.name]
        beyond = np.mean((values < axis.edges[0]) | (values > axis.edges[-1]))
        if beyond > 0:
            values = {"name": axis.name, "share": percent(beyond)}
            parts.append(tr("end bins of {name} hold {share} of jets from beyond", **values))
    return "; ".join(parts)


# ---------------------------------------------------------------- what is given


def as_images(name, images, like=None):
    """Finite numbers of shape (n, height, width)."""
    if np.ma.is_masked(images):
        raise ValueError(f"{name} has masked entries: drop or fill them before passing it on.")
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {images.dtype}: wanted numbers.")
    if images.ndim != 3 or 0 in images.shape[1:]:
        raise ValueError(f"{name} has shape {images.shape}: wanted (jets, height, width).")
    if like is not None and images.shape != like:
        raise ValueError(f"{name} has shape {images.shape}, but images has {like}.")
    check_pixels(name, images)
    check_size(name, images)
    return images


def check_pixels(name, images):
    bad = np.concatenate(
        [
            ~np.isfinite(images[start : start + CHUNK]).all(axis=(1, 2))
            for start in range(0, max(len(images), 1), CHUNK)
        ]
    )
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"{name} holds NaN or infinity in {bad.sum()} of {len(bad)} jets, first in jet {first}."
        )


def as_labels(y, weights, count):
    """Labels as booleans, and weights, one for each image."""
    ask("images", y, np.zeros(count), weights)
    return np.asarray(y).astype(bool), None if weights is None else np.asarray(weights, dtype=float)


def as_variables(variables, count):
    """One finite number per jet, by name."""
    if not isinstance(variables, dict) or not 1 <= len(variables) <= 4:
        raise TypeError("variables is a dict of one to four arrays, by the name to brush them by.")
    named = {as_name(name): values for name, values in variables.items()}
    if len(named) < len(variables):
        raise ValueError("Two variables have the same name.")
    columns = {name: as_column(name, values, count) for name, values in named.items()}
    for name, values in columns.items():
        if np.abs(values).max() > LARGEST:
            raise ValueError(f"{quoted(name)} reaches beyond ±{LARGEST:g}: wanted another unit.")
    return columns


def as_all_edges(edges, variables):
    edges = {as_name(name): one for name, one in (edges or {}).items()}
    if unknown := set(edges) - set(variables):
        raise ValueError(f"edges are of {min(unknown)!r}, which is none of the variables.")
    return {name: as_edges(name, values) for name, values in edges.items()}


def as_extent(extent, shape):
    if extent is None:
        return 0.0, float(shape[1]), 0.0, float(shape[0])
    numbers = tuple(float(value) for value in extent)
    if len(numbers) != 4 or not (numbers[0] < numbers[1] and numbers[2] < numbers[3]):
        raise ValueError(f"extent is (x_low, x_high, y_low, y_high), each rising, not {extent}.")
    return numbers


def as_titles(axes, extent):
    if axes is None:
        return (tr("column"), tr("row")) if extent is None else ("Δη", "Δφ")
    if isinstance(axes, str) or len(axes) != 2:
        raise ValueError("axes are two titles, of x and of y.")
    return tuple(map(as_name, axes))


def as_count(singles):
    if isinstance(singles, bool) or not isinstance(singles, int | np.integer) or singles < 0:
        raise ValueError(f"singles is how many jets to keep of each class, not {singles!r}.")
    return int(singles)
