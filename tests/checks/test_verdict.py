"""The card of a check, hints that grow, and answers for who asks after three honest tries."""

import itertools
import numbers
import re

import numpy as np
import pytest

from benchmarks import checks as bench
from hepml_lessons.checks._tries import HONEST, exercise
from hepml_lessons.checks._verdict import Verdict, by_chance, no_number

ALL = [(lesson, one) for lesson in bench.LESSONS for one in bench.exercises(lesson)]
WRONG = 30  # answers, of each number that is asked for
NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:\.\d+)?%?")


def named(case):
    return f"{case[0]}.{case[1].check}"


@pytest.fixture
def half():
    """Give a check that wants one half."""

    @exercise("Less than one.", "More than a quarter.", "Two of these make one.")
    def half(*, my_half=None):
        if unusable := no_number(my_half=my_half):
            return unusable
        right = my_half == 1 / 2
        return Verdict(right, "Right." if right else "No.", answer="It is 0.5.")

    return half


def test_hints_grow_with_other_answers_and_not_with_the_same(half):
    told = [len(half(my_half=given).hints) for given in (1, 1, 2, 2, 3, 4, 5)]
    assert told == [0, 0, 1, 1, 2, 3, 3]
    assert half(my_half=6).hints == half.hints


def test_the_answer_is_told_on_request_after_three_honest_tries(half):
    assert "3 more tries" in half.answer().reason
    half(my_half=1)
    assert half(my_half=2).ask == ""
    assert "1 more try first" in half.answer().reason
    assert "check.half.answer()" in half(my_half=3).ask
    told = half.answer()
    assert told.reason == "It is 0.5."
    assert "The answer." in told._repr_html_()
    assert "Not answered" not in told._repr_html_()
    half.forget()
    assert "3 more tries" in half.answer().reason
    assert half(my_half=9).hints == ()


def test_answers_count_that_are_given_by_place():
    """As in the lesson on boosted trees, whose checks take scores by place and a target by name."""

    @exercise("One.", "Two.", "Three.")
    def by_place(score, *, target):
        return Verdict(False, f"{np.mean(score)} is below {target}.")

    told = [len(by_place(np.full(9, given), target=1).hints) for given in (0.1, 0.1, 0.2, 0.3)]
    assert told == [0, 0, 1, 2]


def test_what_is_no_number_is_no_try(half):
    for odd in ("a", None, np.nan, np.inf, 1j, [1, 2]):
        assert half(my_half=odd).ok is False
    assert f"{HONEST} more tries" in half.answer().reason


def test_a_right_answer_is_right_whatever_was_tried(half):
    for given in range(5):
        half(my_half=given)
    verdict = half(my_half=0.5)
    assert (verdict.ok, verdict.hints, verdict.ask) == (True, (), "")


def test_an_exercise_with_many_answers_points_to_a_solution():
    @exercise()
    def any_model(*, score=None):
        return Verdict(False, f"{score} is poor.")

    for score in ([1, 2], [2, 1], lambda x: x):
        any_model(score=score)
    assert "Show a solution" in any_model.answer().reason


def test_a_card_says_in_sign_words_and_colour_what_is_so():
    faces = {True: ("✔", "Right."), False: ("✘", "Not right yet."), None: ("…", "Not answered")}
    edges = set()
    for ok, (sign, spoken) in faces.items():
        card = Verdict(ok, "S < B & so on", hints=("One.",), ask="Ask.")._repr_html_()
        assert f">{sign}</span>" in card
        assert spoken in card
        assert "S &lt; B &amp; so on" in card
        assert "Hint: One." in card
        assert 'role="status"' in card
        edges |= set(re.findall(r"border-left:4px solid (#\w+)", card))
    assert len(edges) == 3


@pytest.mark.parametrize("colour", sorted(set(re.findall(r"background:(#\w{6})", "".join(
    Verdict(ok, "So.")._repr_html_() for ok in (True, False, None)
)))))  # fmt: skip
def test_the_sign_is_white_on_what_has_contrast(colour):
    parts = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5


def test_as_text_it_has_the_same_lines():
    verdict = Verdict(False, "No.", hints=("One.", "Two."), ask="Ask.")
    assert repr(verdict) == "✘ No.\n  Hint: One.\n  Hint: Two.\n  Ask."


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        (0.5, "Not sure: chance alone does this more than once in 100"),
        (-2.7, "Quite sure: chance alone does this less than once in 100 times"),
        (3.5, "less than once in 1 000 times"),
        (9, "Sure: chance alone does this less than once in 1 000 000"),
        (np.inf, "Sure"),
    ],
)
def test_how_sure_a_check_is_follows_from_the_errors(errors, words):
    assert words in by_chance(errors * 0.01, 0.01)
    assert by_chance(1, 0).startswith("Sure")


@pytest.mark.parametrize("case", ALL, ids=named)
def test_every_exercise_has_three_hints_of_a_sentence_or_more(case):
    judge = getattr(__import__(f"hepml_lessons.checks.{case[0]}", fromlist="x"), case[1].check)
    assert len(judge.hints) == 3
    assert all(len(hint) > 40 and hint[-1] in ".?" for hint in judge.hints)


@pytest.mark.parametrize("case", ALL, ids=named)
def test_no_check_prints_its_answer(case):
    """Thirty wrong answers for each number that is asked for, and the wrong approaches."""
    exercise_ = case[1]
    world = exercise_.world(0)
    right = next(iter(exercise_.right.values()))(world)
    is_one, answers = not isinstance(right, tuple), right if isinstance(right, tuple) else (right,)
    places = [k for k, one in enumerate(answers) if is_number(one)]
    rng = np.random.default_rng(1)
    for place, _ in itertools.product(places, range(WRONG)):
        wrong = float(answers[place]) * (1 + rng.choice([-1, 1]) * rng.lognormal(-1.5, 1.2))
        given = (*answers[:place], wrong, *answers[place + 1 :])
        verdict = exercise_.judge(world, given[0] if is_one else given)
        if verdict.ok is False:
            shown = shown_numbers(verdict, answers[place], given)
            assert shown == [], (wrong, verdict)
    for approach in (approach for _, approach in exercise_.wrong.values()):
        given = approach(world)
        verdict = exercise_.judge(world, given)
        given = given if isinstance(given, tuple) else (given,)
        for place in places if verdict.ok is False else ():
            if not is_number(given[place]):
                continue
            assert shown_numbers(verdict, answers[place], given) == [], verdict


def is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def shown_numbers(verdict, right, given):
    """Numbers of two digits or more in a verdict that are the right one, and not one given."""
    values = [right, *filter(is_number, given)]
    found = []
    for text in NUMBER.findall("\n".join([verdict.reason, *verdict.hints])):
        plain = text.replace("−", "-").rstrip("%")
        if len(re.sub(r"\D", "", plain).lstrip("0")) < 2:
            continue
        digits = len(plain.partition(".")[2])
        scale = 100 if text.endswith("%") else 1
        is_right, *is_given = (
            np.isclose(round(scale * one, digits), float(plain)) for one in values
        )
        if is_right and not any(is_given):
            found.append(text)
    return found
