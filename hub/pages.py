"""Dashboards as pages that need no kernel, and the page of pictures from which one is picked.

A notebook whose views live by themselves says so in its metadata (``{"hepml": {"kernel":
False}}``); the book's builder seals its code, and what it shows is served as it was saved.
"""

import hashlib
import html
import re
from pathlib import Path

from hepml.files import explained, write_text

__all__ = ["DashboardError", "lives_by_itself", "page", "read_all", "seal", "start_page"]
__all__ += ["write_static"]

# For each theme that is asked for: schemes of the page, and where it is dark.
THEMES = {
    "dark": ("dark", "@media all"),
    "light": ("light", "@media not all"),
    None: ("light dark", "@media (prefers-color-scheme: dark)"),
}
PAGE = """<!doctype html>
<html lang="en"{theme}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: {scheme} }}
body {{ background: #fff; color: #1a1a1a }}
{dark} {{ body {{ background: #121212; color: #e6e6e6 }} }}
main {{ font: 16px/1.5 system-ui, sans-serif; margin: auto; max-width: {width}px }}
{style}
</style>
</head>
<body>
<main>
{body}
</main>
<script>{script}</script>
</body>
</html>
"""
WIDTH = 1200  # pixels, of a page on a desk; on a projector it is enlarged until it fills it
FILL = """const main = document.querySelector('main');
const fill = () => {
  main.style.zoom = 1;
  const wide = innerWidth * 0.97 / WIDTH, high = innerHeight * 0.95 / main.offsetHeight;
  main.style.zoom = Math.max(1, Math.min(wide, high, 2.5));
};
if (!new URLSearchParams(location.search).has('projector')) { // then the view does it by itself
  addEventListener('load', () => { fill(); setTimeout(fill, 500); });
  addEventListener('resize', fill);
}""".replace("WIDTH", str(WIDTH))
CARDS = """
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1.2rem;
  list-style: none; padding: 0 }
li a { display: block; height: 100%; border: 1px solid #8c959f; border-radius: 8px;
  color: inherit; text-decoration: none; overflow: hidden }
li a:hover, li a:focus-visible { outline: 2px solid #3f90da }
li img { display: block; width: 100%; height: 10rem; object-fit: cover; object-position: left top;
  background: #fff }
li h2 { font-size: 1.15rem; margin: .7rem 1rem .2rem }
li p { margin: 0 1rem 1rem }
h1, .lead { margin-left: .2rem }"""
LEAD = "Each of these is alive: drag, brush and slide, or use the arrow keys. Pick one."
CARD = '<li><a href="{address}"><img alt="" src="{picture}"><h2>{title}</h2>{sentence}</a></li>'
STILL = re.compile(r'hepml-still"[^>]*><img[^>]*? src="(data:image/png;base64,[\w+/=]+)"')
BLANK = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


class DashboardError(Exception):
    """Dashboards cannot be served or written; the sentence says why."""


def write_static(folder, out):
    """Write dashboards that need no kernel as pages, with a start page, into another folder.

    Parameters
    ----------
    folder, out : str or os.PathLike
        Of the executed notebooks, and of the pages.

    Returns
    -------
    list of pathlib.Path
        The pages, the start page first.

    Raises
    ------
    DashboardError
        If one needs a kernel, or is not as it was when it was run; or a page cannot be written.
    """
    notebooks, out = read_all(folder), Path(out)
    if needy := [name for name, each in notebooks.items() if not lives_by_itself(each)]:
        raise DashboardError(f"{', '.join(needy)} cannot be a page without a kernel")
    with explained(DashboardError, out):
        out.mkdir(parents=True, exist_ok=True)
        pages = [write_text(out / "index.html", start_page(folder, "{}.html"))]
        return pages + [write_text(out / f"{n}.html", page(each)) for n, each in notebooks.items()]


def read_all(folder):
    """Read the dashboards of a folder, by name.

    Parameters
    ----------
    folder : str or os.PathLike

    Returns
    -------
    dict of str to nbformat.NotebookNode

    Raises
    ------
    DashboardError
        If there are none, or one cannot be read.
    """
    import nbformat  # noqa: PLC0415 - only a server has it

    files = sorted(Path(folder).glob("*.ipynb"))
    if not files:
        raise DashboardError(f"there are no dashboards in {folder}")
    try:
        return {file.stem: nbformat.read(file, as_version=4) for file in files}
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise DashboardError(f"a dashboard in {folder} cannot be read: {error}") from None


def start_page(folder, address, *, theme=None):
    """Return the page from which a class picks a dashboard by its picture.

    Parameters
    ----------
    folder : str or os.PathLike
        Of the executed notebooks.
    address : str
        Of a dashboard, with ``{}`` for its name.
    theme : str, optional
        As of `page`.

    Returns
    -------
    str
    """
    asked = f"?theme={theme}" if theme in {"dark", "light"} else ""
    cards = [
        CARD.format(address=address.format(name) + asked, **_card(each))
        for name, each in read_all(folder).items()
    ]
    body = f'<h1>Dashboards</h1>\n<p class="lead">{LEAD}</p>\n<ul>\n' + "\n".join(cards) + "\n</ul>"
    return _framed("Dashboards", body, theme=theme, style=CARDS, width=1800)


def _card(notebook):
    """Title, first sentence and picture of a dashboard."""
    prose = next((cell.source for cell in notebook.cells if cell.cell_type == "markdown"), "")
    title, _, sentence = prose.removeprefix("# ").partition("\n\n")
    shown = "".join(_shown(cell) for cell in notebook.cells if cell.cell_type == "code")
    found = STILL.search(shown)
    return {
        "title": html.escape(title),
        "sentence": _rendered(sentence),
        "picture": found[1] if found else BLANK,
    }


def seal(notebook):
    """Say in a notebook's metadata which code its saved outputs are of, if it needs no kernel.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        About to be executed; changed in place.
    """
    if notebook.metadata.get("hepml", {}).get("kernel") is False:
        notebook.metadata["hepml"]["sealed"] = _digest(notebook)


def lives_by_itself(notebook):
    """Whether what a notebook shows needs no kernel, and is of the code that it holds now."""
    said = notebook.metadata.get("hepml", {})
    was_run = any(cell.get("outputs") for cell in notebook.cells)
    return was_run and said.get("kernel") is False and said.get("sealed") == _digest(notebook)


def _digest(notebook):
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


def page(notebook, *, theme=None):
    """Return what a dashboard says and shows, as one page that needs nothing else.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed; its code is not shown.
    theme : str, optional
        ``"dark"`` or ``"light"``; else that of the reader's system.
    """
    shown = {"markdown": _prose, "code": _shown}
    parts = [shown[cell.cell_type](cell) for cell in notebook.cells if cell.cell_type in shown]
    title = next((cell.source for cell in notebook.cells if cell.source.startswith("# ")), "")
    title = title.split("\n")[0].removeprefix("# ") or "Dashboard"
    return _framed(title, "\n".join(parts), theme=theme, script=FILL)


def _framed(title, body, *, theme, style="", script="", width=WIDTH):
    theme = theme if theme in THEMES else None
    scheme, dark = THEMES[theme]
    return PAGE.format(
        title=html.escape(title),
        theme=f' data-theme="{theme}"' if theme else "",
        scheme=scheme,
        dark=dark,
        style=style,
        body=body,
        width=width,
        script=script,
    )


def _prose(cell):
    return _rendered(cell.source)


def _rendered(text):
    from nbconvert.filters import markdown_mistune  # noqa: PLC0415 - only a server has it

    renderer = markdown_mistune.IPythonRenderer(escape=False, exclude_anchor_links=True)
    return markdown_mistune.MarkdownWithMath(renderer=renderer).render(text)


def _shown(cell):
    """Return the outputs of a cell that a page can show."""
    return "\n".join(map(_fragment, cell.get("outputs", [])))


def _fragment(output):
    data = output.get("data", {})
    if "text/html" in data:
        return data["text/html"]
    if "image/png" in data:
        alt = html.escape(output.metadata.get("image/png", {}).get("alt", ""), quote=True)
        return f'<img alt="{alt}" src="data:image/png;base64,{data["image/png"].strip()}">'
    return f"<pre>{html.escape(output.text)}</pre>" if output.output_type == "stream" else ""
