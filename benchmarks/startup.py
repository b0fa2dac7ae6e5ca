"""How long one waits for the command line, a model and the imports, beside what cannot be avoided; writes results/startup.json.

    python benchmarks/startup.py

Fresh processes that take turns; medians of the processor's seconds, which other work on the machine hardly changes. Only the ratios mean anything."""
import os, subprocess, sys, tempfile, time
from pathlib import Path
from statistics import median
from record import record

COMMAND = str(Path(sys.executable).with_name("pixelladder"))
def python(code): return [sys.executable, "-c", code]
NOWHERE = tempfile.mkdtemp() # holds no data set
WAYS = {"python -c pass": python("pass"), "pixelladder --help": [COMMAND, "--help"],
        "pixelladder data EMPTY": [COMMAND, "data", NOWHERE],
        "import pixelladder": python("import pixelladder"),
        "import torch, torchvision": python("import pixelladder, torch, torchvision"),
        "load a model": python("import pixelladder; pixelladder.load('camvid')"),
        "load a model and predict": python("import pixelladder, numpy; pixelladder.load('camvid')(numpy.zeros((360,480,3), 'uint8'))"),
        "import fastai.vision.all": python("import pixelladder, fastai.vision.all"),
        "import pixelladder.all": python("import pixelladder.all")}
PAIRS = [("pixelladder --help", "python -c pass"), ("pixelladder data EMPTY", "python -c pass"),
         ("import pixelladder", "python -c pass"), ("load a model", "import torch, torchvision"),
         ("load a model", "import fastai.vision.all"), ("load a model and predict", "import fastai.vision.all"),
         ("import pixelladder.all", "import fastai.vision.all")]

def seconds(words):
    "Of the wall's clock, and of the processor"
    before,began = os.times(),time.perf_counter()
    subprocess.run(words, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    passed,after = time.perf_counter()-began,os.times()
    return passed,after.children_user+after.children_system-before.children_user-before.children_system

def main():
    times = {name: [] for name in WAYS}
    for turn in range(6):
        for name,words in WAYS.items(): times[name].append(seconds(words))
    times = {name: ts[1:] for name,ts in times.items()} # the first reads from the disk
    cpu = {name: [round(c, 3) for _,c in ts] for name,ts in times.items()}
    ratios = {f"{a} against {b}": round(median(cpu[a])/median(cpu[b]), 2) for a,b in PAIRS}
    for pair,ratio in ratios.items(): print(f"{pair}: {ratio} times as long")
    record("startup", "fresh processes, seconds of the processor, and of the wall's clock", ratios=ratios, cpu_seconds=cpu,
           wall_seconds={name: [round(w, 3) for w,_ in ts] for name,ts in times.items()})

if __name__=="__main__": main()
