"""Why the transposed rung is behind, and what mends it: kernels, rates, normalization, the start, the length, seeds;
writes results/transposed.json.

    python benchmarks/transposed.py --out FOLDER [--runs "ks 2" "ks 4" ...] [--seeds 0 1 2]

Each head on the same small body, eight epochs of the drawn streets (`benchmarks/small.py`). Every run is counted on the
training pictures too ("train"), and with each batch's own statistics in place of the running ones ("batch")."""
from functools import partial
from fastai.layers import ConvLayer, NormType
from torch import nn
from pixelladder.nearest import HalvingHead
from record import parser, record_runs
from small import WHAT, scores, streets, trained

SPARE = {2: {}, 3: dict(padding=1, output_padding=1), 4: dict(padding=1)} # so that each kernel doubles exactly

class Doubling(HalvingHead):
    "A transposed convolution a step, and what else is asked for"
    def __init__(self, body, n_out, **how):
        self.how = how
        super().__init__(body, n_out)
    def double(self, ni, nf): return double(ni, nf, **self.how)

def double(ni, nf, ks=2, norm=NormType.Batch, smooth=False):
    layer = ConvLayer(ni, nf, ks=ks, stride=2, transpose=True, norm_type=norm, **SPARE[ks])
    return nn.Sequential(layer, ConvLayer(nf, nf)) if smooth else layer

def doubling(**how): return partial(Doubling, **how)

KS2,KS4 = doubling(),doubling(ks=4)
RUNS = {"bilinear": ("bilinear", {}), "nearest": ("nearest", {}), "ks 2": (KS2, {}), "ks 3": (doubling(ks=3), {}),
        "ks 4": (KS4, {}), "ks 4, bilinear start": ("transposed4", {}),
        "ks 2, then 3x3": (doubling(smooth=True), {}),
        "ks 2, a quarter of the rate": (KS2, dict(lr=5e-4)), "ks 2, four times the rate": (KS2, dict(lr=8e-3)),
        "ks 2, no norm": (doubling(norm=None), {}), "ks 4, no norm": (doubling(ks=4, norm=None), {}),
        "ks 2, 24 epochs": (KS2, dict(epochs=24)), "ks 4, 24 epochs": (KS4, dict(epochs=24))}

def run(name, seed):
    head,how = RUNS[name]
    net = trained(head, seed, **{"epochs": 8, **how})
    found = scores(net) | {"train": scores(net, streets()[1])["mean_iou"]}
    return found | {"batch": scores(net.train())["mean_iou"]}

def main():
    args = parser(__doc__, "transposed", RUNS, data=False).parse_args()
    record_runs("transposed", f"{WHAT}, eight epochs", args, run, words="")

if __name__=="__main__": main()
