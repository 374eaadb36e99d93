"""The hepml command: what it prints, and one sentence with exit status 1 where it cannot."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from hepml import data
from hepml.cli._bar import Bar


def hepml(*arguments):
    command = [sys.executable, "-c", "from hepml.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_samples_are_listed():
    result = hepml("data", "list")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    for name in data.names():
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        record = data.card(name).record
        assert line.split()[1] == str(record["events"])
        assert line.endswith(record["title"])


@pytest.mark.parametrize("name", data.names())
def test_the_card_is_printed(name):
    assert hepml("data", "card", name).stdout.strip() == str(data.card(name))


def test_samples_are_verified():
    result = hepml("data", "verify")
    assert result.returncode == 0
    assert result.stdout.count("as its card says") == len(data.names())


def test_what_is_generated_can_be_verified_and_made_again(tmp_path):
    generate = ["generate", "known_truth", "--events", "500", "--seed", "1"]
    made = hepml("data", *generate, "--out", str(tmp_path / "new"))
    assert made.returncode == 0, made.stderr
    assert "500 events" in made.stdout
    assert "\x1b" not in made.stderr
    first, last = made.stderr.splitlines()
    assert first == "known_truth  0/500 events, first chunk under way"
    assert last.startswith("known_truth  500/500 events")
    record = data.card(tmp_path / "new" / "known_truth.root").record
    assert record["content_sha256"] in made.stdout
    repeated = hepml("data", *generate, "--out", str(tmp_path / "new"))
    assert (repeated.returncode, repeated.stdout) == (0, made.stdout)
    card = tmp_path / "new" / "known_truth.json"
    assert repeated.stderr.endswith(f"{card} is there already, and is as its card says\n")
    checked = hepml("data", "verify", "--again", str(tmp_path / "new"))
    assert checked.stdout.strip().endswith("known_truth.root  as its card says")
    command = record["command"].split()
    assert command[0] == "hepml"
    (tmp_path / "again").mkdir()
    main = [sys.executable, "-c", "from hepml.cli import main; main()"]
    subprocess.run([*main, *command[1:]], cwd=tmp_path / "again", check=True, capture_output=True)
    again = data.card(tmp_path / "again" / "known_truth.root").record
    assert again["content_sha256"] == record["content_sha256"]


def test_all_are_verified_and_each_failure_is_told(tmp_path):
    result = hepml("data", "verify", "nowhere", "known_truth", str(tmp_path))
    assert result.returncode == 1
    assert result.stdout == f"{data.path('known_truth')}  as its card says\n"
    first, second = result.stderr.splitlines()
    assert first.startswith("hepml: there is no sample, folder or file 'nowhere'")
    assert second.startswith("hepml: there is no card of a sample")


@pytest.mark.generate
def test_an_interruption_before_the_first_chunk_keeps_nothing(tmp_path):
    """The first line says that work begins; a chunk of Pythia takes some seconds."""
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    command = [sys.executable, "-c", "from hepml.cli import main; main()", "data", "generate"]
    command += ["higgs_tautau", "--events", "2500", "--seed", "1", "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr.readline().endswith("first chunk under way\n")
        process.send_signal(signal.SIGINT)
        output, message = process.communicate(timeout=120)
    assert (process.returncode, output) == (130, "")
    assert message == "hepml: interrupted; no finished chunk is kept\n"
    assert not (tmp_path / "out").exists()


def test_the_bar_tells_the_time_from_the_start(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # how rich is told that a file is a terminal
    monkeypatch.setenv("COLUMNS", "100")
    with Bar("x", "events", "first chunk under way") as bar:
        bar(0, 10, True)
        texts = ["".join(str(cell) for cell in column._cells) for column in table(bar)]
        assert any("0/10 events, first chunk under way" in text for text in texts)
        assert any("0:00:0" in text for text in texts)
        bar(5, 10, False)
        assert not any("under way" in str(cell) for column in table(bar) for cell in column._cells)


def table(bar):
    """Columns of what the bar shows."""
    return bar.bar.make_tasks_table(bar.bar.tasks).columns


@pytest.mark.generate
def test_fastjet_s_banner_stays_off_the_terminal(tmp_path):
    pytest.importorskip("fastjet", reason="the extra 'generate' is not installed")
    made = hepml(
        *["data", "generate", "higgs_tautau", "--events", "5", "--seed", "1"],
        *["--out", str(tmp_path)],
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith(str(tmp_path))
    assert made.stdout.count("\n") == 1


def test_what_pythia_made_is_not_made_again_unasked():
    result = hepml("data", "verify", "--again", "higgs_tautau")
    assert result.returncode == 1
    assert "repeat the command on its card" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["verify", "higgs_tatau"], "did you mean 'higgs_tautau'"),
        (["card", "x"], "there is no sample"),
        (["verify", "nowhere"], "there is no sample, folder or file 'nowhere'"),
        (["generate", "x", "--events", "1", "--seed", "1", "--out", "x"], "no recipe"),
        (["generate", "known_truth", "--events", "0", "--seed", "1", "--out", "x"], "least 1"),
        (["generate", "known_truth", "--events", "9", "--seed", "1", "--out", "no/x"], "folder"),
        (
            [
                *[
                    "generate",
                    "known_truth",
                    "--events",
                    "9",
                    "--seed",
                    "1",
                    "--out",
                    "x",
                    "--scheduler",
                    "nonsense",
                ]
            ],
            "is no address of a Dask scheduler",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = hepml("data", *arguments)
    assert result.returncode == 1
    assert result.stderr.startswith("hepml: ")
    assert hint in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.generate
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_is_finished(tmp_path, sent):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    command = [sys.executable, "-c", "from hepml.cli import main; main()", "data", "generate"]
    command += ["higgs_tautau", "--events", "800", "--seed", "1", "--out", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        while not list(tmp_path.glob("higgs_tautau.part/?-?-?????.npz")):
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(sent)
        _, message = process.communicate(timeout=120)
    assert process.returncode == 128 + sent
    first, last = message.splitlines()
    assert first.endswith("first chunk under way")
    assert last.startswith("hepml: interrupted")
    assert last.endswith("the same command goes on from there")
    assert not list(tmp_path.glob("*.root"))
    assert list(tmp_path.glob("higgs_tautau.part/*.npz"))


# ---------------------------------------------------------------- names with commas

COMMAS = ("pt, raw", "x,y", "x", "y", 'say "hi"')


@pytest.fixture
def commas(tmp_path):
    pd = pytest.importorskip("pandas", reason="the extra 'lab' is not installed")
    pytest.importorskip("pyarrow", reason="the extra 'lab' is not installed")
    pd.DataFrame({name: [1.5, 2.5] for name in COMMAS}).to_csv(tmp_path / "in.csv", index=False)
    return tmp_path


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        (["--columns", '"pt, raw",x'], ["pt, raw", "x"]),
        (["--columns", "pt, raw", "--columns", "x"], ["pt, raw", "x"]),
        (["--columns", '"x,y"'], ["x,y"]),
        (["--columns", 'x, "x,y", y'], ["x", "x,y", "y"]),
        (["--columns", "x", "--columns", "y"], ["x", "y"]),
        (["--columns", '"say ""hi""",y'], ['say "hi"', "y"]),
        (["--drop", '"x,y","pt, raw"'], ["x", "y", 'say "hi"']),
        (["--drop", "pt, raw", "--drop", 'x,"say ""hi"""'], ["x,y", "y"]),
    ],
)
def test_columns_with_commas_are_named(commas, options, columns):
    out = commas / "out.parquet"
    done = hepml("data", "convert", str(commas / "in.csv"), str(out), *options)
    assert done.returncode == 0, done.stderr
    assert list(data.read(out).columns) == columns


def test_a_word_that_is_read_in_two_ways_is_refused(commas):
    paths = str(commas / "in.csv"), str(commas / "out.parquet")
    for option in ("--columns", "--drop"):
        done = hepml("data", "convert", *paths, option, "x,y")
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == (
            "hepml: x,y names one column, and 2 others: write '\"x,y\"' for the one, or repeat the "
            "option for the others"
        )
    done = hepml("data", "convert", *paths, "--columns", '"x,y')
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is no list of names" in done.stderr
    assert not (commas / "out.parquet").exists()


def test_help_says_how_to_name_a_column_with_a_comma():
    for command in (("data", "convert"), ("report",)):
        text = " ".join(hepml(*command, "--help").stdout.split())
        assert '"pt, raw",eta' in text


EVIL = "\x1b]0;owned\x07\x1b[31m\r\u202e"


def test_no_name_steers_the_terminal(tmp_path):
    """Colours, titles and carriage returns of a name are shown as what they are."""
    np.savez(tmp_path / "in.npz", **{f"x{EVIL}": np.ones(3), "y": np.arange(3)})
    target = tmp_path / f"out{EVIL}.csv"
    for arguments in (["in.npz", target], ["in.npz", target], [f"no{EVIL}.npz", "out.csv"]):
        command = [sys.executable, "-c", "from hepml.cli import main; main()", "data", "convert"]
        done = subprocess.run(
            [*command, *map(str, arguments)], cwd=tmp_path, capture_output=True, check=False
        )
        shown = (done.stdout + done.stderr).decode()
        assert not set(EVIL[:1] + "\x07\r\u202e") & set(shown), shown
        assert r"\x1b[31m" in shown


@pytest.mark.skipif(os.name == "nt", reason="only there a terminal hangs up")
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_signals_end_a_command_tidily(tmp_path, sent, status):
    np.savez(tmp_path / "in.npz", x=np.ones(3))
    code = "import os, time; from hepml import cli, data\n"
    # The system may hand the signal to another thread first: until it has come, nothing goes on.
    wait = "time.sleep(60)"
    code += f"data.convert = lambda *_, **__: (os.kill(os.getpid(), {int(sent)}), {wait})\n"
    code += "cli.main()"
    command = [sys.executable, "-c", code, "data", "convert", "in.npz", "out.csv"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False,
        preexec_fn=lambda: signal.signal(sent, signal.SIG_DFL),
    )  # fmt: skip
    assert done.returncode == status
    assert done.stderr.endswith("hepml: interrupted; out.csv was not written\n")
