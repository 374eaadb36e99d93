"""The bundled sample, read once."""

import pytest

from hepml import data


@pytest.fixture(scope="session")
def sample():
    return data.load("higgs_tautau")
