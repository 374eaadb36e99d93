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


def crooked(rng, n=400):
    """Columns and scores whose numbers are near one another, far from zero, or very few."""
    y = rng.random(n) < 0.5
    noise = rng.normal(size=n)
    columns = {
        "close": 1e9 + 1e-2 * noise, "below": -1e-9 * rng.random(n), "huge": 1e15 * noise,
        "late": 125.09 + 1e-5 * rng.random(n), "one": np.ones(n), "few": y * 1.0,
        "signed": np.where(y, -1e-4, 3.0),
    }  # fmt: skip
    scores = {
        "narrow": 0.5 + 1e-4 * (noise + y), "wide": np.clip(0.45 + 0.1 * noise + 0.1 * y, 0.2, 0.8),
        "sure": 1 / (1 + np.exp(-30 * (noise + 2 * y - 1))),
    }  # fmt: skip
    return y, scores, columns


def model_of(X):
    return 1 / (1 + np.exp(1 - 1.2 * np.asarray(X)[:, 0] - 0.8 * np.asarray(X)[:, 1]))
