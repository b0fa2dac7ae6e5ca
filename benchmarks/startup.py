"""How long one waits for the command line and the imports, beside what cannot be avoided; writes results/startup.json.

    python benchmarks/startup.py

Fresh processes that take turns; medians. Only the ratios mean anything."""
import subprocess, sys, time
from pathlib import Path
from statistics import median
from record import record

COMMAND = str(Path(sys.executable).with_name("pixelladder"))
def python(code): return [sys.executable, "-c", code]
WAYS = {"python -c pass": python("pass"), "pixelladder --help": [COMMAND, "--help"],
        "import pixelladder": python("import pixelladder"),
        "import fastai.vision.all": python("import pixelladder, fastai.vision.all"),
        "import pixelladder.learner": python("import pixelladder.learner"),
        "import pixelladder.all": python("import pixelladder.all")}
PAIRS = [("pixelladder --help", "python -c pass"), ("import pixelladder", "python -c pass"),
         ("import pixelladder.learner", "import fastai.vision.all"),
         ("import pixelladder.all", "import fastai.vision.all")]

def seconds(words):
    began = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter()-began

def main():
    times = {name: [] for name in WAYS}
    for turn in range(8):
        for name,words in WAYS.items(): times[name].append(seconds(words))
    times = {name: ts[1:] for name,ts in times.items()} # the first reads from the disk
    ratios = {f"{a} against {b}": round(median(times[a])/median(times[b]), 2) for a,b in PAIRS}
    for pair,ratio in ratios.items(): print(f"{pair}: {ratio} times as long")
    record("startup", "fresh processes, wall-clock", ratios=ratios,
           seconds={name: [round(t, 3) for t in ts] for name,ts in times.items()})

if __name__=="__main__": main()
