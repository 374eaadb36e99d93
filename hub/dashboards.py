"""Dashboards for a class: Voila, with no kernel where none is needed, and none left behind.

    python -m hub.dashboards FOLDER [Voila's options]
    python -m hub.dashboards FOLDER --static OUT      (pages for any web server, or a USB stick)

A dashboard whose views live by themselves is served as a page (`hub.pages`). Every other one has a
kernel of its own, which ends with its page: Voila's page asks for that as it is left, with a cookie
that Voila 0.5 never gives it; and a kernel without a page is ended soon.
"""

import sys

from hub.pages import DashboardError, lives_by_itself, page, start_page, write_static

__all__ = ["main"]

# Voila's own pages, such as its list, ask another host for a style sheet of icons.
POLICY = "frame-ancestors 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:"
NO_VOILA = "Dashboards are served by Voila: pip install voila"
WITHOUT_PAGE = 60
"""Seconds after which a kernel that no page listens to is ended: pages take some to open."""


def main(arguments=None):
    """Serve the dashboards of a folder until Ctrl-C, or write them into another as pages."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if "--static" in words:
            _write(words)
        else:
            _serve(words)
    except DashboardError as error:
        sys.exit(str(error))


def _write(words):
    folder, _, *rest = words
    if words[1] != "--static" or len(rest) != 1:
        raise DashboardError("usage: python -m hub.dashboards FOLDER --static OUT")
    for file in write_static(folder, rest[0]):
        sys.stdout.write(f"{file}\n")


def _serve(words):
    try:
        from traitlets.config import Config  # noqa: PLC0415 - only a server has it
    except ImportError:
        raise DashboardError(NO_VOILA) from None
    config = Config()
    config.VoilaConfiguration.prelaunch_hook = before_kernel
    config.MappingKernelManager.cull_idle_timeout = WITHOUT_PAGE
    config.MappingKernelManager.cull_interval = WITHOUT_PAGE // 4
    config.Voila.tornado_settings = {"headers": {"Content-Security-Policy": POLICY}}
    _application().launch_instance(words, config=config)


def _application():
    """Voila, with a page of pictures in place of its list of files."""
    try:
        from jupyter_server.base.handlers import JupyterHandler  # noqa: PLC0415
        from tornado.web import authenticated  # noqa: PLC0415 - only a server has it
        from voila.app import Voila  # noqa: PLC0415
    except ImportError:
        raise DashboardError(NO_VOILA) from None

    class Start(JupyterHandler):
        """The page at the root of the server."""

        def initialize(self, root):
            self.root = root

        @authenticated
        def get(self):
            """Answer with the start page."""
            theme = self.get_argument("theme", None)
            try:
                self.finish(start_page(self.root, "voila/render/{}.ipynb", theme=theme))
            except DashboardError:  # other people's folders are listed as Voila does it
                self.redirect("voila/tree")

    class Dashboards(Voila):
        """Voila with another start page."""

        def init_handlers(self):
            """Put the start page before the list of files."""
            ours = [] if self.notebook_path else [(self.server_url, Start, {"root": self.root_dir})]
            return [*ours, *super().init_handlers()]

    return Dashboards


def before_kernel(request, notebook, cwd=None):  # noqa: ARG001 - as Voila calls it
    """Answer a request for a dashboard without a kernel, if there is a way."""
    from tornado.web import Finish  # noqa: PLC0415 - only a server has it

    if lives_by_itself(notebook):
        request.finish(page(notebook, theme=request.get_argument("theme", None)))
        raise Finish
    _ = request.xsrf_token  # asked for, it is sent as a cookie


if __name__ == "__main__":
    main(sys.argv[1:])
