"""Which skip pays for which class: one decoder, its skips taken out one by one; writes results/skips.json.

    python benchmarks/skips.py --out FOLDER [--runs "all" "without 4" ...] [--seeds 0 1 2]

`UnetHead` each time, trained so from the start, 24 epochs, all else the same (`benchmarks/small.py`). The scores of each
are kept in FOLDER, so that a stop costs one run."""
from functools import partial
from pixelladder.unet import UnetHead
from record import parser, record_runs
from small import WHAT, scores, trained

def without(*strides): return partial(UnetHead, without=strides)

RUNS = {"all": "unet", "without 4": without(4), "without 8": without(8), "without 16": without(16),
        "none": without(4, 8, 16)}

def run(name, seed): return scores(trained(RUNS[name], seed, epochs=24))

def main():
    args = parser(__doc__, "skips", RUNS, data=False).parse_args()
    record_runs("skips", f"{WHAT}, 24 epochs", args, run, words="")

if __name__=="__main__": main()
