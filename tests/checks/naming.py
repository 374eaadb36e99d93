"""What the tests of all checks ask: that each misconception is called by its name."""


def not_named(judge, wrong):
    """Wrong answers that a check lets pass, or refuses for another reason.

    Parameters
    ----------
    judge : callable
        Gives the verdict on an answer.
    wrong : dict
        Answers, by words of the sentence that each deserves.

    Returns
    -------
    dict
        Verdicts by the words that they lack; empty if all is well.
    """
    verdicts = {words: judge(answer) for words, answer in wrong.items()}
    return {
        words: verdict
        for words, verdict in verdicts.items()
        if verdict.ok is not False or words not in verdict.reason
    }
