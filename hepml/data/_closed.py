"""A Dask scheduler and a worker without the web servers that Dask opens beside each.

Those listen without encryption, a worker's on every address of the machine, also when dashboards
are switched off. Imported only by a cluster of our own: it loads dask.distributed.
"""

from distributed import Scheduler, Worker

__all__ = ["ClosedScheduler", "ClosedWorker"]


class _NoWebServer:
    def start_http_server(self, *_args, **_options):
        """Start none."""


class ClosedScheduler(_NoWebServer, Scheduler):
    """A scheduler that is spoken to by its own protocol only."""


class ClosedWorker(_NoWebServer, Worker):
    """A worker that is spoken to by its own protocol only."""
