"""Section on how the numbers were computed, with the sources of the formulas."""

from hepml_widgets.report.html import element, say
from hepml_widgets.report.symbols import S2

__all__ = ["section"]

LINES = (
    (
        "Errors are statistical, from sums of squared weights; weights of either sign enter as "
        "they are, and nothing is dropped. That of a rejection at a chosen signal efficiency "
        "contains that of the cut."
    ),
    (
        "Error of the AUC: E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 "
        "(1988) 837, for weighted events, each left out in turn."
    ),
    (
        "Z: G. Cowan, K. Cranmer, E. Gross and O. Vitells, arXiv:1007.1727, eq. 97; with an "
        "uncertain background: G. Cowan, “Discovery sensitivity for a counting experiment with "
        "background uncertainty” (2012). AMS: C. Adam-Bourdarios et al., PMLR 42 (2015) 19."
    ),
    say(
        "Separation: {} = ½ ∫ (ŷ<sub>S</sub> − ŷ<sub>B</sub>)<sup>2</sup> / (ŷ<sub>S</sub> "
        "+ ŷ<sub>B</sub>) dy over the normalised densities, as TMVA defines it (A. Hoecker et "
        "al., TMVA Users Guide, arXiv:physics/0703039), summed over the bins that are drawn. "
        "“By chance” is its mean for equal shapes and samples of this size.", S2,
    ),
    (
        "Training against test: weighted Kolmogorov–Smirnov distance, with a p-value from "
        "random relabellings of the events."
    ),
    (
        "Permutation importance: L. Breiman, Machine Learning 45 (2001) 5, section 10, with "
        "the weighted AUC for the accuracy."
    ),
)  # fmt: skip


def section(_report):
    """One line for each number that needs one."""
    return element("ul", *(element("li", line) for line in LINES))
