"""File formats: each module reads one kind of file as Arrow batches and writes it from them."""
