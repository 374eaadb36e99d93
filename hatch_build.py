"""What hatchling does besides copying: a wheel has scripts and styles without their comments."""

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from types import ModuleType

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VIEWS = "hepml_widgets"


class ShortScripts(BuildHookInterface):
    """Put shortened files in the places of those in `static`; pages made of them are the same."""

    def initialize(self, version, build_data):
        """Write the files; an editable install reads those of the checkout."""
        if version == "editable":
            return
        scripts = self._scripts()
        self.folder = tempfile.TemporaryDirectory()
        for file in sorted(scripts.STATIC.iterdir()):
            if file.suffix in {".js", ".css"}:
                short = Path(self.folder.name, file.name)
                short.write_bytes(scripts.shipped(file.name).encode())
                build_data["force_include"][str(short)] = f"{VIEWS}/static/{file.name}"

    def finalize(self, version, build_data, artifact_path):  # noqa: ARG002 (hatchling names them)
        """Take the files away."""
        if version != "editable":
            self.folder.cleanup()

    def _scripts(self):
        """Import the module that shortens; its package would ask for NumPy and anywidget."""
        package = ModuleType(VIEWS)
        package.__path__ = [str(Path(self.root, VIEWS))]
        sys.modules[VIEWS] = package
        return import_module(f"{VIEWS}._scripts")
