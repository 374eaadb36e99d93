"""Checks of the exercises of the lesson on deep networks.

Labels ``y`` are 1 for signal and 0 for background. Events of one class weigh the same.
"""

import numpy as np
from scipy.special import expit

from hepml.stats import auc, roc_curve
from hepml_lessons.checks._tries import exercise
from hepml_lessons.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    by_chance,
    floats,
    missing,
    nearest,
    no_number,
    no_scores,
    shape_of,
    side,
)
from hepml_widgets.core.language import tr

__all__ = ["one_step", "own_network", "stopped"]


@exercise(
    "Begin with the beliefs: p = 1 / (1 + np.exp(-(standard @ w0 + b0))), one for each event.",
    "The loss is the mean of −ln p for signal and −ln(1 − p) for background.",
    (
        "Each weight goes down by rate times the mean of (p − y) times its column: standard.T "
        "@ (p − labels) / len(labels)."
    ),
)
def one_step(X, y, w0, b0, *, rate, w=None, loss=None):
    """Exercise 1: one step of gradient descent for one neuron.

    Parameters
    ----------
    X, y : array_like, shape (n, columns) and (n,)
        Standardised inputs and labels.
    w0, b0 : array_like of shape (columns,), float
        Weights and offset before the step.
    rate : float
        Learning rate.
    w : array_like, shape (columns,)
        Weights claimed after the step.
    loss : float
        Log-loss claimed before it.

    Returns
    -------
    Verdict
    """
    if unusable := missing(my_w=w, my_loss=loss) or no_number(my_loss=_plain(loss)):
        return unusable
    X, y, w0 = (np.asarray(given, float) for given in (X, y, w0))
    if (w := floats(w)) is None or not np.isfinite(w).all():
        return Verdict(False, tr("my_w should hold {len} finite numbers.", len=len(w0)))
    if w.size != len(w0) or max(w.shape, default=0) != len(w0):
        return Verdict(
            False,
            tr(
                "my_w should hold {len} weights; its shape is {shape}.{columns}",
                len=len(w0),
                shape=w.shape,
                columns=_columns(w),
            ),
        )
    p = expit(X @ w0 + b0)
    here = X, y, p, w0, b0
    said = _why_loss_differs(_plain(loss), here, rate) or _why_weights_differ(
        w.reshape(w0.shape), here, rate
    )
    if said:
        after = ", ".join(f"{one:.4f}" for one in w0 - _step(X, y, p, rate))
        return Verdict(
            False,
            said,
            answer=tr(
                "Loss {log_loss}; weights {after}.", log_loss=f"{_log_loss(p, y):.4f}", after=after
            ),
        )
    return Verdict(True, "Right: downhill, by one step.")


def _plain(value):
    """Return the number in an array of one."""
    return value.item() if isinstance(value, np.ndarray) and value.size == 1 else value


def _columns(w):
    many = w.ndim == 2 and min(w.shape) > 1
    return " Truth and belief had shapes (n,) and (n, 1): every event met every label." * many


def _log_loss(p, y):
    p = np.clip(np.asarray(p, float), 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(y == 1, np.log(p), np.log(1 - p))))


def _step(X, y, p, rate):
    return rate * X.T @ (p - y) / len(y)


def _why_loss_differs(loss, here, rate):
    X, y, p, w0, b0 = here
    wanted = _log_loss(p, y)
    share = y.mean()
    after = expit(X @ (w0 - _step(X, y, p, rate)) + b0 - rate * np.mean(p - y))
    every_pair = -share * np.mean(np.log(p)) - (1 - share) * np.mean(np.log(1 - p))
    readings = {
        "This is the loss of every event with every label: one array has shape (n,), the "
        "other (n, 1), and NumPy made (n, n) of them.": every_pair,
        "This is the sum over events; take the mean.": wanted * len(y),
        "The loss is −ln p: mind the sign.": -wanted,
        "This is in bits: take the natural logarithm.": wanted / np.log(2),
        "This is the mean squared error, not the log-loss.": np.mean((p - y) ** 2),
        "Signal and background are swapped.": _log_loss(1 - p, y),
        "This is the loss after the step; give the one before it.": _log_loss(after, y),
        "You left out b0.": _log_loss(expit(X @ w0), y),
        "This is the loss of a coin, ln 2: begin with w0 and b0.": np.log(2),
    }
    said = nearest(loss, {None: wanted} | readings, THREE_DIGITS * max(1, abs(loss)))
    return said or (None if abs(loss - wanted) < THREE_DIGITS else _apart("my_loss", loss, wanted))


def _apart(name, given, wanted):
    return tr("{name} is too {side}.", name=name, side=side(given, wanted))


def _why_weights_differ(w, here, rate):
    X, y, p, w0, _ = here
    step = _step(X, y, p, rate)
    readings = _misread_steps(here, rate)
    apart = {said: np.abs(w - other).max() for said, other in readings.items()}
    said = min(apart, key=apart.get)
    # Weights in three digits; a step is told from the others by a tenth of itself.
    tolerance = min(THREE_DIGITS, 0.1 * np.abs(step).max())
    own = np.abs(w - (w0 - step)).max()
    if own < tolerance and own <= apart[said]:
        return None
    scale = max(np.abs(readings[said]).max(), 1)
    if apart[said] < tolerance * scale:
        return said
    return "These are not the weights after one step: w0 − rate · mean of (p − y) x."


def _misread_steps(here, rate):
    """Weights for each way to misread the step, by what to say about it."""
    X, y, p, w0, b0 = here
    step = _step(X, y, p, rate)
    after = expit(X @ (w0 - step) + b0 - rate * np.mean(p - y))
    return {
        "You went uphill: subtract the gradient.": w0 + step,
        "You left out the learning rate.": w0 - step / rate,
        "You added up the events: take the mean, or the step depends on how many there are.": (
            w0 - step * len(y)
        ),
        "These are the weights before the step.": w0,
        "This is the step alone: subtract it from w0.": step,
        "This is the step alone, and it is already subtracted: begin with w0.": -step,
        "This is the gradient alone.": step / rate,
        "You left out b0.": w0 - _step(X, y, expit(X @ w0), rate),
        "These are two steps; make one.": w0 - step - _step(X, y, after, rate),
        "You cut the belief at ½: truth is compared with the belief, not with a class.": (
            w0 - _step(X, y, p > 0.5, rate)
        ),
        "This is the gradient of the squared error: for the log-loss no p (1 − p) remains.": (
            w0 - rate * X.T @ ((p - y) * p * (1 - p)) / len(y)
        ),
        "Signal and background are swapped.": w0 - _step(X, 1 - y, p, rate),
        "You began with weights of zero: begin with w0.": -_step(
            X, y, expit(b0 + np.zeros(len(y))), rate
        ),
    }


@exercise(
    (
        "Mean and deviation of each column come from the training events; the test events are "
        "shifted by the same numbers."
    ),
    "Two hidden layers of 64 neurons, fitted on the standardised training inputs, are enough.",
    "Give predict(…)[:, 0] as scores, and stats.auc(y_test, my_score_test) as the AUC.",
)
def own_network(given, *, X_test=None, score_test=None, my_auc=None, target, ceiling=1.0):
    """Exercise 2: one's own standardised inputs, network and AUC.

    Parameters
    ----------
    given : tuple of array_like
        Inputs of the training events and of the test events before standardising, labels of the
        test events.
    X_test : array_like, shape (n, columns)
        The test events as the network saw them.
    score_test : array_like, shape (n,)
        Its scores of them.
    my_auc : float
        AUC claimed.
    target : float
        AUC to be reached, within its statistical error.
    ceiling : float
        AUC that takes many times more training events: no honest answer exceeds it by more than
        its statistical error.

    Returns
    -------
    Verdict
    """
    train, test, y = map(np.asarray, given)
    answers = {"my_X_test": X_test, "my_score_test": score_test, "my_auc": my_auc}
    if unusable := missing(**answers):
        return unusable
    if (X_test := floats(X_test)) is None:
        return Verdict(False, "my_X_test should be a table of numbers.")
    score = score_test if shape_of(score_test) is None else np.asarray(score_test)
    if said := _why_inputs_differ(X_test, train, test):
        return Verdict(False, said)
    if shape_of(score) == (len(y), 1):
        return Verdict(
            False,
            tr(
                "my_score_test has shape ({len}, 1), as Keras predicts it. Take [:, 0]: with "
                "labels of shape (n,) a careless formula compares every event with every label.",
                len=len(y),
            ),
        )
    my_auc = _plain(my_auc)
    if unusable := no_scores([len(y)], my_score_test=score) or no_number(my_auc=my_auc):
        return unusable
    return _judge_scores(y, score, my_auc, (target, ceiling))


def _why_inputs_differ(X, train, test):
    if X.shape != test.shape:
        return tr(
            "my_X_test should have the shape {shape} of the test events with all columns; "
            "it is {shape2}.",
            shape=test.shape,
            shape2=X.shape,
        ) + " You left a feature set out." * (X.shape[1:] < test.shape[1:])
    if not np.isfinite(X).all():
        return "my_X_test holds values that are not finite."
    if np.allclose(X, test, rtol=1e-3, atol=1e-3):
        return "These inputs are not standardised."
    mean, deviation, is_linear = _scaler_of(X, test)
    if not is_linear:
        return (
            "These are not the columns given, each shifted and scaled: mean and deviation belong "
            "to a column, over the events (axis 0)."
        )
    if _agrees(mean, deviation, train):
        return None
    readings = {
        "The scaler was fitted on the test events: each sample has its own mean then, and the "
        "same event two descriptions. Take mean and deviation of the training events.": test,
        "The scaler was fitted on training and test events together: test events took part in "
        "the training.": np.concatenate([train, test]),
    }
    named = next((said for said, of in readings.items() if _agrees(mean, deviation, of)), None)
    return named or _which_differs(mean, deviation, train)


def _which_differs(mean, deviation, train):
    wanted, spread = train.mean(axis=0), train.std(axis=0)
    if np.allclose(deviation, spread**2, rtol=1e-3):
        return "You divided by the variance: divide by the deviation, its root."
    if np.allclose(mean, 0, atol=1e-6 * spread.max()) and np.abs(wanted / spread).max() > 0.1:
        return "You did not subtract the mean."
    if np.allclose(deviation, 1, rtol=1e-6):
        return "You did not divide by the deviation."
    return (
        "These inputs are shifted and scaled by other numbers than mean and deviation of your "
        "training events."
    )


def _scaler_of(X, test):
    """Mean and deviation by which each column was shifted and scaled, and whether it was so.

    A straight line is put through ``X`` against ``test``, so that rounding averages out.
    """
    around, middle = test - test.mean(axis=0), X.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.sum(around * (X - middle), axis=0) / np.sum(around**2, axis=0)
        left = X - middle - slope * around
        is_linear = np.abs(left).max() < 0.01 * np.nanmax(X.std(axis=0)) + 1e-9
        return test.mean(axis=0) - middle / slope, 1 / slope, bool(is_linear)


def _agrees(mean, deviation, of):
    """Whether these are the numbers of that sample, divided by n or n − 1, up to rounding."""
    wanted, spread = of.mean(axis=0), of.std(axis=0)
    room = 1e-4 + 1 / len(of)
    return bool(
        (np.abs(mean - wanted) < 1e-4 * spread).all()
        and (np.abs(deviation / spread - 1) < room).all()
    )


def _judge_scores(y, score, claimed, limits):
    target, ceiling = limits
    curve = roc_curve(y, score)
    found = f"{curve.auc:.3f} ± {curve.auc_error:.3f}"
    if said := _why_no_scores(score, curve, ceiling):
        return Verdict(False, said)
    if abs(claimed - (1 - curve.auc)) < THREE_DIGITS:
        return Verdict(False, "Signal and background are swapped: turn the scores.")
    if abs(claimed - curve.auc) >= THREE_DIGITS:
        answer = tr("The AUC of these scores is {auc}.", auc=f"{curve.auc:.4f}")
        return Verdict(False, _why_auc_differs(y, score, claimed, curve.auc), answer=answer)
    if curve.auc < 0.5:
        return Verdict(
            False, tr("AUC {found}: the scores are larger for background; turn them.", found=found)
        )
    if curve.auc < target - 2 * curve.auc_error:
        sure = by_chance(target - curve.auc, curve.auc_error)
        told = tr(
            "AUC {found} is computed correctly; {target} is within reach. {sure}",
            found=found,
            target=f"{target:.3f}",
            sure=sure,
        )
        return Verdict(False, told)
    return Verdict(True, tr("Right: AUC {found} on the test events.", found=found))


def _why_no_scores(score, curve, ceiling):
    """Why these can't be the scores of an honest network, as far as it shows."""
    if len(np.unique(score)) == 1:
        return "All scores are equal: the network learned nothing, or its output is rounded."
    if max(curve.auc, 1 - curve.auc) > ceiling + 3 * curve.auc_error:
        return _too_good(curve.auc, ceiling)
    if len(np.unique(score)) == 2:
        return "These are classes, not scores: do not cut at ½."
    if abs(curve.auc - 0.5) < 3 * curve.auc_error:
        return (
            "These scores know nothing of the labels: the network learned nothing, or the events "
            "are in another order."
        )
    return None


def _too_good(found, ceiling):
    return tr(
        "AUC {found} is too good to be true: with many times more events {ceiling} is "
        "reached. Labels are among the inputs, or the network was trained on these "
        "events.",
        found=f"{found:.3f}",
        ceiling=f"{ceiling:.3f}",
    )


def _why_auc_differs(y, score, claimed, found):
    cuts = (np.median(score), 0.5)
    accuracies = [np.mean((score > cut) == (y == 1)) for cut in cuts]
    if min(abs(claimed - accuracy) for accuracy in accuracies) < THREE_DIGITS:
        return "This is the accuracy, the share of right classes, not the AUC."
    if claimed > found:
        return (
            "my_auc is larger than what these scores give on the test events: quote the AUC of "
            "the test events, not of those trained on or chosen with."
        )
    return "my_auc is smaller than what these scores give on the test events."


@exercise(
    (
        "A callback with on_epoch_end can predict both samples after every epoch and keep the "
        "scores in a list."
    ),
    "The rule gets the choose events only: for example np.argmax of the AUC after each epoch.",
    (
        "The AUC to quote is that of the test events at the epoch which the rule gives with "
        "the choose events."
    ),
)
def stopped(
    y_choose, y_test, *, scores_choose=None, scores_test=None, rule=None, auc=None, ceiling=1.0
):
    """Exercise 3: the epoch chosen on one sample, the AUC measured on another.

    Parameters
    ----------
    y_choose, y_test : array_like, shape (n,)
        Labels of the two samples.
    scores_choose, scores_test : array_like, shape (epochs, n)
        Scores after each epoch.
    rule : callable
        From labels and scores, shapes (n,) and (epochs, n), to an epoch, counted from 0.
    auc : float
        AUC claimed for the epoch that the rule gives with the choose events.
    ceiling : float
        As of ``own_network``.

    Returns
    -------
    Verdict
    """
    answers = {"scores_choose": scores_choose, "scores_test": scores_test, "my_rule": rule}
    auc = _plain(auc)
    if unusable := missing(**answers, my_auc=auc) or no_number(my_auc=auc):
        return unusable
    if None in (shape_of(scores_choose), shape_of(scores_test)):
        return Verdict(False, "Every epoch should have a score of every event.")
    choose, test = (
        (np.asarray(y), np.asarray(scores))
        for y, scores in ((y_choose, scores_choose), (y_test, scores_test))
    )
    if said := _why_no_epochs(choose, test) or _why_too_good(choose, test, ceiling):
        return Verdict(False, said)
    epoch, said = _epoch_of(rule, choose)
    return Verdict(False, said) if said else _judge_epoch(choose, test, epoch, auc)


def _why_no_epochs(choose, test):
    names = "scores_choose", "scores_test"
    for name, (y, scores) in zip(names, (choose, test), strict=True):
        if scores.ndim == 3 and scores.shape[2] == 1:
            return tr(
                "{name} has one axis too many, as Keras predicts it: take [..., 0].", name=name
            )
        if scores.ndim != 2 or scores.shape[1] != len(y):
            return tr(
                "{name} should have shape (epochs, {len}); it is {shape}.",
                name=name,
                len=len(y),
                shape=scores.shape,
            )
        if scores.dtype.kind not in "biuf" or not np.isfinite(scores).all():
            return tr("{name} should hold finite numbers only.", name=name)
        if all(len(np.unique(each)) <= 2 for each in scores):
            return tr("{name} holds classes, not scores: do not cut at ½.", name=name)
    if len(choose[1]) != len(test[1]):
        return "scores_choose and scores_test should hold the same epochs."
    return None


def _why_too_good(choose, test, ceiling):
    """Compare the last epoch on both samples, and the best with what can be."""
    last = [roc_curve(y, scores[-1]) for y, scores in (choose, test)]
    best = max(auc(y, scores) for y, each in (choose, test) for scores in each)
    if best > ceiling + 3 * max(curve.auc_error for curve in last):
        return _too_good(best, ceiling)
    error = np.hypot(last[0].auc_error, last[1].auc_error)
    if abs(last[1].auc - last[0].auc) > 4 * error:
        better = "test" if last[1].auc > last[0].auc else "choose"
        return tr(
            "After the last epoch the AUC of the {better} events is larger by more than "
            "luck: the network was trained on them, or labels are among their scores.",
            better=better,
        )
    if last[0].auc < 0.5 - 4 * last[0].auc_error:
        return "The scores are larger for background: turn them."
    return None


def _epoch_of(rule, choose):
    """Epoch that a rule gives with the choose events, or what is wrong with the rule."""
    if not callable(rule):
        return None, "my_rule should be a function: from labels and scores to an epoch."
    y, scores = choose
    epoch, said = _asked(rule, y, scores)
    if said or epoch == len(scores) - 1:
        return epoch, said
    # A rule that looks at the scores goes elsewhere where those of its epoch are spoilt.
    places = np.arange(len(scores))
    near = abs(places - epoch) <= 1
    spoilt = (near, near | (places > epoch), near | (places < epoch))
    again = [_asked(rule, y, _spoilt(scores, where))[0] for where in spoilt]
    if all(each == epoch for each in again):
        said = tr(
            "my_rule gives epoch {epoch} even where the scores of that epoch are spoilt: it "
            "does not look at the events it is given. An epoch must come from the choose "
            "events.",
            epoch=epoch,
        )
    return epoch, said


def _spoilt(scores, where):
    """Scores in which some epochs give each event that of another one."""
    rng = np.random.default_rng(0)
    spoilt = scores.copy()
    spoilt[where] = rng.permuted(scores[where], axis=1)
    return spoilt


def _asked(rule, y, scores):
    try:
        epoch = _plain(rule(y.copy(), scores.copy()))
    except Exception as error:  # noqa: BLE001 - a student's function may fail in any way
        return None, tr(
            "my_rule failed with the choose events: {name}: {error}",
            name=type(error).__name__,
            error=error,
        )
    if unusable := no_number(epoch=epoch):
        return None, tr("What my_rule gives: {reason}", reason=unusable.reason)
    if epoch != int(epoch) or not 0 <= epoch < len(scores):
        return None, tr(
            "An epoch is a whole number from 0 to {n}, not {epoch}.",
            n=len(scores) - 1,
            epoch=f"{epoch!r}",
        )
    return int(epoch), None


def _judge_epoch(choose, test, epoch, claimed):
    on_choose, on_test = (
        np.array([auc(y, scores) for scores in each]) for y, each in (choose, test)
    )
    if abs(claimed - on_test[epoch]) >= THREE_DIGITS:
        answer = tr(
            "At epoch {epoch} the AUC of the test events is {on_test}.",
            epoch=epoch,
            on_test=f"{on_test[epoch]:.4f}",
        )
        said = _why_claim_differs(on_choose, on_test, epoch, claimed)
        return Verdict(False, said, answer=answer)
    losses = np.array([_log_loss(_as_belief(scores), choose[0]) for scores in choose[1]])
    is_poor = on_choose[epoch] < on_choose.max() - 0.02 and losses[epoch] > losses.min() + 0.01
    if is_poor and epoch < len(on_choose) - 1:
        return Verdict(False, "On the choose events other epochs are clearly better.")
    return Verdict(
        True,
        tr(
            "Right: chosen without the test events, AUC {on_test}.", on_test=f"{on_test[epoch]:.3f}"
        ),
    )


def _as_belief(scores):
    return scores if scores.min() >= 0 and scores.max() <= 1 else expit(scores)


def _why_claim_differs(on_choose, on_test, epoch, claimed):
    readings = {
        "This is the AUC of the events you chose the epoch with: it flatters.": on_choose[epoch],
        "This is the best epoch of the test events: part of it is luck.": on_test.max(),
        "This is the last epoch, not the one that your rule gives.": on_test[-1],
        "This is the largest AUC of the choose events: it flatters.": on_choose.max(),
        "This is the epoch before the one that your rule gives: count from 0.": on_test[epoch - 1],
        "Signal and background are swapped.": 1 - on_test[epoch],
        "This is the mean over epochs; your rule gives one.": on_test.mean(),
    }
    return nearest(claimed, readings, THREE_DIGITS) or _apart("my_auc", claimed, on_test[epoch])
