#!/usr/bin/env bash
# uproot 5.7.7 reads arrays of ROOT's packed numbers wrongly, or not at all.
#
# A branch "a[2]/d[0,100,16]" holds two Double32_t per row, packed into 16 bits each over the range 0 to 100. uproot
# takes the first bracket, the length, for the range, finds none in it, and reads the bits as floats: without a word,
# a = 1.5 comes out as 1.4e-42. The same branch without a length, "s/d[0,100,16]", is read correctly.
# An array of Float16_t, "h[2]/f", ends in an UnboundLocalError, with a range or without.
#
# Output seen (ROOT 6.40 of the package root 0.1a12, uproot 5.7.7, Python 3.11):
#   ROOT reads   [1.49993896484375, 2.9998779296875]
#   uproot reads [1.3774763904312952e-42, 2.7549527808625904e-42] and the single number 1.49993896484375
#   Float16_t:   UnboundLocalError
# Exits with 1 if this is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install -q root==0.1a12 uproot==5.7.7 awkward==2.14.0 numpy==2.4.6
cat > write.py <<'PY'
import array
import warnings

warnings.simplefilter("ignore")
import ROOT

file = ROOT.TFile("f.root", "RECREATE")
tree = ROOT.TTree("t", "")
values, halves = array.array("d", [1.5, 3.0]), array.array("f", [1.5, 3.0])
tree.Branch("a", values, "a[2]/d[0,100,16]")
tree.Branch("s", values, "s/d[0,100,16]")
tree.Branch("h", halves, "h[2]/f")
tree.Fill()
tree.Write()
count = tree.Draw("a", "", "goff")
print("ROOT reads  ", [tree.GetV1()[i] for i in range(count)])
file.Close()
PY
cat > look.py <<'PY'
import sys

import uproot

tree = uproot.open("f.root:t")
a, s = tree["a"].array().tolist()[0], tree["s"].array().tolist()[0]
print("uproot reads", a, "and the single number", s)
try:
    tree["h"].array()
    half = "read"
except UnboundLocalError as error:
    half = type(error).__name__
print("Float16_t:  ", half)
sys.exit(not (abs(s - 1.5) < 0.01 and a[0] < 1e-40 and half == "UnboundLocalError"))
PY
venv/bin/python write.py
venv/bin/python look.py
