"""Answers to the exercises on deep networks; networks are imitated by their scores."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit, logit, ndtri
from scipy.stats import rankdata
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from benchmarks.checks import Exercise
from hepml import stats
from hepml_lessons.checks import deep_networks as check

# ---------------------------------------------------------------- one step

RATE = 0.5


def neuron_world(seed, events=4000):
    """Seven masses with tails, standardised, of which some are larger for signal; own weights."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, events)
    tails = np.exp(rng.normal(0.25 * y[:, None] * rng.uniform(-1, 1, 7), 0.4, (events, 7)))
    mixed = tails @ (np.eye(7) + 0.3 * rng.random((7, 7)))
    w0 = rng.uniform(-0.4, 0.4, 7).round(2)
    b0 = round(rng.choice([-1, 1]) * rng.uniform(0.3, 0.8), 2)
    X = (mixed - mixed.mean(0)) / mixed.std(0)
    return SimpleNamespace(X=X, y=y, rng=rng, w0=w0, b0=b0)


def judge_step(world, answer):
    w, loss = answer
    return check.one_step(world.X, world.y, world.w0, world.b0, rate=RATE, w=w, loss=loss)


def belief(world, w=None, b=None):
    w, b = (world.w0 if w is None else w), (world.b0 if b is None else b)
    return expit(world.X @ w + b)


def loss_of(world, p=None):
    p = belief(world) if p is None else p
    return -np.mean(np.log(np.where(world.y == 1, p, 1 - p)))


def gradient(world, p=None):
    p = belief(world) if p is None else p
    return world.X.T @ (p - world.y) / len(world.y)


def step(world):
    return world.w0 - RATE * gradient(world), loss_of(world)


def rounded_step(world, digits=3):
    w, loss = step(world)
    return w.round(digits), round(float(loss), digits)


def float32_step(world):
    X, y = world.X.astype("float32"), world.y.astype("float32")
    p = 1 / (1 + np.exp(-(X @ world.w0.astype("float32") + np.float32(world.b0))))
    loss = -np.mean(y * np.log(p + 1e-7) + (1 - y) * np.log(1 - p + 1e-7))
    return world.w0.astype("float32") - np.float32(RATE) * X.T @ (p - y) / len(y), loss


def event_by_event(world):
    slope, loss = np.zeros(7), 0.0
    for x, y in zip(world.X, world.y, strict=True):
        p = 1 / (1 + np.exp(-(x @ world.w0 + world.b0)))
        slope += (p - y) * x / len(world.y)
        loss -= (y * np.log(p) + (1 - y) * np.log(1 - p)) / len(world.y)
    return world.w0 - RATE * slope, float(loss)


def by_differences(world, size=1e-5):
    def at(w):
        return loss_of(world, belief(world, w))

    slope = [(at(world.w0 + size * e) - at(world.w0 - size * e)) / (2 * size) for e in np.eye(7)]
    return world.w0 - RATE * np.array(slope), at(world.w0)


def column_step(world):
    """As Keras holds weights: shapes (7, 1) and (n, 1)."""
    w, y = world.w0[:, None], world.y[:, None]
    p = expit(world.X @ w + world.b0)
    return w - RATE * world.X.T @ (p - y) / len(y), np.array(loss_of(world, p[:, 0]))


def log_step(world):
    z = world.X @ world.w0 + world.b0
    loss = -np.mean(np.where(world.y == 1, log_expit(z), log_expit(-z)))
    return world.w0 - RATE * np.mean((expit(z) - world.y)[:, None] * world.X, axis=0), loss


def sklearn_step(world):
    return step(world)[0], log_loss(world.y, belief(world))


def pandas_step(world):
    frame = pd.DataFrame(world.X, columns=[f"m{k}" for k in range(7)])
    p = expit(frame @ world.w0 + world.b0)
    slope = frame.mul(p - world.y, axis=0).mean()
    return pd.Series(world.w0, frame.columns) - RATE * slope, float(loss_of(world, p.to_numpy()))


def in_batches(world):
    parts = np.array_split(np.arange(len(world.y)), 9)
    slope = sum(world.X[k].T @ (belief(world)[k] - world.y[k]) for k in parts) / len(world.y)
    return world.w0 - RATE * slope, loss_of(world)


def with_offset(world):
    """Hold the offset as an eighth weight; give the seven."""
    X = np.column_stack([world.X, np.ones(len(world.y))])
    w = np.append(world.w0, world.b0)
    w = w - RATE * X.T @ (expit(X @ w) - world.y) / len(world.y)
    return w[:7], loss_of(world)


ONE_STEP = Exercise(
    check="one_step",
    world=neuron_world,
    judge=judge_step,
    right={
        "NumPy": step,
        "rounded to three digits": rounded_step,
        "float32, logs kept from zero by 1e-7": float32_step,
        "event by event": event_by_event,
        "slopes by finite differences": by_differences,
        "columns of shape (n, 1)": column_step,
        "logs of the sigmoid": log_step,
        "the loss of scikit-learn": sklearn_step,
        "pandas": pandas_step,
        "added up in batches": in_batches,
        "the offset as an eighth weight": with_offset,
        "a list": lambda world: (step(world)[0].tolist(), float(step(world)[1])),
    },
    wrong={
        "uphill": ("uphill", lambda w: (w.w0 + RATE * gradient(w), loss_of(w))),
        "no rate": ("learning rate", lambda w: (w.w0 - gradient(w), loss_of(w))),
        "events added up": (
            "take the mean",
            lambda w: (w.w0 - RATE * gradient(w) * len(w.y), loss_of(w)),
        ),
        "no step": ("before the step", lambda w: (w.w0, loss_of(w))),
        "the step alone": ("step alone", lambda w: (RATE * gradient(w), loss_of(w))),
        "the gradient alone": ("gradient alone", lambda w: (gradient(w), loss_of(w))),
        "no offset": (
            "left out b0",
            lambda w: (w.w0 - RATE * gradient(w, expit(w.X @ w.w0)), loss_of(w, expit(w.X @ w.w0))),
        ),
        "two steps": ("two steps", lambda w: (two_steps(w), loss_of(w))),
        "classes for beliefs": (
            "at ½",
            lambda w: (w.w0 - RATE * gradient(w, belief(w) > 0.5), loss_of(w)),
        ),
        "gradient of the squared error": (
            "squared error",
            lambda w: (
                w.w0 - RATE * w.X.T @ ((belief(w) - w.y) * belief(w) * (1 - belief(w))) / len(w.y),
                loss_of(w),
            ),
        ),
        "begun at zero": (
            "ln 2",
            lambda w: (
                -RATE * gradient(w, np.full(len(w.y), 0.5)),
                loss_of(w, np.full(len(w.y), 0.5)),
            ),
        ),
        "loss after the step": (
            "after the step",
            lambda w: (step(w)[0], loss_of(w, belief(w, step(w)[0], new_offset(w)))),
        ),
        "loss in bits": ("bits", lambda w: (step(w)[0], loss_of(w) / np.log(2))),
        "loss added up": ("sum over events", lambda w: (step(w)[0], loss_of(w) * len(w.y))),
        "sign of the loss": ("sign", lambda w: (step(w)[0], -loss_of(w))),
        "squared error": (
            "mean squared error",
            lambda w: (step(w)[0], np.mean((belief(w) - w.y) ** 2)),
        ),
        "every event with every label": (
            "(n, n)",
            lambda w: (step(w)[0], log_of_all_pairs(w)),
        ),
    },
)


def new_offset(world):
    return world.b0 - RATE * np.mean(belief(world) - world.y)


def two_steps(world):
    w = step(world)[0]
    return w - RATE * gradient(world, belief(world, w, new_offset(world)))


def log_of_all_pairs(world):
    p = belief(world)[:, None]
    return -np.mean(world.y * np.log(p) + (1 - world.y) * np.log(1 - p))


# ---------------------------------------------------------------- one's own network

TARGET, CEILING = 0.77, 0.84


def scored(rng, y, auc):
    """Scores between 0 and 1 with about that AUC: belief in events that a normal shift tells."""
    apart = np.sqrt(2) * ndtri(auc)
    z = rng.normal(apart * (y - 0.5), 1)
    return expit(apart * z)


def network_world(seed):
    """Make inputs of several scales, and scores as of a network that reaches 0.80."""
    rng = np.random.default_rng(seed)
    train, test = rng.integers(2200, 2800), rng.integers(2700, 3300)
    scale, shift = 10 ** rng.uniform(-1, 2.5, 12), rng.normal(2, 1, 12)
    raw = scale * (rng.gamma(2, 1, (train + test, 12)) + shift)
    y = rng.integers(0, 2, test)
    return SimpleNamespace(
        train=raw[:train], test=raw[train:], y=y, score=scored(rng, y, 0.80), rng=rng
    )


def judge_network(world, answer):
    X, score, auc = answer
    return check.own_network(
        (world.train, world.test, world.y),
        X_test=X, score_test=score, my_auc=auc, target=TARGET, ceiling=CEILING,
    )  # fmt: skip


def scaled(X, of, ddof=0):
    return (X - of.mean(axis=0)) / of.std(axis=0, ddof=ddof)


def answered(world, X=None, score=None, auc=None):
    """Right but for what is given."""
    X = scaled(world.test, world.train) if X is None else X
    score = world.score if score is None else score
    auc = stats.auc(world.y, np.ravel(score)[: len(world.y)]) if auc is None else auc
    return X, score, auc


def by_pandas(world):
    train, test = pd.DataFrame(world.train), pd.DataFrame(world.test)
    return answered(world, (test - train.mean()) / train.std())


def by_scikit_learn(world):
    X = StandardScaler().fit(world.train).transform(world.test)
    return answered(world, X, auc=roc_auc_score(world.y, world.score))


def by_keras(world):
    """Numbers in float32, a little added to the variance, logits for scores."""
    train, test = world.train.astype("float32"), world.test.astype("float32")
    X = (test - train.mean(axis=0)) / np.sqrt(train.var(axis=0) + np.float32(1e-7))
    return answered(world, X, logit(world.score).astype("float32"))


def one_by_one(world):
    """Mean and deviation from running sums, as of events that do not fit into memory."""
    count, mean, square = 0, 0.0, 0.0
    for part in np.array_split(world.train, 17):
        apart = part.mean(axis=0) - mean
        total = count + len(part)
        square += ((part - part.mean(axis=0)) ** 2).sum(axis=0)
        square += apart**2 * count * len(part) / total
        mean, count = mean + apart * len(part) / total, total
    return answered(world, (world.test - mean) / np.sqrt(square / count))


def by_thresholds(world, cuts=1001):
    """AUC as an area under points at many thresholds."""
    passed = world.score[:, None] >= np.linspace(0, 1, cuts)
    signal, background = passed[world.y == 1].mean(0), passed[world.y == 0].mean(0)
    return answered(world, auc=float(np.trapezoid(signal[::-1], background[::-1])))


def by_ranks(world):
    """Mann and Whitney."""
    ranks, s = rankdata(world.score), np.sum(world.y)
    above = ranks[world.y == 1].sum() - s * (s + 1) / 2
    return answered(world, auc=above / (s * (len(world.y) - s)))


def committee(world):
    noise = world.rng.normal(0, 0.2, (3, len(world.y)))
    return answered(world, score=np.mean(expit(logit(world.score) + noise), axis=0))


def leaked(world, noise):
    return answered(
        world, score=expit(4 * (world.y - 0.5) + world.rng.normal(0, noise, len(world.y)))
    )


def reaching(world, auc):
    return answered(world, score=scored(world.rng, world.y, auc))


OWN_NETWORK = Exercise(
    check="own_network",
    world=network_world,
    judge=judge_network,
    right={
        "NumPy": answered,
        "scikit-learn": by_scikit_learn,
        "pandas, which divides by n − 1": by_pandas,
        "Keras: float32, logits": by_keras,
        "running sums": one_by_one,
        "inputs in three digits": lambda w: answered(w, scaled(w.test, w.train).round(3)),
        "inputs in half precision": lambda w: answered(
            w, scaled(w.test, w.train).astype("float16")
        ),
        "AUC in three digits": lambda w: answered(w, auc=round(float(stats.auc(w.y, w.score)), 3)),
        "AUC from a thousand thresholds": by_thresholds,
        "AUC by Mann and Whitney": by_ranks,
        "ranks as scores": lambda w: answered(w, score=rankdata(w.score)),
        "mean of three networks": committee,
        "lists": lambda w: answered(w, scaled(w.test, w.train).tolist(), w.score.tolist()),
        "AUC as an array": lambda w: answered(w, auc=np.array(stats.auc(w.y, w.score))),
        "a DataFrame": lambda w: answered(w, pd.DataFrame(scaled(w.test, w.train))),
    },
    wrong={
        "not standardised": ("not standardised", lambda w: answered(w, w.test)),
        "fitted on the test events": (
            "fitted on the test events",
            lambda w: answered(w, scaled(w.test, w.test)),
        ),
        "fitted on all events": (
            "together",
            lambda w: answered(w, scaled(w.test, np.concatenate([w.train, w.test]))),
        ),
        "event by event": ("axis 0", lambda w: answered(w, scaled(w.test.T, w.test.T).T)),
        "divided by the variance": (
            "variance",
            lambda w: answered(w, (w.test - w.train.mean(0)) / w.train.var(0)),
        ),
        "mean not taken away": (
            "subtract the mean",
            lambda w: answered(w, w.test / w.train.std(0)),
        ),
        "not divided": ("did not divide", lambda w: answered(w, w.test - w.train.mean(0))),
        "between 0 and 1": (
            "other numbers",
            lambda w: answered(w, MinMaxScaler().fit(w.train).transform(w.test)),
        ),
        "columns left out": (
            "left a feature set out",
            lambda w: answered(w, scaled(w.test, w.train)[:, :5]),
        ),
        "the label itself": ("too good to be true", lambda w: answered(w, score=w.y + 0.0)),
        "the label and noise": ("too good to be true", partial(leaked, noise=1.5)),
        "trained on the test events": ("too good to be true", partial(reaching, auc=0.92)),
        "classes": ("classes", lambda w: answered(w, score=(w.score > 0.5) + 0.0)),
        "shape (n, 1)": ("Take [:, 0]", lambda w: answered(w, score=w.score[:, None])),
        "accuracy": (
            "accuracy",
            lambda w: answered(w, auc=np.mean((w.score > 0.5) == w.y)),
        ),
        "AUC of the training events": (
            "larger than",
            lambda w: answered(w, auc=stats.auc(w.y, w.score) + abs(w.rng.normal(0.03, 0.008))),
        ),
        "swapped": ("swapped", lambda w: answered(w, auc=1 - stats.auc(w.y, w.score))),
        "turned scores": ("turn them", lambda w: answered(w, score=1 - w.score)),
        "another order": (
            "another order",
            lambda w: answered(w, score=w.rng.permutation(w.score)),
        ),
        "a network that learned nothing": (
            "All scores are equal",
            lambda w: answered(w, score=np.full(len(w.y), 0.5)),
        ),
        "a network far too weak": ("within reach", partial(reaching, auc=0.70)),
    },
)


# ---------------------------------------------------------------- when to stop

BEST_REACHED = 0.75


def training_world(seed, epochs=15):
    """Scores after each epoch: a network learns, then learns its events by heart.

    What the test events call the best epoch is another one than the choose events do, so that
    choosing on the test events shows.
    """
    for again in range(100):
        rng = np.random.default_rng([seed, again])
        world = SimpleNamespace(rng=rng)
        choose, test = rng.integers(1800, 2200), rng.integers(3600, 4400)
        after = np.arange(epochs)
        apart = 0.75 * (1 - np.exp(-(after + 1) / 2.5)) - 0.012 * after
        sure = 0.25 + 0.1 * after  # the scores grow more and more sure
        for name, events in (("choose", choose), ("test", test)):
            y = rng.integers(0, 2, events)
            common, own = rng.normal(0, 1, events), rng.normal(0, 1, (epochs, events))
            drift = np.cumsum(own, axis=0) / np.sqrt(after + 1)[:, None]
            z = apart[:, None] * (y - 0.5) + 0.93 * common + 0.37 * drift
            setattr(world, f"y_{name}", y)
            setattr(world, name, expit(sure[:, None] * z))
        world.on_choose, world.on_test = (
            np.array([stats.auc(y, score) for score in each])
            for y, each in ((world.y_choose, world.choose), (world.y_test, world.test))
        )
        best, lucky = world.on_choose.argmax(), world.on_test.argmax()
        told = world.on_test[lucky] - world.on_test[[best, -1]]
        next_one = world.on_test[[best - 1, (best + 1) % epochs]] - world.on_test[best]
        if told.min() > 0.003 and abs(next_one).min() > 0.001 and lucky not in (0, epochs - 1):
            return world
    raise RuntimeError("no such world")


def judge_stop(world, answer):
    choose, test, rule, auc = answer
    return check.stopped(
        world.y_choose, world.y_test,
        scores_choose=choose, scores_test=test, rule=rule, auc=auc, ceiling=BEST_REACHED,
    )  # fmt: skip


def largest_auc(y, scores):
    return int(np.argmax([stats.auc(y, score) for score in scores]))


def losses_of(y, scores):
    return [log_loss(y, np.clip(score, 1e-7, 1 - 1e-7)) for score in np.asarray(scores, float)]


def least_loss(y, scores):
    return int(np.argmin(losses_of(y, scores)))


def smoothed_loss(y, scores):
    padded = np.pad(losses_of(y, scores), 1, mode="edge")
    return int(np.argmin(np.convolve(padded, np.ones(3) / 3, mode="valid")))


def with_patience(y, scores, patience=3):
    """As Keras stops, and goes back."""
    best, epoch = np.inf, 0
    for k, loss in enumerate(losses_of(y, scores)):
        if loss < best:
            best, epoch = loss, k
        elif k - epoch >= patience:
            break
    return epoch


def one_error(y, scores):
    """Take the first epoch within one standard error of the best."""
    curves = [stats.roc_curve(y, score) for score in scores]
    best = max(curves, key=lambda curve: curve.auc)
    return next(k for k, c in enumerate(curves) if c.auc >= best.auc - best.auc_error)


def loss_of_logits(y, scores):
    return int(np.argmin([-np.mean(np.where(y == 1, log_expit(z), log_expit(-z))) for z in scores]))


def least_brier(y, scores):
    return int(np.argmin(np.mean((scores - y) ** 2, axis=1)))


def most_accurate(y, scores):
    return int(np.argmax(np.mean((np.asarray(scores) > 0.5) == (y == 1), axis=1)))


def smoothed_auc(y, scores):
    held = pd.Series([roc_auc_score(y, score) for score in scores])
    return np.int64(held.rolling(3, center=True, min_periods=1).mean().argmax())


def the_last(_y, scores):
    return len(scores) - 1


def halves(y, scores):
    """Mean of the best epochs of two halves of the events."""
    return round(np.mean([largest_auc(y[k::2], np.asarray(scores)[:, k::2]) for k in (0, 1)]))


def stop_with(rule, form=lambda scores: scores, digits=None):
    """Answer with a rule, and the AUC at its epoch."""

    def answer(world):
        choose, test = form(world.choose), form(world.test)
        epoch = rule(world.y_choose, np.asarray(choose))
        auc = stats.auc(world.y_test, np.asarray(test)[epoch])
        return choose, test, rule, auc if digits is None else round(float(auc), digits)

    return answer


def claimed(world, auc=None, **other):
    """Return the largest AUC of the choose events, right but for what is given."""
    auc = world.on_test[world.on_choose.argmax()] if auc is None else auc
    given = {"choose": world.choose, "test": world.test, "rule": largest_auc} | other
    return given["choose"], given["test"], given["rule"], auc


def peeked(world):
    """Return a rule that looks at the test events, whatever it is given."""

    def rule(_y, _scores):
        return largest_auc(world.y_test, world.test)

    return claimed(world, world.on_test.max(), rule=rule)


def by_number(world):
    epoch = int(world.on_test.argmax())
    return claimed(world, world.on_test[epoch], rule=lambda _y, _scores: epoch)


def from_one(world):
    """Return a rule that counts from 1; the AUC is that of the right epoch."""
    return claimed(world, rule=lambda y, scores: 1 + largest_auc(y, scores))


def learned_by_heart(world):
    """Scores of a network that was trained on the test events."""
    own = 0.5 * np.arange(len(world.test))[:, None] * (world.y_test - 0.5)
    test = expit(logit(np.clip(world.test, 1e-9, 1 - 1e-9)) + own)
    epoch = world.on_choose.argmax()
    return claimed(world, stats.auc(world.y_test, test[epoch]), test=test)


def labels(world):
    epochs = len(world.test)
    choose, test = (np.tile(y + 0.0, (epochs, 1)) for y in (world.y_choose, world.y_test))
    noise = (1e-3 * world.rng.random(each.shape) for each in (choose, test))
    return claimed(world, 1.0, choose=choose + next(noise), test=test + next(noise))


def worst(y, scores):
    return int(np.argmin([stats.auc(y, score) for score in scores]))


STOPPED = Exercise(
    check="stopped",
    world=training_world,
    judge=judge_stop,
    right={
        "largest AUC": stop_with(largest_auc),
        "smallest loss": stop_with(least_loss),
        "smoothed loss": stop_with(smoothed_loss),
        "patience of three epochs": stop_with(with_patience),
        "first within one error": stop_with(one_error),
        "smallest loss of logits": stop_with(
            loss_of_logits, lambda p: logit(np.clip(p, 1e-9, 1 - 1e-9))
        ),
        "smallest squared error": stop_with(least_brier),
        "largest accuracy": stop_with(most_accurate),
        "smoothed AUC, pandas": stop_with(smoothed_auc),
        "the last epoch": stop_with(the_last),
        "two halves": stop_with(halves),
        "AUC in three digits": stop_with(largest_auc, digits=3),
        "lists, float32": stop_with(largest_auc, lambda p: [e.astype("float32") for e in p]),
        "a DataFrame": stop_with(largest_auc, pd.DataFrame),
    },
    wrong={
        "the best on the test events": ("luck", lambda w: claimed(w, w.on_test.max())),
        "a rule that looks at the test events": ("does not look", peeked),
        "a number": ("does not look", by_number),
        "AUC of the choose events": ("flatters", lambda w: claimed(w, w.on_choose.max())),
        "the last epoch quoted": ("last epoch", lambda w: claimed(w, w.on_test[-1])),
        "counted from one": ("count from 0", from_one),
        "trained on the test events": ("trained on", learned_by_heart),
        "labels": ("too good to be true", labels),
        "classes": (
            "classes",
            lambda w: claimed(w, choose=(w.choose > 0.5) + 0.0, test=(w.test > 0.5) + 0.0),
        ),
        "one axis too many": (
            "one axis too many",
            lambda w: claimed(w, choose=w.choose[..., None], test=w.test[..., None]),
        ),
        "the worst epoch": (
            "clearly better",
            lambda w: claimed(w, w.on_test[0], rule=lambda y, s: worst(y, s[:-1])),
        ),
        "scores of one epoch": ("(epochs, ", lambda w: claimed(w, choose=w.choose[3])),
        "swapped": (
            "swapped",
            lambda w: claimed(w, 1 - w.on_test[w.on_choose.argmax()]),
        ),
        "an epoch, not a rule": ("should be a function", lambda w: claimed(w, rule=3)),
        "another number": (
            "too ",
            lambda w: claimed(w, w.on_test[w.on_choose.argmax()] + w.rng.choice([-1, 1]) * 0.05),
        ),
        "the mean over epochs": ("mean over epochs", lambda w: claimed(w, w.on_test.mean())),
    },
)

EXERCISES = [ONE_STEP, OWN_NETWORK, STOPPED]
