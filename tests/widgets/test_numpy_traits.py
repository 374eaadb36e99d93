"""NumPy's numbers, float32 among them, are taken wherever Python's are, by all widgets."""

import json

import numpy as np
import pytest
import traitlets

from hepml_widgets import RocExplorer
from hepml_widgets.core.traits import plain
from tests.support.all_views import VIEWS

NUMBERS = {
    traitlets.Float: (np.float16, np.float32, np.float64, np.longdouble),
    traitlets.Int: (np.int8, np.int32, np.int64, np.uint8, np.uint64),
    traitlets.Bool: (np.bool_,),
}


@pytest.fixture(scope="module", params=VIEWS)
def view(request):
    return VIEWS[request.param](np.random.default_rng(3))


def settable(view, kind):
    """Traits of a kind that are ours to set."""
    own = {name: t for name, t in view.traits(sync=True).items() if isinstance(t, kind)}
    return [name for name in own if name != "tabbable" and not name.startswith("_")]


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_numpy_are_set_as_those_of_python(view, kind):
    for name in settable(view, kind):
        value = getattr(view, name)
        for make in NUMBERS[kind]:
            given = make(value)
            try:
                setattr(view, name, given.item())
            except traitlets.TraitError:
                with pytest.raises(traitlets.TraitError):
                    setattr(view, name, given)
                continue
            wanted = getattr(view, name)
            setattr(view, name, value)
            setattr(view, name, given)
            found = getattr(view, name)
            assert type(found) in (int, float, bool)
            assert found == wanted
            json.dumps(found)
        setattr(view, name, value)


def test_an_array_may_be_a_pair(view):
    for name in settable(view, traitlets.Tuple):
        value = getattr(view, name)
        if len(value) == 2:
            setattr(view, name, np.array(value, dtype=np.float32))
            assert all(type(one) in (int, float) for one in getattr(view, name))
            setattr(view, name, tuple(map(np.float64, value)))
            assert getattr(view, name) == value


def test_a_brush_is_made_of_scores():
    view = VIEWS["ShapeCompare"](np.random.default_rng(3))
    view.brush = ("x", -0.5, 0.5)
    wanted = json.dumps(view.brush)
    view.brush = ()
    view.brush = (np.str_("x"), np.float32(-0.5), np.float32(0.5))
    assert json.dumps(view.brush) == wanted


def test_scores_in_single_precision_are_thresholds():
    rng = np.random.default_rng(1)
    y = np.arange(200) % 2
    scores = (rng.normal(size=200) + y).astype(np.float32)
    explorer = RocExplorer(y, scores, sigma_b=np.float32(0.25), b_r=np.int64(10))
    explorer.threshold = scores[7]
    passed = scores >= np.float32(explorer.threshold)
    assert explorer.working_point.signal_efficiency == pytest.approx(passed[y == 1].mean())
    assert (explorer.sigma_b, explorer.b_r) == (0.25, 10.0)


def test_rates_in_single_precision_are_the_rates():
    view = VIEWS["AnomalyMonitor"](np.random.default_rng(3))
    for rate in (0.01, 0.001, 0.05):
        view.false_alarm = np.float32(rate)
        assert view.false_alarm == rate
    with pytest.raises(traitlets.TraitError, match=r"false_alarm is 0\.05 or 0\.01 or 0\.001, not"):
        view.false_alarm = np.float32(0.02)


def test_plain_values():
    assert plain(np.float32(0.5)) == 0.5
    assert plain([np.int64(2), (np.str_("a"),)]) == [2, ("a",)]
    assert type(plain(np.array(3))) is int
    assert plain("text") == "text"
