"""The table of coverage: complete, repeatable, and red where an error is wrong."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import coverage
from hepml import stats
from hepml_lessons import recording

BOOK = Path(__file__).resolve().parents[2] / "book"
PLACES = [(kind, size) for kind in coverage.WEIGHTS for size in coverage.SIZES]


@pytest.fixture(scope="module")
def held():
    return recording(coverage.NAME)


@pytest.mark.parametrize("family", coverage.ROWS)
def test_the_record_has_every_row_and_judges_it_as_we_do(held, family):
    assert held["rows"][family].keys() == coverage.ROWS[family].keys()
    for kind, size in PLACES:
        cells = held["cells"][f"{family}, {kind}, {size}"]
        assert cells.keys() == coverage.ROWS[family].keys()
        assert [coverage.judged(cell) for cell in cells.values()] == list(cells.values())


def test_a_thousand_toys_were_drawn(held):
    assert held["toys"] >= 1000
    assert all(
        cell["toys"] == held["toys"]
        for place, cells in held["cells"].items()
        for cell in cells.values()
        if "unit, large" in place
    )


def test_rows_that_fail_say_why(held):
    for family, rows in coverage.ROWS.items():
        for name, row in rows.items():
            cells = [held["cells"][f"{family}, {kind}, {size}"][name] for kind, size in PLACES]
            assert row.why or not any(cell["red"] for cell in cells), (family, name)
            assert held["rows"][family][name] == vars(row)


@pytest.mark.parametrize("family", ["cuts", "calibration", "shapes"])
def test_fewer_toys_tell_the_same(held, family):
    toys = 60
    found = coverage.measured(family, "exponential", "small", toys)
    for name, cell in held["cells"][f"{family}, exponential, small"].items():
        for level in cell.keys() & coverage.TOLERANCE.keys():
            error = coverage.error_of(cell[level], toys)
            assert abs(found[name][level] - cell[level]) < 4 * error, name


@pytest.mark.parametrize(("wrong", "level"), [(0.7, "68"), (0.7, "95"), (1.5, "68")])
def test_a_wrong_error_is_red(monkeypatch, wrong, level):
    name = "auc_error"
    right = getattr(stats.RocCurve, name).func
    honest = coverage.measured("cuts", "unit", "small", 400)["auc"]
    assert coverage.judged(honest)["red"] == []
    monkeypatch.setattr(stats.RocCurve, name, property(lambda curve: wrong * right(curve)))
    assert level in coverage.judged(coverage.measured("cuts", "unit", "small", 400)["auc"])["red"]


def test_p_values_that_are_wrong_are_red(rng):
    right = coverage.counted("p-value", (rng.permutation(1000) + 1) / 1000)
    assert coverage.judged(right)["red"] == []
    halved = coverage.counted("p-value", rng.random(1000) / 2)
    careful = coverage.counted("p-value", np.sqrt(rng.random(1000)))
    assert "5" in coverage.judged(halved)["red"]
    assert "5" in coverage.judged(careful)["red"]
    assert coverage.counted("p-value", [np.nan] * 3) == {"toys": 0}


def test_the_page_shows_every_row_and_marks_what_fails(held):
    sys.path.insert(0, str(BOOK / "extensions"))
    try:
        import covered
    finally:
        sys.path.pop(0)
    text = covered.tables(held)
    titles = [row.title for rows in coverage.ROWS.values() for row in rows.values()]
    assert [title for title in titles if f"| {covered.typeset(title)} | " not in text] == []
    cells = [cell for found in held["cells"].values() for cell in found.values()]
    assert text.count("✗") == sum(len(cell["red"]) for cell in cells)
