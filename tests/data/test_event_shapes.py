"""Event shapes against closed forms, all signs tried, and Pythia's own analyses."""

from itertools import product

import numpy as np
import pytest

from hepml.data.simulate.event_shapes import (
    durham,
    event_axes,
    event_shapes,
    hemispheres,
    in_frame,
    tensors,
)

ANGULAR = ("one_minus_thrust", "thrust_major", "thrust_minor")


def massless(p):
    return np.concatenate([p, np.linalg.norm(p, axis=-1, keepdims=True)], axis=-1)


def balanced(rng, particles):
    """Random momenta that add up to nothing."""
    p = rng.standard_normal((particles, 3)) * rng.exponential(3, (particles, 1))
    p[-1] = -p[:-1].sum(axis=0)
    return massless(p)


def shapes_of(momenta):
    found = hemispheres(in_frame(momenta, event_axes(momenta)))
    whole = tensors(np.zeros(len(momenta), int), momenta, 1)
    return found | {name: values[0] for name, values in whole.items()}


def star(*degrees):
    """Make unit momenta in a plane."""
    angle = np.deg2rad(degrees)
    return massless(np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1))


def test_two_thin_jets():
    found = shapes_of(np.repeat(star(30, 210), 2, axis=0))
    assert found == pytest.approx(dict.fromkeys(found, 0), abs=1e-7)


def test_three_equal_jets():
    """Thrust 2/3, and two of three momenta, 60 degrees from the axis, are in one hemisphere."""
    expected = {
        "one_minus_thrust": 1 / 3,
        "thrust_major": 2 * np.sin(np.pi / 3) / 3,
        "thrust_minor": 0,
        "heavy_jet_mass": 3 / 9,
        "light_jet_mass": 0,
        "total_broadening": np.sin(np.pi / 3) / 3,
        "wide_broadening": np.sin(np.pi / 3) / 3,
        "sphericity": 3 / 4,
        "aplanarity": 0,
        "c_parameter": 3 / 4,
        "d_parameter": 0,
    }
    assert shapes_of(star(0, 120, 240)) == pytest.approx(expected, abs=1e-7)


def test_a_sphere():
    """Directions on a spiral, evenly spread, and their opposites; thrust is a mean |cosine|."""
    height = (np.arange(70) + 0.5) / 70
    angle = np.arange(70) * np.pi * (3 - np.sqrt(5))
    across = np.sqrt(1 - height**2)
    p = np.stack([across * np.cos(angle), across * np.sin(angle), height], axis=-1)
    found = shapes_of(massless(np.concatenate([p, -p])))
    expected = {"sphericity": 1, "aplanarity": 0.5, "c_parameter": 1, "d_parameter": 1}
    expected |= dict.fromkeys(ANGULAR, 0.5)
    expected |= {"heavy_jet_mass": (1 - 0.5**2) / 4, "total_broadening": np.pi / 8}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=0.03), name


@pytest.mark.parametrize("particles", [2, 3, 4, 5, 9])
def test_no_signs_give_more_thrust_or_major(rng, particles):
    """All sums with a sign for each, in space and across the thrust axis; half are planar."""
    signs = np.array(list(product((1, -1), repeat=particles)))
    for turn in range(20):
        momenta = massless(rng.standard_normal((particles, 3)) * [1, 1, turn % 2])
        axes = event_axes(momenta)
        p, total = momenta[:, :3], momenta[:, 3].sum()
        best = np.linalg.norm(signs @ p, axis=1).max() / total
        found = hemispheres(in_frame(momenta, axes))
        assert 1 - found["one_minus_thrust"] == pytest.approx(best, rel=1e-12)
        across = p - np.outer(p @ axes[0], axes[0])
        best = np.linalg.norm(signs @ across, axis=1).max() / total
        assert found["thrust_major"] == pytest.approx(best, rel=1e-12)


def test_one_particle_and_momenta_on_one_line():
    for momenta in (star(10), star(10, 10, 190), star(10, 190)):
        axes = event_axes(momenta)
        np.testing.assert_allclose(np.abs(axes[0] @ momenta[0, :3]), 1)
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)


def test_axes_are_a_right_handed_frame_with_the_stated_directions(rng):
    for _ in range(20):
        momenta = balanced(rng, 12)
        axes = event_axes(momenta)
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(axes) == pytest.approx(1)
        turned = in_frame(momenta, axes)
        np.testing.assert_allclose(turned[:, 2], momenta[:, :3] @ axes[0])
        ahead = turned[:, 2] > 0
        masses = [
            total[3] ** 2 - (total[:3] ** 2).sum()
            for total in (turned[ahead].sum(axis=0), turned[~ahead].sum(axis=0))
        ]
        assert masses[0] >= masses[1]
        assert turned[np.abs(turned[:, 0]).argmax(), 0] > 0


def test_shapes_change_neither_with_a_rotation_nor_with_the_unit(rng):
    momenta = balanced(rng, 15)
    rotation = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    turned = massless(1e3 * momenta[:, :3] @ rotation.T)
    assert shapes_of(turned) == pytest.approx(shapes_of(momenta), rel=1e-9)


def test_three_momenta_that_balance_have_no_d_parameter_and_no_minor(rng):
    for _ in range(5):
        found = shapes_of(balanced(rng, 3))
        for name in ("thrust_minor", "aplanarity", "d_parameter"):
            assert found[name] == pytest.approx(0, abs=1e-7), name


def test_durham_distances_are_known_for_three_jets():
    """y_23 = 2 E^2 (1 - cos 120 degrees) / (3 E)^2; one jet is two particles on one line."""
    pytest.importorskip("fastjet", reason="the extra 'generate' is not installed")
    jets = star(0, 120, 240)
    split = np.concatenate([jets[:2], 0.3 * jets[2:], 0.7 * jets[2:]])
    found = durham(np.array([4, 4]), np.concatenate([split, 5 * split]))
    np.testing.assert_allclose(found["y_23"], 1 / 3)
    np.testing.assert_allclose(found["y_34"], 0, atol=1e-12)


def test_many_events_are_each_treated_alone(rng):
    pytest.importorskip("fastjet", reason="the extra 'generate' is not installed")
    parts = [balanced(rng, n) for n in (5, 14, 9)]
    event = np.repeat(np.arange(3), [len(part) for part in parts])
    columns, turned = event_shapes(event, np.concatenate(parts))
    for k, part in enumerate(parts):
        alone = shapes_of(part)
        assert {name: columns[name][k] for name in alone} == pytest.approx(alone)
        np.testing.assert_allclose(turned[event == k, 3], part[:, 3])
    assert (columns["y_23"] >= columns["y_34"]).all()


@pytest.mark.generate
def test_pythia_finds_the_same_shapes():
    """Its thrust is sought from a few directions only, and so is never larger than ours."""
    pythia8mc = pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    from hepml.data.recipes.shower_variations import RECIPE
    from hepml.data.simulate.pythia import start

    pythia = start(RECIPE.settings, 5)
    quadratic, linear = pythia8mc.Sphericity(2.0, 2), pythia8mc.Sphericity(1.0, 2)
    thrust, ours, theirs = pythia8mc.Thrust(2), [], []
    for _ in range(40):
        pythia.next()
        for analysis in (quadratic, linear, thrust):
            assert analysis.analyze(pythia.event)
        seen = [p for p in pythia.event if p.isFinal() and p.isVisible()]
        found = shapes_of(np.array([(p.px(), p.py(), p.pz(), p.e()) for p in seen]))
        ours.append(found)
        one, two, three = (linear.eigenValue(i) for i in (1, 2, 3))
        theirs.append(
            {
                "one_minus_thrust": 1 - thrust.thrust(),
                "thrust_major": thrust.tMajor(),
                "thrust_minor": thrust.tMinor(),
                "sphericity": quadratic.sphericity(),
                "aplanarity": quadratic.aplanarity(),
                "c_parameter": 3 * (one * two + two * three + three * one),
                "d_parameter": 27 * one * two * three,
            }
        )
    for name in theirs[0]:
        mine, other = (np.array([row[name] for row in rows]) for rows in (ours, theirs))
        if name in ANGULAR:
            assert np.mean(np.abs(mine - other) < 1e-6) > 0.6, name
        else:
            np.testing.assert_allclose(mine, other, rtol=1e-6, err_msg=name)
    thrusts = [np.array([row["one_minus_thrust"] for row in rows]) for rows in (ours, theirs)]
    assert (thrusts[0] <= thrusts[1] + 1e-9).all()
