"The learner's copies of chapters 0 to 5 run to their end: solved in unusual ways, unsolved, and wrong all over. (Those that train: test_copies_later.py.)"
from functools import partial
from pathlib import Path
import pytest
from solved import answered, code_of, few_streets, names_in, said_by, unusual, with_tests

NBS = Path(__file__).parent.parent/"nbs"
TRAIN_FOR_LONG = {"03_checkerboard"} # in short here; what its tests ask of a trained net, `make course` looks at
ALL_STREETS = {"10_predict"} # lays four of the 24 that validate side by side
COPIES = sorted((Path(__file__).parent.parent/"exercises").glob("*.ipynb"))

@pytest.mark.parametrize("path", COPIES[:6], ids=lambda p: p.stem)
def test_a_copy_with_unusual_right_answers_runs_to_its_end(path, number=0):
    tested = path in COPIES[:6] and path.stem not in TRAIN_FOR_LONG
    cells = with_tests(path, NBS/path.name) if tested else code_of(path)
    streets = {"PIXELLADDER_DATA": str(few_streets())} if path in COPIES[6:] and path.stem not in ALL_STREETS else {}
    said,names = said_by(answered(cells, partial(unusual, number=number)), **streets),names_in(cells)
    assert names and all(f"{n}: right, on" in said for n in names) and "goes on with" not in said

def test_another_right_answer_each(): test_a_copy_with_unusual_right_answers_runs_to_its_end(COPIES[2], 1)

def test_an_unsolved_copy_runs_to_its_end():
    cells = code_of(COPIES[1])
    said = said_by(cells)
    assert all(f"{n}: not started" in said for n in names_in(cells))

def test_a_copy_that_is_wrong_all_over_runs_to_its_end():
    cells = code_of(COPIES[2])
    said = said_by(answered(cells, lambda name: f"def {name}(*args, **kwargs): return args[0]"))
    assert all(f"{n}: " in said and f"{n}: right" not in said for n in names_in(cells)) and said.count("the chapter goes on with the package's") >= 5
