"""Labels that somebody could give to break a page, a picture or a file."""

MARKUP = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    "'\"><svg onload=alert(3)>",
    "$\\a$ ${x} `",
)
ODD = (
    "\u202eevil 123\u200f",
    "two\nlines\r\tand a tab",
    "nul\x00\x08\x1b[31m",
    "lone \ud800 half \udfff",
    "\u2066\u2067\u05d4\u05e4\u05d5\u05da 12",
    "=1+1",
)
MARKED = (
    "m_{jj} [GeV]",
    "p_{T}^{miss}",
    "_{a}_{b}^{c}^{d}",
    "a_{b",
    "x_{$\\alpha$}^{}",
    "^{\\frac{1}} 2_{3}4}",
    "\u05d4_{\u05e4}^{+ -}",
    "jet_pt",
    "q_{" + "z" * 60 + "}",
)
LONG = ("x" * 10_240, "very long " * 1024, "\U0001f600" * 2560)
KINDS = {"markup": MARKUP, "odd": ODD, "marked": MARKED, "long": LONG}
REORDERING = "[\u061c\u200e\u200f\u202a-\u202e\u2066\u2067]"


def label_of(kind):
    """Make labels of one kind, each with another number."""
    words = KINDS[kind]
    return lambda i: words[i % len(words)] + (f" {i // len(words)}" if i >= len(words) else "")
