"""Scan of the significance over 1e4 cuts, fill included, next to a loop of masks over 101.

python -m benchmarks.significance
"""

from decimal import Decimal, localcontext
from functools import partial

import numpy as np

from benchmarks.roc import calibrated
from benchmarks.timing import asking, circumstances, interleave, met, present, table
from hepml import stats

CUTS, MANY = np.linspace(0, 1, 101), np.linspace(0, 1, 10_001)
FASTER = 50
YIELDS = 1e-3  # events expected per event simulated
DIGITS = 60
COMMENT = """Medians of CPU time in {rounds} interleaved rounds, one thread, {events:.0e} weighted
events; "mask loop / this" is the median ratio within a round. A scan fills the yields and their
errors, then finds the Asimov significance and the AMS, each with its error; the loops find S, B,
both significances and no error. The naive loop masks labels and scores at each cut; the other has
parted the classes before."""


def asimov(s, b):
    """Compute the Asimov significance as it is written."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(2 * ((s + b) * np.log(1 + s / b) - s))


def both(s, b):
    return s, b, asimov(s, b), asimov(s, b + 10)


def mask_loop(sample):
    y, score, w = sample
    return [both(w[(score >= t) & (y == 1)].sum(), w[(score >= t) & (y == 0)].sum()) for t in CUTS]


def mask_loop_apart(sample):
    y, score, w = sample
    (s, ws), (b, wb) = ((score[y == c], w[y == c]) for c in (1, 0))
    return [both(ws[s >= t].sum(), wb[b >= t].sum()) for t in CUTS]


def own_cuts(sample):
    return stats.significance_scan(stats.roc_curve(*sample))


def given_cuts(sample, cuts=MANY):
    return stats.significance_scan(stats.cut_table(*sample, cuts))


NAIVE, OURS = "naive mask loop, 101 cuts", "hepml: scan over the ROC curve's own cuts"
SCANS = {
    OURS: own_cuts,
    "hepml: scan over 10 001 given cuts": given_cuts,
    "hepml: scan over the loop's 101 cuts": partial(given_cuts, cuts=CUTS),
    NAIVE: mask_loop,
    "mask loop on classes parted before, 101 cuts": mask_loop_apart,
}


def cuts_of(found):
    return str(len(getattr(found, "threshold", found)))


def scan_rows(sample, times):
    """Cuts, milliseconds and ratios of each contestant."""
    for name, time in times.items():
        found = SCANS[name.removesuffix(" again")](sample)
        row = [f"{1e3 * time.median:.1f}", f"{times[NAIVE].over(time):.1f}"]
        yield [name.replace(" again", ", again"), cuts_of(found), *row]


def furthest(sample):
    """Largest relative differences of S, B, Z and AMS to the loop at the same cuts."""
    loop = np.array(mask_loop(sample))[::-1]
    found = stats.cut_table(*sample, CUTS)
    scan = stats.significance_scan(found)
    ours = [found.sumw_signal, found.sumw_background, scan.significance, scan.ams]
    return [apart(mine, theirs) for mine, theirs in zip(ours, loop.T, strict=True)]


def apart(mine, theirs):
    there = np.isfinite(theirs) & (theirs > 0)
    return float(np.abs(mine[there] / theirs[there] - 1).max())


# ---------------------------------------------------------------- the formula


def exact(s, b):
    """Asimov significance with many digits."""
    with localcontext() as context:
        context.prec = DIGITS
        s, b = Decimal(float(s)), Decimal(float(b))
        return float((2 * ((s + b) * (1 + s / b).ln() - s)).sqrt())


def formula_rows(rng, rounds):
    """Milliseconds for a million pairs, and relative errors where s/b is small and large."""
    s, b = 10 ** rng.uniform(-3, 3, (2, 1_000_000))
    ways = {"hepml": stats.asimov, "as it is written": asimov}
    times = interleave(
        {name: partial(way, s, b) for name, way in ways.items()}, control="hepml", rounds=rounds
    )
    ratios = np.array([1e-12, 1e-9, 1e-6, 1e-3, 1.0, 1e3])
    truth = np.array([exact(1e3 * r, 1e3) for r in ratios])
    for name, time in times.items():
        way = ways[name.removesuffix(" again")]
        errors = np.abs(way(1e3 * ratios, np.full_like(ratios, 1e3)) / truth - 1)
        cells = [f"{error:.0e}" for error in errors]
        yield [name.replace(" again", ", again"), f"{1e3 * time.median:.1f}", *cells]


# ---------------------------------------------------------------- words


def report(events, rounds):
    rng = np.random.default_rng(1)
    sample = calibrated(int(events), rng)
    sample = sample._replace(weights=YIELDS * sample.weights)
    runs = {name: partial(scan, sample) for name, scan in SCANS.items()}
    times = interleave(runs, control=OURS, rounds=rounds)
    print("  significance: scans done", flush=True)
    scans = table(["what", "cuts", "CPU [ms]", "mask loop / this"], list(scan_rows(sample, times)))
    ratios = ["1e-12", "1e-9", "1e-6", "1e-3", "1", "1e3"]
    header = ["Asimov Z", "1e6 pairs [ms]", *(f"off at s/b = {ratio}" for ratio in ratios)]
    formula = table(header, list(formula_rows(rng, rounds)))
    faster = times[NAIVE].over(times[OURS])
    names = ("S", "B", "Z", "AMS")
    off = ", ".join(f"{n} {d:.0e}" for n, d in zip(names, furthest(sample), strict=True))
    wanted = (
        f"- scan with fill, goal ≥ {FASTER} × the naive loop: {met(faster >= FASTER)}, "
        f"{faster:.0f} × with {cuts_of(own_cuts(sample))} cuts.\n"
        f"- relative differences to the loop at the same cuts, at most: {off}."
    )
    where = f"{circumstances('numpy', 'scipy')}."
    comment = COMMENT.format(rounds=rounds, events=events)
    parts = ["## Significance and AMS by cut", where, comment, scans, wanted, formula]
    return "\n\n".join(parts)


def main():
    parser = asking(__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--events", type=float, default=1e6)
    asked = parser.parse_args()
    text = report(asked.events, asked.rounds)
    present("significance", text, dry=asked.dry)


if __name__ == "__main__":
    main()
