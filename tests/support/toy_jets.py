"""A toy for tests, no simulation of physics: two prongs for signal, one for background."""

import numpy as np

REACH = 1.25
SIZE = 25
GRAINS = 18


def toy_jets(n, seed=1, *, size=SIZE):
    """Draw images (n, size, size), labels, weights and three variables."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    mass = np.where(y, rng.normal(80, 6, n), 62 + rng.exponential(18, n))
    pt = 250 + 50 * rng.beta(1, 1.4, n)
    share = np.where(y, rng.uniform(0.25, 0.5, n), 0.5 * rng.beta(0.7, 5, n))
    score = 1 / (1 + np.exp(0.5 - 4 * share + np.abs(mass - 80) / 15 - rng.normal(0, 0.7, n)))
    images = draw_images(rng, y, share, 2 * mass / pt * rng.uniform(0.8, 1.3, n), size)
    weights = np.where(y, 1.0, rng.gamma(3, 1 / 3, n))
    return images, y, weights, {"pT [GeV]": pt, "mass [GeV]": mass, "score": score}


def draw_images(rng, y, share, apart, size):
    shape = (len(y), GRAINS)
    second = rng.random(shape) < share[:, None]
    width = np.where(y, 0.08, 0.13)[:, None] * (1 + 5 * (rng.random(shape) < 0.15))
    x = rng.normal(size=shape) * width
    z = rng.exponential(size=shape)
    places = x, rng.normal(size=shape) * width - second * apart[:, None]
    columns, rows = (np.floor((p + REACH) / (2 * REACH) * size).astype(int) for p in places)
    inside = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    jets = np.broadcast_to(np.arange(len(y))[:, None], shape)
    images = np.zeros((len(y), size, size), dtype=np.float32)
    np.add.at(images, (jets[inside], rows[inside], columns[inside]), z[inside])
    return images / images.sum(axis=(1, 2), keepdims=True)
