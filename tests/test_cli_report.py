"""hepml report: the page it writes of files of every format, and one sentence for every fault."""

import subprocess
import sys

import numpy as np
import pytest

from hepml import data, stats
from tests.widgets.reading import number, section, tables, text_of

pytest.importorskip("pyarrow", reason="the extra 'lab' is not installed")


def hepml(*arguments, cwd):
    command = [sys.executable, "-c", "from hepml.cli import main; main()", "report", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.fixture(scope="module")
def table():
    """Events with scores, some of them of training, and columns that are no numbers."""
    rng = np.random.default_rng(11)
    events = data.load("known_truth").iloc[:4000].drop(columns=["EventId"])
    inputs = [name for name in events.columns if name.startswith("gauss_")][:4]
    events = events[[*inputs, "Weight", "Label"]].copy()
    events["bdt"] = 1 / (1 + np.exp(-events[inputs[0]]))
    events["dnn"] = events["bdt"] + rng.normal(0, 0.1, len(events))
    events["is_train"] = rng.integers(0, 2, len(events))
    events["kind"] = np.where(events["Label"] == 1, "s", "b")
    return events


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    table.to_parquet(folder / "events.parquet")
    table.iloc[:800].to_csv(folder / "events.csv.gz", index=False)
    data.convert(folder / "events.parquet", folder / "events.root", drop=["kind"], tree=None)
    return folder


def test_root_with_everything(folder, table, tmp_path):
    options = ["--score", "bdt,dnn", "--weight", "Weight", "--train", "is_train", "--seed", "3"]
    options += ["--sigma-b", "0.1", "--out", str(tmp_path / "page.html")]
    done = hepml("events.root", "--tree", "events", "--label", "Label", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "page.html").read_text("utf-8")
    test = table[table["is_train"] == 0]
    y, w = test["Label"].to_numpy(), test["Weight"].to_numpy()
    for text, name in zip(tables(html)["In short"][0][1:], ("bdt", "dnn"), strict=True):
        assert number(text)[0] == pytest.approx(stats.auc(y, test[name].to_numpy(), w), abs=5e-3)
    assert f"{len(test)} events" in done.stdout
    assert [row[0] for row in tables(html)["Input variables in numbers"]] == list(table)[:4]
    summary = text_of(section(html, "summary"))
    assert "Events of events.root, events; label Label, weight Weight." in summary
    assert "\x1b" not in done.stderr
    first, *_, last = done.stderr.splitlines()
    assert first == "page.html  0/100 %, reading events.root"
    assert last.startswith("page.html  100/100 %")


def test_csv_with_a_value_for_a_label_and_a_cut(folder, table, tmp_path):
    x = next(iter(table))
    options = ["--score", "bdt", "--columns", f"{x},dnn", "--where", x, ">", "0"]
    out = tmp_path / "page.html"
    done = hepml("events.csv.gz", "--label", "kind=s", *options, "--out", str(out), cwd=folder)
    assert done.returncode == 0, done.stderr
    part = table.iloc[:800]
    part = part[part[x] > 0]
    html = out.read_text("utf-8")
    assert "label kind=s, weight none." in text_of(section(html, "summary"))
    rows = tables(html)["The events"]
    counts = [np.sum(part["kind"] == kind) for kind in ("s", "b")]
    assert [int(row[1]) for row in rows] == counts
    assert done.stdout.startswith(str(out))


def test_parquet_without_choice_takes_all_numbers(folder, table, tmp_path):
    out = tmp_path / "page.html"
    options = ["--label", "Label", "--score", "bdt", "--drop", "dnn", "--title", "<i>x</i>"]
    done = hepml("events.parquet", *options, "--out", str(out), cwd=folder)
    assert done.returncode == 0, done.stderr
    html = out.read_text("utf-8")
    names = [row[0] for row in tables(html)["Input variables in numbers"]]
    assert names == [*list(table)[:4], "Weight", "is_train"]
    assert "No numbers, and left out: kind." in text_of(section(html, "summary"))
    assert "<h1>\u2068&lt;i&gt;x&lt;/i&gt;\u2069</h1>" in html


def test_a_column_of_nothing_but_nan_is_no_input(table, tmp_path):
    table.assign(bad=np.nan).to_parquet(tmp_path / "t.parquet")
    options = ["--score", "bdt", "--drop", "dnn", "--out", "page.html"]
    done = hepml("t.parquet", "--label", "Label", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "page.html").read_text("utf-8")
    names = [row[0] for row in tables(html)["Input variables in numbers"]]
    assert names == [*list(table)[:4], "Weight", "is_train"]
    assert "Nothing but NaN, and left out: bad." in text_of(section(html, "summary"))
    for words in (["--columns", "bad"], ["--weight", "bad"]):
        done = hepml("t.parquet", "--label", "Label", *options[:2], *words, cwd=tmp_path)
        assert done.returncode == 1
        assert "nothing but NaN in 'bad'" in done.stderr


@pytest.mark.parametrize("first", [2**60, 2**63])
def test_identifiers_beyond_what_floats_tell_apart_stop_no_report(table, tmp_path, first):
    events = table.iloc[:400].assign(number=np.arange(400, dtype=np.uint64) + np.uint64(first))
    events.to_parquet(tmp_path / "e.parquet")
    options = ["--label", "Label", "--score", "bdt", "--columns", "number"]
    done = hepml("e.parquet", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "report.html").read_text("utf-8")
    assert [row[0] for row in tables(html)["Input variables in numbers"]] == ["number"]


def test_a_table_without_rows_is_one_sentence(table, tmp_path):
    table.iloc[:0].to_parquet(tmp_path / "t.parquet")
    done = hepml("t.parquet", "--label", "Label", "--score", "bdt", cwd=tmp_path)
    assert done.returncode == 1
    assert "t.parquet has columns but no rows: there is nothing to report" in done.stderr


def test_a_model_in_onnx_is_asked(folder, table, tmp_path):
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn.linear_model import LogisticRegression

    names = list(table)[:4]
    X = table[names].to_numpy(np.float32)
    model = LogisticRegression().fit(X, table["Label"])
    (tmp_path / "m.onnx").write_bytes(skl2onnx.to_onnx(model, X[:1]).SerializeToString())
    out = tmp_path / "page.html"
    options = [
        "--label",
        "Label",
        "--model",
        str(tmp_path / "m.onnx"),
        "--columns",
        ",".join(names),
    ]
    done = hepml("events.parquet", *options, "--out", str(out), cwd=folder)
    assert done.returncode == 0, done.stderr
    wanted = stats.auc(table["Label"].to_numpy(), model.predict_proba(X)[:, 1])
    html = out.read_text("utf-8")
    assert number(tables(html)["In short"][0][1])[0] == pytest.approx(wanted, abs=1e-3)
    assert "loss of AUC, m" in text_of(section(html, "ranking"))


@pytest.mark.parametrize(
    "named",
    [["--columns", '"pt, raw","a,b"'], ["--columns", "pt, raw", "--columns", "a,b"],
     ["--drop", "gauss"]],
)  # fmt: skip
def test_columns_with_commas_are_named(table, tmp_path, named):
    frame = table.iloc[:, [0, 1, 2]].set_axis(["pt, raw", "a,b", "gauss"], axis=1)
    frame = frame.assign(**{"b,dt": table["bdt"], "L,1": table["Label"]}).iloc[:800]
    frame.to_csv(tmp_path / "events.csv", index=False)
    for score in (['"b,dt"'], ["b,dt"]):
        options = ["--label", "L,1=1", "--score", *score, *named, "--force"]
        done = hepml("events.csv", *options, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        html = (tmp_path / "report.html").read_text("utf-8")
        rows = [row[0] for row in tables(html)["Input variables in numbers"]]
        assert rows == ["pt, raw", "a,b"]


INTERRUPTED = """
import signal, sys
from hepml.cli import main
from hepml_widgets.report import assemble as module
module.gather = lambda *_, **__: signal.raise_signal(signal.SIGINT)
sys.argv = ["hepml", "report", "events.csv.gz", "--label=Label", "--score=bdt", "--out=x.html"]
main()
"""


def test_after_ctrl_c_the_status_is_130(folder):
    command = [sys.executable, "-c", INTERRUPTED]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "hepml: interrupted; x.html was not written"
    assert not (folder / "x.html").exists()


def test_what_is_there_stays_unless_forced(folder, tmp_path):
    out = tmp_path / "page.html"
    out.write_text("mine")
    options = ["events.csv.gz", "--label", "Label", "--score", "bdt", "--out", str(out)]
    done = hepml(*options, cwd=folder)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"hepml: {out} exists already: choose another name, or overwrite it (--force)"
    )
    assert out.read_text() == "mine"
    assert hepml(*options, "--force", cwd=folder).returncode == 0
    assert out.read_text("utf-8").startswith("<!doctype html>")


GOOD = ["events.csv.gz", "--label", "Label", "--score", "bdt", "--out", "page.html"]


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({0: "evens.root"}, "there is no file 'evens.root' in .; did you mean 'events.root'"),
        ({0: "events.root:nothing"}, "nothing"),
        ({2: "Labl"}, "there is no column 'Labl': did you mean 'Label'?"),
        ({2: "kind"}, "'s': wanted 1 and 0, or say which value is meant: --label kind=s"),
        ({2: "kind=x"}, "no event has kind = x: it holds 'b', 's'"),
        ({4: "bdtt"}, "there is no column 'bdtt': did you mean 'bdt'?"),
        ({4: "BDT"}, "there is no column 'BDT': did you mean 'bdt'?"),
        # Whether the page can be written is tried before anything is read.
        ({4: "bdtt", 6: f"{'x' * 300}.html"}, "cannot be written: File name too long"),
        ({4: "kind"}, "column 'kind' holds no plain numbers"),
        ({6: "no/page.html"}, "there is no folder no"),
        ({6: "."}, "is a folder"),
        ({6: "events.csv.gz"}, "is to be read: write to another file"),
        (["--weight", "w"], "there is no column 'w'"),
        (["--train", "kind"], "--train kind=s"),
        (["--train", "Label"], "All"),
        (["--where", "Label", "==", "1"], "events are signal: a report compares"),
        (["--where", "Label", ">", "1"], "nothing to report"),
        (["--where", "Label", "=>", "1"], "the sign is one of"),
        (["--sigma-b", "-1"], "sigma_b is a relative uncertainty"),
        (["--sigma-b", "nan"], "sigma_b is a finite number, not nan"),
        (["--b-r", "-3"], "b_r is a number of events"),
        (["--prior", "3"], "share of signal, between 0 and 1"),
        (["--names", "one"], "names are two"),
        (["--model", "m.pkl"], "wanted a file that ends in .onnx and is there"),
        (["--columns", "kind"], "column 'kind' holds no plain numbers"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(folder, change, hint):
    arguments = list(GOOD)
    if isinstance(change, dict):
        for place, word in change.items():
            arguments[place] = word
    else:
        arguments += change
    before = sorted(folder.iterdir())
    done = hepml(*arguments, cwd=folder)
    assert done.returncode == 1, done.stdout
    last = done.stderr.splitlines()[-1]
    assert last.startswith("hepml: ")
    assert hint in last
    assert "Traceback" not in done.stderr
    assert sorted(folder.iterdir()) == before


def test_without_a_score_it_says_what_is_wanted(folder):
    done = hepml("events.csv.gz", "--label", "Label", cwd=folder)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "hepml: name a column of scores by --score, or an ONNX file by --model"
    )


def test_a_score_is_asked_for_before_the_file_is_looked_at(tmp_path):
    done = hepml("there is none.root", "--label", "Label", cwd=tmp_path)
    assert done.returncode == 1
    assert "name a column of scores by --score" in done.stderr


def test_views_are_loaded_before_the_table_is_read(folder):
    """Under a limit of memory there may be no room for them afterwards."""
    lines = (
        "import sys",
        "from hepml import data",
        "from hepml.cli import _report, main",
        "def read(*_, **_more):",
        "    print('hepml_widgets' in sys.modules)",
        "    raise data.DataError('read')",
        "_report.Table = read",
        "main()",
    )
    arguments = ["report", "events.parquet", "--label", "Label", "--score", "bdt"]
    command = [sys.executable, "-c", "\n".join(lines), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.stdout == "True\n"
    assert done.stderr == "report.html  0/100 %, reading events.parquet\nhepml: read\n"


@pytest.mark.parametrize("file", ["events.parquet", "events.csv.gz", "events.root"])
@pytest.mark.parametrize("chosen", [False, True])
def test_a_file_is_opened_once(folder, table, file, chosen):
    """Its columns are looked up, its table planned and read, all in the same open file."""
    lines = (
        "from hepml.cli import main",
        "from hepml.data import _chain",
        "once = _chain.open_source",
        "def opened(*given): print('opened'); return once(*given)",
        "_chain.open_source = opened",
        "main()",
    )
    words = ["report", file, "--label", "Label", "--score", "bdt,dnn", "--out", "once.html"]
    columns = ["--columns", ",".join(list(table)[:2])] if chosen else []
    command = [sys.executable, "-c", "\n".join(lines), *words, "--force", *columns]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("opened") == 1


def test_help_has_examples(folder):
    done = hepml("--help", cwd=folder)
    assert done.returncode == 0
    assert "hepml report events.root --tree nominal --label is_signal" in " ".join(
        done.stdout.split()
    )


def test_optional_columns_of_an_rntuple_are_used_and_what_is_not_read_is_named(table, tmp_path):
    ak, uproot = pytest.importorskip("awkward"), pytest.importorskip("uproot")
    label, score = table["Label"].to_numpy(), table["bdt"].to_numpy()
    leading = ak.mask(ak.Array(table.iloc[:, 0].to_numpy()), np.arange(len(table)) % 5 > 0)
    with uproot.recreate(tmp_path / "o.root") as file:
        file["t"] = {
            "label": label,
            "bdt": score,
            "leading": ak.Array(leading.tolist()),
            "count": ak.Array([None, *range(1, len(table))]),
            "either": ak.Array([1, "a"] * (len(table) // 2)),
        }
    options = ["--label", "label", "--score", "bdt", "--out", "page.html"]
    done = hepml("o.root", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "page.html").read_text("utf-8")
    named = [row[0] for row in tables(html)["Input variables in numbers"]]
    assert set(named) == {"leading", "count"}
    assert "Not read: either (a variant" in text_of(section(html, "summary"))
