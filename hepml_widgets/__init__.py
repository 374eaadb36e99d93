"""Views on weighted statistics: interactive ROC and training plots."""
