"""What the doctor of weights said, in the language of a view: `hepml.stats` speaks English only."""

import re

from hepml_widgets.core.language import current, later, tr

__all__ = ["REASONS", "retold"]

REASONS = (
    later(
        "An independent classifier has an AUC of {auc} and all regions close within statistics "
        "and a tolerance of {tolerance}."
    ),
    later(
        "{share} of the target lie where the source has next to nothing ({place}): no weights can "
        "help there."
    ),
    later(
        "The weights are over-fitted: the classifier's AUC is {learned} on the events they were "
        "learned from and {auc} on held-out ones."
    ),
    later(
        "The weights spread more than the samples differ, as over-fitted ones do: {share} of the "
        "effective size is left where {needed} would do."
    ),
    later("One event carries {share} of all weight."),
    later(
        "The weights spread so much that {n} effective events are left, {share} of those before."
    ),
    later("Only {n} effective events are left: too few to judge."),
    later(
        "{names} do not close (χ²/ndf = {chi2}), worst at {place}: {source} % of the reweighted "
        "source, {target} % of the target."
    ),
    later(
        "{names} does not close (χ²/ndf = {chi2}), worst at {place}: {source} % of the reweighted "
        "source, {target} % of the target."
    ),
    later(
        "An independent classifier tells the samples apart (AUC {auc}, chance stays below "
        "{chance}), chiefly by {names}."
    ),
    later(
        "The new weights add up to {source} times those of the source and {target} times those of "
        "the target: they fit neither."
    ),
    later(
        "The AUC {auc} is below what chance does: the weights have seen the chance fluctuations of "
        "these very events; judge them on held-out ones."
    ),
    later(
        "The regions of {names} agree better than chance does: the weights have seen the chance "
        "fluctuations of these very events; judge them on held-out ones."
    ),
)
THIN = "\N{NARROW NO-BREAK SPACE}"  # a number and its sign stay together
NUMBER = r"(-?(?:[\d.]+(?:e[+-]?\d+)?|inf))"


def retold(reason):
    """Say a reason again; one that is not known stays as it is."""
    if current() == "en":
        return reason
    for text in REASONS:
        if found := re.fullmatch(_pattern(text), reason):
            return tr(
                text, **{name: _inner(name, value) for name, value in found.groupdict().items()}
            )
    return reason


def _pattern(text):
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(text))


def _inner(name, value):
    if name == "place":
        return _place(value)
    return value.replace(" and ", tr(" and ")) if name == "names" else value.replace(" ", THIN)


def _place(text):
    """Say where a region is, or two of them."""
    text = re.sub(
        f" between {NUMBER} and {NUMBER}",
        lambda ends: tr(" from {low} to {high}", low=ends[1], high=ends[2]),
        text,
    )
    text = re.sub(f" up to {NUMBER}", lambda end: tr(" up to {high}", high=end[1]), text)
    text = re.sub(f" above {NUMBER}", lambda end: tr(" above {low}", low=end[1]), text)
    text = re.sub("^all of ", lambda _: tr("all of "), text)
    text = re.sub("(?<![^ ])any (?=[^ ])", lambda _: tr("any "), text)
    return text.replace(" and ", tr(" and "))
