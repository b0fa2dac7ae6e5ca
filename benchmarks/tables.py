"""Writes the tables of README.md from results/, between the marks `<!-- NAME -->` and `<!-- end of NAME -->`.

    python benchmarks/tables.py"""
import json, re
from pathlib import Path

ROOT = Path(__file__).parent.parent

def load(name): return json.loads((ROOT/"results"/f"{name}.json").read_text())

def spread(values):
    "The median of the seeds, and their range"
    values = sorted(values)
    return f"{values[len(values)//2]:.3f} ({values[0]:.3f} to {values[-1]:.3f})"

def first_rung():
    "Median and range over the seeds of each run; the constant answer first"
    constant = load("coarse_grid")["constant"]
    rows = ["| head, body | trained | mean IoU | pixel accuracy |", "|---|---|---|---|",
            f"| constant \"Road\" | | {constant['mean_iou']:.3f} | {constant['pixel_accuracy']:.3f} |"]
    for name,run in load("first_rung")["runs"].items():
        size,epochs = (re.search(rf"--{k} (\S+)", run["command"])[1] for k in ("size","epochs"))
        scores = [[seed[k] for seed in run["seeds"].values()] for k in ("mean_iou","pixel_accuracy")]
        rows.append(f"| {name} | {epochs} epochs at {size} | {spread(scores[0])} | {spread(scores[1])} |")
    return "\n".join(rows)

TABLES = {"first_rung": first_rung}

def filled(text):
    "`text` with each table between its marks"
    for name,make in TABLES.items():
        marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if text.count(marks[0])!=1 or text.count(marks[1])!=1: raise ValueError(f"README.md needs the marks {marks[0]} and {marks[1]}, once each")
        before,rest = text.split(marks[0])
        text = f"{before}{marks[0]}\n{make()}\n{marks[1]}{rest.split(marks[1])[1]}"
    return text

if __name__=="__main__": (ROOT/"README.md").write_text(filled((ROOT/"README.md").read_text()))
