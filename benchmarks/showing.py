"""Show views when asked, in a process of its own: what `benchmarks.stills` times.

python -P showing.py CHECKOUT    (with a PYTHONPATH of the build to be timed, of whatever date)
"""

import sys
import time

import numpy as np

import hepml  # noqa: F401 - of the build that is timed, before the toys of this checkout
import hepml_widgets  # noqa: F401


def main():
    """Read names of views; answer each with the seconds of CPU that showing it took."""
    sys.path.insert(0, sys.argv[1])
    from tests.support.all_views import VIEWS

    made = {}
    for line in sys.stdin:
        name = line.strip()
        if name not in made:
            made[name] = VIEWS[name](np.random.default_rng(1))
        start = time.process_time()
        made[name]._still()  # noqa: SLF001 - what a notebook calls
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main()
