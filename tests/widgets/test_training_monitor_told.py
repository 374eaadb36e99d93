"""What a monitor is told and what it must not guess: directions, samples, and how a run ends."""

import copy
import pickle
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

from hepml_widgets import OvertrainingView, TrainingMonitor
from hepml_widgets.core.directions import larger_is_better
from hepml_widgets.core.histories import prefixes


def trained(history, **options):
    monitor = TrainingMonitor(**options)
    monitor.begin()
    for values in zip(*history.values(), strict=True):
        monitor.update(dict(zip(history, values, strict=True)))
    monitor.end()
    return monitor


def revived(thing):
    """Return what comes back from a pickle."""
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - our own


@pytest.fixture(scope="module")
def events():
    """Training and validation events: (X, y, w) twice."""
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 900)
    X = rng.normal(size=(900, 3)) + 0.5 * y[:, None]
    w = rng.uniform(0.5, 1.5, 900)
    return (X[:500], y[:500], w[:500]), (X[500:], y[500:], w[500:])


# ---------------------------------------------------------------- the best epoch


def test_of_several_outputs_the_sum_decides():
    """Keras sorts its logs: the losses of the outputs come first."""
    history = {"adv_loss": [0.5, 0.6, 0.7], "clf_loss": [3.5, 2.6, 2.2], "loss": [3, 2, 1.5]}
    history |= {f"val_{name}": values for name, values in history.items()}
    assert trained(history).best == (3, "val_loss", 1.5)
    assert trained(history, watch="val_adv_loss").best == (1, "val_adv_loss", 0.5)
    del history["val_loss"], history["loss"]
    assert trained(history).best.name == "val_adv_loss"


NAMES = {
    True: "auc val_auroc val_AUROC rejection val_efficiency tpr purity mcc iou gini auc_1 roc_auc "
    "binary_accuracy ndcg@5 average_precision f1_score cosine_similarity mean_io_u "
    "true_positive_rate signal_efficiency background_rejection pre@3 log_likelihood",
    False: "loss val_clf_loss rmse binary_logloss mlogloss error@0.7 mean_squared_error auc_loss "
    "kl_divergence sparse_categorical_crossentropy poisson-nloglik gamma-deviance l2 brier_score_"
    "loss fake_rate false_positive_rate",
    None: "x my_metric q2 background_efficiency negative_log_likelihood asimov foo",
}


@pytest.mark.parametrize(
    ("name", "larger"), [(name, way) for way, names in NAMES.items() for name in names.split()]
)
def test_names_tell_or_do_not(name, larger):
    assert larger_is_better(name) is larger


def test_without_a_direction_nothing_is_called_best():
    history = {"foo": [1.0, 3.0, 2.0], "val_foo": [1.0, 3.0, 2.0]}
    assert trained(history).best is None
    assert trained(history).directions == {"foo": None, "val_foo": None}
    assert "Best" not in trained(history).describe()
    assert trained(history, mode={"foo": "max"}).best == (2, "val_foo", 3.0)
    assert trained(history, mode={"val_foo": "min"}).best == (1, "val_foo", 1.0)
    assert trained(history, mode="max").best == (2, "val_foo", 3.0)
    assert trained({"foo": [2.0, 2.0]}).best == (1, "foo", 2.0)
    assert trained(history | {"val_auc": [0.5, 0.6, 0.7]}).best == (3, "val_auc", 0.7)


def test_the_caller_goes_before_the_library_and_the_library_before_the_name():
    history = {"val_auc": [0.5, 0.7, 0.6]}
    low, high = {"auc": "min"}, {"auc": "max"}
    for told, given, best in (({}, "auto", 2), (low, "auto", 1), (low, high, 2), ({}, low, 1)):
        monitor = TrainingMonitor(mode=given)
        monitor.begin()
        monitor.learn(told)
        for value in history["val_auc"]:
            monitor.update({"val_auc": value})
        assert monitor.best.epoch == best
    monitor.learn({"auc": "max"})  # the caller has spoken
    assert monitor.best.epoch == 1


def test_a_mode_without_a_curve_to_watch_turns_no_loss_around():
    history = {"loss": [3.0, 1.0, 2.0], "val_loss": [3.0, 1.0, 2.0]}
    assert trained(history, mode="max").best == (2, "val_loss", 1.0)
    assert trained(history, mode="max", watch="val_loss").best == (1, "val_loss", 3.0)
    assert trained(history, mode="max", watch="val_loss").payload["upper"] == "loss"


@pytest.mark.parametrize("mode", ["best", {"auc": "up"}, 3])
def test_modes_are_looked_at(mode):
    with pytest.raises((ValueError, TypeError), match="mode is 'auto', 'min' or 'max'"):
        TrainingMonitor(mode=mode)


def test_lightgbm_tells_the_direction(events):
    lightgbm = pytest.importorskip("lightgbm")
    (X, y, _), (Xv, yv, _) = events
    values = iter([3.0, 5.0, 4.0])

    def measure(larger):
        values = iter([3.0, 5.0, 4.0])
        return lambda _score, _data: ("loss_like", next(values), larger)

    data = lightgbm.Dataset(X, y, free_raw_data=False)
    settings = {"objective": "binary", "metric": "None", "verbosity": -1, "num_threads": 1}
    for larger, best in ((True, 2), (False, 1)):
        monitor = TrainingMonitor()
        lightgbm.train(
            settings, data, 3, valid_sets=[data.create_valid(Xv, yv)], feval=measure(larger),
            callbacks=[monitor.lightgbm()],
        )  # fmt: skip
        assert monitor.best.epoch == best
    assert next(values) == 3.0


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def test_keras_metrics_tell_the_direction(keras, events):
    (X, y, w), validation = events

    class Odd(keras.metrics.AUC):
        def __init__(self):
            super().__init__(name="asimov")
            self._direction = "up"

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=[keras.metrics.MeanSquaredError(name="q")],
                  weighted_metrics=[Odd()])  # fmt: skip
    monitor = TrainingMonitor(watch="val_asimov")
    model.fit(X, y, sample_weight=w, validation_data=validation, epochs=3, verbose=0,
              callbacks=[monitor])  # fmt: skip
    assert monitor.directions["val_asimov"] == "max"
    assert monitor.directions["q"] == "min"
    assert monitor.best.value == max(monitor.history["val_asimov"])
    assert monitor.status == "finished"


# ---------------------------------------------------------------- which set is training


def test_no_order_tells_which_set_is_training():
    assert prefixes(["train", "test"]) == {"train": "", "test": "val_"}
    assert prefixes(["test", "dtrain"]) == {"dtrain": "", "test": "val_"}
    assert prefixes(["valid_0"]) == {"valid_0": "val_"}
    own = {"validation_0": "validation_0_", "validation_1": "validation_1_"}
    assert prefixes(["validation_0", "validation_1"]) == own
    assert prefixes(["a", "b"]) == {"a": "a_", "b": "b_"}
    assert prefixes(["a", "b"], "b") == {"b": "", "a": "val_"}
    assert prefixes(["train", "val", "test"])["test"] == "test_"
    assert prefixes(["constrained", "train_val"], None).keys() == {"constrained", "train_val"}
    assert "" not in prefixes(["constrained", "train_val"]).values()
    with pytest.raises(ValueError, match="no evaluation set 'c': there are a, b"):
        prefixes(["a", "b"], "c")
    assert prefixes(["train1", "train2", "test"])["test"] == "val_"
    assert prefixes(["a", "b", "c"], ["a", "b"]) == {"a": "", "c": "val_", "b": "b_"}
    assert "val_" not in prefixes(["a", "b"], ["a", "b"]).values()


def test_the_training_sample_given_twice_is_no_validation(events):
    model, monitor, results = boosted("xgboost")
    (X, y, _), (Xv, yv, _) = events
    fit(model, monitor, (X, y), [(X, y), (X, y), (Xv, yv)])
    own = results(model)
    assert monitor.history["val_logloss"] == own["validation_2"]["logloss"]
    assert monitor.best.name == "val_logloss"
    fit(model, monitor, (X, y), [(X, y), (X, y)])
    assert [*monitor.history] == ["logloss", "validation_1_logloss"]


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
def test_a_booster_has_its_own_class_in_the_end(events):
    lightgbm = pytest.importorskip("lightgbm")
    model, monitor, _ = boosted("lightgbm")
    (X, y, _), validation = events
    also = TrainingMonitor()
    callbacks = [monitor.lightgbm(), also.lightgbm()]
    for stops in ([], [lightgbm.early_stopping(1, verbose=False)]):
        model.fit(X, y, eval_set=[validation[:2]], callbacks=callbacks + stops)
        assert type(model.booster_) is lightgbm.Booster
        assert monitor.status == also.status == "finished"


XGBOOST = {"max_depth": 2, "n_jobs": 1, "eval_metric": "logloss"}


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("first", [0, 1])
def test_the_sample_trained_on_is_known_by_itself(events, library, first):
    model, monitor, results = boosted(library)
    (X, y, _), (Xv, yv, _) = events
    sets = [(X, y), (Xv, yv)] if first == 0 else [(Xv, yv), (X, y)]
    fit(model, monitor, (X, y), sets)
    own = results(model)
    metric = next(iter(next(iter(own.values()))))
    wanted = list(own.values())[:: 1 if first == 0 or library == "lightgbm" else -1]
    assert monitor.history == {metric: wanted[0][metric], f"val_{metric}": wanted[1][metric]}
    assert monitor.history[metric][-1] < monitor.history[f"val_{metric}"][-1]
    assert monitor.best.name == f"val_{metric}"


def boosted(library):
    module = pytest.importorskip(library)
    monitor = TrainingMonitor()
    if library == "xgboost":
        model = module.XGBClassifier(n_estimators=12, callbacks=[monitor.xgboost(12)], **XGBOOST)
        return model, monitor, lambda model: model.evals_result()
    model = module.LGBMClassifier(n_estimators=12, num_leaves=4, n_jobs=1, verbose=-1)
    return model, monitor, lambda model: model.evals_result_


def fit(model, monitor, sample, sets):
    is_xgboost = hasattr(model, "get_booster")
    options = {"verbose": False} if is_xgboost else {"callbacks": [monitor.lightgbm()]}
    return model.fit(*sample, eval_set=sets, **options)


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_sets_that_cannot_be_told_apart_are_drawn_under_their_names(events, library):
    model, monitor, results = boosted(library)
    (X, y, _), (Xv, yv, _) = events
    fit(model, monitor, (X, y), [(Xv, yv), (X.copy(), y.copy())])
    own = results(model)
    metric = next(iter(next(iter(own.values()))))
    assert monitor.history == {f"{name}_{metric}": own[name][metric] for name in own}
    assert [text for _, text in monitor.payload["sets"][2:]] == list(own)
    assert monitor.payload["upper"] == metric
    assert monitor.best.name == f"{list(own)[-1]}_{metric}"  # as xgboost stops
    figure = monitor.figure()
    assert {text.get_text() for text in figure.axes[0].texts} >= set(own)
    assert len(monitor.picture()) > 1000


def test_the_caller_may_say_which_set_is_training(events):
    xgboost = pytest.importorskip("xgboost")
    (X, y, _), (Xv, yv, _) = events
    monitor = TrainingMonitor()
    follow = monitor.xgboost(3, training="validation_1")
    model = xgboost.XGBClassifier(n_estimators=3, callbacks=[follow], **XGBOOST)
    model.fit(X, y, eval_set=[(Xv, yv), (X.copy(), y)], verbose=False)
    results = model.evals_result()
    assert monitor.history["logloss"] == results["validation_1"]["logloss"]
    assert monitor.history["val_logloss"] == results["validation_0"]["logloss"]
    again = TrainingMonitor.from_history(results, training="validation_1")
    assert again.history == monitor.history
    unknown = TrainingMonitor.from_history(results)
    assert list(unknown.history) == ["validation_0_logloss", "validation_1_logloss"]
    assert "logloss" not in unknown.history
    follow = TrainingMonitor().xgboost(3, training="train")
    model = xgboost.XGBClassifier(n_estimators=3, callbacks=[follow], **XGBOOST)
    with pytest.raises(ValueError, match="no evaluation set 'train': there are validation_0"):
        model.fit(X, y, eval_set=[(Xv, yv)], verbose=False)


def test_xgboost_is_as_without_a_monitor(events):
    xgboost = pytest.importorskip("xgboost")
    (X, y, _), (Xv, yv, _) = events
    data, held_out = xgboost.DMatrix(X, y), xgboost.DMatrix(Xv, yv)
    settings = {"max_depth": 2, "nthread": 1}
    monitor = TrainingMonitor()
    sets = [(held_out, "a"), (data, "b")]
    booster = xgboost.train(settings, data, 4, evals=sets, verbose_eval=False,
                            callbacks=[monitor.xgboost()])  # fmt: skip
    assert vars(booster).keys() == vars(xgboost.train(settings, data, 4)).keys()
    assert list(monitor.history) == ["val_rmse", "rmse"]
    own = xgboost.train(settings, data, 4)
    np.testing.assert_array_equal(booster.predict(held_out), own.predict(held_out))


def test_no_verdict_on_a_history_that_does_not_tell(events):
    y = events[0][1]
    scores = np.linspace(0, 1, len(y))
    curves = {"validation_0": {"loss": [3.0, 2, 1]}, "validation_1": {"loss": [3.0, 2, 2.5]}}
    with pytest.raises(ValueError, match="evaluation sets of which one is called train; found"):
        OvertrainingView(y, scores, y, scores, history=curves, permutations=9)
    history = {"foo": [1.0, 2, 3, 4], "val_foo": [1.0, 2, 3, 2]}
    view = OvertrainingView(y, scores, y, scores, history=history, permutations=9)
    assert "nobody says if foo should be large" in view.answers[0]
    told = TrainingMonitor.from_history(history, mode={"foo": "max"})
    view = OvertrainingView(y, scores, y, scores, history=told, permutations=9)
    assert view.shown_curve.best == 2


def test_validation_is_taken_by_the_names_of_its_columns(events):
    pd = pytest.importorskip("pandas")
    from sklearn.ensemble import AdaBoostClassifier, GradientBoostingClassifier

    (X, y, _), (Xv, yv, _) = events
    train, test = (pd.DataFrame(one, columns=["a", "b", "c"]) for one in (X, Xv))
    for make in (GradientBoostingClassifier, AdaBoostClassifier):
        curves = []
        for table in (test, test[["c", "a", "b"]]):
            monitor = TrainingMonitor()
            monitor.fit(make(n_estimators=3, random_state=0), train, y, validation=(table, yv))
            curves.append(monitor.history)
        assert curves[0] == curves[1]
    with pytest.raises(ValueError, match=r"validation is not for this training: .* has no 'b'"):
        TrainingMonitor().fit(make(), train, y, validation=(test.rename(columns={"b": "B"}), yv))


# ---------------------------------------------------------------- saved, copied, searched


def test_a_copy_is_the_monitor_and_a_pickle_has_its_curves():
    monitor = trained({"foo": [1.0, 2.0], "val_foo": [1.0, 2.0]}, mode={"foo": "max"}, baseline=1.5)
    assert copy.deepcopy(monitor) is copy.copy(monitor) is monitor
    again = revived(monitor)
    assert again is not monitor
    assert (again.history, again.best) == (monitor.history, monitor.best)
    assert again.payload["baseline"] == monitor.payload["baseline"]
    assert again.status == "recorded"
    empty = revived(TrainingMonitor())
    assert empty.status == "empty"
    empty.begin()
    assert empty.update({"loss": 1.0}) is False


def test_a_pickle_keeps_what_was_told(tmp_path):
    monitor = TrainingMonitor()
    monitor.begin(unit="round")
    monitor.mean = "Σw·L/N"
    monitor.learn({"foo": "max"}, {"a_": "a", "b_": "b"})
    for value in (1.0, 3.0, 2.0):
        monitor.update({"a_foo": value, "b_foo": value, "loss": value})
    monitor.end()
    copies = [revived(monitor)]
    copies.append(TrainingMonitor.replay(monitor.record(tmp_path / "run.json")))
    for one in copies:
        assert one.best == monitor.best == (2, "b_foo", 3.0)
        assert one.payload["sets"] == monitor.payload["sets"]
        assert one.payload["titles"] == monitor.payload["titles"]
        assert one.directions == monitor.directions


def test_a_running_monitor_is_pickled_without_its_threads():
    monitor = TrainingMonitor()
    monitor.on_start(lambda: None)
    monitor.begin(5)
    monitor.update({"loss": 1.0})
    monitor.pause()
    again = revived(monitor)
    assert again.history == {"loss": [1.0]}
    assert not again.live["startable"]


def test_models_with_a_callback_are_saved(events, tmp_path):
    joblib = pytest.importorskip("joblib")
    xgboost = pytest.importorskip("xgboost")
    (X, y, _), _ = events
    monitor = TrainingMonitor()
    model = xgboost.XGBClassifier(n_estimators=4, callbacks=[monitor.xgboost(4)], **XGBOOST)
    model.fit(X, y, eval_set=[(X, y)], verbose=False)
    joblib.dump(model, tmp_path / "model.joblib")
    for again in (revived(model), joblib.load(tmp_path / "model.joblib")):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        again.fit(X, y, eval_set=[(X, y)], verbose=False)
        assert again.get_params()["callbacks"][0].monitor.epochs == 4
    assert monitor.epochs == 4


def test_followers_are_copied_and_pickled():
    pytest.importorskip("xgboost")
    monitor = TrainingMonitor()
    for follower in (monitor.lightgbm("a"), monitor.xgboost(3, "a")):
        assert copy.deepcopy([follower])[0] is follower
        again = revived(follower)
        assert type(again) is type(follower)
        assert again.training == "a"


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_estimators_that_were_followed_are_saved(events):
    from sklearn.base import clone
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
    from sklearn.neural_network import MLPClassifier

    class Pressed(TrainingMonitor):
        def update(self, values):
            if self.epochs == 2:
                self.stop()
            return super().update(values)

    for model in (HistGradientBoostingClassifier(max_iter=9), MLPClassifier((3,), max_iter=9),
                  GradientBoostingClassifier(n_estimators=9)):  # fmt: skip
        for kind in (TrainingMonitor, Pressed):
            monitor = kind()
            fitted = monitor.fit(clone(model), *events[0], validation=events[1])
            again = revived(fitted)
            X = events[1][0]
            np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_a_search_in_two_processes(events):
    xgboost = pytest.importorskip("xgboost")
    from sklearn.model_selection import GridSearchCV

    (X, y, _), _ = events
    monitor = TrainingMonitor()
    model = xgboost.XGBClassifier(n_estimators=3, callbacks=[monitor.xgboost(3)], **XGBOOST)
    search = GridSearchCV(model, {"max_depth": [1, 2]}, cv=2, n_jobs=2).fit(X, y)
    assert search.best_params_["max_depth"] in (1, 2)
    assert (monitor.status, monitor.epochs) == ("finished", 3)  # the last fit, in this process


def test_a_keras_callback_goes_into_a_wrapped_estimator(keras, events):
    (X, y, _), _ = events

    def network(X, y):  # noqa: ARG001 - as Keras calls it
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")])
        model.compile("adam", "categorical_crossentropy")
        return model

    monitor = TrainingMonitor()
    options = {"epochs": 2, "verbose": 0, "callbacks": [monitor]}
    # Not cloned: a clone of Keras 3.15's wrapper has lost its fit_kwargs.
    wrapped = keras.wrappers.SKLearnClassifier(network, fit_kwargs=copy.deepcopy(options))
    wrapped.fit(X, y)
    assert (monitor.status, monitor.epochs) == ("finished", 2)
    again = revived(wrapped.fit_kwargs)["callbacks"][0]
    assert again.history == monitor.history
    assert again.model is None


# ---------------------------------------------------------------- how a run ends and begins

SCRIPT = """
import numpy as np, lightgbm
from hepml_widgets import TrainingMonitor
rng = np.random.default_rng(0)
X = rng.normal(size=(400, 2)); y = (X[:, 0] + rng.normal(size=400) > 0).astype(int)
settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "learning_rate": 0.9}
stop = lightgbm.early_stopping(2, verbose=False)
for how in ("train", "keep", "cv", "parameter"):
    data = lightgbm.Dataset(X[:200], y[:200], free_raw_data=False)
    monitor = TrainingMonitor(); seen = []
    monitor.observe(lambda change: seen.append(change.new), "status")
    calls = [monitor.lightgbm()] + [stop] * (how != "parameter")
    if how == "cv":
        lightgbm.cv(settings, data, 500, nfold=2, callbacks=calls)
    else:
        given = settings | ({"early_stopping_round": 2} if how == "parameter" else {})
        booster = lightgbm.train(given, data, 500, valid_sets=[data.create_valid(X[200:], y[200:])],
                                 callbacks=calls, keep_training_booster=how == "keep")
        assert type(booster) is lightgbm.Booster
    assert monitor.epochs < 500
    print(how, seen)
"""


def test_after_early_stopping_a_script_finds_it_finished():
    pytest.importorskip("lightgbm")
    pytest.importorskip("sklearn")
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    wanted = [f"{how} ['running', 'finished']" for how in ("train", "keep", "cv", "parameter")]
    assert done.stdout.splitlines() == wanted


def test_xgboost_is_finished_after_early_stopping(events):
    xgboost = pytest.importorskip("xgboost")
    (X, y, _), (Xv, yv, _) = events
    monitor = TrainingMonitor()
    model = xgboost.XGBClassifier(n_estimators=500, learning_rate=0.9, early_stopping_rounds=2,
                                  callbacks=[monitor.xgboost(500)], **XGBOOST)  # fmt: skip
    model.fit(X, y, eval_set=[(Xv, yv)], verbose=False)
    assert monitor.status == "finished"
    assert monitor.best.epoch == model.best_iteration + 1


def test_a_booster_can_be_pickled_while_it_is_followed(events):
    lightgbm = pytest.importorskip("lightgbm")
    (X, y, _), _ = events
    kept = []

    def keep(env):
        kept.append(revived(env.model))

    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    lightgbm.train(settings, lightgbm.Dataset(X, y), 3,
                   callbacks=[TrainingMonitor().lightgbm(), keep])  # fmt: skip
    assert [type(one) for one in kept] == [lightgbm.Booster] * 3
    assert [one.num_trees() for one in kept] == [1, 2, 3]


def test_the_first_frame_says_what_is_going_on():
    monitor = TrainingMonitor()
    assert monitor.live["waiting"] == "train a model to see it here"
    monitor.begin(total=3, unit="round")
    for words in (monitor.live["waiting"], monitor.state()["live"]["waiting"], monitor.describe(),
                  monitor.figure().axes[0].texts[0].get_text()):  # fmt: skip
        assert "the first round is under way" in words
    monitor.pause()
    assert monitor.live["waiting"] == "the first round is under way"
    monitor.stop()
    monitor.end()
    assert monitor.live["waiting"] == "no round was completed"
    assert "train a model" not in monitor.describe()


# ---------------------------------------------------------------- which loss


def test_the_axis_says_which_loss_is_drawn(keras, events):
    """Keras's loss is Σw·L/N, scikit-learn's curve Σw·L/Σw: three times the weight, or none."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    (X, y, w), _ = events
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.SGD(0.0), "binary_crossentropy")
    p = model.predict(X, verbose=0)[:, 0]
    losses = -np.log(np.where(y == 1, p, 1 - p))
    monitor = TrainingMonitor()
    model.fit(X, y, sample_weight=3 * w, validation_data=(X, y, w), epochs=1, verbose=0,
              callbacks=[monitor])  # fmt: skip
    assert monitor.mean == "Σw·L/N"
    assert monitor.history["val_loss"][0] == pytest.approx(np.sum(w * losses) / len(y), rel=1e-4)
    assert monitor.history["loss"][0] == pytest.approx(3 * monitor.history["val_loss"][0], rel=1e-4)
    assert monitor.payload["titles"]["loss"] == "loss (Σw·L/N)"
    assert "loss (Σw·L/N)" in monitor.figure().axes[0].get_ylabel()
    histories = []
    for scale in (1, 3):
        monitor.fit(HistGradientBoostingClassifier(max_iter=2), X, y, scale * w)
        histories.append(monitor.history["loss"][0])
    assert histories[0] == pytest.approx(histories[1], rel=1e-3)
    assert monitor.payload["titles"] == {"loss": "loss (Σw·L/Σw)", "auc": "auc"}
    assert trained({"loss": [1.0]}).payload["titles"] == {"loss": "loss"}


def test_weights_too_small_to_learn_from_are_warned_of(events):
    from sklearn.ensemble import HistGradientBoostingClassifier

    (X, y, w), _ = events
    monitor = TrainingMonitor()
    with pytest.warns(UserWarning, match="divide them by their mean"):
        monitor.fit(HistGradientBoostingClassifier(max_iter=3), X, y, 1e-6 * w)
    assert np.ptp(monitor.history["auc"]) == 0
    monitor.fit(HistGradientBoostingClassifier(max_iter=3), X, y, w)
    assert monitor.history["auc"][-1] > 0.6


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"loss": 0.5, "auc": "high"}, "auc holds 'high', which is no number"),
        ({"loss": 0.5, "auc": [1, 2]}, r"auc holds \[1, 2\], which is no number"),
        ({"loss": 1 + 2j}, "which is no number"),
        ("loss", "an epoch is a dict from curves to numbers, not 'loss'"),
        (None, "an epoch is a dict from curves to numbers, not None"),
    ],
)
def test_what_is_no_number_changes_nothing(values, said):
    monitor = TrainingMonitor()
    monitor.begin()
    monitor.update({"loss": np.array([0.7]), "auc": None})
    with pytest.raises(TypeError, match=said):
        monitor.update(values)
    monitor.update({"loss": 0.6, "auc": np.float32(0.5)})
    assert monitor.history == {"loss": [0.7, 0.6], "auc": [0.5]}


@pytest.mark.parametrize("wrong", [{"metrics": 3}, {"baseline": "x"}, {"baseline": {"auc": "y"}}])
def test_options_are_looked_at(wrong):
    with pytest.raises((TypeError, ValueError), match=f"^{next(iter(wrong))} is a "):
        TrainingMonitor(**wrong)


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ({"loss": 3}, "loss is 3: wanted one value per epoch"),
        ({"train": {"auc": 0.5}}, "auc is 0.5: wanted one value per epoch"),
        ({"train": {"auc": [0.5]}, "loss": [2]}, r"has a dict of curves, not \[2\]"),
        ({"train": {}, "test": {}}, "one curve or more"),
    ],
)
def test_a_history_that_is_none_is_one_sentence(history, said):
    with pytest.raises(TypeError, match=said):
        TrainingMonitor.from_history(history)
