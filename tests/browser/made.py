"""Cells that make the views of the tests in JupyterLab and in Voila."""

ANOMALIES = """
import numpy as np
from hepml_widgets import AnomalyMonitor
rng = np.random.default_rng(1)
reference, today = rng.normal(size=(4000, 3)), rng.normal(0.1, 1, size=(2000, 3))
score = [np.abs(x).sum(axis=1) for x in (reference, today)]
areas = {f"day {k}": (0.5 + 0.005 * rng.normal() + 0.03 * (k == 5), 0.005) for k in range(1, 6)}
view = AnomalyMonitor(*score, reference_features=reference, features=today, populations=areas,
                      null=0.5 + 0.005 * rng.normal(size=999), ks={"day 5": {"x0": 1e-4}})
"""

BUMP = """
import numpy as np
from hepml_widgets import BumpHunter
rng = np.random.default_rng(1)
mjj = np.concatenate([3000 + rng.exponential(400, 20000), rng.normal(3500, 80, 150)])
y = np.repeat([0, 1], [20000, 150])
score = rng.random(len(mjj)) + y
view = BumpHunter(mjj, score, signal_region=(3300, 3700), truth=y,
                  edges=np.arange(3000, 5001, 100), parameters=3)
"""

IMAGES = """
import numpy as np
from hepml_widgets import ImageBrowser
rng = np.random.default_rng(1)
y = rng.integers(0, 2, 2000)
images = rng.exponential(size=(2000, 25, 25)) * (rng.random((2000, 25, 25)) < 0.03)
images[y == 1, 6:9, 11:14] += 0.5
mass = rng.normal(80, 8, 2000)
view = ImageBrowser(images, y, rng.gamma(2, 0.5, 2000), variables={"mass [GeV]": mass})
"""

SCAN = """
import numpy as np
from hepml_widgets import ParameterScan
rng = np.random.default_rng(1)
samples = {}
for mass in (500, 750, 1000, 1250, 1500):
    y = rng.integers(0, 2, 2000)
    x = rng.normal(mass / 600 * y)
    scores = {"parameterised": x + 0.2 * rng.normal(size=2000), "dedicated": x}
    samples[mass] = y, scores, rng.gamma(2, 0.5, 2000)
view = ParameterScan(samples, trained=(500, 750, 1250, 1500), dedicated="dedicated",
                     name="m_X", unit="GeV")
"""

SHAPES = """
import numpy as np
from hepml_widgets import ShapeCompare
rng = np.random.default_rng(1)
source, target = rng.normal(size=(2, 3000, 3))
target += (0.6, 0.3, 0)
weights = np.exp(0.6 * source[:, 0] + 0.3 * source[:, 1] - 0.225)
methods = {"exact": weights, "none": np.ones(3000)}
view = ShapeCompare(source, target, methods, features=["mass [GeV]", "width", "eta"])
"""

TREES = """
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from hepml_widgets import BoostingExplorer, OvertrainingView
rng = np.random.default_rng(1)
y = rng.integers(0, 2, 900)
X = rng.normal(size=(900, 2)) + y[:, None]
model = GradientBoostingClassifier(n_estimators=20).fit(X[:400], y[:400])
"""
STAGES = {
    "Over-training view": """
train, test = (np.array(list(model.staged_decision_function(part)))[..., 0] for part in (
    X[:400], X[400:]))
view = OvertrainingView(y[:400], train, y[400:], test, permutations=49)
view
""",
    "Boosting explorer": """
view = BoostingExplorer(model, X[400:], y[400:], train=(X[:400], y[:400]),
                        log_ratio=lambda X: X.sum(axis=1) - 1)
view
""",
}
