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

THIN = ["Pole", "SignSymbol", "Fence", "Pedestrian", "Bicyclist"]
def heads():
    "Median and range over the seeds of each head at the same budget; what the U-Net's benchmark has stands below"
    runs = {name: run["seeds"] for name,run in load("heads")["runs"].items()} | {name: load("unet")["runs"][name] for name in ("unet","smp")}
    rows = ["| head | mean IoU | mean IoU of the five thin classes |", "|---|---|---|"]
    for name,seeds in runs.items():
        thin = [sum(seed["iou"][c] for c in THIN)/len(THIN) for seed in seeds.values()]
        rows.append(f"| {name} | {spread([seed['mean_iou'] for seed in seeds.values()])} | {spread(thin)} |")
    return "\n".join(rows)

def speed():
    "How many times as fast as the others the U-Net head is, and its share of their memory"
    rows = ["| U-Net head, on a CPU | training step | one image | memory of a step |", "|---|---|---|---|"]
    for pair,r in load("speed")["ratios"].items():
        if pair.startswith(("unet against","unet, bf16 against")): rows.append(f"| {pair.replace('dynamic_unet', 'fastai DynamicUnet').replace('smp', 'segmentation_models_pytorch Unet')} | {r['step']:.1f} times as fast | {r['image']:.1f} times as fast | {r['MiB']:.2f} of it |")
    return "\n".join(rows)

TABLES = {"first_rung": first_rung, "heads": heads, "speed": speed}

def filled(text):
    "`text` with each table between its marks"
    for name,make in TABLES.items():
        marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if text.count(marks[0])!=1 or text.count(marks[1])!=1: raise ValueError(f"README.md needs the marks {marks[0]} and {marks[1]}, once each")
        before,rest = text.split(marks[0])
        text = f"{before}{marks[0]}\n{make()}\n{marks[1]}{rest.split(marks[1])[1]}"
    return text

if __name__=="__main__": (ROOT/"README.md").write_text(filled((ROOT/"README.md").read_text()))
