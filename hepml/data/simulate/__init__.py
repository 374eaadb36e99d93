"""From Pythia 8 events to reconstructed objects and the columns of a sample."""
