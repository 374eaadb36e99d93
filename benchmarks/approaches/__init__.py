"""Right and wrong approaches to each exercise, as students take them: one module per lesson.

A module has ``EXERCISES``, a list of :class:`benchmarks.checks.Exercise`.
"""
