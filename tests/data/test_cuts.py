"""Cuts as objects: what NumPy gives, never a string that is parsed, and loud where senseless."""

import operator

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepml.data import DataError, col, read
from hepml.data._cuts import COMPARISONS, FUNCTIONS, OPERATORS, check_cut, selected

ROWS = 8
NUMBERS = {
    "x": np.array([1.5, -2.0, np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308]),
    "f": np.array([0.1, 0.2, np.nan, 3, 4, 5, 6, 7], dtype=np.float32),
    "i": np.array([1, -2, 3, 2**53 + 1, -(2**63), 2**63 - 1, 0, 7]),
    "u": np.array([0, 1, 2, 3, 2**64 - 1, 2**63, 6, 7], dtype=np.uint64),
    "c": np.array([100, -100, 127, -128, 0, 1, 2, 3], dtype=np.int8),
}
BATCH = pa.record_batch(
    {name: pa.array(values) for name, values in NUMBERS.items()}
    | {
        "tight": pa.array([True, False] * 4),
        "label": pa.array(["s", "b", "", "é", "s", "b", "S", "sb"]),
        "label2": pa.array(["s", "s", "", "e", "t", "a", "S", "s"]),
        "hits": pa.array([[1]] * ROWS),
        "missing": pa.array([1, None] * 4),
        "said": pa.array(["s", None] * 4),
    }
)


def passes(cut):
    """Which rows of the batch pass, after the checks that a reader makes."""
    from pathlib import Path

    check_cut(Path("file.root"), cut, BATCH.schema)
    rows = BATCH.append_column("row", pa.array(range(ROWS)))
    kept = set(selected(rows, cut).column("row").to_pylist())
    return [row in kept for row in range(ROWS)]


@pytest.mark.parametrize("sign", COMPARISONS)
@pytest.mark.parametrize("name", NUMBERS)
@settings(max_examples=30, deadline=None)
@given(value=st.floats(allow_nan=False) | st.integers(-(2**70), 2**70))
def test_comparisons_are_those_of_numpy(sign, name, value):
    compare = COMPARISONS[sign]
    with np.errstate(all="ignore"):
        expected = compare(NUMBERS[name], value)
    assert passes(compare(col(name), value)) == expected.tolist()


@pytest.mark.parametrize("sign", COMPARISONS)
def test_columns_and_scalars_of_numpy_compare_on_both_sides(sign):
    compare = COMPARISONS[sign]
    for value in (2, 2.0, np.float32(2), np.int8(2)):
        assert passes(compare(value, col("i"))) == compare(2, NUMBERS["i"]).tolist()
    assert passes(compare(col("u"), col("i"))) == compare(NUMBERS["u"], NUMBERS["i"]).tolist()


@pytest.mark.parametrize("sign", COMPARISONS)
@pytest.mark.parametrize("value", ["s", "", "é", "T"])
def test_text_compares_by_code_points(sign, value):
    compare, texts = COMPARISONS[sign], BATCH["label"].to_pylist()
    assert passes(compare(col("label"), value)) == [compare(text, value) for text in texts]
    others = BATCH["label2"].to_pylist()
    expected = list(map(compare, texts, others))
    assert passes(compare(col("label"), col("label2"))) == expected


def test_nan_and_missing_values_compare_as_false_but_for_unequal():
    for sign, compare in COMPARISONS.items():
        expected = [sign == "!="] * 3
        found = passes(compare(col("missing"), 5))[1], passes(compare(col("x"), 5))[2]
        assert [*found, passes(compare(col("said"), "x"))[1]] == expected
    assert passes(~(col("x") > 0))[2]


@pytest.mark.parametrize("compute", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_arithmetic_is_done_in_double_precision(compute):
    with np.errstate(all="ignore"):
        both = compute(NUMBERS["c"].astype(float), NUMBERS["f"].astype(float)) > 1
        left = compute(NUMBERS["c"].astype(float), 2) > 1
        right = compute(2, NUMBERS["c"].astype(float)) > 1
    assert passes(compute(col("c"), col("f")) > 1) == both.tolist()
    assert passes(compute(col("c"), 2) > 1) == left.tolist()
    assert passes(compute(2, col("c")) > 1) == right.tolist()


def test_powers_are_those_of_numpy():
    x, c = NUMBERS["x"], NUMBERS["c"].astype(float)
    with np.errstate(all="ignore"):
        both = np.sqrt(x**2 + c**2) > 100
        root, raised = c**0.5 > 1, 2**c > 1
    assert passes(np.sqrt(col("x") ** 2 + col("c") ** 2) > 100) == both.tolist()
    assert passes(col("c") ** 0.5 > 1) == root.tolist()
    assert passes(2 ** col("c") > 1) == raised.tolist()
    assert passes(np.float32(2) ** col("c") > 1) == raised.tolist()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_of_numpy_are_those_of_numpy(function):
    columns = ["f", "c"][: function.nin]
    with np.errstate(all="ignore"):
        values = function(*(NUMBERS[name].astype(float) for name in columns))
    middle = float(np.nanmedian(values))
    found = passes(function(*map(col, columns)) >= middle)
    assert found == (values >= middle).tolist()
    assert any(found)


@pytest.mark.parametrize("function", OPERATORS)
def test_functions_that_are_operators_become_these(function):
    a, b = (np.array([True, False] * 4), NUMBERS["i"] > 1)
    if function in (np.logical_and, np.logical_or, np.logical_not, np.bitwise_and, np.bitwise_or):
        cuts, values = [col("tight"), col("i") > 1], [a, b]
    elif function is np.invert:
        cuts, values = [col("tight")], [a]
    else:
        cuts, values = [col("c"), col("f")], [NUMBERS["c"].astype(float), NUMBERS["f"]]
    with np.errstate(all="ignore"):
        expected = function(*values[: function.nin])
    cut = function(*cuts[: function.nin])
    if expected.dtype != bool:
        cut, expected = cut > 1, expected > 1
    assert passes(cut) == expected.tolist()


def test_other_functions_name_those_that_can_be_used():
    careless = (
        lambda: np.floor(col("x")),
        lambda: np.add.reduce(col("x")),
        lambda: np.sqrt(col("x"), dtype="f4"),
        lambda: np.sqrt(col("x"), out=np.zeros(3)),
    )
    for use in careless:
        with pytest.raises(TypeError, match=r"only plainly abs, sqrt, square, exp"):
            use()
    with pytest.raises(TypeError, match="numbers or text"):
        np.hypot(col("x"), np.ones(3))


def test_small_integers_do_not_wrap_round():
    assert passes(col("c") * 2 > 127)[0]
    assert passes(-col("c") == 128)[3]
    assert passes(abs(col("c")) == 128)[3]


def test_values_can_be_listed_and_bounded():
    assert passes(col("i").isin([3, 7])) == [False, False, True, *[False] * 4, True]
    assert passes(col("label").isin(["s", "é"])) == [True, False, False, True, True, *[False] * 3]
    assert passes(col("label").isin([])) == [False] * ROWS
    assert passes(col("f").between(3, 5)) == [*[False] * 3, True, True, True, False, False]
    assert passes(col("x").isfinite()) == np.isfinite(NUMBERS["x"]).tolist()
    assert passes(col("missing").isfinite()) == [True, False] * 4


def test_cuts_are_combined_by_logic():
    a, b = NUMBERS["f"] > 3, np.array([True, False] * 4)
    assert passes((col("f") > 3) & col("tight")) == (a & b).tolist()
    assert passes(col("tight") | (col("f") > 3)) == (a | b).tolist()
    assert passes(~col("tight")) == (~b).tolist()
    assert passes(col("tight")) == b.tolist()
    assert passes((col("tight") == True) & (col("tight") != 0)) == b.tolist()  # noqa: E712


def test_a_cut_has_no_truth_value():
    cut = col("x") > 1
    careless = (
        lambda: 1 < col("x") < 3,
        lambda: cut and cut,
        lambda: not cut,
        lambda: cut in [1, 2],
    )
    for use in careless:
        with pytest.raises(TypeError, match=r"combine cuts by & \| ~"):
            use()


def test_a_cut_says_what_it_is():
    cut = ((abs(col("eta")) < 2.5) & ~(col("pt") / 2 >= 20)) | col("label").isin(["s"])
    text = "((abs(col('eta')) < 2.5) & ~((col('pt') / 2) >= 20)) | col('label').isin(['s'])"
    assert repr(cut) == text
    assert repr(-col("a") < 1) == "-col('a') < 1"
    assert repr((col("a") + 1).isfinite()) == "(col('a') + 1).isfinite()"
    assert cut.columns == ["eta", "pt", "label"]
    assert repr((-col("a")) ** 2 + (col("a") + 1) ** 2) == (
        "((-col('a')) ** 2) + ((col('a') + 1) ** 2)"
    )
    assert repr(np.hypot(col("a"), col("b") + 1) > 3) == "np.hypot(col('a'), col('b') + 1) > 3"


@pytest.mark.parametrize(
    ("cut", "hint"),
    [
        (col("labl") == "s", "did you mean 'label'"),
        (col("hits").any(), "any() makes no sense for a number: compare it"),
        (col("x").any(), "for a number"),
        ((col("x") > 1).any(), "one value per event, not a list"),
        (((col("hits") > 1).count() > 1).any(), "one value per event, not a list"),
        (col("hits").sum(), "compare it with something"),
        ((col("label") == "s") & col("hits"), "truth value & number"),
        (col("label") > 3, "text > number"),
        (col("x") == "s", "number == text"),
        (col("x") == col("label"), "number == text"),
        (col("label") + 1 > 2, "text + number"),
        (col("x").isin([1, "s"]), "number == text"),
        (abs(col("label")) > 1, "for a text"),
        (np.sqrt(col("label")) > 1, "for a text"),
        (col("label") ** 2 > 1, "text ** number"),
        (np.sqrt(col("x")), "compare it with something"),
        (~col("x"), "for a number"),
        (col("x") & col("tight"), "number & truth value"),
        (col("x") + 1, "compare it with something"),
        (col("x"), "compare it with something"),
    ],
)
def test_a_senseless_cut_is_one_sentence(cut, hint):
    with pytest.raises(DataError) as error:
        passes(cut)
    assert hint in str(error.value)
    assert "\n" not in str(error.value)


def test_integers_beyond_all_types_are_compared_too():
    assert passes(col("i") < 10**400) == [True] * ROWS
    assert passes(col("x") < -(10**400)) == [False] * ROWS


def test_nothing_else_is_taken_for_a_cut():
    with pytest.raises(TypeError, match="numbers or text"):
        assert col("x") > [1, 2]
    with pytest.raises(TypeError, match="name of a column"):
        col(3)
    with pytest.raises(TypeError, match="several values"):
        col("x").isin("abc")
    with pytest.raises(DataError, match="isfinite"):
        assert col("x") == np.nan  # noqa: PLW0177 - this is the mistake
    for text in ("x > 1", "__import__('os').getcwd()", lambda row: True):  # noqa: ARG005
        with pytest.raises(TypeError, match="where= takes a cut"):
            passes(text)


def test_a_column_of_the_cut_alone_is_read_but_not_returned(tmp_path):
    table = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, np.nan, 3.0], "c": ["s", "b", "s"]})
    table.to_csv(tmp_path / "t.csv", index=False)
    found = read(tmp_path / "t.csv", ["a"], where=(col("b") > 0) & (col("c") == "s"))
    pd.testing.assert_frame_equal(found, pd.DataFrame({"a": [1, 3]}))
    nothing = read(tmp_path / "t.csv", where=col("a") > 5)
    assert len(nothing) == 0
    assert list(nothing) == list(table)
