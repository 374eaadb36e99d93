"""Columns by name and classes by label: what a model is given and which score is taken."""

import numpy as np
import pytest

from hepml_widgets import report
from hepml_widgets.core.columns import column_names, known_to, matched
from hepml_widgets.report.events import gather

pd = pytest.importorskip("pandas", reason="the extra 'lab' is not installed")

NAMES = ["a", "b", "c", "d"]
ORDER = ["d", "b", "a", "c"]


@pytest.fixture(scope="module")
def events():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(600, 4)), columns=NAMES).astype("float32")
    y = (frame["a"] + 0.4 * frame["c"] ** 2 + 0.5 * rng.normal(size=600) > 0.3).astype(int)
    return frame, y.to_numpy()


def scores(model, X, y, **options):
    """Scores as `report` takes them."""
    given = {"weights": None, "train": None, "features": None, "missing": None}
    given |= {"names": ("signal", "background"), "progress": lambda *_: None} | options
    return gather(y, {"m": model}, X, **given).test.scores["m"]


def structured(frame):
    return frame.to_records(index=False)


def arrow(frame):
    return pytest.importorskip("pyarrow").Table.from_pandas(frame, preserve_index=False)


TABLES = {
    "DataFrame": lambda frame: frame,
    "dict": lambda frame: {name: frame[name].to_numpy() for name in frame},
    "recarray": structured,
    "structured": lambda frame: np.asarray(structured(frame)).view(np.ndarray),
    "Arrow": arrow,
    "another column": lambda frame: frame.assign(e=1.0)[["e", *frame]],
}


# ---------------------------------------------------------------- models


def xgboost_booster(X, y):
    import xgboost

    settings = {"objective": "binary:logistic", "nthread": 1}
    model = xgboost.train(settings, xgboost.DMatrix(X, y), 5)
    names = {"feature_names": [*X.columns]} if hasattr(X, "columns") else {}
    return model, model.predict(xgboost.DMatrix(np.asarray(X), **names))


def xgboost_classifier(X, y):
    import xgboost

    return with_chances(xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(X, y), X)


def lightgbm_classifier(X, y):
    import lightgbm

    return with_chances(lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(X, y), X)


def lightgbm_booster(X, y):
    model, wanted = lightgbm_classifier(X, y)
    return model.booster_, wanted


def histogram(X, y):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return with_chances(HistGradientBoostingClassifier(max_iter=5).fit(X, y), X)


def pipeline(X, y):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return with_chances(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), X)


def search(X, y):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    return with_chances(GridSearchCV(LogisticRegression(), {"C": [1]}, cv=2).fit(X, y), X)


def svm(X, y):
    from sklearn.svm import LinearSVC

    model = LinearSVC().fit(X, y)
    return model, model.decision_function(X)


def regressor(X, y):
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(5, random_state=0).fit(X, y)
    return model, model.predict(X)


def with_chances(model, X):
    return model, model.predict_proba(X)[:, 1]


MAKERS = [xgboost_booster, xgboost_classifier, lightgbm_classifier, lightgbm_booster, histogram,
          pipeline, search, svm, regressor]  # fmt: skip


@pytest.fixture(scope="module", params=MAKERS, ids=lambda make: make.__name__)
def made(request):
    for library in ("xgboost", "lightgbm"):
        if library in request.param.__name__:
            pytest.importorskip(library)
    return request.param


@pytest.fixture(scope="module")
def trained(made, events):
    return made(*events)


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_found_by_name(trained, events, table):
    (model, wanted), (frame, y) = trained, events
    np.testing.assert_allclose(scores(model, TABLES[table](frame[ORDER]), y), wanted, rtol=1e-5)


def test_names_given_beside_an_array_count(trained, events):
    (model, wanted), (frame, y) = trained, events
    array = frame[ORDER].to_numpy()
    np.testing.assert_allclose(scores(model, array, y, features=ORDER), wanted, rtol=1e-5)
    np.testing.assert_allclose(scores(model, frame.to_numpy(), y), wanted, rtol=1e-5)
    np.testing.assert_allclose(scores(model, pd.DataFrame(frame.to_numpy()), y), wanted, rtol=1e-5)


def test_one_feature_may_be_named_alone(events):
    frame, y = events
    wanted = frame["a"].to_numpy()
    found = scores(
        lambda X: X.to_numpy()[:, -1], frame.rename(columns={"a": "pt"}), y, features="pt"
    )
    np.testing.assert_array_equal(found, wanted)


def test_a_missing_column_is_named(trained, events):
    (model, _), (frame, y) = trained, events
    for table in (frame.rename(columns={"a": "zzz"}), frame[["b", "d"]].assign(e=1.0, f=2.0)):
        with pytest.raises(ValueError, match=r"Model 'm': it was trained on .*X has no 'a'"):
            scores(model, table, y)
    with pytest.raises(ValueError, match=r"has no 'a', 'b', 'c', 'd': it has 'A'"):
        scores(model, frame.rename(columns=str.upper), y)


def test_models_of_arrays_take_columns_as_they_come(made, events):
    frame, y = events
    model, wanted = made(frame.to_numpy(), y)
    for table in (frame, TABLES["dict"](frame), structured(frame), frame.to_numpy()):
        np.testing.assert_allclose(scores(model, table, y), wanted, rtol=1e-5)


def test_the_page_says_how_columns_were_taken(events):
    frame, y = events
    bare = histogram(frame.to_numpy(), y)[0]
    named = histogram(frame, y)[0]
    page = report(y, {"bare": bare}, frame, repeats=1, ranking_events=50)
    assert any("knows no names of columns" in remark for remark in page.remarks)
    page = report(y, {"named": named}, frame.assign(e=y * 0.1), repeats=1, ranking_events=50)
    assert any("does not take" in remark for remark in page.remarks)
    assert not any("knows no names" in remark for remark in page.remarks)
    assert (page.importances["named"].values[-1], page.importances["named"].errors[-1]) == (0, 0)


def test_default_names_are_names_where_the_table_has_them(events):
    """Trained on columns that somebody did call f0, f1, …: the order does not matter."""
    xgboost = pytest.importorskip("xgboost")
    frame, y = events
    numbered = frame.set_axis([f"f{i}" for i in range(4)], axis=1)
    for table in (numbered, pd.DataFrame(frame.to_numpy())):
        model = xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(table, y)
        wanted = model.predict_proba(table)[:, 1]
        other = table[table.columns[[2, 0, 3, 1]]]
        np.testing.assert_allclose(scores(model, other, y), wanted)
        np.testing.assert_allclose(scores(model.get_booster(), other, y), wanted)
    with pytest.raises(ValueError, match="X has no 'f1'"):
        scores(model := xgboost.XGBClassifier(n_estimators=2).fit(numbered, y),
               numbered.rename(columns={"f1": "x"}), y)  # fmt: skip


def test_names_that_libraries_change_are_found(events):
    lightgbm = pytest.importorskip("lightgbm")
    frame, y = events
    spaced = frame.set_axis(["p T", "eta", "m jj", "phi"], axis=1)
    model = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(spaced, y)
    assert model.booster_.feature_name()[0] == "p_T"
    wanted = model.predict_proba(spaced)[:, 1]
    for one in (model, model.booster_):
        np.testing.assert_allclose(scores(one, spaced[["m jj", "phi", "p T", "eta"]], y), wanted)


def test_training_tables_are_matched_too(events):
    frame, y = events
    model, wanted = histogram(frame, y)
    given = {"train": None, "features": None, "missing": None, "names": ("s", "b")}
    for X, of_training in ((frame, frame[ORDER]), (frame.to_numpy(), frame[ORDER]),
                           (frame[ORDER], TABLES["dict"](frame)), (frame, frame.to_numpy()),
                           (frame.to_numpy(), frame.to_numpy())):  # fmt: skip
        options = given | {"train": (of_training, y), "progress": lambda *_: None}
        found = gather(y, {"m": model}, X, None, **options)
        np.testing.assert_allclose(found.train.scores["m"], wanted)
        np.testing.assert_allclose(found.test.scores["m"], wanted)
    with pytest.raises(ValueError, match="X has no column 'c'"):
        gather(y, {"m": model}, frame, None, **given | {"train": (frame[["a", "b"]], y),
                                                       "progress": lambda *_: None})  # fmt: skip


def test_a_function_gets_the_table_as_it_is(events):
    frame, y = events
    found = scores(lambda X: X["a"].to_numpy() + X.iloc[:, 0].to_numpy(), frame[ORDER], y)
    np.testing.assert_allclose(found, frame["a"] + frame["d"])


# ---------------------------------------------------------------- Keras


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def network(keras, inputs):
    keras.utils.set_random_seed(1)
    merged = keras.layers.Concatenate()([*inputs.values()])
    return keras.layers.Dense(1, activation="sigmoid")(keras.layers.Dense(3)(merged))


def test_keras_inputs_take_the_columns_of_their_names(keras, events):
    frame, y = events
    for listed in (True, False):
        inputs = {name: keras.Input((1,), name=name) for name in NAMES}
        model = keras.Model([*inputs.values()] if listed else inputs, network(keras, inputs))
        columns = {name: frame[[name]].to_numpy() for name in NAMES}
        fed = [*columns.values()] if listed else columns
        wanted = model.predict(fed, verbose=0)[:, 0]
        for table in ("DataFrame", "dict", "another column"):
            np.testing.assert_allclose(
                scores(model, TABLES[table](frame[ORDER]), y), wanted, rtol=1e-5
            )
        np.testing.assert_allclose(scores(model, frame.to_numpy(), y), wanted, rtol=1e-5)
        with pytest.raises(ValueError, match="X has no 'b'"):
            scores(model, frame.rename(columns={"b": "B"}), y)


def test_keras_inputs_without_names_take_columns_as_they_come(keras, events):
    frame, y = events
    inputs = {i: keras.Input((1,)) for i in range(4)}
    model = keras.Model([*inputs.values()], network(keras, inputs))
    wanted = model.predict([frame[[name]].to_numpy() for name in NAMES], verbose=0)[:, 0]
    np.testing.assert_allclose(scores(model, frame, y), wanted, rtol=1e-5)
    with pytest.raises(ValueError, match="it takes 4 columns, but X has 3"):
        scores(model, frame[NAMES[:3]], y)


def test_keras_models_that_do_not_say_are_refused(keras, events):
    frame, y = events
    inputs = {"tracks": keras.Input((2,), name="tracks"), "jets": keras.Input((2,), name="jets")}
    model = keras.Model(inputs, network(keras, inputs))
    with pytest.raises(ValueError, match="2 inputs of several columns each: wanted one input"):
        scores(model, frame, y)
    x = keras.Input((4,))
    parts = {name: keras.layers.Dense(1, name=name)(x) for name in ("clf", "adv")}
    with pytest.raises(ValueError, match=r"has 2 outputs \(clf, adv\): wanted one"):
        scores(keras.Model(x, parts), frame, y)


# ---------------------------------------------------------------- categories


@pytest.fixture(scope="module")
def kinds():
    """Columns of which one is a category, and labels that hang on it."""
    rng = np.random.default_rng(5)
    kind = rng.choice([1, 2, 4], 500)
    y = ((kind == 2) ^ (rng.random(500) < 0.1)).astype(int)
    return pd.DataFrame({"pt": rng.exponential(30, 500) + 20 * y, "kind": kind}), y


def on_categories(library, frame, y):
    """Classifier trained on a table with a column of categories."""
    table = frame.astype({"kind": "category"})
    if library == "lightgbm":
        kind = pytest.importorskip("lightgbm").LGBMClassifier
        return kind(n_estimators=20, verbose=-1, n_jobs=1).fit(table, y), table
    kind = pytest.importorskip("xgboost").XGBClassifier
    return kind(n_estimators=20, max_depth=3, enable_categorical=True, n_jobs=1).fit(
        table, y
    ), table


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("part", ["classifier", "booster", "from a file"])
def test_values_of_categories_are_told_from_their_numbers(kinds, tmp_path, library, part):
    frame, y = kinds
    model, table = on_categories(library, frame, y)
    if library == "xgboost" and not hasattr(model.get_booster(), "get_categories"):
        pytest.skip("this xgboost does not tell its categories")
    wanted = model.predict_proba(table)[:, 1]
    if part != "classifier":
        model = model.booster_ if library == "lightgbm" else model.get_booster()
    if part == "from a file":
        path = tmp_path / "model.json"
        model.save_model(path)
        model = type(model)(model_file=path)
    for X in (table, frame, frame[["kind", "pt"]], frame.astype(float), frame.to_numpy(float)):
        np.testing.assert_allclose(scores(model, X, y), wanted, rtol=1e-5)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_values_that_are_no_categories_are_named(kinds, library):
    frame, y = kinds
    model, _ = on_categories(library, frame, y)
    with pytest.raises(ValueError, match="'kind' has the categories 1, 2, 4, but X has 17 there"):
        scores(model, frame.assign(kind=17), y)


# ---------------------------------------------------------------- pipelines


def test_steps_that_let_columns_pass_hide_no_names(events):
    pytest.importorskip("xgboost")
    from sklearn.pipeline import make_pipeline
    from xgboost import XGBClassifier

    frame, y = events
    model = make_pipeline("passthrough", XGBClassifier(n_estimators=5, n_jobs=1)).fit(frame, y)
    wanted = model.predict_proba(frame)[:, 1]
    np.testing.assert_allclose(scores(model, frame[[*frame][::-1]], y), wanted, rtol=1e-5)


def test_a_step_of_ones_own_finds_the_columns_it_names(events):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    class Chosen:
        def fit(self, X, y=None):  # noqa: ARG002
            return self

        def transform(self, X):
            return X[["b", "a"]].to_numpy()

    frame, y = events
    model = make_pipeline(Chosen(), LogisticRegression()).fit(frame, y)
    wanted = model.predict_proba(frame)[:, 1]
    np.testing.assert_allclose(scores(model, frame[[*frame][::-1]], y), wanted, rtol=1e-5)


@pytest.mark.parametrize("made", ["logistic", "xgboost", "lightgbm"])
def test_another_number_of_columns_is_one_sentence(events, made):
    frame, y = events
    X = frame.to_numpy()
    if made == "logistic":
        model = logistic(X, y)
    elif made == "xgboost":
        xgboost = pytest.importorskip("xgboost")
        model = xgboost.train({"nthread": 1}, xgboost.DMatrix(X, y), 2)
    else:
        lightgbm = pytest.importorskip("lightgbm")
        model = lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, y), 2)
    with pytest.raises(
        ValueError, match=r"trained on \d columns and does not say which, but X has"
    ):
        scores(model, frame.assign(more=1.0), y)


def test_columns_of_arrow_are_numbers_to_every_library(events):
    lightgbm = pytest.importorskip("lightgbm")
    frame, y = events
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(frame, y)
    wanted = model.predict_proba(frame)[:, 1]
    arrow = frame.convert_dtypes(dtype_backend="pyarrow")
    np.testing.assert_allclose(scores(model, arrow, y), wanted, rtol=1e-6)


# ---------------------------------------------------------------- ONNX


def exported(model, X, **options):
    skl2onnx = pytest.importorskip("skl2onnx")
    pytest.importorskip("onnxruntime")
    return skl2onnx.to_onnx(model, X[:1], options={id(model): options} if options else None)


def logistic(X, labels):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(X, labels)


ZIPMAPS = [{"zipmap": True}, {"zipmap": False}, {"zipmap": "columns"}]
LABELS = {
    "0 and 1": lambda y: y,
    "False and True": lambda y: y == 1,
    "0.0 and 1.0": lambda y: y.astype(float),
    "-1 and 1": lambda y: 2 * y - 1,
    "signal": lambda y: np.where(y, "signal", "background"),
    "turned": lambda y: np.where(y, "A", "B"),
}


@pytest.mark.parametrize("options", ZIPMAPS, ids=str)
@pytest.mark.parametrize("labels", LABELS)
def test_onnx_gives_the_score_of_signal(events, labels, options):
    frame, y = events
    X = frame.to_numpy()
    wanted = logistic(X, y).predict_proba(X)[:, 1]
    model = exported(logistic(X, LABELS[labels](y)), X, **options)
    names = ("A", "B") if labels == "turned" else ("signal", "background")
    np.testing.assert_allclose(scores(model, X, y, names=names), wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("options", ZIPMAPS, ids=str)
@pytest.mark.parametrize("labels", [("2", "1"), (2, 1), (1, 2), ("s", "b"), ("tt", "H"), (5, 7)])
def test_onnx_with_other_labels_is_one_sentence(events, labels, options):
    frame, y = events
    X = frame.to_numpy()
    model = exported(logistic(X, np.where(y, *labels)), X, **options)
    one, two = sorted(map(str, labels))
    with pytest.raises(ValueError, match=f"tells apart the classes {one}, {two}: wanted two, 1"):
        scores(model, X, y)
    names = tuple(map(str, labels))
    wanted = logistic(X, y).predict_proba(X)[:, 1]
    if "1" not in names:
        np.testing.assert_allclose(scores(model, X, y, names=names), wanted, rtol=1e-3, atol=1e-5)


def test_onnx_of_one_answer_alone(events):
    """Where all events are called background, the other class must be signal."""
    frame, y = events
    X = frame.to_numpy()
    rare = (frame["a"] > 2.4).to_numpy().astype(int)
    plain = logistic(X, rare)
    low = X[:, 0] < 1
    for labels in (rare, 2 * rare - 1):
        model = exported(logistic(X, labels), X, zipmap=False)
        wanted = plain.predict_proba(X[low])[:, 1]
        assert wanted.max() < 0.5
        np.testing.assert_allclose(scores(model, X[low], y[low]), wanted, rtol=2e-3, atol=1e-5)
    model = exported(logistic(X, rare + 1), X, zipmap=False)
    with pytest.raises(ValueError, match="tells apart the classes 1: wanted two"):
        scores(model, X[low], y[low])


@pytest.mark.filterwarnings("ignore:Attribute `prob")
def test_onnx_of_margins(events):
    from sklearn.svm import SVC, LinearSVC

    frame, y = events
    X = frame.to_numpy()
    margin = LinearSVC().fit(X, y)
    wanted = margin.decision_function(X)
    np.testing.assert_allclose(scores(exported(margin, X), X, y), wanted, rtol=1e-3, atol=1e-5)
    # skl2onnx 1.20 gives the margins of SVC with the wrong sign.
    with pytest.raises(ValueError, match="not those of its largest probabilities"):
        scores(exported(SVC().fit(X, y), X), X, y)


def test_onnx_with_an_input_for_each_column(events):
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame, y = events
    frame = frame.assign(b=(10 * frame["b"]).astype("int64")).rename(columns={"d": "d 1"})
    pick = ColumnTransformer([("all", StandardScaler(), list(frame))])
    model = make_pipeline(pick, LogisticRegression()).fit(frame, y)
    wanted = model.predict_proba(frame)[:, 1]
    proto = exported(model, frame)
    for table in (frame[["d 1", "c", "b", "a"]], TABLES["dict"](frame[["b", "d 1", "a", "c"]]),
                  frame.to_numpy()):  # fmt: skip
        np.testing.assert_allclose(scores(proto, table, y), wanted, rtol=1e-3, atol=1e-5)
    with pytest.raises(ValueError, match="X has no 'a': it has 'A'"):
        scores(proto, frame.rename(columns={"a": "A"}), y)
    with pytest.raises(ValueError, match="'b' takes whole numbers"):
        scores(proto, frame.assign(b=0.5), y)


def test_onnx_says_its_columns_in_its_metadata(events):
    frame, y = events
    model = logistic(frame.to_numpy(), y)
    wanted = model.predict_proba(frame.to_numpy())[:, 1]
    for text in ('["a", "b", "c", "d"]', "a,b, c,d"):
        proto = exported(model, frame.to_numpy())
        entry = proto.metadata_props.add()
        entry.key, entry.value = "feature_names", text
        np.testing.assert_allclose(scores(proto, frame[ORDER], y), wanted, rtol=1e-3, atol=1e-5)
        with pytest.raises(ValueError, match="X has no 'd'"):
            scores(proto, frame[["a", "b", "c"]], y)
    with pytest.raises(ValueError, match="takes 4 columns and does not say which"):
        scores(exported(model, frame.to_numpy()), frame.assign(e=0), y)


# ---------------------------------------------------------------- classes, weights, words


@pytest.mark.parametrize("labels", [(2, 1), (1, 2), ("s", "b"), (5, 7)])
def test_classes_that_do_not_tell_are_refused(events, labels):
    frame, y = events
    model = logistic(frame, np.where(y, *labels))
    with pytest.raises(ValueError, match=r"tells apart the classes .*: wanted two, 1 for signal"):
        scores(model, frame, y)


def test_classes_may_be_the_names_given(events):
    frame, y = events
    wanted = logistic(frame, y).predict_proba(frame)[:, 1]
    for signal, background in (("H", "tt"), ("tt", "H")):
        model = logistic(frame, np.where(y, signal, background))
        found = scores(model, frame, y, names=(signal, background))
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_model_that_small_weights_kept_from_learning_is_remarked_on(events):
    xgboost = pytest.importorskip("xgboost")
    frame, y = events
    weights = np.full(len(y), 1e-4)
    told = {}
    for scale in (1.0, 1e4):
        model = xgboost.XGBClassifier(n_estimators=30, n_jobs=1)
        model.fit(frame, y, sample_weight=scale * weights)
        page = report(y, {"m": model}, frame, weights, repeats=1, ranking_events=50)
        told[scale] = " ".join(page.remarks)
    assert "gives all events the same score" in told[1.0]
    assert "divide the weights by their mean" in told[1.0]
    assert "mean weight" not in told[1e4]


def test_tables_tell_their_names(events):
    frame, _ = events
    for table in TABLES.values():
        assert set(NAMES) <= set(column_names(table(frame)))
    assert column_names(frame.to_numpy()) is None
    assert known_to([0, 1, 2]) is None
    assert known_to([2, 1, 0]) == ["2", "1", "0"]


def test_names_are_matched_or_refused():
    assert matched(["a", "b"], ["c", "b", "a"]) == [2, 1]
    assert matched(None, ["a"]) is None
    assert matched(["a"], None) is None
    assert matched(["f0", "f1"], ["pt", "eta"]) is None
    assert matched(["f1", "f0"], ["f0", "f1"]) == [1, 0]
    assert matched(["a_b", "a b"], ["a b", "a_b"]) == [1, 0]
    assert matched(["a_b"], ["x", "a b"]) == [1]
    for wanted, known in ((["a_b"], ["a b", "a-b"]), (["f0", "pt"], ["f0", "eta"]), (["x"], ["y"])):
        with pytest.raises(ValueError, match="but X has no"):
            matched(wanted, known)
