"""Files are written whole or not at all, whoever writes them."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from hepml import files

LONGEST = 255  # bytes of a name, on the file systems of today
ENDLESS = """
import sys, time
from hepml import files
with files.whole(sys.argv[1]) as part:
    part.write_text("half")
    print(part.name, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def target(tmp_path):
    target = tmp_path / "page.html"
    target.write_text("old")
    return target


def test_an_error_leaves_the_old_file_and_nothing_beside_it(target):
    def write_half():
        with files.whole(target) as part:
            part.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_the_new_file_is_there_at_the_end_and_not_before(target):
    with files.whole(target) as part:
        part.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_file_keeps_its_mode_and_is_as_private_while_it_is_written(target, mode):
    target.chmod(mode)
    with files.whole(target) as part:
        assert part.stat().st_mode & 0o077 & ~mode == 0
    assert target.stat().st_mode & 0o777 == mode


def test_a_new_file_has_the_mode_that_any_other_program_gives_it(tmp_path):
    (tmp_path / "other").touch()
    files.write_text(tmp_path / "ours", "text")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_link_stays_a_link(target):
    link = target.with_name("link.html")
    link.symlink_to(target.name)
    files.write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    target = tmp_path / ("x" * (LONGEST - 5) + ".html")
    files.write_text(target, "text")
    assert target.read_text() == "text"


def test_the_ending_tells_a_writer_the_format(tmp_path):
    with files.whole(tmp_path / "a.b.csv.gz") as part:
        assert part.name.endswith(".csv.gz")


def test_of_two_that_write_one_new_file_one_is_told(tmp_path):
    target, told = tmp_path / "new.txt", []
    both = threading.Barrier(2)

    def write(text):
        try:
            with files.whole(target, overwrite=False) as part:
                part.write_text(text)
                both.wait(10)
        except FileExistsError:
            told.append(text)

    writers = [threading.Thread(target=write, args=[text]) for text in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert len(told) == 1
    assert {target.read_text(), *told} == {"one", "two"}


def test_what_a_killed_run_left_is_tidied_by_the_next(target):
    command = [sys.executable, "-c", ENDLESS, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        left = target.with_name(process.stdout.readline().strip())
        files.write_text(target.with_name("beside"), "text")
        assert left.exists()  # its process is at work
        os.kill(process.pid, signal.SIGKILL)
    assert target.read_text() == "old"
    files.write_text(target, "new")
    assert not left.exists()


def test_a_lock_keeps_others_out_and_can_vanish_with_its_work(tmp_path):
    with files.locked(tmp_path / "lock", remove=True) as first:
        with files.locked(tmp_path / "lock") as second:
            assert (first, second) == (True, False)
        assert (tmp_path / "lock").exists()
    assert not (tmp_path / "lock").exists()
    with files.locked(tmp_path / "lock") as again:
        assert again


def test_a_lock_ends_with_its_process(tmp_path):
    code = "import sys, time; from hepml import files\n"
    code += "with files.locked(sys.argv[1]) as ours: print(ours, flush=True); time.sleep(60)"
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        with files.locked(tmp_path / "lock") as ours:
            assert not ours
        process.kill()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with files.locked(tmp_path / "lock") as ours:
            if ours:
                return
        time.sleep(0.01)
    pytest.fail("the lock outlived its process")
