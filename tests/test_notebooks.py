"The notebooks that nobody's copy is made of run from top to bottom: those behind the scenes with their own tests, the two that train for longer with trainings of a batch."
from pathlib import Path
import pytest
from solved import code_of, few_streets, said_by
from terminal import run_cells
from pixelladder.copies import make_exercise
from pixelladder.runtime import repository

root = Path(__file__).parent.parent
TRAIN = ["00_whole_game","50_your_own_photos"]
COPIED = {p.stem for p in (root/"exercises").glob("*.ipynb")} # test_copies.py
GROUND = sorted(p.stem for p in (root/"nbs").glob("[0-9]*.ipynb") if p.stem not in (*TRAIN,*COPIED))

# 90_cli shows the program in a process of its own, which imports for seconds each time
IN_THIS_PROCESS = """def run(command):
    import contextlib, io
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
        try: status = main(command.split())
        except SystemExit as e: status = e.code
    return said.getvalue()+f"[exit {status or 0}]" """

@pytest.mark.parametrize("stem", GROUND)
def test_a_notebook_behind_the_scenes_runs_to_its_end(stem):
    cells = code_of(root/"nbs"/f"{stem}.ipynb")
    if stem=="90_cli": cells = [IN_THIS_PROCESS if c.startswith("def run(command)") else c for c in cells]
    run_cells(cells)

@pytest.mark.parametrize("stem", TRAIN)
def test_a_notebook_that_trains_runs_to_its_end(stem):
    "Without what it asserts of what was learned"
    cells = make_exercise(root/"nbs"/f"{stem}.ipynb", repository())["cells"]
    said_by([c["source"] for c in cells if c["cell_type"]=="code"], PIXELLADDER_DATA=str(few_streets()))
