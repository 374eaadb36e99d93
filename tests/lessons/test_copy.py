"""The student's own copy: clean, brought up to date, and never without an answer that was in it."""

import json
import logging
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepml_lessons import copy
from hepml_lessons._cells import text_of
from hepml_lessons.copy import _own, follow
from hepml_lessons.copy._clean import essence
from tests.support import servers

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ("bumps", "trees")


def code(text, *, outputs=(), tags=()):
    return {
        "cell_type": "code",
        "id": "c",
        "metadata": {"tags": list(tags)},
        "source": text,
        "outputs": list(outputs),
        "execution_count": 3,
    }


def prose(text):
    return {"cell_type": "markdown", "id": "p", "metadata": {}, "source": text}


def notebook(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


PRINTED = {"output_type": "stream", "name": "stdout", "text": "0.9\n"}


def lesson(version=1):
    return notebook(
        prose(f"# Lesson, version {version}\n\n[word](../book/glossary.md)"),
        code("auc = 0.9\nauc", outputs=[PRINTED]),
        code("my_auc = ...", tags=["exercise"]),
        code("my_auc = 0.9", tags=["solution"]),
    )


class House:
    """A clone with lessons, a lecturer who changes them, and a student's folder."""

    def __init__(self, root):
        self.notebooks, self.work = root / "notebooks", root / "work"
        self.notebooks.mkdir()
        self.versions = dict.fromkeys(LESSONS, 1)
        for name in LESSONS:
            self.publish(name, 1)

    def publish(self, name, version):
        self.versions[name] = version
        (self.notebooks / f"{name}.ipynb").write_text(json.dumps(lesson(version)))

    def update(self):
        return copy.update(self.work)

    def files(self):
        return sorted(self.work.glob("*.ipynb"))

    def read(self, name):
        return json.loads((self.work / f"{name}.ipynb").read_text())

    def change(self, path, change):
        own = json.loads(path.read_text())
        change(own["cells"])
        path.write_text(json.dumps(own))

    def answer(self, path, text):
        self.change(path, lambda cells: cells[2].update(source=f"my_auc = {text!r}"))

    def run(self, path):
        self.change(path, lambda cells: cells[1].update(outputs=[PRINTED]))

    def answers(self):
        return "".join(
            text_of(cell)
            for path in self.work.rglob("*.ipynb")
            if (own := _own.read(path))
            for cell in own["cells"]
        )


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setattr(_own, "ROOT", tmp_path)
    monkeypatch.setattr(_own, "NOTEBOOKS", tmp_path / "notebooks")
    return House(tmp_path)


def test_a_copy_is_clean_and_solutions_are_read_not_run(house):
    house.update()
    made = house.read("trees")["cells"]
    assert [cell["cell_type"] for cell in made] == ["markdown", "code", "code", "markdown"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in made[1:3])
    assert made[3]["source"].startswith("<details ")
    assert "my_auc = 0.9" in made[3]["source"]
    assert "(../book/glossary.md)" in made[0]["source"]


@pytest.mark.usefixtures("house")
def test_elsewhere_links_to_the_book_lead_to_the_repository(tmp_path):
    copy.update(tmp_path / "far" / "away")
    made = json.loads((tmp_path / "far" / "away" / "trees.ipynb").read_text())
    assert "(https://github.com/hepml-lab/hepml-lab/blob/main/book/glossary.md)" in str(made)


def test_all_is_added_once_and_then_up_to_date(house):
    assert [(step.name, step.what) for step in house.update()] == [
        ("bumps", "added"),
        ("trees", "added"),
    ]
    before = {path: path.stat().st_mtime_ns for path in house.files()}
    assert house.update() == []
    assert {path: path.stat().st_mtime_ns for path in house.files()} == before


def test_an_untouched_lesson_gets_its_new_version(house):
    house.update()
    house.publish("trees", 2)
    (step,) = house.update()
    assert step.what == "updated"
    assert "version 2" in house.read("trees")["cells"][0]["source"]
    assert [path.stem for path in house.files()] == list(LESSONS)


def test_a_lesson_that_was_only_run_is_renewed_and_what_it_showed_is_kept(house):
    house.update()
    house.run(house.work / "trees.ipynb")
    house.publish("trees", 2)
    (step,) = house.update()
    assert step.what == "updated"
    (kept,) = (house.work / "earlier").glob("trees-*.ipynb")
    assert json.loads(kept.read_text())["cells"][1]["outputs"] == [PRINTED]


def test_a_changed_lesson_stays_and_the_new_one_lies_beside_it_once(house):
    house.update()
    house.answer(house.work / "trees.ipynb", "mine")
    house.publish("trees", 2)
    (step,) = house.update()
    assert step.what == "beside"
    assert str(step).count("trees-new.ipynb") == 1
    assert "mine" in str(house.read("trees"))
    told, *lesson = house.read("trees-new")["cells"]
    assert "](trees.ipynb)" in told["source"]
    assert "version 2" in str(lesson)
    assert house.update() == []
    (house.work / "trees-new.ipynb").unlink()  # no, thanks
    assert house.update() == []
    house.publish("trees", 3)
    assert [step.file.name for step in house.update()] == ["trees-new.ipynb"]


def test_a_lesson_that_is_open_is_not_replaced_under_its_reader(house):
    """What is typed and not saved yet is not on the disk: nobody knows whether it was changed."""
    house.update()
    house.publish("trees", 2)
    house.publish("bumps", 2)
    steps = {step.name: step for step in copy.update(house.work, in_use={"trees"})}
    assert (steps["bumps"].what, steps["trees"].what) == ("updated", "open")
    assert "version 1" in str(house.read("trees"))
    assert "version 2" in str(house.read("trees-new"))
    assert [step.what for step in house.update()] == ["updated"]


def test_a_new_version_replaces_one_beside_only_if_nobody_wrote_in_it(house):
    house.update()
    house.answer(house.work / "trees.ipynb", "first")
    house.publish("trees", 2)
    house.update()
    house.publish("trees", 3)
    house.update()
    assert "version 3" in str(house.read("trees-new"))
    house.answer(house.work / "trees-new.ipynb", "second")
    house.publish("trees", 4)
    (step,) = house.update()
    assert step.file.name == "trees-new-2.ipynb"
    assert "second" in str(house.read("trees-new"))


def test_what_is_written_into_the_first_line_of_a_new_version_stays(house):
    house.update()
    house.answer(house.work / "trees.ipynb", "mine")
    house.publish("trees", 2)
    house.update()
    new = house.read("trees-new")
    new["cells"][0]["source"] += "\n\nMy notes."
    (house.work / "trees-new.ipynb").write_text(json.dumps(new))
    house.publish("trees", 3)
    (step,) = house.update()
    assert step.file.name == "trees-new-2.ipynb"
    assert "My notes." in str(house.read("trees-new"))


def test_whoever_takes_the_fix_by_hand_is_up_to_date(house):
    house.update()
    house.answer(house.work / "trees.ipynb", "mine")
    house.publish("trees", 2)
    house.update()
    (house.work / "trees-new.ipynb").rename(house.work / "trees.ipynb")
    assert house.update() == []
    house.publish("trees", 3)
    (step,) = house.update()
    assert step.what == "updated"


def test_reset_sets_aside_what_was_there(house):
    house.update()
    house.answer(house.work / "trees.ipynb", "mine")
    step = copy.reset("trees", house.work)
    assert step.what == "reset"
    assert "mine" in step.file.read_text()
    assert "mine" not in str(house.read("trees"))
    again = copy.reset("trees", house.work)
    assert again.file != step.file
    assert "mine" in step.file.read_text()


def test_a_file_that_is_no_notebook_is_left_and_told(house):
    house.update()
    (house.work / "trees.ipynb").write_text('{"cells": [')
    (step,) = house.update()
    assert "cannot be read and is left as it is" in str(step)
    assert (house.work / "trees.ipynb").read_text() == '{"cells": ['
    assert copy.state("trees", house.work) == "cannot be read"
    assert house.update() == []


def test_what_was_noted_may_be_lost_without_losing_an_answer(house):
    house.update()
    house.answer(house.work / "trees.ipynb", "mine")
    (house.work / _own.STATE).write_text("{half")
    house.publish("trees", 2)
    house.publish("bumps", 2)
    assert {step.what for step in house.update()} == {"beside"}
    assert "mine" in str(house.read("trees"))


def test_states_are_told(house):
    assert copy.state("trees", house.work) == "not there yet"
    house.update()
    assert copy.state("trees", house.work) == "not changed"
    house.answer(house.work / "trees.ipynb", "mine")
    assert copy.state("trees", house.work) == "changed"


def test_another_process_is_waited_for_by_the_person(house):
    house.work.mkdir()
    with (
        _own.locked(house.work / f"{_own.STATE}.lock"),
        pytest.raises(copy.CopyError, match="another process is at the lessons"),
    ):
        house.update()


def test_an_unknown_lesson_is_one_sentence(house):
    with pytest.raises(copy.CopyError, match="no lesson 'tree'; there are bumps, trees"):
        copy.reset("tree", house.work)


def test_a_folder_that_cannot_be_made_is_one_sentence(house):
    (house.work).write_text("a file")
    with pytest.raises(copy.CopyError, match="work cannot be written: "):
        house.update()


ACTS = st.sampled_from(["edit", "run", "pull", "update", "reset", "forget", "tear"])


@settings(max_examples=50, deadline=None)
@given(acts=st.lists(st.tuples(ACTS, st.integers(0, 99)), min_size=3, max_size=25))
def test_no_sequence_of_acts_loses_an_answer(tmp_path_factory, acts):
    """Every answer stands in a notebook that can be read, whatever happened after it was given."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("house")
        patch.setattr(_own, "ROOT", root)
        patch.setattr(_own, "NOTEBOOKS", root / "notebooks")
        house = House(root)
        house.update()
        given_answers = []
        for number, (act, chance) in enumerate(acts):
            path = house.files()[chance % len(house.files())]
            name = LESSONS[chance % 2]
            if act == "edit":
                given_answers.append(f"<answer {number}>")
                house.change(path, lambda cells: cells.append(code(given_answers[-1])))
            elif act == "run":
                house.run(path)
            elif act == "pull":
                house.publish(name, chance % 5)
            elif act == "update":
                house.update()
            elif act == "reset":
                copy.reset(name, house.work)
            elif act == "forget":
                (house.work / _own.STATE).unlink(missing_ok=True)
            elif act == "tear":
                (house.work / _own.STATE).write_text("{")
            found = house.answers()
            assert [one for one in given_answers if one not in found] == []
        house.update()
        assert not {path.suffix for path in house.work.rglob("*")} - {".ipynb", ".json", ""}


def test_running_changes_nothing_and_writing_does():
    begun = copy.clean(lesson())
    run, written = copy.clean(lesson()), copy.clean(lesson())
    run["cells"][1] |= {"outputs": [PRINTED], "execution_count": 9, "metadata": {"trusted": True}}
    run["cells"].append(code("  \n"))
    written["cells"][2] = code("my_auc = 0.91")
    assert essence(run) == essence(begun) != essence(written)


def test_the_lessons_as_they_ship_become_clean():
    for name in copy.names():
        executed = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
        begun = copy.clean(executed)
        tests = [c for c in executed["cells"] if "remove-cell" in c["metadata"].get("tags", ())]
        assert len(begun["cells"]) == len(executed["cells"]) - len(tests)
        cells = [cell for cell in begun["cells"] if cell["cell_type"] == "code"]
        assert not any(cell["outputs"] for cell in cells)
        assert not any("solution" in cell["metadata"].get("tags", ()) for cell in cells)


@pytest.mark.parametrize("kind", ["ipynb", "py"])
def test_what_is_handed_out_has_no_solution_and_no_output(tmp_path, kind):
    path = copy.export("boosted-trees", kind, tmp_path / f"out.{kind}")
    text = path.read_text()
    solutions = json.loads((_own.NOTEBOOKS / "boosted-trees.ipynb").read_text())["cells"]
    lines = [text_of(c) for c in solutions if "solution" in c["metadata"].get("tags", ())]
    assert len(lines) == 3
    assert not any(each.splitlines()[-1] in text for each in lines)
    assert "data:image" not in text
    assert "my_" in text
    with pytest.raises(copy.CopyError, match="is there already"):
        copy.export("boosted-trees", kind, path)
    copy.export("boosted-trees", kind, path, overwrite=True)


def test_an_exported_script_is_python(tmp_path):
    path = copy.export("start", "py", tmp_path / "start.py")
    compile(path.read_text(), "start.py", "exec")
    assert path.read_text().startswith("# %% [markdown]\n# # Start here")


def test_the_answers_of_a_quiz_are_cards_with_letters_that_begin_anew_with_each_question():
    found = 0
    for name in copy.names():
        begun = copy.clean(json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text()))
        for text in (text_of(cell) for cell in begun["cells"]):
            if '<div class="quiz">' not in text:
                continue
            questions = re.split(r"^\*\*\d\. ", text, flags=re.MULTILINE)[1:]
            for question in questions:
                letters = re.findall(r"<summary><b>(\w)</b>", question)
                assert letters == list("ABCDEF")[: question.count("<details class=")]
                room = [int(pixels) for pixels in re.findall(r"margin:0 0 (\d+)px 0", question)]
                assert max(room[:-1]) < room[-1]
                found += 1
    assert found == 45


# ------------------------------------------------------------------ two clones


def git(folder, *words):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", *identity, "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def updated(clone):
    """Bring a clone's own copy up to date with the clone's own code, as `make lab` does."""
    program = "from hepml_lessons import copy; print(*copy.update(), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=clone, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture
def clones(tmp_path):
    """Give a lecturer's clone and a student's of one repository, with the code that stands here."""
    origin, lecturer, student = (tmp_path / name for name in ("origin", "lecturer", "student"))
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", origin], check=True)
    subprocess.run(["git", "clone", "-q", origin, lecturer], check=True, capture_output=True)
    kept = [".gitignore", "hepml/__init__.py", "hepml/files.py", "hepml_lessons/__init__.py"]
    kept += [
        "hepml_lessons/_recording.py",
        "hepml_lessons/_cells.py",
        "hepml_lessons/_seed.py",
        "hepml_lessons/pace.py",
        "notebooks/start.ipynb",
        "notebooks/boosted-trees.ipynb",
    ]
    kept += [f"hepml_lessons/copy/{path.name}" for path in Path(copy.__file__).parent.glob("*.py")]
    for name in kept:
        (lecturer / name).parent.mkdir(parents=True, exist_ok=True)
        (lecturer / name).write_bytes((ROOT / name).read_bytes())
    git(lecturer, "add", ".")
    git(lecturer, "commit", "-qm", "Lessons")
    git(lecturer, "push", "-q", "origin", "HEAD:main")
    subprocess.run(["git", "clone", "-q", "-b", "main", origin, student], check=True)
    return lecturer, student


def fix(lecturer, name, old, new):
    path = lecturer / "notebooks" / f"{name}.ipynb"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    git(lecturer, "commit", "-qam", "A fix")
    git(lecturer, "push", "-q", "origin", "HEAD:main")


def test_a_lecturers_fix_in_the_middle_of_the_week_reaches_students_without_a_conflict(clones):
    lecturer, student = clones
    assert updated(student).count(" is new") == 2
    own = student / "work" / "boosted-trees.ipynb"
    worked_on = json.loads(own.read_text())
    worked_on["cells"].append(code("my_z = 2.5"))
    own.write_text(json.dumps(worked_on))
    assert git(student, "status", "--porcelain") == ""
    fix(lecturer, "boosted-trees", "Boosted decision trees", "Boosted decision trees, mended")
    fix(lecturer, "start", "Start here", "Start here, mended")
    git(student, "pull", "-q", "--ff-only")
    said = updated(student)
    assert "start has its new version" in said
    assert "boosted-trees has a new version; you changed yours" in said
    assert "my_z = 2.5" in own.read_text()
    assert "mended" in (student / "work" / "boosted-trees-new.ipynb").read_text()
    assert "mended" in (student / "work" / "start.ipynb").read_text()
    assert git(student, "status", "--porcelain") == ""


# ------------------------------------------------------------------ a server that follows


def notebook_of(clone, name):
    return json.loads((clone / "work" / f"{name}.ipynb").read_text())


def is_mended(clone, name):
    path = clone / "work" / f"{name}.ipynb"
    return path.exists() and "mended" in path.read_text()


@pytest.fixture
def server(clones, tmp_path):
    """Start JupyterLab above a student's clone, as on a hub, to follow what is pulled."""
    command = ["-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    port = servers.free_port()
    command += [f"--port={port}", "--ServerApp.root_dir=.", "--IdentityProvider.token=x"]
    command += ["--ServerApp.jpserver_extensions=hepml_lessons.copy.follow=True"]
    command += ["--FileContentsManager.preferred_dir=hepml-lab"]  # as of `make lab`
    home = tmp_path / "home"
    home.mkdir()
    shutil.move(clones[1], home / "hepml-lab")
    (tmp_path / "jupyter").mkdir()
    environment = servers.private_environment(tmp_path / "jupyter") | {"PYTHONPATH": str(ROOT)}
    process = servers.start(command, environment, home)
    try:
        yield clones[0], home / "hepml-lab", f"http://127.0.0.1:{port}"
    finally:
        servers.stop(process)


def opened(url, path):
    """Give a notebook a kernel, as JupyterLab does when it opens it."""
    servers.wait_until(lambda: servers.answers(f"{url}/api"))
    asked = {"path": path, "type": "notebook", "name": path, "kernel": {"name": "python3"}}
    request = urllib.request.Request(  # noqa: S310 - our own loopback
        f"{url}/api/sessions", json.dumps(asked).encode(), {"Authorization": "token x"}
    )
    with urllib.request.urlopen(request, timeout=servers.PATIENCE) as reply:  # noqa: S310
        assert reply.status == 201


PULLER = (
    "import sys; from nbgitpuller import GitPuller;"
    "list(GitPuller(*sys.argv[1:], branch='main').pull())"
)


def pull(student, way):
    """Pull as git does, or as a link of nbgitpuller."""
    if way == "git":
        git(student, "pull", "-q", "--ff-only")
        return
    pytest.importorskip("nbgitpuller")
    url = git(student, "remote", "get-url", "origin").strip()
    subprocess.run([sys.executable, "-c", PULLER, url, str(student)], check=True)


@pytest.mark.parametrize("way", ["git", "nbgitpuller"])
def test_a_pull_reaches_the_copy_while_jupyter_runs(server, way):
    lecturer, student, url = server
    servers.wait_until((student / "work" / "start.ipynb").exists)
    own = student / "work" / "boosted-trees.ipynb"
    servers.wait_until(own.exists)
    worked_on = notebook_of(student, "boosted-trees")
    worked_on["cells"].append(code("my_z = 2.5"))
    own.write_text(json.dumps(worked_on))
    opened(url, "hepml-lab/work/start.ipynb")
    fix(lecturer, "boosted-trees", "Boosted decision trees", "Boosted decision trees, mended")
    fix(lecturer, "start", "Start here", "Start here, mended")
    pull(student, way)
    servers.wait_until(lambda: is_mended(student, "start-new"))  # it has a kernel
    assert not is_mended(student, "start")
    servers.wait_until(lambda: is_mended(student, "boosted-trees-new"))
    assert "my_z = 2.5" in own.read_text()
    assert git(student, "status", "--porcelain") == ""


def test_what_cannot_be_brought_up_to_date_is_told_once_and_tried_again(clones, caplog):
    _, student = clones
    follower = follow.Follower(student, logging.getLogger("lessons"))
    good = (student / "notebooks" / "start.ipynb").read_text()
    (student / "notebooks" / "start.ipynb").write_text(good[:100])  # in the middle of a pull
    for _ in range(3):
        follower()
    assert caplog.text.count("is no notebook") == 1
    (student / "notebooks" / "start.ipynb").write_text(good)
    follower()
    assert (student / "work" / "start.ipynb").exists()


def test_folders_of_lessons_are_found_and_others_left_alone(clones, tmp_path):
    (tmp_path / "other" / "notebooks").mkdir(parents=True)
    (tmp_path / "other" / "notebooks" / "start.ipynb").write_text("{}")
    assert follow.clones(tmp_path) == sorted(clones)
    assert follow.clones(clones[1]) == [clones[1]]


def test_a_folder_that_cannot_be_listed_is_told_once(tmp_path, caplog):
    follower = follow.Follower(tmp_path / "gone", logging.getLogger("lessons"))
    for _ in range(3):
        follower()
    assert caplog.text.count("No such file") == 1
