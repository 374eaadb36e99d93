#!/bin/bash
# pytest-xdist 3.8.0 with pytest 9.2.0: marks `xdist_group` do nothing with `--dist loadgroup`, and nobody says
# so. The workers write the group behind the name of a test, into its `_nodeid`, which this pytest reads no
# more: tests of one group run in several processes. With pytest 8.4.2 and the same xdist they stay in one.
# Expected: tests of a group share a process, or a sentence says that they do not.
# Seen, on Python 3.11: as printed below. Exit status 0 as long as it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
cat > test_group.py <<'PYTHON'
import os
import time

import pytest


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_in_one_group(number):
    with open(os.environ["SEEN"], "a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], file=file)
    time.sleep(0.2)
PYTHON
look() { # how many processes ran the eight tests of one group
    env/bin/pip install --quiet "pytest==$1" pytest-xdist==3.8.0
    SEEN="$folder/seen-$1" env/bin/python -m pytest -q -n 2 --dist loadgroup test_group.py > /dev/null
    sort -u "seen-$1" | wc -l
}
before=$(look 8.4.2)
now=$(look 9.2.0)
echo "processes that ran the tests of one group, pytest 8.4.2: $before"
echo "processes that ran the tests of one group, pytest 9.2.0: $now"
[[ $before == 1 && $now == 2 ]]
