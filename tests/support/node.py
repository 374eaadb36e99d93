"""The tools of `package.json`, where there are any."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / "node_modules" / ".package-lock.json"


def versions(lock):
    """Return the versions of the packages that a lock of npm has, by name."""
    listed = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    return {name: listed[name]["version"] for name in listed if name}


def run_node(program, *arguments, **options):
    """Run a program of node_modules, or a script here, with Node.js; skip where there is none.

    Returns
    -------
    subprocess.CompletedProcess
        With standard output and errors together, as text, in `stdout`.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js: install it with npm, then 'make scripts' installs the tools")
    if not INSTALLED.exists():
        pytest.skip("no node_modules: 'make scripts' installs what judges and bundles scripts")
    if not versions(INSTALLED).items() <= versions(ROOT / "package-lock.json").items():
        pytest.skip("node_modules is not what package-lock.json says: type 'make scripts'")
    heard = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    command = [node, str(ROOT / program), *map(str, arguments)]
    return subprocess.run(command, check=False, **({"cwd": ROOT} | heard | options))
