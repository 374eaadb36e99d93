#!/bin/bash
# uproot 5.7.7: writing a TTree takes a time that grows with the square of the number of branches, also for
# five entries: four times the branches take about fifteen times as long. As an RNTuple of the same library they
# take about four times as long. Ratios of CPU time, the lowest of three. Exits with 1 if that has changed.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet uproot==5.7.7 numpy==2.4.6 awkward==2.11.0
venv/bin/python - <<'PYTHON'
import time

import numpy as np
import uproot


def seconds(kind, branches):
    columns = {f"c{k}": np.arange(5.0) for k in range(branches)}
    taken = []
    for _ in range(3):
        begin = time.process_time()
        with uproot.recreate("many.root") as file:
            getattr(file, kind)("events", {name: column.dtype for name, column in columns.items()}).extend(columns)
        taken.append(time.process_time() - begin)
    return min(taken)


ratios = {kind: seconds(kind, 2400) / seconds(kind, 600) for kind in ("mktree", "mkrntuple")}
print({kind: round(ratio, 1) for kind, ratio in ratios.items()})
if not ratios["mktree"] > 7 or not ratios["mkrntuple"] < 7:
    raise SystemExit("the behaviour has changed")
PYTHON
