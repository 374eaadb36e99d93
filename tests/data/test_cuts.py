"""Cuts as objects: what NumPy gives, never a string that is parsed, and loud where senseless."""

import gc
import operator
import weakref
from pathlib import Path

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepml.data import DataError, chunks, col, convert, read
from hepml.data._cuts import (
    COMPARISONS,
    FUNCTIONS,
    OPERATORS,
    Events,
    check_cut,
    collection,
    selected,
)

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


# ---------------------------------------------------------------- lists, against awkward

COUNTS = [2, 0, 3, 1, 0, 4, 0, 2]


def entries(rng, kind):
    content = rng.normal(0, 50, sum(COUNTS)).astype(kind)
    return ak.unflatten(content, COUNTS)


@pytest.fixture
def nano(rng):
    """Events with muons, jets of their own numbers, a fixed array, and single values."""
    lists = {f"Muon_{name}": entries(rng, "f4") for name in ("pt", "eta")}
    lists |= {"Muon_id": entries(rng, "i4"), "Muon_tight": entries(rng, "i1") > 0}
    lists |= {"Jet.pt": ak.Array([[3.0], [], [], [1, 2], [], [], [5, 6, 7], []])}
    lists |= {"shape_x": ak.from_regular(ak.Array(rng.normal(size=(ROWS, 3))))}
    return ak.zip(lists | {"met": rng.exponential(50, ROWS), "nMuon": COUNTS}, depth_limit=1)


def as_arrow(events):
    arrays = {
        name: ak.to_arrow(events[name], extensionarray=False, list_to32=True)
        for name in events.fields
    }
    return pa.record_batch(list(arrays.values()), list(arrays))


def cut_events(events, *cuts):
    """Events after the checks that a reader makes, as an awkward array."""
    batch = as_arrow(events)
    for cut in cuts:
        check_cut(Path("file.root"), cut, batch.schema)
    found = selected(batch, list(cuts))
    return ak.zip({n: ak.from_arrow(found[n]) for n in found.schema.names}, depth_limit=1)


REDUCED = {
    "any": ((col("Muon_pt") > 20).any(), lambda e: ak.any(e["Muon_pt"] > 20, axis=1)),
    "all": ((col("Muon_pt") > 0).all(), lambda e: ak.all(e["Muon_pt"] > 0, axis=1)),
    "count": (
        (col("Muon_pt") > 0).count() >= 2,
        lambda e: ak.sum(e["Muon_pt"] > 0, axis=1) >= 2,
    ),
    "number": (col("Muon_pt").count() == 2, lambda e: ak.num(e["Muon_pt"]) == 2),
    "sum of truth": (
        (abs(col("Muon_eta")) < 50).sum() > 1,
        lambda e: ak.sum(abs(e["Muon_eta"]) < 50, axis=1) > 1,
    ),
    "sum": (col("Muon_pt").sum() > 10, lambda e: ak.sum(e["Muon_pt"], axis=1) > 10),
    "max": (
        col("Muon_pt").max() > 10,
        lambda e: ak.fill_none(ak.max(e["Muon_pt"], axis=1) > 10, False),
    ),
    "min": (
        col("Muon_id").min() < 0,
        lambda e: ak.fill_none(ak.min(e["Muon_id"], axis=1) < 0, False),
    ),
    "truth": (col("Muon_tight").any(), lambda e: ak.any(e["Muon_tight"], axis=1)),
    "both": (
        ((col("Muon_pt") > 0) & (col("Muon_id") < 5)).any(),
        lambda e: ak.any((e["Muon_pt"] > 0) & (e["Muon_id"] < 5), axis=1),
    ),
    "columns": (
        (col("Muon_pt") > col("Muon_eta")).all(),
        lambda e: ak.all(e["Muon_pt"] > e["Muon_eta"], axis=1),
    ),
    "broadcast": (
        (col("Muon_pt") > col("met") / 2).any(),
        lambda e: ak.any(e["Muon_pt"] > e["met"] / 2, axis=1),
    ),
    "computed": (
        (np.hypot(col("Muon_pt"), col("Muon_eta")) * 2 > 60).count() > 1,
        lambda e: ak.sum(np.hypot(e["Muon_pt"], e["Muon_eta"]) * 2 > 60, axis=1) > 1,
    ),
    "of the largest": (
        (col("Muon_pt") > col("Muon_pt").max() * 0.5).count() == 1,
        lambda e: (
            ak.sum(e["Muon_pt"] > ak.fill_none(ak.max(e["Muon_pt"], axis=1), 0) * 0.5, axis=1) == 1
        ),
    ),
    "two collections": (
        (col("Muon_pt") > 0).any() & (col("Jet.pt") > 1).any(),
        lambda e: ak.any(e["Muon_pt"] > 0, axis=1) & ak.any(e["Jet.pt"] > 1, axis=1),
    ),
    "and single": (
        (col("Muon_pt").count() == col("nMuon")) & (col("met") > 30),
        lambda e: e["met"] > 30,
    ),
    "isin": (
        col("Muon_id").isin(range(-30, 5)).any(),
        lambda e: ak.any((e["Muon_id"] >= -30) & (e["Muon_id"] < 5), axis=1),
    ),
    "between": (
        (~col("Muon_pt").between(-20, 20)).all(),
        lambda e: ak.all((e["Muon_pt"] < -20) | (e["Muon_pt"] > 20), axis=1),
    ),
    "fixed": (
        (col("shape_x") > 0).count() >= 2,
        lambda e: ak.sum(e["shape_x"] > 0, axis=1) >= 2,
    ),
}


@pytest.mark.parametrize("name", REDUCED)
def test_events_are_cut_by_their_lists_as_awkward_does(nano, name):
    cut, oracle = REDUCED[name]
    expected, found = nano[oracle(nano)], cut_events(nano, cut)
    assert ak.to_list(found) == ak.to_list(expected)


def test_entries_are_cut_in_a_collection_and_nowhere_else(nano):
    found = cut_events(nano, col("Muon_pt") > 0)
    mask = nano["Muon_pt"] > 0
    for name in nano.fields:
        expected = nano[name][mask] if name.startswith("Muon_") else nano[name]
        assert ak.to_list(found[name]) == ak.to_list(expected), name
    found = cut_events(nano, (abs(col("shape_x")) < 1) & (col("met") > 20))
    expected = nano["shape_x"][(abs(nano["shape_x"]) < 1) & (nano["met"] > 20)]
    assert ak.to_list(found["shape_x"]) == ak.to_list(expected)


def test_cuts_on_entries_and_events_are_all_of_the_rows_in_the_file(nano):
    cuts = col("Muon_pt") > 0, (col("Muon_pt") < 0).any(), col("Jet.pt") > 1, col("Muon_eta") < 9
    found = cut_events(nano, *cuts)
    events = nano[ak.any(nano["Muon_pt"] < 0, axis=1)]
    muons = (events["Muon_pt"] > 0) & (events["Muon_eta"] < 9)
    assert ak.to_list(found["Muon_id"]) == ak.to_list(events["Muon_id"][muons])
    assert ak.to_list(found["Jet.pt"]) == ak.to_list(events["Jet.pt"][events["Jet.pt"] > 1])


def test_lists_of_other_lengths_are_one_sentence(nano):
    with pytest.raises(DataError, match=r"different lengths .* where=\[…, …\]"):
        cut_events(nano, (col("Muon_pt") > 0) & (col("Jet.pt") > 0))
    nano = ak.with_field(nano, nano["Jet.pt"], "Muon_odd")
    with pytest.raises(DataError, match=r"'Muon_pt' and 'Muon_odd'.*leave out 'Muon_odd' by drop="):
        cut_events(nano, col("Muon_pt") > 0)


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("Muon_pt", "Muon"),
        ("Jet.pt", "Jet"),
        ("Event.Jet.pt", "Event.Jet"),
        ("Jet_btag_score", "Jet"),
        ("Jet_sub.pt", "Jet_sub"),
        ("jetpt", "jetpt"),
    ],
)
def test_a_collection_is_called_by_its_first_word(name, whole):
    assert collection(name) == whole


def test_missing_lists_are_empty_and_stay_missing():
    batch = pa.record_batch({"x_a": pa.array([[1, 2], None, [], [3]]), "n": [0, 1, 2, 3]})
    assert selected(batch, col("x_a") > 1)["x_a"].to_pylist() == [[2], None, [], [3]]
    assert selected(batch, col("x_a").count() == 0)["n"].to_pylist() == [1, 2]
    assert selected(batch[2:], col("x_a") > 3)["x_a"].to_pylist() == [[], []]


def test_texts_and_lists_in_lists():
    batch = pa.record_batch(
        {
            "p_name": pa.array([["mu", "e"], [], ["mu"]]),
            "p_hits": pa.array([[[1, 2], [3]], [], [[4]]]),
        }
    )
    found = selected(batch, col("p_name") == "mu")
    assert found["p_name"].to_pylist() == [["mu"], [], ["mu"]]
    assert found["p_hits"].to_pylist() == [[[1, 2]], [], [[4]]]
    assert len(selected(batch, (col("p_name") == "e").any())) == 1
    with pytest.raises(DataError, match="lists of lists"):
        check_cut(Path("file.root"), col("p_hits") > 1, batch.schema)


def test_integers_of_lists_are_compared_to_the_last_digit():
    big = 2**60
    batch = pa.record_batch({"x": pa.array([[big + 1, 3], [big]])})
    assert len(selected(batch, col("x").max() == big + 1)) == 1
    assert len(selected(batch, (col("x") == big).any())) == 1


def test_cuts_on_lists_hold_in_files_and_pieces(tmp_path, nano):
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_batches([as_arrow(nano)]), tmp_path / "t.parquet")
    cut = (col("Muon_pt") > 20).any()
    found = read(tmp_path / "t.parquet", ["met", "Muon_eta"], where=cut)
    expected = nano[ak.any(nano["Muon_pt"] > 20, axis=1)]
    assert found["met"].tolist() == expected["met"].tolist()
    whole = read(tmp_path / "t.parquet", ["shape_x", "Muon_eta"], where=[col("Muon_pt") > 20, cut])
    assert [list(one) for one in whole["Muon_eta"]] == ak.to_list(
        expected["Muon_eta"][expected["Muon_pt"] > 20]
    )
    pieces = list(chunks(tmp_path / "t.parquet", "shape_*", where=col("shape_x") > 0, rows=3))
    together = pd.concat(pieces)["shape_x"]
    assert [list(one) for one in together] == ak.to_list(nano["shape_x"][nano["shape_x"] > 0])
    done = convert(tmp_path / "t.parquet", tmp_path / "o.root", where=col("Muon_pt") > 20)
    assert [list(one) for one in read(done.path)["Muon_id"]] == ak.to_list(
        nano["Muon_id"][nano["Muon_pt"] > 20]
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["any(Muon_pt)", ">", "20"], (col("Muon_pt") > 20).any()),
        (["all(Jet.pt)", "<=", "2.5"], (col("Jet.pt") <= 2.5).all()),
        (["count(Muon_pt > 20)", ">=", "2"], (col("Muon_pt") > 20).count() >= 2),
        (["count(Muon_pt)", "==", "0"], col("Muon_pt").count() == 0),
        (["sum(Jet.pt)", ">", "500"], col("Jet.pt").sum() > 500),
        (["max( Muon_pt )", ">", "7"], col("Muon_pt").max() > 7),
        (["Muon_pt", ">", "20"], col("Muon_pt") > 20),
        (["count(Muon_id==13)", "!=", "1"], (col("Muon_id") == 13).count() != 1),
        (["many(x)", ">", "1"], col("many(x)") > 1),
    ],
)
def test_words_of_the_command_make_cuts_on_lists(words, expected):
    from hepml.cli._rows import JOINT, cut

    (found,) = cut([JOINT.join(words)])
    assert repr(found) == repr(expected)


def test_a_batch_is_let_go_without_a_collection():
    """A circle of references would keep every batch that was cut, up to a whole file."""
    batch = pa.record_batch({"x": [1.0, 2.0]})
    events = Events(batch, "file")
    assert events.events is events
    watch = weakref.ref(events)
    gc.disable()
    try:
        del events
        assert watch() is None
    finally:
        gc.enable()
