"""hepml: samples and weighted statistics for machine learning in high-energy physics."""

__version__ = "0.1.0"  # the one place: pyproject.toml takes it from here
