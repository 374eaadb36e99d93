"""JupyterLab and Voila, one each for all tests of a process."""

import pytest

from tests.support.servers import Lab, Voila, lab_arguments, serve, voila_arguments


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab: `lab.write(…)`, `.open(page, name)`, `.run_all(page)`, `.evaluate(page, …)`."""
    yield from serve(Lab, "notebooks", tmp_path_factory.mktemp("lab"), lab_arguments, "/api")


@pytest.fixture(scope="session")
def voila(tmp_path_factory):
    """Voila: `voila.write(…)`, `voila.open(page, name)`."""
    folder = tmp_path_factory.mktemp("voila")
    yield from serve(Voila, "notebooks/dashboards", folder, voila_arguments, "/")
