"""How long each notebook takes from top to bottom: results/course.json, from which the site takes its minutes. The line
under each notebook's title is brought up to date too.

    python benchmarks/course.py [NOTEBOOK ...]

It runs all of them, one after the other, in a quarter of an hour on two slow cores; or those alone that have changed, as in
`11_generative`, and keeps the others' seconds."""
import json, sys
from fastcore.nbio import read_nb
from pixelladder.course import run_course
from pixelladder.docs import time_line
from record import ROOT, record, recorded

def seconds(table):
    "Notebook and seconds, from the table that `run_course` writes"
    rows = [line.split("|")[1:4] for line in table.read_text(encoding="utf-8").splitlines()[2:]]
    return {name.strip(): int(took) for name,_,took in rows}

def update(path, took):
    "Put the measured time into the first cell of a notebook"
    first = next(c.source for c in read_nb(path).cells if c.cell_type=="markdown")
    old,new = time_line(first),time_line(first, took)
    book = json.loads(path.read_text(encoding="utf-8"))
    cell = next(c for c in book["cells"] if c["cell_type"]=="markdown")
    cell["source"] = first.replace(old, new).splitlines(keepends=True)
    path.write_text(json.dumps(book, ensure_ascii=False, indent=1)+"\n", encoding="utf-8")

if __name__=="__main__":
    if not run_course(tuple(sys.argv[1:]), ROOT/"_run"/"course"):
        raise SystemExit("a notebook didn't run to its end: see the table above")
    found = seconds(ROOT/"_run"/"course"/"course.md")
    record("course", "seconds that each notebook takes, one after the other", seconds=recorded("course", "seconds")|found)
    for name,took in found.items(): update(ROOT/"nbs"/f"{name}.ipynb", took)
