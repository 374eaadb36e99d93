"""Dashboards for a class: Voila, with no kernel where none is needed, and none left behind.

    python -m hub.dashboards FOLDER [Voila's options]

A notebook whose views live by themselves says so in its metadata (``{"hepml": {"kernel":
False}}``); the book's builder seals its code, and what it shows is served as it was saved. Every
other dashboard has a kernel of its own, which ends with its page: Voila's page asks for that as it
is left, with a cookie that Voila 0.5 never gives it; and a kernel without a page is ended soon.
"""

import hashlib
import html
import sys

__all__ = ["main"]

# Voila's own pages, such as its list, ask another host for a style sheet of icons.
POLICY = "frame-ancestors 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:"
WITHOUT_PAGE = 60
"""Seconds after which a kernel that no page listens to is ended: pages take some to open."""
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
main {{ font: 16px/1.5 system-ui, sans-serif; margin: auto; max-width: 1200px }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def main(arguments=None):
    """Serve the dashboards of a folder; ends with Ctrl-C."""
    try:
        from traitlets.config import Config  # noqa: PLC0415 - only a server has it
        from voila.app import Voila  # noqa: PLC0415 - only a server has it
    except ImportError:
        sys.exit("Dashboards are served by Voila: pip install voila")
    config = Config()
    config.VoilaConfiguration.prelaunch_hook = before_kernel
    config.MappingKernelManager.cull_idle_timeout = WITHOUT_PAGE
    config.MappingKernelManager.cull_interval = WITHOUT_PAGE // 4
    config.Voila.tornado_settings = {"headers": {"Content-Security-Policy": POLICY}}
    Voila.launch_instance(arguments, config=config)


def before_kernel(request, notebook, cwd=None):  # noqa: ARG001 - as Voila calls it
    """Answer a request for a dashboard without a kernel, if there is a way."""
    from tornado.web import Finish  # noqa: PLC0415 - only a server has it

    if lives_by_itself(notebook):
        request.finish(page(notebook, theme=request.get_argument("theme", None)))
        raise Finish
    _ = request.xsrf_token  # asked for, it is sent as a cookie


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
    theme = theme if theme in THEMES else None
    scheme, dark = THEMES[theme]
    shown = {"markdown": _prose, "code": _shown}
    parts = [shown[cell.cell_type](cell) for cell in notebook.cells if cell.cell_type in shown]
    title = next((cell.source for cell in notebook.cells if cell.source.startswith("# ")), "")
    return PAGE.format(
        title=html.escape(title.split("\n")[0].removeprefix("# ") or "Dashboard"),
        theme=f' data-theme="{theme}"' if theme else "",
        scheme=scheme,
        dark=dark,
        body="\n".join(parts),
    )


def _prose(cell):
    from nbconvert.filters import markdown_mistune  # noqa: PLC0415 - only a server has it

    renderer = markdown_mistune.IPythonRenderer(escape=False, exclude_anchor_links=True)
    return markdown_mistune.MarkdownWithMath(renderer=renderer).render(cell.source)


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


if __name__ == "__main__":
    main(sys.argv[1:])
