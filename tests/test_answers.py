"The judge against answers that it doesn't know: no wrong one is accepted, no right one refused."
import pytest
from answers import POINTS, RIGHT, WRONG
from pixelladder.judge import EXERCISES, verdict

def test_every_exercise_is_tried():
    assert len(EXERCISES) >= 36 and WRONG.keys()==RIGHT.keys()==EXERCISES.keys()
    assert min(map(len, WRONG.values())) >= 6 and min(map(len, RIGHT.values())) >= 2

@pytest.mark.parametrize("name", WRONG)
def test_no_wrong_answer_is_accepted(name):
    found = [verdict(EXERCISES[name], answer) for answer in WRONG[name]]
    assert not [i for i,v in enumerate(found) if v.right]
    assert sum(v.kind in POINTS for v in found) >= len(found)/2, [v.said for v in found]

@pytest.mark.parametrize("name", RIGHT)
def test_no_right_answer_is_refused(name):
    found = [verdict(EXERCISES[name], answer) for answer in RIGHT[name]]
    assert all(v.right for v in found), [v.said for v in found]
