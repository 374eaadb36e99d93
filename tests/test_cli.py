"""The hepml command: what it prints, and one sentence with exit status 1 where it cannot."""

import signal
import subprocess
import sys
import time

import pytest

from hepml import data


def hepml(*arguments):
    command = [sys.executable, "-c", "from hepml.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_samples_are_listed():
    result = hepml("data", "list")
    assert result.returncode == 0
    assert result.stdout.startswith("higgs_tautau")
    assert str(data.card("higgs_tautau").record["events"]) in result.stdout


def test_the_card_is_printed():
    assert hepml("data", "card", "higgs_tautau").stdout.strip() == str(data.card("higgs_tautau"))


def test_samples_are_verified():
    result = hepml("data", "verify")
    assert result.returncode == 0
    assert "as its card says" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["verify", "higgs_tatau"], "did you mean 'higgs_tautau'"),
        (["card", "x"], "there is no sample"),
        (["generate", "x", "--events", "1", "--seed", "1", "--out", "x.root"], "no recipe"),
        (
            ["generate", "higgs_tautau", "--events", "0", "--seed", "1", "--out", "x.root"],
            "least 1",
        ),
        (["generate", "higgs_tautau", "--events", "9", "--seed", "1", "--out", "x.csv"], ".root"),
        (
            ["generate", "higgs_tautau", "--events", "9", "--seed", "1", "--out", "no/x.root"],
            "folder",
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
def test_an_interruption_keeps_what_is_finished(tmp_path):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    out = tmp_path / "x.root"
    command = [sys.executable, "-c", "from hepml.cli import main; main()", "data", "generate"]
    command += ["higgs_tautau", "--events", "2000", "--seed", "1", "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob("x.root.part/*.npz")):
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=120)
    assert process.returncode == 1
    assert message.strip().endswith("the same command goes on from there")
    assert not out.exists()
    assert list(tmp_path.glob("x.root.part/*.npz"))
