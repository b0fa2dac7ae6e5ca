"The learner's copies of chapters 0 to 5 run to their end: solved in unusual ways, unsolved, and wrong all over. (Those that train: test_copies_later.py.)"
from pathlib import Path
import nbformat, pytest, re
from solved import names_in, said_by, solve

COPIES = sorted((Path(__file__).parent.parent/"exercises").glob("*.ipynb"))

@pytest.mark.parametrize("path", COPIES[:6], ids=lambda p: p.stem)
def test_a_copy_with_unusual_right_answers_runs_to_its_end(path, number=0):
    book,names = solve(path, number)
    said = said_by(book)
    assert names and all(f"{n}: right, on" in said for n in names) and "goes on with" not in said

def test_another_right_answer_each(): test_a_copy_with_unusual_right_answers_runs_to_its_end(COPIES[2], 1)

def test_an_unsolved_copy_runs_to_its_end():
    book = nbformat.read(COPIES[1], 4)
    said = said_by(book)
    assert all(f"{n}: not started" in said for n in names_in(book))

def test_a_copy_that_is_wrong_all_over_runs_to_its_end():
    book = nbformat.read(COPIES[2], 4)
    for cell in book.cells:
        found = re.search(r"^(?:def|class) (\w+)", cell.source, re.M)
        if cell.source.startswith("# Exercise,") and found: cell.source = f"def {found[1]}(*args, **kwargs): return args[0]"
    said = said_by(book)
    assert all(f"{n}: " in said and f"{n}: right" not in said for n in names_in(book)) and said.count("the chapter goes on with the package's") >= 5
