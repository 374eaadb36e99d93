"""A part of Jupyter's server: copies of lessons follow what is pulled while JupyterLab runs.

`make lab` switches it on; a hub does so for all its users, with
``ServerApp.jpserver_extensions = {"hepml_lessons.copy.follow": True}``. A repository may be pulled
by ``git pull`` or by a link of nbgitpuller: its lessons are brought up to date within seconds, in
the folder ``work`` beside them.
"""

import os
from pathlib import Path

from hepml_lessons.copy._own import CopyError, update

__all__ = ["Follower", "clones"]

SECONDS = 3
MARK = "notebooks/start.ipynb"  # what a repository of lessons has, and its copy has not


def clones(root):
    """Find repositories of lessons: a folder itself, and those in it.

    Parameters
    ----------
    root : pathlib.Path

    Returns
    -------
    list of pathlib.Path
    """
    found = [root, *sorted(filter(os.path.isdir, root.iterdir()))]
    # What may not be looked into is no repository: these functions answer where pathlib raises.
    return [
        one for one in found
        if os.path.isfile(one / MARK) and os.path.isdir(one / "hepml_lessons")  # noqa: PTH112, PTH113
    ]  # fmt: skip


class Follower:
    """Brings copies up to date where lessons changed.

    Parameters
    ----------
    root : pathlib.Path
        Where repositories are looked for.
    log : logging.Logger
        What is told of it.
    """

    def __init__(self, root, log):
        self.root, self.log = Path(root), log
        self.seen, self.told = {}, {}

    def __call__(self, in_use=()):
        """Look once. What fails, as in the middle of a pull, is tried again the next time.

        Parameters
        ----------
        in_use : collection of pathlib.Path
            Notebooks that have a kernel: they are not replaced under the hands of their reader.
        """
        try:
            found = clones(self.root)
        except OSError as error:
            found = self.tell_once(self.root, str(error)) or []
        for clone in found:
            try:
                now = _state(clone / "notebooks")
                if self.seen.get(clone) == now:
                    continue
                place = clone / "work"
                names = {path.stem for path in in_use if path.parent == place}
                steps = update(place, clone / "notebooks", in_use=names)
            except (CopyError, OSError) as error:
                self.tell_once(clone, str(error))
                continue
            self.seen[clone] = now
            for step in steps:
                self.log.info("lessons: %s", step)

    def tell_once(self, clone, sentence):
        if self.told.get(clone) != sentence:
            self.log.warning("lessons: %s", sentence)
        self.told[clone] = sentence


def _state(folder):
    files = [(path.name, path.stat()) for path in sorted(folder.glob("*.ipynb"))]
    return [(name, known.st_mtime_ns, known.st_size) for name, known in files]


def _jupyter_server_extension_points():
    return [{"module": __name__}]


def _load_jupyter_server_extension(server):
    """Begin to follow, as Jupyter's server asks its parts to."""
    from jupyter_core.utils import ensure_async  # noqa: PLC0415 - where a server runs
    from tornado.ioloop import PeriodicCallback  # noqa: PLC0415

    root = Path(server.root_dir)
    follower = Follower(root, server.log)

    async def look():
        sessions = await ensure_async(server.session_manager.list_sessions())
        follower({root / one["path"] for one in sessions})

    follower()
    # The loop of this moment need not be the one that will run: with
    # FileContentsManager.preferred_dir it is not (jupyter_server 2.21.1).
    server.io_loop.add_callback(PeriodicCallback(look, 1000 * SECONDS).start)
