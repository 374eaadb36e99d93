"""Pixels of the lesson against public pixelations, in an environment of their own."""

import os

import pytest

from benchmarks import images
from benchmarks.timing import Timing
from hepml_lessons.recipes import recipe

PYTHON = os.environ.get(images.VARIABLE)


@pytest.fixture(scope="module")
def lesson():
    return recipe("jet-images")


@pytest.fixture(scope="module")
def jets():
    return images.some_jets(500)


@pytest.fixture(scope="module")
def towers(lesson, jets):
    """Towers turned and mirrored about the centre of the whole jet: EnergyFlow centres on that."""
    return lesson["mirrored"](lesson["rotated"](lesson["centred"](lesson["towers_of"](jets))))


@pytest.fixture
def peers(towers):
    if PYTHON is None:
        pytest.skip(f"{images.VARIABLE} names no Python with energyflow and boost-histogram")
    with images.Peers(PYTHON, towers) as there:
        yield there


@pytest.mark.parametrize("name", ["energyflow centred", "boost-histogram"])
def test_public_functions_make_the_same_images(lesson, towers, peers, name):
    ours, theirs = lesson["pixelated"](towers), peers.images(name)
    assert theirs.shape == ours.shape
    assert (ours > 0).sum() > 10 * len(ours)
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_one_jet_after_the_other_gives_the_same_images(lesson, jets):
    """What is timed beside ours does the same work."""
    towers = lesson["towers_of"](jets)
    ours, theirs = images.centred(lesson, towers), images.one_by_one(towers)
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_who_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(images, "JETS", 300)
    monkeypatch.setattr(images, "some_jets", lambda: images.data.load("jets").iloc[:300])
    text = images.report(None, 1)
    for line, _ in images.PUBLIC.values():
        assert f"| {line} | not installed |" in text


def test_a_peer_that_fails_is_an_error(peers):
    with pytest.raises(RuntimeError, match="'nonsense' failed"):
        peers.ask("nonsense")


def test_speeds_are_jets_over_seconds():
    times = {images.CENTRE: Timing((0.5, 0.5)), images.LOOP: Timing((1.0, 1.0))}
    assert list(images.rows(times, 1000)) == [
        [images.CENTRE, "2 000", ""],
        [images.LOOP, "1 000", "2.00"],
    ]
