"""A fresh Jupyter kernel whose messages are read, as a browser does."""

import ast
import json
import os
from pathlib import Path

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
START = 60  # s


class Kernel:
    """Kernel of one thread, alive inside a ``with`` block.

    Parameters
    ----------
    limit : float
        Seconds that a cell may take.
    """

    def __init__(self, limit):
        self.limit = limit
        self._manager = KernelManager()

    def __enter__(self):
        """Start it."""
        self._manager.start_kernel(cwd=str(ROOT), env={**os.environ, **ONE_THREAD})
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(START)
        return self

    def __exit__(self, *_):
        """End it."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def run(self, code, hear=None, **ask):
        """Run a cell; ``hear`` gets each message it sends. Returns the reply's content."""
        hear = hear or (lambda _: None)
        reply = self._client.execute_interactive(code, output_hook=hear, timeout=self.limit, **ask)
        content = reply["content"]
        if content["status"] != "ok":
            raise RuntimeError("\n".join(content["traceback"]))
        return content

    def value(self, expression):
        """Evaluate an expression and bring its value here by JSON."""
        ask = {"result": f"__import__('json').dumps({expression})"}
        content = self.run("", user_expressions=ask)["user_expressions"]["result"]
        if content["status"] != "ok":
            raise RuntimeError("\n".join(content["traceback"]))
        return json.loads(ast.literal_eval(content["data"]["text/plain"]))
