"""What matters to an FCN-32s, one thing at a time: rate, weight decay, batch size, the start of its enlarging kernels and whether
they are learned, beside two skips; writes results/sweep.json.

    python benchmarks/sweep.py --out FOLDER [--runs "rate 0.008" ...] [--seeds 0 1 2]

Rate, decay and batch are the second exercise of *Dive into Deep Learning*, section 14.11. In as many epochs each training sees
the same number of pictures (`benchmarks/small.py`), so a larger batch makes fewer steps. Some twenty minutes of one core."""
from functools import partial
from torch import nn
from pixelladder.fcn import FCN32Head
from record import parser, record_runs
from small import WHAT, scores, trained

USUAL = dict(epochs=8, lr=.002, decay=.01, bs=8)

def from_xavier(body, n_out):
    "An FCN-32s whose enlarging kernels start at random"
    head = FCN32Head(body, n_out)
    nn.init.xavier_uniform_(head.last.weight)
    return head

XAVIER,TENTS,LONG = dict(head=from_xavier),dict(head=partial(FCN32Head, learned=False)),dict(epochs=32)
RUNS = {"as usual": {}, **{f"rate {lr}": dict(lr=lr) for lr in (.0005, .008, .032)},
        **{f"decay {decay}": dict(decay=decay) for decay in (0, .1, 1)},
        **{f"batch {bs}": dict(bs=bs) for bs in (2, 32)},
        "batch 32, rate 0.008": dict(bs=32, lr=.008),
        "from Xavier": XAVIER, "frozen tents": TENTS,
        "32 epochs": LONG, "from Xavier, 32 epochs": XAVIER|LONG, "frozen tents, 32 epochs": TENTS|LONG,
        "two skips": dict(head="fcn8")}

def run(name, seed): return scores(trained(seed=seed, **{"head": "fcn32", **USUAL, **RUNS[name]}))

def main():
    args = parser(__doc__, "sweep", RUNS, data=False).parse_args()
    record_runs("sweep", f"{WHAT}; fcn32, 8 epochs at a rate of 0.002 and a decay of 0.01 unless it is said", args,
                run, words="")

if __name__=="__main__": main()
