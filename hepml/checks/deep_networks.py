"""Checks of the exercises of the lesson on deep networks.

Labels ``y`` are 1 for signal and 0 for background. Events of one class weigh the same.
"""

import numpy as np

from hepml.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    first_that_agrees,
    missing,
    no_number,
    no_scores,
    why_differs,
)
from hepml.stats import auc, roc_curve

__all__ = ["one_step", "own_network", "stopped"]


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
    if unusable := missing(my_w=w, my_loss=loss) or no_number(my_loss=loss):
        return unusable
    X, y, w0 = np.asarray(X, float), np.asarray(y), np.asarray(w0, float)
    w = np.asarray(w, float)
    if w.shape != w0.shape:
        return Verdict(
            False, f"my_w should hold {len(w0)} weights; its shape is {w.shape}.{_columns(w)}"
        )
    p = 1 / (1 + np.exp(-(X @ w0 + b0)))
    said = _why_loss_differs(loss, p, y) or _why_weights_differ(w, (X, y, p, w0), rate)
    return Verdict(False, said) if said else Verdict(True, "Right: downhill, by one step.")


def _columns(w):
    many = w.ndim == 2 and w.shape[0] == w.shape[1]
    return " Truth and belief had shapes (n,) and (n, 1): every event met every label." * many


def _log_loss(p, y):
    return float(-np.mean(np.where(y == 1, np.log(p), np.log(1 - p))))


def _why_loss_differs(loss, p, y):
    wanted = _log_loss(p, y)
    share = y.mean()
    every_pair = -share * np.mean(np.log(p)) - (1 - share) * np.mean(np.log(1 - p))
    return why_differs(
        loss,
        wanted,
        {
            "This is the loss of every event with every label: one array has shape (n,), the "
            "other (n, 1), and NumPy made (n, n) of them.": every_pair,
            "This is the sum over events; take the mean.": wanted * len(y),
            "The loss is −ln p: mind the sign.": -wanted,
            "This is the mean squared error, not the log-loss.": np.mean((p - y) ** 2),
            "Signal and background are swapped.": _log_loss(1 - p, y),
        },
        f"Before the step I get a loss of {wanted:.4f}, you say {loss:.4f}.",
        exact=1e-3,
        rounded=0.02,
    )


def _why_weights_differ(w, before, rate):
    X, y, p, w0 = before
    step = rate * X.T @ (p - y) / len(y)

    def close(other):
        return np.allclose(w, other, rtol=0, atol=0.02 * np.abs(step).max())

    if close(w0 - step):
        return None
    readings = {
        "You went uphill: subtract the gradient.": w0 + step,
        "You left out the learning rate.": w0 - step / rate,
        "You added up the events: take the mean, or the step depends on how many there are.": (
            w0 - step * len(y)
        ),
        "These are the weights before the step.": w0,
        "This is the step alone: subtract it from w0.": step,
        "This is the gradient alone.": step / rate,
    }
    otherwise = "These are not the weights that I get: w0 − rate · mean of (p − y) x."
    return next((said for said, other in readings.items() if close(other)), otherwise)


def own_network(given, *, X_test=None, score_test=None, my_auc=None, target):
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

    Returns
    -------
    Verdict
    """
    train, test, y = map(np.asarray, given)
    answers = {"my_X_test": X_test, "my_score_test": score_test, "my_auc": my_auc}
    if unusable := missing(**answers):
        return unusable
    X_test, score = np.asarray(X_test, float), np.asarray(score_test)
    if said := _why_inputs_differ(X_test, train, test):
        return Verdict(False, said)
    if score.shape == (len(y), 1):
        return Verdict(
            False,
            f"my_score_test has shape ({len(y)}, 1), as Keras predicts it. Take [:, 0]: with "
            "labels of shape (n,) a careless formula compares every event with every label.",
        )
    if unusable := no_scores([len(y)], my_score_test=score) or no_number(my_auc=my_auc):
        return unusable
    return _judge_scores(roc_curve(y, score), score, my_auc, target)


def _why_inputs_differ(X, train, test):
    if X.shape != test.shape:
        return (
            f"my_X_test should have the shape {test.shape} of the test events with all columns; "
            f"it is {X.shape}." + " You left a feature set out." * (X.shape[1:] < test.shape[1:])
        )
    if not np.isfinite(X).all():
        return "my_X_test holds values that are not finite."
    if _is_scaled(X, test, train):
        return None
    if np.allclose(X, test, rtol=1e-3, atol=1e-3):
        return "These inputs are not standardised."
    readings = {
        "The scaler was fitted on the test events: each sample has its own mean then, and the "
        "same event two descriptions. Take mean and deviation of the training events.": test,
        "The scaler was fitted on training and test events together: test events took part in "
        "the training.": np.concatenate([train, test]),
    }
    otherwise = (
        "These inputs are standardised with other numbers than mean and deviation of the "
        "training events: check both, and along which axis you took them."
    )
    return next((said for said, of in readings.items() if _is_scaled(X, test, of)), otherwise)


def _is_scaled(X, test, of):
    """Whether ``X`` is ``test`` with mean and deviation of ``of``, up to float32."""
    wanted = (test - of.mean(axis=0)) / of.std(axis=0)
    return bool(np.allclose(X, wanted, rtol=0, atol=1e-4))


def _judge_scores(curve, score, claimed, target):
    found = f"{curve.auc:.3f} ± {curve.auc_error:.3f}"
    if len(np.unique(score)) <= 2:
        return Verdict(False, "These are classes, not scores: do not cut at ½.")
    if abs(claimed - (1 - curve.auc)) < THREE_DIGITS:
        return Verdict(False, "Signal and background are swapped: turn the scores.")
    if abs(claimed - curve.auc) >= THREE_DIGITS:
        return Verdict(False, f"On the test events I get AUC {found}, you say {claimed:.4f}.")
    if curve.auc < 0.5:
        return Verdict(False, f"AUC {found}: the scores are larger for background; turn them.")
    if curve.auc < target - 2 * curve.auc_error:
        return Verdict(False, f"AUC {found} is computed correctly; {target:.3f} is within reach.")
    return Verdict(True, f"Right: AUC {found} on the test events.")


def stopped(y_choose, y_test, *, scores_choose=None, scores_test=None, epoch=None, auc=None):
    """Exercise 3: the epoch chosen on one sample, the AUC measured on another.

    Parameters
    ----------
    y_choose, y_test : array_like, shape (n,)
        Labels of the two samples.
    scores_choose, scores_test : array_like, shape (epochs, n)
        Scores after each epoch.
    epoch : int
        The epoch chosen, counted from 0.
    auc : float
        AUC claimed for it.

    Returns
    -------
    Verdict
    """
    answers = {"scores_choose": scores_choose, "scores_test": scores_test}
    if unusable := missing(**answers, epoch=epoch, my_auc=auc) or no_number(
        epoch=epoch, my_auc=auc
    ):
        return unusable
    choose, test = np.asarray(scores_choose), np.asarray(scores_test)
    if said := _why_no_epochs((y_choose, choose), (y_test, test), epoch):
        return Verdict(False, said)
    on_choose, on_test = _each_epoch(y_choose, choose), _each_epoch(y_test, test)
    honest = {int(np.argmax(on_choose)), _least_loss(y_choose, choose), len(choose) - 1}
    return _judge_epoch(on_choose, on_test, honest, int(epoch), auc)


def _least_loss(y, scores):
    """Epoch of the smallest log-loss, for scores that are probabilities; else the last."""
    if scores.min() < 0 or scores.max() > 1:
        return len(scores) - 1
    p = np.clip(scores, 1e-9, 1 - 1e-9)
    return int(np.argmin([_log_loss(each, np.asarray(y)) for each in p]))


def _why_no_epochs(choose, test, epoch):
    names = "scores_choose", "scores_test"
    for name, (y, scores) in zip(names, (choose, test), strict=True):
        if scores.ndim != 2 or scores.shape[1] != len(y):
            return f"{name} should have shape (epochs, {len(y)}); it is {scores.shape}."
    if len(choose[1]) != len(test[1]):
        return "scores_choose and scores_test should hold the same epochs."
    if epoch != int(epoch) or not 0 <= epoch < len(test[1]):
        return f"epoch should be a whole number from 0 to {len(test[1]) - 1}, not {epoch!r}."
    return None


def _each_epoch(y, scores):
    return np.array([auc(y, score) for score in scores])


def _judge_epoch(on_choose, on_test, honest, epoch, claimed):
    best, lucky = int(np.argmax(on_choose)), int(np.argmax(on_test))
    if abs(claimed - on_test[epoch]) >= THREE_DIGITS:
        said = first_that_agrees(
            claimed,
            {
                "This is the AUC of the events you chose the epoch with: it flatters.": (
                    on_choose[epoch]
                ),
                "This is the last epoch, not the one you chose.": on_test[-1],
                "This is the best epoch of the test events: part of it is luck.": on_test[lucky],
            },
            5e-4,
        )
        otherwise = (
            f"At epoch {epoch} the test events give {on_test[epoch]:.4f}, not {claimed:.4f}."
        )
        return Verdict(False, said or otherwise)
    if epoch == lucky and epoch not in honest:
        return Verdict(
            False,
            f"Epoch {epoch} is the best of the test events, epoch {best} that of the choose "
            "events: chosen on the test events, the number is too good.",
        )
    if on_choose[epoch] < on_choose[best] - 0.01 and epoch not in honest:
        return Verdict(False, f"On the choose events epoch {best} is clearly better.")
    return Verdict(True, f"Right: chosen without the test events, AUC {on_test[epoch]:.3f}.")
