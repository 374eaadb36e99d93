"""Events that a report is made of, and names that would be markup."""

import numpy as np

NASTY = [
    "<img src=x onerror=alert(1)>",
    "\u202e\u2067evil",
    "x" * 10_240,
    "</script>&amp;<script>alert(2)</script>",
    "$\\a$",
    "\x00\x08nul\ud800",
    "质量 π",
    "'\"><svg onload=alert(3)>",
]


def events(rng, n=3000, d=4):
    """Labels, features that tell something, weights, and a score made of them."""
    y = rng.random(n) < 0.4
    X = rng.normal(size=(n, d)) + np.outer(y, np.linspace(1.2, 0, d))
    X[:, -1] += 0.8 * X[:, 0]
    weights = np.where(y, 0.05, 1.0) * rng.gamma(4, 0.25, n)
    return y, X, weights, model_of(X)


def model_of(X):
    return 1 / (1 + np.exp(1 - 1.2 * np.asarray(X)[:, 0] - 0.8 * np.asarray(X)[:, 1]))
