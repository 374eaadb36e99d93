"""Each student's copy has a seed of its own, which stays."""

import json

import pytest

from hepml_lessons import copy, own_seed


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.delenv("HEPML_SEED", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("place")
def test_a_lesson_of_the_book_takes_everybodys():
    assert own_seed() == 42


def test_copies_have_seeds_of_their_own_that_stay(place, monkeypatch):
    seeds = {}
    for name in ("one", "other"):
        copy.update(place / name)
        monkeypatch.chdir(place / name)
        seeds[name] = own_seed()
        copy.update(place / name)
        assert own_seed() == seeds[name]
        assert json.loads((place / name / ".hepml-lessons.json").read_text())["seed"] == seeds[name]
    assert seeds["one"] != seeds["other"]


@pytest.mark.usefixtures("place")
def test_a_teacher_may_name_a_seed(monkeypatch):
    monkeypatch.setenv("HEPML_SEED", "7")
    assert own_seed() == 7


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("given", ["-1", "x", "4.2"])
def test_a_name_that_is_no_seed_is_a_sentence(monkeypatch, given):
    monkeypatch.setenv("HEPML_SEED", given)
    with pytest.raises(ValueError, match="HEPML_SEED should be a whole number from 0 on"):
        own_seed()


def test_a_record_of_before_gets_a_seed_and_loses_nothing(place):
    copy.update(place)
    record = place / ".hepml-lessons.json"
    known = json.loads(record.read_text())
    given = known["given"]
    del known["seed"]
    record.write_text(json.dumps(known))
    assert own_seed() == 42
    copy.update(place)
    assert json.loads(record.read_text())["given"] == given
    assert own_seed() == json.loads(record.read_text())["seed"]


def test_a_damaged_record_is_no_obstacle(place):
    (place / ".hepml-lessons.json").write_text('{"seed": "x')
    assert own_seed() == 42
