#!/bin/bash
# pyarrow 26.0.1: the cast from decimal to double is not the nearest double. Seen: the decimal 52.4289
# becomes 52.428900000000006, where Python's float(Decimal("52.4289")) is 52.4289.
# Exits with 1 if that has changed.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet pyarrow==26.0.1
venv/bin/python - <<'PYTHON'
import decimal

import pyarrow as pa

value = decimal.Decimal("52.4289")
found = pa.array([value]).cast(pa.float64())[0].as_py()
print(value, "becomes", found)
if found == float(value):
    raise SystemExit("the nearest double: the behaviour has changed")
PYTHON
