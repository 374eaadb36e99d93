"""A notebook executed without a browser keeps the curves of trainings in later cells."""

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.notebook

CELLS = [
    """
from hepml_widgets import TrainingMonitor
monitor, other = TrainingMonitor(), TrainingMonitor()
display(monitor)
""",
    """
monitor.begin(3)
for epoch in range(3):
    monitor.update({"loss": 1 / (epoch + 1)})
monitor.end()
""",
    """
def train():
    other.begin(2)
    other.update({"loss": 3.0})
    other.update({"loss": 2.0})
    other.end()

display(other)
other.start(train).wait()
""",
    "monitor",
    "import time; time.sleep(0.5)",
    """
monitor.begin(9)
monitor.update({"loss": 0.25})
1 / 0
""",
    "print(monitor.status, monitor.live['message'])",
]


@pytest.fixture(scope="module")
def outputs():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True).execute()
    return [cell.outputs for cell in notebook.cells]


def pages(outputs):
    return [o.data["text/html"] for o in outputs if "text/html" in o.get("data", {})]


def views(outputs):
    mime = "application/vnd.jupyter.widget-view+json"
    return [o for o in outputs if mime in o.get("data", {})]


def test_a_training_in_a_later_cell_is_kept(outputs):
    assert len(views(outputs[0])) == len(pages(outputs[0])) == 1
    text = outputs[0][1].data["text/plain"]
    # The second training of this monitor replaced the first one.
    assert text == "TrainingMonitor(1 epoch, best loss 0.25 at 1)"
    assert '"length":1,' in pages(outputs[0])[0]


def test_a_training_in_the_background_is_kept(outputs):
    assert '"length":2,' in pages(outputs[2])[0]
    assert outputs[2][1].data["text/plain"] == "TrainingMonitor(2 epochs, best loss 2 at 2)"


def test_a_view_shown_again_is_complete(outputs):
    assert len(views(outputs[3])) == len(pages(outputs[3])) == 1
    assert '"status":"recorded"' in pages(outputs[3])[0]


def test_a_cell_that_fails_marks_its_training(outputs):
    assert outputs[5][0].ename == "ZeroDivisionError"
    assert outputs[6][0].text == "failed ZeroDivisionError: division by zero\n"
