#!/bin/bash
# h5py 3.14.0: a list of records (variable length, compound type) that is empty cannot be read, though
# h5py itself wrote it. Seen: "ValueError: Cannot create cython.array from NULL pointer", also for the
# whole dataset, so that one event without hits hides all others. Lists of plain numbers are fine.
# Exits with 1 if that has changed.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet h5py==3.14.0 numpy==2.4.6
venv/bin/python - <<'PYTHON'
import h5py
import numpy as np

hit = np.dtype([("x", "f8"), ("y", "f8")])
with h5py.File("hits.h5", "w") as file:
    hits = file.create_dataset("hits", (2,), h5py.vlen_dtype(hit))
    hits[0], hits[1] = np.ones(3, hit), np.zeros(0, hit)
with h5py.File("hits.h5") as file:
    assert len(file["hits"][0]) == 3
    for part in (1, slice(None)):
        try:
            file["hits"][part]
        except ValueError as error:
            assert "NULL pointer" in str(error)
        else:
            raise SystemExit("an empty list of records can be read: the behaviour has changed")
print("h5py 3.14.0 cannot read an empty list of records")
PYTHON
