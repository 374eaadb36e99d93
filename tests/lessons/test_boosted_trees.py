"""The lesson's recipe on real events."""

import pytest

from benchmarks import higgsml
from hepml import data


@pytest.mark.real_data
def test_the_recipe_holds_on_real_higgsml_events(real_data):
    result = higgsml.run(real_data / "higgsml")
    assert result["events"] == 9998
    assert result["mean"]["auc"] >= 0.915
    assert result["mean"]["ams"] >= 3.2
    recorded = data.recorded("boosted-trees")["mean"]
    assert result["mean"]["auc"] == pytest.approx(recorded["auc"], abs=2e-3)
    assert result["mean"]["ams"] == pytest.approx(recorded["ams"], abs=recorded["ams_error"])


def test_the_recorded_result_is_the_one_the_goal_asks_for():
    recorded = data.recorded("boosted-trees")
    assert recorded["mean"]["auc"] >= 0.915
    assert recorded["mean"]["ams"] >= 3.2
    assert {"command", "versions", "recorded", "data"} <= recorded.keys()


def test_a_recording_that_does_not_exist_is_named():
    with pytest.raises(KeyError, match="boosted-trees"):
        data.recorded("unboosted-trees")
