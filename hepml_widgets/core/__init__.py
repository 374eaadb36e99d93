"""What all views share: the base class, numbers, styles, scripts."""
