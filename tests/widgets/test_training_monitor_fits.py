"""TrainingMonitor in real trainings: Keras, scikit-learn, xgboost, lightgbm."""

import os
import threading
import time
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hepml_widgets import TrainingMonitor

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="module")
def events():
    """Two overlapping Gaussians with weights of both classes: (X, y, w) twice."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 1200)
    X = rng.normal(size=(1200, 4)) + 0.6 * y[:, None]
    w = rng.uniform(0.2, 2.0, 1200)
    return (X[:800], y[:800], w[:800]), (X[800:], y[800:], w[800:])


def log_loss(y, chance, w):
    return np.average(-np.log(np.where(y == 1, chance, 1 - chance)), weights=w)


def stop_after(monitor, count):
    """Press Stop from another thread once `count` epochs are recorded."""

    def press():
        while monitor.epochs < count:
            time.sleep(0.001)
        monitor.stop()

    thread = threading.Thread(target=press, daemon=True)
    thread.start()
    return thread


# ---------------------------------------------------------------- Keras


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras", reason="the lessons' libraries are not installed")


@pytest.fixture
def network(keras):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")]
    )
    model.compile("adam", "binary_crossentropy", weighted_metrics=["AUC"])
    return model


def fit(network, events, monitor, **options):
    (X, y, w), validation = events
    settings = {"epochs": 3, "batch_size": 100, "verbose": 0} | options
    return network.fit(
        X, y, sample_weight=w, validation_data=validation, callbacks=[monitor], **settings
    )


def test_keras_history_is_keras_own(network, events):
    monitor = TrainingMonitor()
    history = fit(network, events, monitor)
    assert monitor.history == history.history
    assert set(monitor.history) == {"loss", "AUC", "val_loss", "val_AUC"}
    assert monitor.status == "finished"
    best = int(np.argmin(history.history["val_loss"]))
    assert monitor.best == (best + 1, "val_loss", history.history["val_loss"][best])


def test_keras_finds_no_work_at_the_end_of_a_batch(keras):
    """Then Keras may hand the logs of batches to its threads, and none is waited for."""
    hooks = [f"on_{kind}batch_end" for kind in ("", "train_", "test_", "predict_")]
    own, other = TrainingMonitor(), keras.callbacks.LambdaCallback(on_train_batch_end=print)
    assert all(keras.src.utils.is_default(getattr(own, hook)) for hook in hooks)
    assert not keras.src.utils.is_default(other.on_train_batch_end)


def test_keras_validation_every_second_epoch(network, events):
    monitor = TrainingMonitor()
    history = fit(network, events, monitor, epochs=4, validation_freq=2)
    assert monitor.history == history.history
    assert monitor.payload["curves"]["val_loss"][::2] == [None, None]


def test_keras_stops_within_an_epoch(keras, network, events):
    monitor = TrainingMonitor()
    batches = []

    def press(batch, **_):
        batches.append(batch)
        if len(batches) == 3:
            stop = threading.Thread(target=monitor.stop)
            stop.start()
            stop.join()

    presser = keras.callbacks.LambdaCallback(on_train_batch_end=press)
    network.fit(*events[0][:2], epochs=50, batch_size=100, verbose=0, callbacks=[presser, monitor])
    assert len(batches) == 4  # the batch that was about to begin is finished
    assert monitor.status == "stopped"
    assert monitor.epochs == 1
    assert np.isfinite(network.predict(events[1][0], verbose=0)).all()


def test_keras_pauses_and_resumes(network, events):
    monitor = TrainingMonitor()
    monitor.start(lambda: fit(network, events, monitor, epochs=2000))
    wait_for(lambda: monitor.epochs > 2)
    monitor.pause()
    wait_for(lambda: monitor._recorder._clock._paused_at is not None)
    held = monitor.epochs
    elapsed = monitor._recorder.elapsed
    time.sleep(0.3)
    assert monitor.epochs == held
    assert monitor._recorder.elapsed == elapsed
    assert monitor.live["status"] == "paused"
    monitor.resume()
    wait_for(lambda: monitor.epochs > held)
    monitor.pause()
    monitor.stop()
    monitor.wait(20)
    assert monitor.status == "stopped"


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_keras_goes_on_after_initial_epoch(network, events):
    monitor = TrainingMonitor()
    first = fit(network, events, monitor, epochs=2).history
    second = fit(network, events, monitor, epochs=4, initial_epoch=2).history
    assert monitor.history == {name: first[name] + second[name] for name in first}
    fit(network, events, monitor, epochs=1)
    assert monitor.epochs == 1


def test_keras_and_its_own_early_stopping(keras, network, events):
    monitor = TrainingMonitor()
    own = keras.callbacks.EarlyStopping("val_loss", patience=1, min_delta=10.0)
    (X, y, _), (Xv, yv, _) = events
    network.fit(X, y, epochs=9, verbose=0, validation_data=(Xv, yv), callbacks=[own, monitor])
    assert monitor.epochs == 2
    assert monitor.status == "finished"


# ---------------------------------------------------------------- scikit-learn


def gradient_boosting(**options):
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(n_estimators=12, max_depth=2, random_state=0, **options)


def histogram_boosting(**options):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=12, max_depth=2, random_state=0, **options)


def adaboost(**options):
    from sklearn.ensemble import AdaBoostClassifier

    return AdaBoostClassifier(n_estimators=12, random_state=0, **options)


def mlp(**options):
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((6,), max_iter=200, tol=1e-3, random_state=0, **options)


ESTIMATORS = [gradient_boosting, histogram_boosting, adaboost, mlp]


def chances(estimator, X):
    return estimator.predict_proba(X)[:, 1]


@pytest.mark.parametrize("make", ESTIMATORS)
def test_sklearn_model_is_that_of_its_own_fit(make, events):
    training, validation = events
    watched = TrainingMonitor().fit(make(), *training, validation=validation)
    own = make().fit(*training)
    assert_array_equal(chances(watched, validation[0]), chances(own, validation[0]))
    assert watched.get_params() == own.get_params()


@pytest.mark.parametrize("make", [gradient_boosting, histogram_boosting])
def test_sklearn_losses_are_weighted_log_losses_of_every_stage(make, events):
    monitor = TrainingMonitor()
    model = monitor.fit(make(), *events[0], validation=events[1])
    for lead, (X, y, w) in zip(("", "val_"), events, strict=True):
        stages = [stage[:, 1] for stage in model.staged_predict_proba(X)]
        losses = [log_loss(y, stage, w) for stage in stages]
        assert_allclose(monitor.history[f"{lead}loss"], losses, rtol=1e-6)
        assert_allclose(monitor.history[f"{lead}auc"], [auc(y, s, w) for s in stages], rtol=1e-6)


def auc(y, score, w):
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(y, score, sample_weight=w)


def test_adaboost_loss_is_exponential(events):
    """Each round multiplies it by 2√(ε(1-ε)) (Freund, Schapire, JCSS 55 (1997) 119, th. 6)."""
    monitor = TrainingMonitor()
    model = monitor.fit(adaboost(), *events[0], validation=events[1])
    errors = model.estimator_errors_
    assert_allclose(monitor.history["loss"], np.cumprod(2 * np.sqrt(errors * (1 - errors))))
    X, y, w = events[1]
    signs = np.array([2 * stump.predict(X) - 1 for stump in model.estimators_])
    votes = np.cumsum(model.estimator_weights_[:, None] / 2 * signs, axis=0)
    losses = [np.average(np.exp(-(2 * y - 1) * F), weights=w) for F in votes]
    assert_allclose(monitor.history["val_loss"], losses)
    staged = [auc(y, F, w) for F in model.staged_decision_function(X)]
    assert_allclose(monitor.history["val_auc"], staged)


def test_mlp_last_loss_is_that_of_the_model(events):
    monitor = TrainingMonitor()
    model = monitor.fit(mlp(), *events[0], validation=events[1])
    assert monitor.epochs == model.n_iter_ < 200  # its own tolerance ended it
    for lead, (X, y, w) in zip(("", "val_"), events, strict=True):
        assert_allclose(monitor.history[f"{lead}loss"][-1], log_loss(y, chances(model, X), w))


def test_regressors_are_followed(events):
    from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
    from sklearn.neural_network import MLPRegressor

    X, _, w = events[0]
    target = X[:, 0] ** 2
    for model, half in (
        (GradientBoostingRegressor(n_estimators=3, random_state=0), 0.5),
        (HistGradientBoostingRegressor(max_iter=3), 0.5),
        (MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, tol=0, random_state=0), 1),
    ):
        monitor = TrainingMonitor()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Stochastic Optimizer")
            monitor.fit(model, X, target, w)
        mse = np.average((model.predict(X) - target) ** 2, weights=w)
        assert_allclose(monitor.history["loss"][-1], half * mse, rtol=1e-6)
        assert list(monitor.history) == ["loss"]


class PressedInRoundThree(TrainingMonitor):
    def update(self, values):
        if self.epochs == 2:
            self.stop()
        return super().update(values)


@pytest.mark.parametrize("make", ESTIMATORS)
def test_sklearn_stops_and_the_model_works(make, events):
    monitor = PressedInRoundThree()
    model = monitor.fit(make(), *events[0], validation=events[1])
    assert monitor.status == "stopped"
    assert monitor.epochs == 3
    assert np.isfinite(chances(model, events[1][0])).all()
    rounds = getattr(model, "n_iter_", None) or len(model.estimators_)
    assert rounds == 3


def test_early_stopping_of_histogram_boosting_is_kept(events):
    training, _ = events
    options = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.05}
    own = histogram_boosting(**options).fit(*training)
    monitor = TrainingMonitor()
    watched = monitor.fit(histogram_boosting(**options), *training)
    assert watched.n_iter_ == own.n_iter_ == monitor.epochs < 12
    assert_array_equal(chances(watched, training[0]), chances(own, training[0]))
    assert_allclose(-own.validation_score_[1:], monitor.history["val_loss"])


def test_early_stopping_by_another_score_is_refused(events):
    model = histogram_boosting(early_stopping=True, scoring="roc_auc")
    with pytest.raises(ValueError, match="scoring='loss'"):
        TrainingMonitor().fit(model, *events[0])


def test_estimators_without_rounds_are_refused(events):
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(TypeError, match=r"HistGradientBoosting.* not LogisticRegression"):
        TrainingMonitor().fit(LogisticRegression(), *events[0])
    with pytest.raises(ValueError, match="validation is"):
        TrainingMonitor().fit(adaboost(), *events[0], validation=(1, 2, 3, 4))


def test_errors_of_a_fit_are_shown_and_raised():
    monitor = TrainingMonitor()
    with pytest.raises(ValueError, match="NaN"):
        monitor.fit(adaboost(), np.full((4, 1), np.nan), [0, 1, 0, 1])
    assert monitor.status == "failed"
    assert "ValueError" in monitor.live["message"]


# ---------------------------------------------------------------- xgboost and lightgbm

XGBOOST = {"max_depth": 2, "eval_metric": ["logloss", "auc"], "nthread": 1}


def test_xgboost_results_and_stop(events):
    import xgboost

    (X, y, w), (Xv, yv, wv) = events
    training, held_out = xgboost.DMatrix(X, y, weight=w), xgboost.DMatrix(Xv, yv, weight=wv)
    monitor, results = TrainingMonitor(), {}
    options = {"evals": [(training, "train"), (held_out, "test")], "verbose_eval": False}
    xgboost.train(
        XGBOOST, training, 9, callbacks=[monitor.xgboost(9)], evals_result=results, **options
    )
    assert monitor.history == {
        "logloss": results["train"]["logloss"],
        "auc": results["train"]["auc"],
        "val_logloss": results["test"]["logloss"],
        "val_auc": results["test"]["auc"],
    }
    assert monitor.status == "finished"
    assert repr(monitor).startswith("TrainingMonitor(9 rounds, best val_logloss 0.")
    thread = stop_after(monitor := TrainingMonitor(), 3)
    booster = xgboost.train(XGBOOST, training, 10**6, callbacks=[monitor.xgboost()], **options)
    thread.join()
    assert monitor.status == "stopped"
    assert 3 <= booster.num_boosted_rounds() == monitor.epochs < 10**6


def test_xgboost_classifier_and_clone(events):
    from sklearn.base import clone
    from xgboost import XGBClassifier

    (X, y, w), (Xv, yv, wv) = events
    monitor = TrainingMonitor()
    model = clone(XGBClassifier(n_estimators=4, callbacks=[monitor.xgboost(4)], **XGBOOST))
    sets = {"eval_set": [(X, y), (Xv, yv)], "sample_weight_eval_set": [w, wv], "verbose": False}
    model.fit(X, y, sample_weight=w, **sets)
    assert monitor.history["val_auc"] == model.evals_result()["validation_1"]["auc"]


def test_xgboost_cross_validation(events):
    import xgboost

    X, y, w = events[0]
    monitor = TrainingMonitor()
    table = xgboost.cv(
        XGBOOST, xgboost.DMatrix(X, y, weight=w), 4, nfold=2, seed=1, callbacks=[monitor.xgboost(4)]
    )
    assert_allclose(monitor.history["val_auc"], table["test-auc-mean"])


LIGHTGBM = {"objective": "binary", "num_leaves": 4, "verbose": -1, "num_threads": 1}


def test_lightgbm_results_and_stop(events):
    import lightgbm

    (X, y, w), (Xv, yv, wv) = events
    training = lightgbm.Dataset(X, y, weight=w, free_raw_data=False)
    held_out = lightgbm.Dataset(Xv, yv, weight=wv, reference=training, free_raw_data=False)
    options = {"valid_sets": [training, held_out], "valid_names": ["train", "test"]}
    settings = LIGHTGBM | {"metric": ["binary_logloss", "auc"]}
    monitor, results = TrainingMonitor(), {}
    keep = lightgbm.record_evaluation(results)
    lightgbm.train(settings, training, 9, callbacks=[monitor.lightgbm(), keep], **options)
    assert monitor.history["binary_logloss"] == results["train"]["binary_logloss"]
    assert monitor.history["val_auc"] == results["test"]["auc"]
    assert monitor.status == "finished"
    thread = stop_after(monitor := TrainingMonitor(), 3)
    booster = lightgbm.train(settings, training, 10**6, callbacks=[monitor.lightgbm()], **options)
    thread.join()
    assert monitor.status == "stopped"
    assert 3 <= booster.num_trees() == monitor.epochs < 10**6
    assert booster.best_iteration == monitor.epochs


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
def test_lightgbm_classifier_with_early_stopping(events):
    import lightgbm

    (X, y, w), (Xv, yv, wv) = events
    monitor = TrainingMonitor()
    model = lightgbm.LGBMClassifier(n_estimators=2000, learning_rate=0.5, **LIGHTGBM)
    stop = lightgbm.early_stopping(3, verbose=False)
    with monitor:
        model.fit(X, y, w, eval_set=[(Xv, yv)], eval_sample_weight=[wv],
                  callbacks=[stop, monitor.lightgbm()])  # fmt: skip
    assert monitor.status == "finished"
    assert monitor.best.epoch == model.best_iteration_ < 2000
    assert monitor.best.name == "val_binary_logloss"
