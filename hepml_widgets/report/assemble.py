"""One page about a classifier: what TMVA's GUI showed, for models of any library."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from hepml import stats
from hepml.files import write_text
from hepml_widgets.core.cuts import SIGMA_B, Options
from hepml_widgets.core.language import english, spoken
from hepml_widgets.core.numbers import as_name, fixed, p_text, percent, significant, with_error
from hepml_widgets.core.still import Sheet
from hepml_widgets.core.validate import as_number, as_target, two_names
from hepml_widgets.overtraining_view.view import OvertrainingView
from hepml_widgets.report.events import gather
from hepml_widgets.report.html import say
from hepml_widgets.report.page import page
from hepml_widgets.report.parts import (
    RANKED,
    calibrations,
    inputs_of,
    matrices,
    rankings,
    shown_of,
)
from hepml_widgets.report.words import LONGEST, count, listed, name_of, option, written
from hepml_widgets.roc_explorer.view import RocExplorer

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["Report", "report"]

SURE = 0.01  # a p-value below is called a difference
LIGHT, FEW = 0.1, 100  # a mean weight and a number of scores below which a model hardly learned
LOOKED_AT = 20_000  # events whose scores are counted
DIVISIONS = 5  # of the events into halves, one to choose the best cut and one to measure it
AGREE = 0.02  # a mean score this near the share of signal is not remarked on
STEPS = {"scores": 0.2, "input variables": 0.2, "correlations": 0.1, "classifiers": 0.1,
         "feature ranking": 0.3, "page": 0.1}  # fmt: skip


class _Explorer(RocExplorer):
    """A `RocExplorer` with a smaller picture to stand in where scripts do not run."""

    @spoken
    def picture(self):
        """PNG of what `figure` shows, as bytes."""
        return self._drawn_by(Sheet).png(dpi=64, colors=32)


class Report:
    """What `hepml_widgets.report` found; it knows its numbers, and writes its page.

    Attributes
    ----------
    explorer : RocExplorer
        The live view on the page; ``explorer.models`` holds the curves and histograms.
    inputs : list
        Of every feature: ``name``, ``histograms``, ``separation``, ``mean``, ``missing``.
    matrices : dict of str to ndarray
        Correlations for ``"signal"`` and ``"background"``: first the features, then the scores.
    overtraining : dict of str to OvertrainingView
        By model; empty without training events.
    calibrations : dict of str to hepml.stats.Calibration or str
        By model; a sentence where a score is no probability.
    importances : dict of str to hepml.stats.Importance
        By model; empty where only scores were given.
    path : pathlib.Path or None
        The page, if it was written.
    html : str
        The page.
    """

    path = None
    drawn = 0  # pictures so far, for the names inside them

    def __init__(self, given, options, names, title, notes):
        self.test, self.train = given.test, given.train
        self.scorers, self.names = given.scorers, tuple(as_name(one)[:LONGEST] for one in names)
        self.sigma_b, self.b_r = options.sigma_b, options.b_r
        self._elsewhere = {}
        self.title, self.notes = str(title), tuple(str(note) for note in notes)

    def fill(self, *, prior, ranking_events, repeats, rng, progress):
        """Compute all that is shown."""
        self._look_at_inputs(progress)
        self._look_at_scores(prior, rng, progress)
        self.importances, self.ranked_events = {}, (0, 0)
        if self.scorers:
            self.importances, self.ranked_events = rankings(
                self.test, self.scorers, events=ranking_events, repeats=repeats, rng=rng,
                progress=progress,
            )  # fmt: skip
        progress(0.0, "page")
        self.live = self._live()
        self.html = page(self)
        progress(1.0, "page")

    def _look_at_inputs(self, progress):
        has_features = self.test.features is not None
        self.inputs = inputs_of(self.test, progress) if has_features else []
        self.shown = shown_of(self.inputs, len(self.test.scores))
        self.matrices = matrices(self.test, self.shown, progress) if has_features else {}

    def _look_at_scores(self, prior, rng, progress):
        test, train = self.test, self.train
        progress(0.0, "classifiers")
        learned = None if train is None else (train.y, train.scores, train.weights)
        options = {"sigma_b": self.sigma_b, "b_r": self.b_r, "names": self.names}
        self.explorer = _Explorer(test.y, test.scores, test.weights, train=learned, **options)
        progress(0.5, "classifiers")
        self.overtraining = {}
        if train is not None:
            for name, score in test.scores.items():
                own = (train.y, train.scores[name], test.y, score, train.weights, test.weights)
                self.overtraining[name] = OvertrainingView(*own, rng=rng, names=self.names)
        self.calibrations = calibrations(test, train, prior)

    def _live(self):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # names may have letters of any script
            return self.explorer.to_fragment()

    @property
    def models(self):
        """Curves, cuts and histograms of every classifier by name."""
        return self.explorer.models

    def scans(self, name):
        """Figures of merit at the cuts of a classifier, as named by ``merit_names``."""
        model = self.models[name]
        exact, uncertain = Options(0.0, self.b_r), Options(self.sigma_b, self.b_r)
        z = [model.scan("Z", exact)] + [model.scan("Z", uncertain)] * (self.sigma_b > 0)
        return [*z, model.scan("AMS", uncertain)]

    def elsewhere(self, name):
        """Measure the best cut of a model's Z on events that did not choose it."""
        if name not in self._elsewhere:
            model, test = self.models[name], self.test
            self._elsewhere[name] = stats.best_elsewhere(
                test.y, test.scores[name], test.weights, sigma_b=self.sigma_b,
                thresholds=model.cuts.threshold, repeats=DIVISIONS,
            )  # fmt: skip
        return self._elsewhere[name]

    @property
    def merit_names(self):
        """What the figures of merit are called."""
        percents = percent(self.sigma_b)
        uncertain = [say("Z, σ<sub>b</sub> = {}", percents)] * (self.sigma_b > 0)
        exact = "Z, background known" if self.sigma_b else "Z"
        return [exact, *uncertain, say("AMS, b<sub>r</sub> = {}", significant(self.b_r))]

    @property
    def ranked(self):
        """Features from the one that matters most: to the first model, else by separation."""
        found = next(iter(self.importances.values()), None)
        if found is None:
            values = {one.place: one.separation.value for one in self.inputs}
        else:
            values = dict(enumerate(found.values))
        return sorted(self.inputs, key=lambda one: -np.nan_to_num(values[one.place], nan=-1))

    # ------------------------------------------------------------ words

    @property
    def headline(self):
        """The sentence on top."""
        areas = {name: model.curve.auc for name, model in self.models.items()}
        best = max(areas, key=areas.get)
        signal, background = (name_of(name) for name in self.names)
        of = f", the best of {count(len(areas), 'classifier')}," if len(areas) > 1 else ""
        return say(
            "{}{} tells {} from {} with an AUC of <b>{}</b> on {}.",
            name_of(best), of, signal, background, self.models[best].auc_text,
            count(len(self.test.y), "event"),
        )  # fmt: skip

    @property
    def remarks(self):
        """What one should know of the events, one sentence each."""
        return [written(note) for note in self.notes] + [
            note
            for source in (self._split, self._weights, self._learned, self._columns, self._features)
            for note in source()
        ]

    def _split(self):
        if self.train is None:
            yield "No training events were given: over-training cannot be seen here."
        elif self.test.rows is not None:
            yield (
                f"{count(len(self.train.y), 'event')} of training are left out of everything "
                "but the comparison with them."
            )

    def _weights(self):
        weights = self.test.weights
        if weights is not None and (weights < 0).any():
            yield (
                f"{percent(np.mean(weights < 0))} of the events have negative weights; they are "
                "counted with their sign."
            )
        remarks = [model.curve.auc_remark for model in self.models.values()]
        yield from dict.fromkeys(filter(None, remarks))
        for name, model in self.models.items():
            if not model.cuts.monotone:
                yield say(
                    "Negative weights make an efficiency of {} fall somewhere while the cut "
                    "loosens.", name_of(name),
                )  # fmt: skip

    def _learned(self):
        weights = (self.train or self.test).weights
        mean = 1.0 if weights is None else float(np.mean(np.abs(weights)))
        for name, score in self.test.scores.items():
            different = len(np.unique(score[:LOOKED_AT]))
            if different == 1:
                yield say("{} gives all events the same score.", name_of(name))
            if mean < LIGHT and different < min(FEW, len(score)):
                yield say(
                    "{} gives {} only, and the mean weight is {}. If it was trained on such "
                    "weights: trees of xgboost, LightGBM and HistGradientBoosting are cut no "
                    "further where weights add up to little; divide the weights by their mean for "
                    "training.",
                    name_of(name), count(different, "different score"), significant(mean, 2),
                )  # fmt: skip

    def _columns(self):
        features = self.test.features
        for name, scorer in self.scorers.items():
            if scorer.by_place:
                order = listed(map(name_of, features.names))
                yield say(
                    "{} knows no names of columns: it got {} in this order.", name_of(name), order
                )
            if scorer.unused:
                unused = listed(map(name_of, scorer.unused))
                yield say("{} does not take {}.", name_of(name), unused)

    def _features(self):
        by_code = {}
        for one in self.inputs:
            if one.suspect is not None:
                by_code.setdefault(one.suspect, []).append(name_of(one.name))
        for code, found in by_code.items():
            yield say(
                "{} in {} stands far from all other values: if it means “none”, pass {}.",
                significant(code, 6), listed(found), option(f"missing={code:g}"),
            )  # fmt: skip
        lacking = [name_of(one.name) for one in self.inputs if max(one.missing.values()) > 0]
        if lacking:
            yield say(
                "Some events have no value in {}: they are left out of these histograms and "
                "correlations, and counted in the table.", listed(lacking),
            )  # fmt: skip
        if told := [name_of(one.name) for one in self.inputs if one.is_label]:
            yield say(
                "One value for signal, another for background, as labels have: {}.", listed(told)
            )
        if constant := [name_of(one.name) for one in self.inputs if one.is_constant]:
            yield say("The same for all events: {}.", listed(constant))
        if len(self.shown) < len(self.inputs):
            yield (
                f"Of {len(self.inputs)} variables the {len(self.shown)} that separate most are "
                "drawn; all are in the tables."
            )

    def p_text(self, stage, kind):
        """P-value of one class, as printed."""
        return p_text(stage.p_value(kind), stage.floor)

    def short_overtraining(self, name):
        """Few words on training and test."""
        if name not in self.overtraining:
            return "not compared"
        stage = self.overtraining[name].stage
        if stage.differs is None:
            return "cannot tell"
        return f"{'differ' if stage.differs else 'alike'}, ΔAUC {with_error(*stage.gap)}"

    def short_calibration(self, name):
        """Few words on the calibration."""
        found = self.calibrations[name]
        if isinstance(found, str):
            return "no probability"
        if not found.ndf:
            return "cannot tell"
        seen = "off" if found.p_value < SURE else "no deviation"
        return f"{seen}, {percent(found.expected_calibration_error)} on average"

    def calibration_words(self, name):
        """Whether the score is a probability, with the reason."""
        found = self.calibrations[name]
        off = f"on average it is off by {percent(found.expected_calibration_error)}"
        chi2 = f"χ² = {fixed(found.chi2, 1)} for {count(found.ndf, 'bin')}"
        p = significant(found.p_value, 2)
        told = f"{chi2}, p {f'= {p}' if found.p_value > 0 else '< 10⁻³⁰⁰'}; {off}; Brier score "
        told += f"{significant(found.brier)}"
        if not found.ndf:
            verdict = f"It cannot be told: no bin has enough events; {off}."
        elif found.p_value < SURE:
            verdict = f"Not a probability as it stands: {told}."
        else:
            verdict = f"No deviation from a probability is seen: {told}."
        prior = f" Signal is weighted to a share of {percent(found.prior)}"
        if abs(found.mean_score - found.prior) <= AGREE:
            return f"{verdict}{prior}, the mean score is {percent(found.mean_score)}."
        return say(
            "{}{}, but the mean score is {}: if the training had another share, pass it as {}.",
            verdict, prior, percent(found.mean_score), option("prior"),
        )  # fmt: skip

    def to_html(self, path):
        """Write the page: one file that needs neither network nor kernel.

        Parameters
        ----------
        path : str or os.PathLike
            File to write.

        Returns
        -------
        pathlib.Path
            The file written.
        """
        self.path = write_text(as_target(path), self.html)
        return self.path

    def __repr__(self):
        aucs = ", ".join(
            f"{name[:40]!r}: AUC {model.auc_text}" for name, model in self.models.items()
        )
        size = f"{len(self.html.encode()) / 1000:.0f} kB"
        return f"Report({len(self.test.y)} events, {aucs}, {self.path or 'not written'}, {size})"


@english
def report(
    y: ArrayLike,
    scores_or_model: Any,
    X: Any = None,
    weights: ArrayLike | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    train: Any = None,
    features: Sequence[str] | None = None,
    missing: float | None = None,
    sigma_b: float = SIGMA_B,
    b_r: float = 10.0,
    prior: float | None = None,
    names: tuple[str, str] = ("signal", "background"),
    title: str = "Classifier report",
    notes: Sequence[str] = (),
    ranking_events: int = RANKED,
    repeats: int = 5,
    rng: int | np.random.Generator = 0,
    progress: Callable[..., object] | None = None,
) -> Report:
    """Write one page about a classifier: what TMVA's GUI showed, for models of any library.

    Input variables, correlations, over-training, ROC curve (a live `RocExplorer`), efficiencies
    and significance against the threshold, calibration, and feature ranking, each with a sentence
    on what to look for, its numbers with their errors, and tables. The page is one file that
    needs no network; its size does not depend on the number of events.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 or True for signal, 0 or False for background.
    scores_or_model : array_like, model, or dict of str to these
        Scores, larger for signal, shape (n,); or a fitted model that is asked for them: a
        classifier of scikit-learn, xgboost, lightgbm or Keras, an ONNX session or the path of an
        ``.onnx`` file, or a function from features to scores. Up to eight by name. Labels are 1
        and 0 (or -1), or the two ``names``.
    X : array_like, shape (n, d), structured array, dict of columns, or table, optional
        Features of the events. NaN is a missing value, which is counted; models see it as it is.
        Where model and table have names, a model gets its columns by name, whatever their order;
        else as they come, which the page then says. An ONNX file has names if it has one input
        for each column, or a list of them as ``feature_names`` in its metadata.
    weights : array_like, shape (n,), optional
        One weight per event, of either sign. For the significance to be that of an experiment they
        must add up to cross-section times luminosity.
    path : str or os.PathLike, optional
        File to write; without it, call ``.to_html(path)`` of what is returned.
    train : array_like of bool, shape (n,), or tuple, optional
        Which of the events the model was trained on: the page then shows all others, and compares
        them with these. Or training events of their own: (X, y) or (X, y, weights) for models,
        (y, scores) or (y, scores, weights) for scores.
    features : sequence of str, optional
        Names of the columns of an array ``X``; of a table, the columns to take, in this order.
    missing : float, optional
        Value of features that means "none", such as -999. Models see it as it is.
    sigma_b : float, default 0.1
        Relative systematic uncertainty of the background, for a second curve of Z; 0 for none.
    b_r : float, default 10
        Regularisation of the AMS, in events.
    prior : float, optional
        Share of signal that the score was trained for, to judge its calibration; by default that
        of the training events, else of the events, both as weighted.
    names : tuple of str, default ("signal", "background")
        What the two classes are called; a model whose labels are text has these labels.
    title : str, default "Classifier report"
        Heading of the page.
    notes : sequence of str, optional
        Sentences for the top of the page, e.g. where the events come from.
    ranking_events : int, default 5000
        Events of each class that the permutation importance is measured on, at most.
    repeats : int, default 5
        How often each feature is shuffled for it.
    rng : int or numpy.random.Generator, default 0
        For shuffling and for p-values.
    progress : callable, optional
        Called with (share of the work done, what is under way).

    Returns
    -------
    Report
        Its numbers: ``explorer``, ``inputs``, ``matrices``, ``overtraining``, ``calibrations``,
        ``importances``; and ``html``, ``path``, ``to_html(path)``.

    Raises
    ------
    ValueError, TypeError
        If the events are not usable: one class only, a class whose weights add up to zero or less,
        NaN or infinite scores or weights, infinite features, lengths that differ. If a model was
        trained on a column that ``X`` does not have, or its labels do not say which one is
        signal. The sentence says what was given and what is wanted.

    Examples
    --------
    >>> report(y, {"BDT": bdt, "MLP": mlp}, X, weights, path="report.html")  # doctest: +SKIP
    >>> report(y, scores, weights=weights, train=is_train, path="report.html")  # doctest: +SKIP
    """
    if ranking_events < 10 or repeats < 1:
        raise ValueError("ranking_events is a number of at least 10, and repeats of at least 1.")
    options, prior = as_options(sigma_b, b_r), as_prior(prior)
    step = staged(progress)
    given = gather(
        y, scores_or_model, X, weights, train=train, features=features, missing=missing,
        names=two_names(names), progress=step,
    )  # fmt: skip
    found = Report(given, options, two_names(names), title, notes)
    found.fill(
        prior=prior,
        ranking_events=ranking_events,
        repeats=repeats,
        rng=np.random.default_rng(rng),
        progress=step,
    )
    if path is not None:
        found.to_html(path)
    return found


def as_options(sigma_b, b_r):
    """Return what figures of merit take for granted, looked at."""
    options = Options(as_number("sigma_b", sigma_b), as_number("b_r", b_r))
    if options.sigma_b < 0:
        raise ValueError(f"sigma_b is a relative uncertainty ≥ 0, not {sigma_b}.")
    if options.b_r < 0:
        raise ValueError(f"b_r is a number of events ≥ 0, not {b_r}.")
    return options


def as_prior(prior):
    if prior is not None and not 0 < as_number("prior", prior) < 1:
        raise ValueError(f"prior is a share of signal, between 0 and 1, not {prior!r}.")
    return prior


def staged(progress):
    """Return what turns the share done of one step into that of the whole work."""
    begins = dict(zip(STEPS, np.cumsum([0, *STEPS.values()]), strict=False))

    def step(share, what):
        if progress is not None:
            progress(float(begins[what] + share * STEPS[what]), what)

    return step
