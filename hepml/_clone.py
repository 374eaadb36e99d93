"""The clone of the repository that this ``hepml`` is installed from, if it is from one."""

from pathlib import Path

__all__ = ["clone"]


def clone():
    """Folder with the samples, the lessons and the services, or None: a wheel has none of them."""
    folder = Path(__file__).resolve().parents[1]
    return folder if (folder / "requirements.lock").is_file() else None
