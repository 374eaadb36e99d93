// Writes objects.root, with ROOT 6.40 (compiled, for the dictionaries): root -l -b -q objects.C+
#include <deque>
#include <map>
#include <string>
#include <vector>
#include "TClonesArray.h"
#include "TFile.h"
#include "TLorentzVector.h"
#include "TNtuple.h"
#include "TRef.h"
#include "TSystem.h"
#include "TTree.h"
#include "TVector2.h"

struct Inner { float u; int v[2]; };
struct Lepton { float pt; int q; Inner inner; };
struct Hit { float x, y, z; };
class Base { public: int run; };
class Event : public Base { public: float weight; };
class Track : public TObject { public: float pt; ClassDefOverride(Track, 1) };

#ifdef __ROOTCLING__
#pragma link C++ struct Inner+;
#pragma link C++ struct Lepton+;
#pragma link C++ struct Hit+;
#pragma link C++ class Base+;
#pragma link C++ class Event+;
#pragma link C++ class Track+;
#pragma link C++ class std::vector<Hit>+;
#pragma link C++ class std::vector<TLorentzVector>+;
#pragma link C++ class std::deque<float>+;
#pragma link C++ class std::map<int, float>+;
#endif

const int rows = 6;

void fill_objects() {
  TTree t("objects", "");
  struct { float x, y[2]; int k; } hit;
  Lepton muon, electron, whole;
  Event event;
  std::vector<Hit> hits;
  TLorentzVector p4;
  TVector2 met;
  std::vector<TLorentzVector> jets;
  TClonesArray tracks("Track", 4);
  std::deque<float> odd;
  std::map<int, float> weights;
  int n, late;
  double packed[3];
  float half[3];
  t.Branch("hit", &hit, "x/F:y[2]/F:k/I");
  t.Branch("muon", &muon);
  t.Branch("electron.", &electron);
  t.Branch("whole", &whole, 32000, 0);
  t.Branch("event", &event);
  t.Branch("hits", &hits);
  t.Branch("unsplit", &hits, 32000, 0);
  t.Branch("p4", &p4);
  t.Branch("MET", &met, 32000, 0);
  t.Branch("jets", &jets);
  t.Branch("tracks", &tracks);
  t.Branch("odd", &odd);
  t.Branch("weights", &weights, 32000, 0);
  t.Branch("n", &n, "n/I");
  t.Branch("packed", packed, "packed[2]/d[0,100,16]");
  t.Branch("packed_n", packed, "packed_n[n]/d[-pi,2*pi,16]");
  t.Branch("half", half, "half[2]/f");
  t.Branch("half_n", half, "half_n[n]/f[0,100,10]");
  t.Branch("one", packed, "one/d[0,100,16]");
  TRef refs[2];
  for (int i = 0; i < rows; i++) {
    n = i % 4;
    hit.x = i; hit.y[0] = 2 * i; hit.y[1] = 3 * i; hit.k = -i;
    muon = {i + 0.5f, 1, {float(i), {i, 2 * i}}};
    electron = {i + 0.25f, -1, {float(-i), {-i, -2 * i}}};
    whole = muon;
    event.run = 7; event.weight = i;
    hits.clear(); jets.clear(); odd.clear(); weights.clear(); tracks.Clear("C");
    for (int k = 0; k < n; k++) {
      hits.push_back({float(i), float(k), 1});
      jets.push_back(TLorentzVector(i, k, i + k, i * k));
      odd.push_back(k);
      weights[k] = i;
    }
    for (int k = 0; k < 3; k++) {
      auto *track = static_cast<Track *>(tracks.ConstructedAt(k));
      track->pt = i + k;
      if (k < 2) refs[k] = track;
      packed[k] = i + 0.5 * k;
      half[k] = i + 0.25 * k;
    }
    p4.SetPxPyPzE(i, 2 * i, 3 * i, 4 * i);
    met.Set(double(i), double(-i));
    t.Fill();
  }
  t.Branch("late", &late, "late/I");  // never filled
  t.Write();
}

void fill_friends() {
  float x;
  int run, row;
  TTree scores("scores", ""), shuffled("shuffled", ""), shorter("shorter", ""), t("friendly", "");
  scores.Branch("x", &x);
  shorter.Branch("x", &x);
  shuffled.Branch("run", &run); shuffled.Branch("row", &row);
  t.Branch("x", &x); t.Branch("run", &run); t.Branch("row", &row);
  run = 1;
  for (int i = 0; i < rows; i++) {
    x = i; row = i; t.Fill();
    x = 10 * i; scores.Fill();
    if (i < 4) shorter.Fill();
    row = rows - 1 - i; shuffled.Fill();
  }
  shuffled.BuildIndex("run", "row");
  scores.Write(); shuffled.Write(); shorter.Write();
  t.AddFriend("scores"); t.AddFriend("shuffled"); t.AddFriend("shorter");
  t.AddFriend("lost", "lost.root");
  t.Write();
}

void objects() {
  float x = 1;
  { TFile lost("lost.root", "RECREATE"); TTree t("lost", ""); t.Branch("x", &x);
    for (int i = 0; i < rows; i++) t.Fill();
    t.Write(); }
  TFile file("objects.root", "RECREATE", "", 109);
  fill_objects();
  fill_friends();
  TNtuple ntuple("ntuple", "", "px:py");
  for (int i = 0; i < rows; i++) ntuple.Fill(i, 2 * i);
  ntuple.Write();
  TTree cycles("cycles", ""), empty("empty", "");
  cycles.Branch("x", &x);
  cycles.Fill(); cycles.Write();
  cycles.Fill(); cycles.Write();
  TLorentzVector p4;
  std::vector<float> list;
  empty.Branch("p4", &p4); empty.Branch("list", &list); empty.Branch("x", &x);
  empty.Write();
  file.mkdir("folder/inner")->cd();
  TTree deep("deep", "");
  deep.Branch("x", &x);
  deep.Fill(); deep.Write();
  file.Close();
  gSystem->Unlink("lost.root");
}
