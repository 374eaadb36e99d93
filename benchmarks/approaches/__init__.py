"""Right and wrong approaches to each exercise, as students take them: one module per lesson.

A module has ``EXERCISES``, a list of :class:`benchmarks.checks.Exercise`.
"""


def digits(value, kept):
    """Round a number to so many significant digits."""
    return float(f"{value:.{kept - 1}e}")
