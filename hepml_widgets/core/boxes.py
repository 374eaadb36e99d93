"""Still pictures for views that stand in a box of ipywidgets, such as VBox or Tab."""

import base64
import io
from functools import partial

from IPython import get_ipython
from IPython.display import display
from ipywidgets import Box
from PIL import Image

__all__ = ["register", "stacked", "views_in"]


def register(kind):
    """Let IPython show a still picture below every box that holds views.

    It is the documented hook of IPython's display: a printer for a type and its subclasses. A
    box without a view of ours is left to IPython, and so is all if somebody else has a printer
    for boxes.

    Parameters
    ----------
    kind : type
        What a view is.
    """
    shell = get_ipython()
    formatter = getattr(shell, "display_formatter", None)
    if formatter is None:
        return
    printer = formatter.ipython_display_formatter
    if printer.for_type(Box) is None:
        printer.for_type(Box, partial(show, kind))


def views_in(box, kind, seen=None):
    """Find the views in a box and in the boxes inside it, each once, in their order.

    Parameters
    ----------
    box : ipywidgets.Box
    kind : type

    Returns
    -------
    list
    """
    seen = set() if seen is None else seen
    found = []
    for child in box.children:
        if child in seen:
            continue
        seen.add(child)
        if isinstance(child, kind):
            found.append(child)
        elif isinstance(child, Box):
            found += views_in(child, kind, seen)
    return found


def show(kind, box):
    """Show the live box, then copies of its views that outlive the kernel."""
    views = views_in(box, kind, {box})
    if not views:
        raise NotImplementedError  # so IPython shows the box as if this function were not
    bundle = box._repr_mimebundle_()
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, None)
    own = getattr(box, "_ipython_display_", None)
    if own is None:
        display(data, metadata=metadata, raw=True)
    else:
        own()
    display({**still_of(views), "text/plain": data["text/plain"]}, raw=True)


def still_of(views):
    """Collect what stands for a box: the copies of its views, and one picture of all of them."""
    pictures = [view.picture() for view in views]
    copies = zip(views, pictures, strict=True)
    return {
        "text/html": "\n".join(view.to_fragment(picture) for view, picture in copies),
        "image/png": base64.b64encode(stacked(pictures)).decode(),
    }


def stacked(pictures):
    """PNG of several pictures below each other, as bytes; a single one is itself."""
    if len(pictures) == 1:
        return pictures[0]
    images = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    size = max(image.width for image in images), sum(image.height for image in images)
    sheet, top = Image.new("RGB", size, "white"), 0
    for image in images:
        sheet.paste(image, (0, top))
        top += image.height
    file = io.BytesIO()
    sheet.quantize(128).save(file, format="PNG", optimize=True)
    return file.getvalue()
