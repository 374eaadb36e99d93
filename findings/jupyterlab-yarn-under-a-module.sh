#!/bin/bash
# jupyterlab 4.6.6 (with jupyter-builder 1.3.0): its own copy of yarn is a script `yarn.js` in CommonJS, in
# site-packages, with no package.json beside it. Node asks the nearest package.json above what a `.js` is. Where an
# environment lies inside a front-end project (`.venv` beside a package.json with "type": "module", as Vite and others
# write it), `jlpm` ends with "Dynamic require of … is not supported", and every start of JupyterLab
# prints that with a line of some 10 kB of yarn's source. A second package.json, between the two, heals it.
# Expected: an environment works wherever it lies.
# Seen, on Python 3.11 with Node.js 20: as printed below. Exit status 0 as long as it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .venv
.venv/bin/pip install --quiet jupyterlab==4.6.6 jupyter-builder==1.3.0
look() { # last line that matters: a version, or what was refused
    .venv/bin/jlpm --version 2>&1 | grep -oE '^[0-9]+\.[0-9]+\.[0-9]+$|^Error: Dynamic require of "[a-z_]+" is not supported' | tail -1 || true
}
alone=$(look)
echo '{"type": "module"}' > package.json
below=$(look)
echo '{}' > .venv/package.json
healed=$(look)
echo "nothing above .venv:                      $alone"
echo "\"type\": \"module\" above .venv:             $below"
echo "the same, and an empty one in .venv:      $healed"
[[ $alone =~ ^[0-9.]+$ && $below == Error* && $healed == "$alone" ]]
