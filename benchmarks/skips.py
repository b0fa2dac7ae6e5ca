"""Which skip pays for which class: one decoder, its skips taken out one by one; writes results/skips.json.

    python benchmarks/skips.py --out FOLDER [--runs "all" "without 4" ...] [--seeds 0 1 2]

`UnetHead` each time, trained so from the start, 24 epochs, all else the same (`benchmarks/small.py`). The scores of each
are kept in FOLDER, so that a stop costs one run."""
from functools import partial
from pathlib import Path
from pixelladder.unet import UnetHead
from record import parser, record_runs
from small import WHAT, scores, trained

def without(*strides): return partial(UnetHead, without=strides)

RUNS = {"all": "unet", "without 4": without(4), "without 8": without(8), "without 16": without(16),
        "none": without(4, 8, 16)}

def run(name, seed): return scores(trained(RUNS[name], seed, epochs=24))

def main():
    p = parser(__doc__, runs=RUNS)
    p.add_argument("--out", type=Path, default=Path("_run")/"skips")
    record_runs("skips", f"{WHAT}, 24 epochs", p.parse_args(), run, words="")

if __name__=="__main__": main()
