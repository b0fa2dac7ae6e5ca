"""Which settings matter to an FCN-32s: rate, weight decay and batch size, one at a time, beside two skips; writes results/sweep.json.

    python benchmarks/sweep.py --out FOLDER [--runs "rate 0.008" ...] [--seeds 0 1 2]

It is the second exercise of *Dive into Deep Learning*, section 14.11. Each training sees the same number of pictures
(`benchmarks/small.py`), so a larger batch makes fewer steps. Some ten minutes of one core."""
from pathlib import Path
from pixelladder import fcn # names its heads
from record import parser, record_runs
from small import WHAT, scores, trained

USUAL = dict(epochs=8, lr=.002, decay=.01, bs=8)
RUNS = {"as usual": {}, **{f"rate {lr}": dict(lr=lr) for lr in (.0005, .008, .032)},
        **{f"decay {decay}": dict(decay=decay) for decay in (0, .1, 1)},
        **{f"batch {bs}": dict(bs=bs) for bs in (2, 32)},
        "batch 32, rate 0.008": dict(bs=32, lr=.008),
        "two skips": dict(head="fcn8")}

def run(name, seed): return scores(trained(seed=seed, **{"head": "fcn32", **USUAL, **RUNS[name]}))

def main():
    p = parser(__doc__, runs=RUNS)
    p.add_argument("--out", type=Path, default=Path("_run")/"sweep")
    record_runs("sweep", f"{WHAT}; fcn32, 8 epochs at a rate of 0.002 and a decay of 0.01 unless it is said", p.parse_args(),
                run, words="")

if __name__=="__main__": main()
