"The learner's copies of chapters 6 to 11, solved in unusual ways, run to their end; a file of its own, so that another process takes them"
from pathlib import Path
import pytest
from solved import said_by, solve

COPIES = sorted((Path(__file__).parent.parent/"exercises").glob("*.ipynb"))

@pytest.mark.parametrize("path", COPIES[6:], ids=lambda p: p.stem)
def test_a_copy_with_unusual_right_answers_runs_to_its_end(path, number=0):
    book,names = solve(path, number)
    said = said_by(book)
    assert names and all(f"{n}: right, on" in said for n in names) and "goes on with" not in said
