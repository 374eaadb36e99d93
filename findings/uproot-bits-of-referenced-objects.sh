#!/usr/bin/env bash
# uproot 5.7.7 reads too many numbers in the branch fBits of objects that others refer to, without a word.
#
# Of an object that a TRef points to, ROOT writes two bytes more into the branch fBits of a split TClonesArray: the
# number of the process. Delphes does so for every particle and track. uproot takes all bytes for bits. With an even
# number of such objects in a basket there are more bits than objects, shifted against them; with an odd one it raises
# ValueError.
#
# Output seen (ROOT 6.40 of the package root 0.1a12, uproot 5.7.7, Python 3.11):
#   objects per row [3, 3], bits per row [4, 4]
# Exits with 1 if this is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install -q root==0.1a12 uproot==5.7.7 awkward==2.14.0 numpy==2.4.6
cat > write.py <<'PY'
import warnings

warnings.simplefilter("ignore")
import ROOT

file = ROOT.TFile("f.root", "RECREATE")
tree = ROOT.TTree("t", "")
objects = ROOT.TClonesArray("TLorentzVector", 4)
tree.Branch("p4", objects, 32000, 99)
for _ in range(2):
    objects.Clear("C")
    for k in range(3):
        objects.ConstructedAt(k).SetPxPyPzE(k, 0, 0, k)
    refs = [ROOT.TRef(objects.At(k)) for k in range(2)]
    tree.Fill()
tree.Write()
file.Close()
PY
cat > look.py <<'PY'
import sys

import awkward as ak
import uproot

tree = uproot.open("f.root:t")
objects = ak.num(tree["p4.fUniqueID"].array()).tolist()
bits = ak.num(tree["p4.fBits"].array()).tolist()
print(f"objects per row {objects}, bits per row {bits}")
sys.exit(not (objects == [3, 3] and bits == [4, 4]))
PY
venv/bin/python write.py
venv/bin/python look.py
