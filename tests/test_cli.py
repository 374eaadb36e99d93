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
    assert made.stderr.startswith("known_truth  500/500 events")
    record = data.card(tmp_path / "new" / "known_truth.root").record
    assert record["content_sha256"] in made.stdout
    checked = hepml("data", "verify", "--again", str(tmp_path / "new"))
    assert checked.stdout.strip().endswith("known_truth.root  as its card says")
    command = record["command"].split()
    assert command[0] == "hepml"
    (tmp_path / "again").mkdir()
    main = [sys.executable, "-c", "from hepml.cli import main; main()"]
    subprocess.run([*main, *command[1:]], cwd=tmp_path / "again", check=True, capture_output=True)
    again = data.card(tmp_path / "again" / "known_truth.root").record
    assert again["content_sha256"] == record["content_sha256"]


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
    assert process.returncode == 1
    assert message.startswith("hepml: interrupted")
    assert message.strip().endswith("the same command goes on from there")
    assert message.count("\n") == 1
    assert not list(tmp_path.glob("*.root"))
    assert list(tmp_path.glob("higgs_tautau.part/*.npz"))
