"""How each library is followed: its own hooks, turned into one vocabulary.

A follower tells the monitor four things: `begin`, `update` after every epoch or round (which
waits while paused), `stopping` when it may go on no longer, and `end`. Nothing here imports a
library before the user did.
"""

import functools
import warnings
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from hepml import stats
from hepml_widgets.core.columns import column_names, known_to, matched
from hepml_widgets.core.histories import further, prefixes

SUPPORTED = "GradientBoosting*, HistGradientBoosting*, AdaBoostClassifier (two classes), MLP*"
MISSING = object()
KERAS, MEAN = "Σw·L/N", "Σw·L/Σw"
"""How a loss is made of the losses L of events with weights w."""
LIGHT = 0.4  # sum of weights: HistGradientBoosting cuts nothing whose weights are below 0.004


# ---------------------------------------------------------------- names


# ---------------------------------------------------------------- Keras


def _default(name):
    def hook(self, *_, **__):
        pass

    hook.__name__ = name
    hook._is_default = True  # noqa: SLF001 - Keras then skips it
    return hook


class KerasHooks:
    """What `keras.callbacks.CallbackList` calls on each callback.

    Batches are counted when they begin. The hooks at a batch's end stay Keras's defaults: with
    them Keras hands the logs of a batch to its own threads and training waits for no number.
    """

    model = None
    params = None

    def set_params(self, params):
        """Take over ``epochs`` and ``steps``; called by Keras."""
        self.params = params

    def set_model(self, model):
        """Take over the model; called by Keras."""
        self.model = model

    def on_train_begin(self, logs=None):  # noqa: ARG002
        """Begin; called by Keras."""
        self.begin((self.params or {}).get("epochs"))
        self.mean = KERAS

    def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002
        """Begin an epoch; called by Keras."""
        self._continue_from(epoch)
        self._steps = (self.params or {}).get("steps")

    def on_train_batch_begin(self, batch, logs=None):  # noqa: ARG002
        """Count a batch, wait while paused, stop when asked; called by Keras."""
        if self.tick(batch, self._steps):
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):  # noqa: ARG002
        """Record an epoch; called by Keras."""
        logs = logs or {}
        self.learn(keras_directions(self.model, logs))
        if self.update(logs):
            self.model.stop_training = True

    def on_train_end(self, logs=None):  # noqa: ARG002
        """End; called by Keras."""
        self.model = None
        self.end()


def keras_directions(model, logs):
    """Direction of each curve whose metric tells Keras's own early stopping."""
    ways = {"up": "max", "down": "min"}
    told = {}
    for metric in _metrics(getattr(model, "metrics", ())):
        way = ways.get(getattr(metric, "_direction", None))
        name = getattr(metric, "name", "")
        ends = [curve for curve in logs if curve == name or curve.endswith(f"_{name}")]
        told |= dict.fromkeys(ends, way) if way and name else {}
    return told


def _metrics(metrics):
    """Metrics, and those inside them."""
    for metric in metrics:
        yield metric
        yield from _metrics(getattr(metric, "metrics", ()))


IGNORED = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_end",
    "on_test_begin",
    "on_test_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_predict_begin",
    "on_predict_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
)
for _name in IGNORED:
    setattr(KerasHooks, _name, _default(_name))


# ---------------------------------------------------------------- xgboost, lightgbm


@functools.cache
def _xgboost_class():
    from xgboost.callback import TrainingCallback  # noqa: PLC0415 - only who uses it has it

    class Follower(TrainingCallback):
        def __init__(self, monitor, rounds, training):
            super().__init__()
            self.monitor = monitor
            self.rounds = rounds
            self.training = training
            self._seen = None

        def __reduce__(self):
            return follow_xgboost, (self.monitor, self.rounds, self.training)

        def __deepcopy__(self, memo):
            return self  # scikit-learn's clone() copies parameters; the view is one

        def before_training(self, model):
            self.monitor.begin(self.rounds, "round")
            self._seen = _Seen(model)
            return model

        def after_iteration(self, model, epoch, evals_log):  # noqa: ARG002
            told = self.training or self._seen.training()
            lead = prefixes(list(evals_log), told)
            self.monitor.learn({}, further(lead))
            return self.monitor.update(
                {
                    lead[name] + metric: _mean(values[-1])
                    for name, curves in evals_log.items()
                    for metric, values in curves.items()
                }
            )

        def after_training(self, model):
            self.monitor.end()
            return model

    return Follower


class _Seen:
    """Which evaluation set is the one trained on: xgboost's callbacks are given names alone.

    A booster is asked to learn from one object and to evaluate others: its methods tell, for one
    round.
    """

    def __init__(self, model):
        self._model, self._data, self._names = model, None, []
        if not hasattr(model, "cvfolds"):  # which calls its sets "train" and "test"
            model.update, model.eval_set = self._update, self._evaluate

    def _update(self, data, *args, **options):
        self._data = data
        return type(self._model).update(self._model, data, *args, **options)

    def _evaluate(self, sets, *args, **options):
        self._names = [name for data, name in sets if data is self._data]
        return type(self._model).eval_set(self._model, sets, *args, **options)

    def training(self):
        """Names of the training sample among the evaluation sets."""
        for method in ("update", "eval_set") if self._model is not None else ():
            vars(self._model).pop(method, None)
        self._model = self._data = None
        return self._names


def _mean(value):
    """Value of one round; cross-validation gives (mean, deviation)."""
    return value[0] if isinstance(value, tuple) else value


def follow_xgboost(monitor, rounds=None, training=None):
    """Real `xgboost.callback.TrainingCallback` that reports to ``monitor``."""
    return _xgboost_class()(monitor, rounds, training)


class LightgbmFollower:
    """Callable for lightgbm's ``callbacks``; it runs before those that may end the training."""

    order = 5
    before_iteration = False

    def __init__(self, monitor, training=None):
        self.monitor = monitor
        self.training = training

    def __deepcopy__(self, memo):
        """Return this: the view is one."""
        return self

    def __call__(self, env):
        """Record a round; called by lightgbm."""
        if env.iteration == env.begin_iteration:
            self.monitor.begin(env.end_iteration - env.begin_iteration, "round")
            _tell_at_the_end(env.model, self.monitor.end)
        results = [_lightgbm_result(one) for one in env.evaluation_result_list or []]
        lead = self._leads(env.model, list(dict.fromkeys(name for name, *_ in results)))
        ways = {lead[name] + metric: ("min", "max")[larger] for name, metric, _, larger in results}
        self.monitor.learn(ways, further(lead))
        stop = self.monitor.update({lead[name] + metric: v for name, metric, v, _ in results})
        if stop:
            self._stop(env.iteration, env.evaluation_result_list or [])
        if env.iteration == env.end_iteration - 1:
            _unwatch(env.model)
            self.monitor.end()

    def _leads(self, model, sets):
        """LightGBM knows its training sample by the object, whatever it is called."""
        own = getattr(model, "_train_data_name", None)
        return prefixes(sets, self.training or ([own] if own in sets else None))

    def _stop(self, iteration, results):
        from lightgbm.callback import EarlyStopException  # noqa: PLC0415

        self.monitor.end()
        raise EarlyStopException(iteration, results)


def _lightgbm_result(result):
    """Set, metric, value and whether larger is better; ``cv`` once joined the first two."""
    name, metric, value, larger, *_ = result
    if name == "cv_agg":
        name, metric = metric.split(" ", 1)
    return name, metric, value, bool(larger)


def _bare(kind):
    return kind.__new__(kind)


def _tell_at_the_end(booster, tell):
    """Tell when an early stopping ends the training: LightGBM then asks no callback any more.

    What it does is to note the best iteration on the booster, so that this is looked out for.
    """
    own = type(booster)

    class Watched(own):
        watched = own

        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name == "best_iteration":
                _unwatch(self)
                tell()

        def __reduce_ex__(self, protocol):
            return _bare, (own,), super().__reduce_ex__(max(protocol, 2))[2]

    booster.__class__ = Watched


def _unwatch(booster):
    """Give a booster its own class back."""
    while own := getattr(type(booster), "watched", None):
        booster.__class__ = own


# ---------------------------------------------------------------- scikit-learn


class Sample(NamedTuple):
    """Features, labels and weights that travel together."""

    X: object
    y: object
    weights: object = None


def fit_sklearn(monitor, estimator, sample, validation):
    """Fit as ``estimator.fit`` does, reporting every round to ``monitor``."""
    ancestors = {kind.__name__ for kind in type(estimator).__mro__}
    follow = next((how for name, how in _FOLLOWERS.items() if name in ancestors), None)
    if follow is None:
        raise TypeError(
            f"monitor.fit follows {SUPPORTED} of scikit-learn, not {type(estimator).__name__}; "
            "for xgboost and lightgbm pass monitor.xgboost() or monitor.lightgbm() as a callback"
        )
    sample = Sample(*sample)
    follow(monitor, estimator, sample, _three(validation, sample.X))
    return estimator


def _three(validation, X):
    """Features in the order of those of training, labels, weights; None without any."""
    if validation is None:
        return None
    if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
        raise ValueError("validation is (X, y) or (X, y, weights)")
    other, *rest = validation
    try:
        places = matched(known_to(column_names(X)), known_to(column_names(other)))
    except ValueError as error:
        raise ValueError(f"validation is not for this training: {error}") from error
    if places is not None and hasattr(other, "iloc"):
        other = other.iloc[:, places]
    return Sample(other, *rest)


def begin_sklearn(monitor, rounds, unit="round"):
    """Begin, with what is known of the curves that this module measures itself."""
    monitor.begin(rounds, unit)
    monitor.mean = MEAN
    ways = {"loss": "min", "auc": "max"}
    monitor.learn(ways | {f"val_{name}": way for name, way in ways.items()})


@contextmanager
def _replaced(estimator, **attributes):
    """Set attributes of an instance for a while."""
    before = {name: vars(estimator).get(name, MISSING) for name in attributes}
    vars(estimator).update(attributes)
    try:
        yield
    finally:
        for name, value in before.items():
            vars(estimator).pop(name)
            if value is not MISSING:
                vars(estimator)[name] = value


def _codes(estimator, y):
    """Labels as 0 … K-1 for a classifier, as they are for a regressor."""
    classes = getattr(estimator, "classes_", None)
    y = np.asarray(y)
    return y.astype(float) if classes is None else np.searchsorted(classes, y).astype(float)


def _curves(loss, y, score, weights):
    """Loss, and for two classes the AUC."""
    two = np.ndim(score) == 1 or score.shape[1] == 1
    if not two or not np.isin(y, (0, 1)).all() or np.ptp(y) == 0:
        return {"loss": loss}
    return {"loss": loss, "auc": stats.auc(y, np.ravel(score), weights)}


def _validated(training, validation):
    return training | {f"val_{name}": value for name, value in (validation or {}).items()}


def _fit_histogram(monitor, estimator, sample, validation):
    """HistGradientBoosting: its own check after each round has every prediction at hand."""
    check = estimator._check_early_stopping_loss  # noqa: SLF001
    early = estimator.early_stopping
    stops = len(sample.y) > 10_000 if early == "auto" else early
    if stops and estimator.scoring != "loss":
        raise ValueError(
            "monitor.fit follows the early stopping of HistGradientBoosting with scoring='loss' "
            f"only, not {estimator.scoring!r}"
        )

    def measured(y, raw, weights):
        loss = estimator._loss(y_true=y, raw_prediction=raw, sample_weight=weights)  # noqa: SLF001
        return _curves(loss, y, raw, weights)

    def after_round(**at):
        held_out = at["raw_predictions_val"] is not None
        training = measured(at["y_train"], at["raw_predictions"], at["sample_weight_train"])
        val = held_out and measured(at["y_val"], at["raw_predictions_val"], at["sample_weight_val"])
        # The first call comes before any tree.
        pressed = bool(estimator._predictors) and monitor.update(_validated(training, val))  # noqa: SLF001
        return (check(**at) if stops else False) or pressed

    given = {} if validation is None else _held_out(validation)
    _warn_of_light(sample.weights)
    every_round = {} if stops else {"scoring": "loss", "validation_fraction": None}
    begin_sklearn(monitor, estimator.max_iter)
    hooked = {"early_stopping": True, "_check_early_stopping_loss": after_round}
    with _replaced(estimator, **every_round, **hooked):
        estimator.fit(*sample, **given)


def _warn_of_light(weights):
    total = LIGHT if weights is None else float(np.sum(np.abs(weights)))
    if total < LIGHT:
        warnings.warn(
            f"the weights add up to {total:.2g} only, and HistGradientBoosting cuts no further "
            "where they add up to some 0.004: divide them by their mean for the training",
            stacklevel=5,
        )


def _held_out(validation):
    return dict(zip(("X_val", "y_val", "sample_weight_val"), validation, strict=True))


def _fit_gradient(monitor, estimator, sample, validation):
    """GradientBoosting: its public ``monitor`` argument sees the predictions in training."""
    held_out = validation and _Staged(estimator, *validation)

    def after_round(stage, _, at):
        training = _measured_raw(estimator, at["y"], at["raw_predictions"], at["sample_weight"])
        return monitor.update(_validated(training, held_out and held_out.curves(stage)))

    begin_sklearn(monitor, estimator.n_estimators)
    estimator.fit(*sample, monitor=after_round)


def _measured_raw(estimator, y, raw, weights):
    loss = estimator._loss(y_true=y, raw_prediction=raw, sample_weight=weights)  # noqa: SLF001
    return _curves(loss, y, raw, weights)


class _Staged:
    """Raw predictions of a growing GradientBoosting on one sample: one tree per round is new."""

    def __init__(self, estimator, X, y, weights):
        self.estimator = estimator
        self.X = np.ascontiguousarray(X, dtype=np.float32)
        self.y = y
        self.weights = None if weights is None else np.asarray(weights, dtype=float)
        self.raw = None
        self.stages = 0

    def curves(self, stage):
        if self.raw is None:
            self.raw = self.estimator._raw_predict_init(self.X).astype(float)  # noqa: SLF001
        for trees in self.estimator.estimators_[self.stages : stage + 1]:
            step = [tree.predict(self.X) for tree in trees]
            self.raw += self.estimator.learning_rate * np.stack(step, axis=1)
        self.stages = stage + 1
        return _measured_raw(self.estimator, _codes(self.estimator, self.y), self.raw, self.weights)


def _fit_adaboost(monitor, estimator, sample, validation):
    """AdaBoostClassifier: its boosting step, wrapped; a step without weights ends the fit."""
    if len(np.unique(sample.y)) != 2:
        raise ValueError("monitor.fit follows AdaBoostClassifier for two classes")
    boost = estimator._boost  # noqa: SLF001
    training = _Votes(estimator, *sample)
    held_out = validation and _Votes(estimator, *validation)

    def boost_and_tell(number, *sample):
        if number and monitor.stopping:
            return None, None, None
        step = boost(number, *sample)
        if step[0] is not None:
            curves = training.curves(step[1])
            monitor.update(_validated(curves, held_out and held_out.curves(step[1])))
        return step

    begin_sklearn(monitor, estimator.n_estimators)
    with _replaced(estimator, _boost=boost_and_tell):
        estimator.fit(*sample)


class _Votes:
    """Weighted votes F of a growing AdaBoost on one sample.

    The loss is the exponential one that AdaBoost descends, the mean of exp(-y F) with y = ±1
    and F half the sum of the weighted votes (Friedman, Hastie, Tibshirani, Ann. Statist. 28
    (2000) 337, eq. 11).
    """

    def __init__(self, estimator, X, y, weights):
        self.estimator = estimator
        # Stumps are fitted on a bare array; names of columns would only earn a warning.
        self.X = np.asarray(X)
        self.y = y
        self.weights = None if weights is None else np.asarray(weights, dtype=float)
        self.votes = np.zeros(len(y))

    def curves(self, alpha):
        signal = self.estimator.classes_[1]
        passed = self.estimator.estimators_[-1].predict(self.X) == signal
        self.votes += alpha / 2 * np.where(passed, 1.0, -1.0)
        y = np.where(np.asarray(self.y) == signal, 1.0, 0.0)
        losses = np.exp((1 - 2 * y) * self.votes)
        return _curves(_average(losses, self.weights), y, self.votes, self.weights)


def _average(values, weights):
    return float(np.average(values, weights=weights))


def _fit_mlp(monitor, estimator, sample, validation):
    """MLP: what it does after each epoch, wrapped, so that its own stopping rules hold."""
    if estimator.solver == "lbfgs":
        raise ValueError("monitor.fit needs epochs: choose solver='adam' or 'sgd'")
    count = estimator._update_no_improvement_count  # noqa: SLF001

    def after_epoch(*held_out):
        count(*held_out)
        curves = _measured_mlp(estimator, *sample)
        val = validation and _measured_mlp(estimator, *validation)
        if monitor.update(_validated(curves, val)):
            estimator._no_improvement_count = np.inf  # noqa: SLF001
            estimator._optimizer.trigger_stopping = lambda *_: True  # noqa: SLF001

    begin_sklearn(monitor, estimator.max_iter, "epoch")
    # scikit-learn before 1.7 knows no weights here.
    weights = {} if sample.weights is None else {"sample_weight": sample.weights}
    with _replaced(estimator, _update_no_improvement_count=after_epoch):
        estimator.fit(sample.X, sample.y, **weights)
    vars(estimator._optimizer).pop("trigger_stopping", None)  # noqa: SLF001 - no pickle takes it


def _measured_mlp(estimator, X, y, weights):
    y = _codes(estimator, y)
    if not hasattr(estimator, "classes_"):
        return {"loss": _average(np.square(estimator.predict(X) - y), weights)}
    chances = estimator.predict_proba(X)
    hit = chances[np.arange(len(y)), y.astype(int)]
    loss = _average(-np.log(np.clip(hit, 1e-15, None)), weights)
    return _curves(loss, y, chances[:, 1] if chances.shape[1] == 2 else chances, weights)


_FOLLOWERS = {
    "BaseHistGradientBoosting": _fit_histogram,
    "BaseGradientBoosting": _fit_gradient,
    "AdaBoostClassifier": _fit_adaboost,
    "BaseMultilayerPerceptron": _fit_mlp,
}
