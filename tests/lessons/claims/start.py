"""The claim of the first page: how many events it makes up."""

import numpy as np

from tests.lessons.claims import Claim

CLAIMS = [
    Claim(
        "made up for practice",
        dict,
        {"events are lost": lambda: {"sum": lambda chosen: int(np.sum(chosen)) - 1}},
    )
]
