"""What a run of all tests printed, as tables."""

from benchmarks import suite

LOG = """
============================= slowest durations ==============================
12.50s call     tests/widgets/test_labels.py::test_one[a-b]
3.00s setup    tests/widgets/test_labels.py::test_two
7.25s call     notebooks/start.ipynb::Cell 1
1.00s call     tests/test_cli.py::test_three
=========== 1 failed, 40 passed, 2 skipped in 120.00s (0:02:00) ============
"""


def test_seconds_are_added_up_by_folder_and_the_slowest_named():
    text = suite.text_of(LOG)
    assert "40 tests passed in 2 minutes" in text
    assert "At most 20: met" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert "| tests/widgets | 16 |" in rows
    assert "| notebooks | 7 |" in rows
    assert "| `tests/widgets/test_labels.py::test_one[a-b]` | 12 |" in rows
