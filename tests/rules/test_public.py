"""The files that people meet on the project's page: templates, and tests that anybody can run."""

import re
import tomllib

import pytest
import yaml

import bootstrap

TEMPLATES = ("file", "number", "lesson")


def loaded(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_issue_is_asked_for_in_a_form(root, name):
    form = loaded(root / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml")
    assert {"name", "description", "body"} <= form.keys()
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    ids = [field["id"] for field in fields]
    assert len(ids) == len(set(ids)) >= 4
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_there_is_no_other_template(root):
    found = {path.stem for path in (root / ".github" / "ISSUE_TEMPLATE").iterdir()}
    assert found == {*TEMPLATES, "config"}
    assert "CHANGELOG.md" in (root / ".github" / "PULL_REQUEST_TEMPLATE.md").read_text()


def test_the_public_tests_are_the_commands_of_the_house(root):
    flows = sorted((root / ".github" / "workflows").iterdir())
    jobs = [job for flow in flows for job in loaded(flow)["jobs"].values()]
    runs = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    assert set(runs) == {"make test", "make lowest", "make newest", "make coverage"}
    assert {run.removeprefix("make ") for run in runs} <= set(bootstrap.COMMANDS)


def test_the_public_tests_cover_every_python(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    jobs = loaded(root / ".github" / "workflows" / "ci.yml")["jobs"]
    matrices = [job["strategy"]["matrix"] for job in jobs.values() if "strategy" in job]
    pythons = [python for matrix in matrices for python in matrix["python"]]
    assert pythons == re.findall(r":: (3\.\d+)", "\n".join(project["classifiers"]))
    assert all({"ubuntu-latest", "macos-latest"} <= set(matrix["os"]) for matrix in matrices)
