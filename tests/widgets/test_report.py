"""The report: its numbers against independent ones, every kind of model, every bad input."""

import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepml import stats
from hepml_widgets import report
from hepml_widgets.core.still.frame import Frame
from hepml_widgets.report import figures, parts, pictures
from tests.widgets.reading import Elements, agrees, number, section, tables, text_of
from tests.widgets.toy_report import NASTY, crooked, events, model_of


@pytest.fixture(scope="module")
def made():
    """One page with everything on it, and what it was made of."""
    rng = np.random.default_rng(5)
    y, X, weights, score = events(rng)
    mask = rng.random(len(y)) < 0.4
    columns = {"mjj": X[:, 0], "tau21": X[:, 1], "pt": X[:, 2], "eta": X[:, 3]}
    page = report(y, {"BDT": model_of_dict, "cut": X[:, 0]}, columns, weights, train=mask,
                  sigma_b=0.1, b_r=3.0)  # fmt: skip
    return page, (y[~mask], X[~mask], weights[~mask], score[~mask]), mask, (y, X, weights, score)


def model_of_dict(X):
    return model_of(X)


# ---------------------------------------------------------------- numbers on the page


def test_summary_agrees_with_scikit_learn(made):
    from sklearn.metrics import roc_auc_score

    page, (y, X, weights, score), *_ = made
    short = {row[0]: row[1:] for row in tables(page.html)["In short"]}
    for text, own in zip(short["AUC"], (score, X[:, 0]), strict=True):
        assert agrees(text, roc_auc_score(y, own, sample_weight=weights))
    assert f"AUC of {short['AUC'][0]}" in text_of(section(page.html, "summary"))
    rejections = [stats.background_rejection(stats.roc_curve(y, s, weights), 0.5)
                  for s in (score, X[:, 0])]  # fmt: skip
    for text, wanted in zip(short["1/εb at εs = 50 %"], rejections, strict=True):
        assert number(text)[0] == pytest.approx(wanted, abs=max(number(text)[1], 0.01))


def test_events_are_counted(made):
    page, (y, _, weights, _), mask, (y_all, _, w_all, _) = made
    rows = {row[0]: row[1:] for row in tables(page.html)["The events"]}
    assert list(rows) == ["signal", "background", "training, signal", "training, background"]
    samples = [(y, weights), (y_all[mask], w_all[mask])]
    wanted = [w[labels == kind] for labels, w in samples for kind in (True, False)]
    for (count, total, effective, negative), own in zip(rows.values(), wanted, strict=True):
        assert int(count.replace(" ", "")) == len(own)
        assert agrees(total, own.sum())
        assert number(total)[1] == pytest.approx(np.sqrt(np.sum(own**2)), rel=0.5)
        assert agrees(effective, own.sum() ** 2 / np.sum(own**2))
        assert number(negative)[0] == 0


def test_inputs_have_their_means_and_separation(made):
    page, (y, X, weights, _), *_ = made
    rows = tables(page.html)["Input variables in numbers"]
    assert [row[0] for row in rows] == ["mjj", "tau21", "pt", "eta"]
    for column, row in enumerate(rows):
        x = X[:, column]
        for kind, texts in ((True, row[1:3]), (False, row[3:5])):
            mean = np.average(x[y == kind], weights=weights[y == kind])
            variance = np.average((x[y == kind] - mean) ** 2, weights=weights[y == kind])
            assert agrees(texts[0], mean)
            assert agrees(texts[1], np.sqrt(variance))
        own = page.inputs[column]
        edges = own.histograms["signal"].edges
        p, q = (
            np.histogram(np.clip(x, *edges[[0, -1]])[y == kind], edges, weights=weights[y == kind])[
                0
            ]
            for kind in (True, False)
        )
        p, q = p / p.sum(), q / q.sum()
        wanted = 0.5 * np.sum((p - q)[p + q > 0] ** 2 / (p + q)[p + q > 0])
        assert agrees(row[-2], wanted)


def test_bins_hold_all_events(made):
    page, *_ = made
    bins = tables(page.html)
    for name in ("mjj", "tau21", "pt", "eta"):
        rows = bins[f"Shares of {name} in its bins"]
        for column in (2, 3):
            assert sum(number(row[column])[0] for row in rows) == pytest.approx(1, abs=0.03)


def test_correlations_are_numpys(made):
    page, (y, X, weights, score), *_ = made
    columns = [*X.T, score, X[:, 0]]
    for name, kind in (("signal", True), ("background", False)):
        covariance = np.cov([c[y == kind] for c in columns], aweights=weights[y == kind], ddof=0)
        spread = np.sqrt(np.diag(covariance))
        wanted = 100 * covariance / np.outer(spread, spread)
        rows = tables(page.html)[f"Correlations of {name} [%]"]
        assert [row[0] for row in rows] == ["mjj", "tau21", "pt", "eta", "BDT", "cut"]
        for i, row in enumerate(rows):
            assert row[1 + i] == ""
            for j in set(range(6)) - {i}:
                assert agrees(row[1 + j], wanted[i, j]), (name, i, j)


def test_strongest_correlation_is_named(made):
    page, *_ = made
    text = text_of(section(page.html, "correlations"))
    assert "in signal mjj and eta" in text
    assert "in background mjj and eta" in text


def test_overtraining_is_that_of_the_view(made):
    page, (y, _, weights, score), mask, (y_all, _, w_all, score_all) = made
    stage = page.overtraining["BDT"].stage
    assert stage.auc_test[0] == pytest.approx(stats.auc(y, score, weights))
    assert stage.auc_train[0] == pytest.approx(stats.auc(y_all[mask], score_all[mask], w_all[mask]))
    rows = tables(page.html)["Training against test"]
    assert agrees(rows[0][1], stage.auc_train[0])
    assert agrees(rows[1][1], stage.auc_test[0])
    answer = text_of(page.overtraining["BDT"].answers[1])
    assert answer in text_of(section(page.html, "overtraining"))


def test_roc_table_has_tmvas_efficiencies(made):
    from sklearn.metrics import roc_curve

    page, (y, _, weights, score), mask, (y_all, _, w_all, score_all) = made
    rows = tables(page.html)["Area under the curve and signal efficiencies"]
    assert [row[0] for row in rows] == [
        "BDT, test", "BDT, training", "cut, test", "cut, training",
    ]  # fmt: skip
    samples = ((y, score, weights), (y_all[mask], score_all[mask], w_all[mask]))
    for row, (labels, own, w) in zip(rows[:2], samples, strict=True):
        fpr, tpr, _ = roc_curve(labels, own, sample_weight=w, drop_intermediate=False)
        for text, at in zip(row[2:], (0.01, 0.1, 0.3), strict=True):
            assert agrees(text, 100 * tpr[fpr <= at].max())


def test_cuts_keep_what_masks_keep(made):
    page, (y, _, weights, score), *_ = made
    rows = tables(section(page.html, "efficiencies"))["Cuts in numbers"][:11]
    signal, background = weights[y], weights[~y]
    for row, at in zip(rows, (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99), strict=True):
        passing = np.sort(score[y])[::-1]
        order = np.argsort(-score[y], kind="stable")
        first = np.searchsorted(np.cumsum(signal[order]), at / 100 * signal.sum())
        threshold = passing[first]
        s, b = signal[score[y] >= threshold].sum(), background[score[~y] >= threshold].sum()
        assert agrees(row[0], threshold)
        assert agrees(row[1], 100 * s / signal.sum())
        assert agrees(row[2], 100 * b / background.sum())
        assert agrees(row[3], s)
        assert agrees(row[4], b)
        assert agrees(row[5], 100 * s / (s + b))


def test_significance_is_that_of_masks(made):
    page, (y, _, weights, score), *_ = made
    rows = tables(section(page.html, "significance"))["Best cuts"][:3]
    assert [row[0] for row in rows] == ["Z, background known", "Z, σb = 10.0 %", "AMS, br = 3.00"]
    formulas = [
        stats.significance,
        lambda s, b: stats.significance(s, b, 0.1 * b),
        lambda s, b: stats.ams(s, b, 3.0),
    ]
    for row, formula, scan in zip(rows, formulas, page.scans("BDT"), strict=True):
        threshold = page.models["BDT"].cuts.threshold[scan.best]
        passing = score >= threshold
        s, b = weights[passing & y].sum(), weights[passing & ~y].sum()
        assert agrees(row[1], formula(s, b))
        assert agrees(row[4], s)
        assert agrees(row[5], b)
        # No cut of a fine grid with enough events is better.
        for cut in np.quantile(score, np.linspace(0, 1, 300)):
            passing = score >= cut
            w = weights[passing & ~y]
            if w.size and w.sum() ** 2 >= 26 * np.sum(w**2):
                value = formula(weights[passing & y].sum(), w.sum())
                assert value <= scan.values[scan.best] * 1.02


def test_calibration_is_weighted_to_the_share_in_training(made):
    page, (y, _, weights, score), mask, (y_all, _, w_all, _) = made
    found = page.calibrations["BDT"]
    prior = w_all[mask & y_all].sum() / w_all[mask].sum()
    assert found.prior == pytest.approx(prior)
    factor = np.where(y, prior / weights[y].sum(), (1 - prior) / weights[~y].sum())
    rows = tables(section(page.html, "calibration"))["Bins in numbers"]
    for row in rows:
        low, high = (float(part) for part in row[0].split(" to "))
        own = (score >= low) & ((score < high) | (high == 1))
        assert int(row[1].replace(" ", "")) == own.sum()
        w = (weights * factor)[own]
        assert agrees(row[2], np.average(score[own], weights=w))
        assert agrees(row[3], np.average(y[own], weights=w))
    assert "it is no probability" in page.calibrations["cut"]
    assert "it is no probability" in text_of(section(page.html, "calibration"))


def test_ranking_is_by_the_loss(made):
    page, *_ = made
    found = page.importances["BDT"]
    assert list(page.importances) == ["BDT"]  # of scores no model can be asked
    rows = tables(page.html)["Ranking of the variables"]
    order = np.argsort(-found.values, kind="stable")
    names = ["mjj", "tau21", "pt", "eta"]
    assert [row[0] for row in rows] == [f"{i}. {names[j]}" for i, j in enumerate(order, start=1)]
    for row, place in zip(rows, order, strict=True):
        assert agrees(row[3], found.values[place])
        assert agrees(row[1], page.inputs[place].separation.value)
    assert found.values[2] == 0


def test_every_section_is_there_and_linked(made):
    page, *_ = made
    elements = Elements(page.html).found
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for tag, attributes in elements if tag == "a"]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert len(links) == 10
    body = re.sub("<script.*?</script>", "", page.html, flags=re.DOTALL)
    assert re.findall(r"<h2[^>]*></h2>|<p></p>|\bnan\b|\binf\b|None", body) == []


def test_pictures_have_words_and_the_colours_of_the_page(made):
    page, *_ = made
    elements = Elements(page.html).found
    pictures = [attributes for tag, attributes in elements if tag == "svg"]
    assert len(pictures) == 4 + 2 * 3 + 1
    assert all(one["role"] == "img" and one["aria-label"] for one in pictures)
    drawn = "".join(re.findall("<svg.*?</svg>", page.html, re.DOTALL))
    assert re.findall("#[0-9a-f]{6}", drawn) == []
    assert {"var(--ink)", "var(--signal)", "var(--background)"} <= set(
        re.findall(r"var\(.*?\)", drawn)
    )


def test_what_names_mark_is_set_below_and_above(rng):
    y = rng.integers(0, 2, 200)
    X = {"m_{jj}": rng.normal(y), "p_{T}^{<b>}": rng.normal(size=200)}
    options = {"names": ("H_{bb}", "t"), "title": "Of m_{jj} & more", "notes": ["With m_{jj}."]}
    html = report(y, {"BDT_{1}": rng.normal(y)}, X, **options).html
    for text in ("m<sub>jj</sub>", "H<sub>bb</sub>", "BDT<sub>1</sub>", "With m<sub>jj</sub>."):
        assert text in html
    assert "p<sub>T</sub><sup>&lt;b&gt;</sup>" in html
    assert "<title>Of mjj &amp; more</title>" in html.translate({0x2068: None, 0x2069: None})
    page = re.sub("<script.*?</script>", "", html, flags=re.DOTALL)
    assert "_{" not in page
    assert "^{" not in page


def test_nothing_is_asked_of_the_network(made):
    page, *_ = made
    assert re.findall(r"(?:https?:)?//(?!www\.w3\.org/)[\w-]+\.\w+", page.html) == []
    assert "default-src 'none'" in page.html


# ---------------------------------------------------------------- models of every library


@pytest.fixture(scope="module")
def small():
    rng = np.random.default_rng(8)
    y, X, weights, _ = events(rng, 400, 3)
    return y.astype(int), X.astype(np.float32), weights


def scored(model, small):
    y, X, weights = small
    page = report(y, {"m": model}, X, weights, repeats=1)
    assert page.importances["m"].values.shape == (3,)
    return page.test.scores["m"]


def test_scikit_learn(small):
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    y, X, _ = small
    for model in (
        HistGradientBoostingClassifier(max_iter=5),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ):
        model.fit(X, y)
        np.testing.assert_array_equal(scored(model, small), model.predict_proba(X)[:, 1])
    margin = LinearSVC().fit(X, y)
    np.testing.assert_array_equal(scored(margin, small), margin.decision_function(X))


def test_a_model_trained_on_a_table_gets_one(small):
    pd = pytest.importorskip("pandas")
    from sklearn.ensemble import HistGradientBoostingClassifier

    y, X, weights = small
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(text="t")
    model = HistGradientBoostingClassifier(max_iter=5).fit(frame[["a", "b", "c"]], y)
    wanted = model.predict_proba(frame[["a", "b", "c"]])[:, 1]
    page = report(y, model, frame, weights, features=["a", "b", "c"], repeats=1)
    np.testing.assert_array_equal(page.test.scores["HistGradientBoostingClassifier"], wanted)
    np.testing.assert_array_equal(scored(model, small), wanted)
    bare = HistGradientBoostingClassifier(max_iter=5).fit(X, y)
    page = report(y, {"m": bare}, frame[["a", "b", "c"]], repeats=1)
    np.testing.assert_array_equal(page.test.scores["m"], bare.predict_proba(X)[:, 1])


def test_xgboost(small):
    xgboost = pytest.importorskip("xgboost")
    y, X, _ = small
    model = xgboost.XGBClassifier(n_estimators=4, n_jobs=1).fit(X, y)
    np.testing.assert_array_equal(scored(model, small), model.predict_proba(X)[:, 1])
    np.testing.assert_allclose(scored(model.get_booster(), small), model.predict_proba(X)[:, 1])


def test_lightgbm(small):
    lightgbm = pytest.importorskip("lightgbm")
    y, X, _ = small
    model = lightgbm.LGBMClassifier(n_estimators=4, n_jobs=1, verbose=-1).fit(X, y)
    np.testing.assert_array_equal(scored(model.booster_, small), model.predict_proba(X)[:, 1])
    np.testing.assert_array_equal(scored(model, small), model.predict_proba(X)[:, 1])


def test_keras(small):
    keras = pytest.importorskip("keras")
    _, X, _ = small
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    wanted = model.predict(X, verbose=0)[:, 0]
    np.testing.assert_allclose(scored(model, small), wanted, rtol=1e-6)
    two = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    np.testing.assert_allclose(scored(two, small), two.predict(X, verbose=0)[:, 1], rtol=1e-6)


def test_onnx(small, tmp_path):
    skl2onnx = pytest.importorskip("skl2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    from sklearn.linear_model import LogisticRegression

    y, X, _ = small
    model = LogisticRegression().fit(X, y)
    wanted = model.predict_proba(X)[:, 1]
    for options in ({"zipmap": False}, {"zipmap": True}):
        proto = skl2onnx.to_onnx(model, X[:1], options={id(model): options})
        path = tmp_path / "model.onnx"
        path.write_bytes(proto.SerializeToString())
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for one in (path, str(path), session, proto):
            np.testing.assert_allclose(scored(one, small), wanted, rtol=1e-4, atol=1e-6)


def test_labels_may_be_turned_around(small):
    """The score is the probability of 1, wherever the model keeps it."""

    class Turned:
        classes_ = np.array([1, 0])

        def predict_proba(self, X):
            return np.stack([model_of(X), 1 - model_of(X)], axis=1)

    np.testing.assert_array_equal(scored(Turned(), small), model_of(small[1]))


def test_plain_scores_are_enough(small):
    y, X, _ = small
    page = report(y, X[:, 0])
    assert list(page.models) == ["score"]
    for name in ("inputs", "correlations", "ranking"):
        assert "No features were given" in text_of(section(page.html, name))
    assert "No training events were given" in text_of(section(page.html, "summary"))
    assert len(page.html.encode()) <= 200_000


# ---------------------------------------------------------------- training events


def test_a_mask_and_a_tuple_say_the_same(small):
    y, X, weights = small
    mask = np.arange(len(y)) % 2 == 0
    score = model_of(X)
    masked = report(y, model_of, X, weights, train=mask, repeats=1)
    given = report(y[~mask], model_of, X[~mask], weights[~mask], repeats=1,
                   train=(X[mask], y[mask], weights[mask]))  # fmt: skip
    scores = report(y[~mask], score[~mask], X[~mask], weights[~mask],
                    train=(y[mask], score[mask], weights[mask]))  # fmt: skip
    for other in (given, scores):
        for caption in ("The events", "Training against test", "Input variables in numbers"):
            assert tables(other.html)[caption] == tables(masked.html)[caption]
    assert (
        tables(given.html)["Ranking of the variables"]
        == (tables(masked.html)["Ranking of the variables"])
    )


def test_given_again_it_says_the_same(small):
    y, X, weights = small
    pages = [report(y, model_of, X, weights, train=y > 2 - X[:, 0], rng=4) for _ in range(2)]
    texts = [re.sub(r"hepml-\d+", "", page.html) for page in pages]
    assert texts[0] == texts[1]


# ---------------------------------------------------------------- odd events


def test_missing_values_are_counted(small):
    y, X, weights = small
    holed = X.copy()
    holed[: len(X) // 4, 1] = -999
    page = report(y, model_of(X), holed, weights)
    assert "pass missing=-999" in text_of(section(page.html, "summary"))
    page = report(y, model_of(X), holed, weights, missing=-999.0)
    assert "no value in x1" in text_of(section(page.html, "summary"))
    row = tables(page.html)["Input variables in numbers"][1]
    gone = holed[:, 1] == -999
    for text, kind in zip(row[5:7], (1, 0), strict=True):
        own = y == kind
        assert agrees(text, 100 * weights[own & gone].sum() / weights[own].sum())
    nan = np.where(holed == -999, np.nan, holed)
    other = report(y, model_of(X), nan, weights)
    for caption in ("Input variables in numbers", "Correlations of signal [%]"):
        assert tables(other.html)[caption] == tables(page.html)[caption]


def test_odd_columns_are_drawn(small):
    y, X, _ = small
    columns = {
        "constant": np.full(len(y), 91.1876),  # the mean of many is not quite that
        "told": 2.0 - y,
        "empty": np.full(len(y), np.nan),
        "jets": np.arange(len(y)) % 4,
        "flag": X[:, 0] > 0,
        "tails": X[:, 0] / np.maximum(np.abs(X[:, 1]), 1e-3),
        "tiny": 1e-30 * X[:, 1],
        "huge": 1e30 * X[:, 2],
    }
    page = report(y, X[:, 0], columns)
    told = text_of(section(page.html, "summary"))
    assert "The same for all events: constant and empty." in told
    assert "as labels have: told." in told
    assert len(page.inputs[3].histograms["signal"].counts) == 4
    beyond = float(tables(page.html)["Input variables in numbers"][5][7].removesuffix(" %"))
    assert 0 < beyond < 5


def test_saturated_and_single_valued_scores(small):
    y, X, _ = small
    sharp = 1 / (1 + np.exp(-20.0 * X[:, 0]))
    page = report(y, {"sharp": sharp, "flat": np.full(len(y), 0.5), "two": (X[:, 0] > 0) * 1.0})
    assert page.models["sharp"].scale == "logit"
    assert tables(page.html)["In short"][0][2] == "0.500"


def test_negative_weights_are_remarked_on(small):
    y, X, _ = small
    weights = np.where(np.arange(len(y)) % 5 == 0, -0.5, 1.0)
    page = report(y, model_of, X, weights, repeats=1)
    assert "20.0 % of the events have negative weights" in text_of(section(page.html, "summary"))
    assert page.models["model_of"].curve.auc == pytest.approx(stats.auc(y, model_of(X), weights))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.booleans(), st.floats(-1e3, 1e3), st.integers(-20, 50), st.integers(-3, 3)),
        min_size=1, max_size=40,
    )
)  # fmt: skip
def test_any_events_make_a_page_or_one_sentence(rows):
    y, score, weights, x = (np.array(column) for column in zip(*rows, strict=True))
    weights = weights / 10
    positive = all(weights[y == kind].sum() > 0 for kind in (True, False))
    if not positive:
        with pytest.raises(ValueError, match=r"are (signal|background): |add up to .*\.$"):
            report(y, score, {"x": x}, weights)
        return
    page = report(y, score, {"x": x}, weights)
    assert page.models["score"].curve.auc == stats.auc(y, score, weights)
    assert not re.search(r"\bnan\b", re.sub("<script.*", "", page.html, flags=re.DOTALL))


# ---------------------------------------------------------------- bad input


Y, S = [0, 1, 0, 1], [0.1, 0.9, 0.3, 0.6]


def broken(X):
    return X / int("x")


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0, 1], [0.1]), {}, "y has 2, score has 1"),
        ((Y, S, None, [1, 1]), {}, "y has 4, weights has 2"),
        ((Y, S, np.zeros((3, 2))), {}, "y has 4, X has 3"),
        ((Y, [0.1, np.nan, 0.3, 0.6]), {}, "1 of 4 scores is NaN, first at index 1"),
        ((Y, [0.1, np.inf, 0.3, 0.6]), {}, "1 of 4 scores is infinite"),
        ((Y, S, None, [1, 1, np.nan, 1]), {}, "1 of 4 weights is NaN"),
        ((Y, S, {"a": [1, 2, np.inf, 4]}), {}, "values of column 'a' is infinite"),
        ((Y, S, {"a": ["b"] * 4}), {}, "Column 'a' of X holds something that is no number"),
        ((Y, S, {"a": Y, "b": [1]}), {}, "'a' has 4 and 'b' has 1"),
        ((Y, S, [1, 2, 3, 4]), {}, r"X has shape \(4,\)"),
        ((Y, S, np.zeros((4, 300))), {}, "X has 300 columns: one to 200"),
        ((Y, S, np.zeros((4, 2))), {"features": ["a"]}, "2 columns, but 1 names"),
        ((Y, S, {"a": Y}), {"features": ["b"]}, "X has no column 'b': it has a."),
        (([1, 1, 1], [0.1, 0.2, 0.3]), {}, "All 3 events are signal"),
        (([0, 0, 0], [0.1, 0.2, 0.3]), {}, "All 3 events are background"),
        (([0, 1, 2, 1], S), {}, "1 of 4 are not: the first is 2 at index 2"),
        (([-1, 1, -1, 1], S), {}, "pass y > 0"),
        ((Y, S, None, [0, 0, 0, 0]), {}, "weights of the 2 signal events add up to 0"),
        ((Y, S, None, [1, -1, 1, -1]), {}, "2 signal events add up to -2: a positive"),
        (([], []), {}, "No events"),
        ((Y, {}), {}, "One to 8 models can be reported, not 0"),
        ((Y, {"a": S, "b": [1]}), {}, "Model 'b': .*score has 1"),
        ((Y, model_of), {}, "X is wanted: the model 'model_of'"),
        ((Y, lambda X: X, np.zeros((4, 3))), {}, r"array of shape \(4, 3\) for 4 events"),
        ((Y, broken, np.zeros((4, 3))), {}, "cannot score X .*ValueError: invalid literal"),
        ((Y, "nowhere.onnx", np.zeros((4, 3))), {}, "there is no file nowhere.onnx"),
        ((Y, S), {"train": [1, 0]}, r"mask of the 4 events.*shape \(2,\)"),
        ((Y, S), {"train": [0.5, 0, 1, 0]}, "mask of the 4 events"),
        ((Y, S), {"train": [1, 0, 1, 0]}, "All 2 test events are signal"),
        ((Y, S), {"train": ([0, 1], [0.1])}, "y has 2, score has 1"),
        ((Y, S), {"train": ([0, 0], [0.1, 0.2])}, "All 2 training events are background"),
        ((Y, {"a": S, "b": S}), {"train": (Y, S)}, "one array of scores, but there are 2"),
        ((Y, {"a": S}), {"train": (Y, {"b": S})}, r"train has scores of \['b'\]"),
        ((Y, S), {"sigma_b": -0.1}, "sigma_b is a relative uncertainty"),
        ((Y, S), {"sigma_b": np.nan}, "sigma_b is a finite number, not nan"),
        ((Y, S), {"b_r": -3}, "b_r is a number of events ≥ 0, not -3"),
        ((Y, S), {"prior": 2}, "prior is a share of signal, between 0 and 1, not 2"),
        ((Y, S), {"prior": 2}, "share of signal, between 0 and 1"),
        ((Y, S), {"names": ("a", "b", "c")}, "names are two"),
        ((Y, S), {"repeats": 0}, "repeats of at least 1"),
    ],
)
def test_bad_input_is_one_sentence(arguments, options, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        report(*arguments, **options)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def test_what_gives_classes_only_is_refused(small):
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.svm import LinearSVC

    y, X, _ = small
    texts = np.where(y, "s", "b")
    with pytest.raises(ValueError, match="tells apart the classes b, s: wanted two, 1 for signal"):
        report(y, LogisticRegression().fit(X, texts), X)
    with pytest.raises(ValueError, match="classes 0, 1, 2"):
        report(y, LogisticRegression().fit(X, np.arange(len(y)) % 3), X)
    with pytest.raises(ValueError, match="NotFittedError"):
        report(y, LinearSVC(), X)
    assert report(y, RidgeClassifier().fit(X, y), X, repeats=1).importances
    with pytest.raises(
        ValueError, match="trained on 3 columns and does not say which, but X has 2"
    ):
        report(y, LogisticRegression().fit(X, y), X[:, :2])


# ---------------------------------------------------------------- names, size, files


def test_names_are_text(small):
    y, X, _ = small
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=len(y)) for name in NASTY}
    scores = {name: np.clip(model_of(X) + 0.01 * i, 0, 1) for i, name in enumerate(NASTY)}
    page = report(y, scores, columns, train=rng.random(len(y)) < 0.5, notes=NASTY,
                  names=(NASTY[0], NASTY[3]), title=NASTY[3])  # fmt: skip
    elements = Elements(page.html).found
    assert [tag for tag, _ in elements].count("script") == 1
    assert [attributes["src"][:5] for tag, attributes in elements if tag == "img"] == ["data:"]
    assert not [a for _, attributes in elements for a in attributes if a.startswith("on")]
    body = re.sub("<script.*?</script>", "", page.html, flags=re.DOTALL)
    assert not re.search("[\x00-\x08\u202a-\u202e\u2066\u2067]", text_of(section(body, "inputs")))
    assert max(map(len, re.findall("x{50,}", page.html))) <= 600
    page.html.encode()


def test_size_depends_on_no_number_of_events(rng):
    sizes = []
    for n in (2000, 60_000):
        y, X, weights, _ = events(rng, n, 5)
        page = report(y, model_of, X, weights, train=rng.random(n) < 0.5, repeats=1)
        sizes.append(len(page.html.encode()))
    assert max(sizes) <= 250_000
    assert abs(sizes[0] - sizes[1]) < 0.1 * sizes[0]


def test_size_is_bounded_whatever_is_given(rng):
    n = 1500
    y = np.arange(n) % 2
    X = rng.normal(size=(n, 200)) * 1e-5
    names = [f"{i}{'n' * 5000}" for i in range(200)]
    models = {f"{i}{'m' * 5000}": lambda X, i=i: X[:, i : i + 40].sum(axis=1) for i in range(8)}
    page = report(y, models, X, rng.gamma(2, 0.5, n), train=rng.random(n) < 0.5, sigma_b=0.1,
                  features=names, repeats=1, ranking_events=100)  # fmt: skip
    assert len(page.html.encode()) <= 1_000_000
    assert len(page.shown) == 24
    assert "the 24 that separate most are drawn" in text_of(section(page.html, "summary"))


def test_memory_is_bounded(rng):
    n, d = 150_000, 12
    y, X, weights, _ = events(rng, n, d)
    mask = rng.random(n) < 0.5
    tracemalloc.start()
    report(y, model_of, X, weights, train=mask, repeats=1, ranking_events=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Some arrays of one number per event, but never the features once more.
    assert peak < 30 * 8 * n
    assert peak < 2.5 * X.nbytes


def test_a_page_is_written_whole_or_not_at_all(small, tmp_path, monkeypatch):
    y, X, _ = small
    path = tmp_path / "report.html"
    page = report(y, X[:, 0], path=path)
    assert page.path == path
    assert path.read_text("utf-8") == page.html
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        page.to_html(tmp_path / "other.html")
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_repr_is_stable(small):
    y, X, _ = small
    page = report(y, {"a": X[:, 0], "b": X[:, 1]})
    found = re.sub(r"\d+ kB", "N kB", repr(page))
    a, b = (page.models[name].auc_text for name in "ab")
    assert found == f"Report(400 events, 'a': AUC {a}, 'b': AUC {b}, not written, N kB)"


def test_progress_rises_to_the_end(small):
    y, X, weights = small
    steps = []
    report(y, model_of, X, weights, repeats=1, progress=lambda *step: steps.append(step))
    shares = [share for share, _ in steps]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == pytest.approx(1)
    assert {what for _, what in steps} == {
        "scores", "input variables", "correlations", "classifiers", "feature ranking", "page",
    }  # fmt: skip


# ---------------------------------------------------------------- numbers at the axes


def ticks_of(sheet):
    """Ticks of the only frame of a picture across and up, as it is painted."""
    (panel, *_), *_ = sheet._panels
    width, height = (72 * side for side in sheet.figsize)
    frame = Frame(panel, 1.0)
    frame.number(width, height)
    return frame.ticks


def numbers_of(ticks):
    """Numbers that are seen at an axis."""
    return [text for text in ticks.texts if text]


@pytest.mark.parametrize("n", [40, 400])
def test_every_axis_has_two_numbers_that_differ(n, monkeypatch):
    drawn = []
    write = pictures.svg_of
    monkeypatch.setattr(pictures, "svg_of", lambda *of: drawn.append(of[0]) or write(*of))
    y, scores, columns = crooked(np.random.default_rng(3), n)
    _ = report(y, scores, columns, sigma_b=0.1).html
    assert len(drawn) >= 15
    for figure in drawn:
        for ticks in ticks_of(figure):
            found = numbers_of(ticks)
            assert len(set(found)) == len(found) >= 2, found


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.8, 3, ["1", "2"]),
        (30, 60, None),
        (0.5, 2e4, ["1", "10", "100", "1000", "10⁴"]),
        (1e-9, 1e9, ["10⁻⁹", "10⁻⁵", "0.1", "1000", "10⁷"]),
    ],
)
def test_logarithmic_axes_have_decades_or_what_is_within_one(low, high, wanted):
    figure, axes = figures.canvas(figures.SMALL)
    axes.set(yscale="log", ylim=(low, high))
    figures.use_log(axes)
    found = numbers_of(ticks_of(figure)[1])
    assert len(found) >= 2
    assert wanted is None or found == wanted


def test_long_numbers_are_less_a_round_one():
    figure, axes = figures.canvas(figures.SMALL)
    axes.set_xlim(1e9, 1e9 + 0.02)
    across, _ = ticks_of(figure)
    assert numbers_of(across) == ["0", "0.01", "0.02"]
    assert across.factor == "+ 1\u202f000\u202f000\u202f000"


@pytest.mark.parametrize("weights", [None, "signed"])
def test_moments_are_those_of_numpy(rng, weights):
    values = 1e15 + np.arange(500.0)
    weights = None if weights is None else rng.normal(1, 0.6, 500)
    mean, spread = parts.moments_of(values, weights)
    wanted = np.average(values - 1e15, weights=weights)
    assert mean - 1e15 == pytest.approx(wanted, abs=0.2)
    off = np.average((values - 1e15 - wanted) ** 2, weights=weights)
    assert spread == pytest.approx(np.sqrt(off), rel=1e-9)


def test_a_constant_column_has_no_spread(rng):
    assert parts.moments_of(np.full(77, 0.3), rng.normal(1, 0.6, 77)) == (0.3, 0.0)
