"""Why does a head that reads the grid at stride 32 alone find no pole? Four questions; writes results/capacity.json.

    python benchmarks/capacity.py --out FOLDER [--seeds 0 1 2]

What can the grid hold? Three crops, and a grid of free numbers for each: 256 to a cell, fitted together with a head.
What can a trained decoder say? A network is trained, its head frozen, and the grid of three unseen crops searched.
What does the body know? The trained body is frozen, and new heads are trained on one of its grids.
What does training find? The network itself, on unseen pictures; beside it one with skips, of the same body.
All on the streets of `benchmarks/small.py`; what was made is kept in FOLDER."""
from functools import partial
import torch
from fastai.torch_core import set_seed
from torch import nn
from pixelladder.body import DensePredictor, find_head
from pixelladder.metrics import coarsen, confusion
from record import parser, record_runs
from small import CROP, WHAT, SmallBody, batch, epoch, fit, ratios, scores, streets, trained

EPOCHS = 24
STEPS = 250 # of a fit to three crops

class Grid(nn.Module):
    "A body that looks at nothing: its deepest grid is free numbers"
    def __init__(self, n, c):
        super().__init__()
        self.channels,self.strides,self.minimum,self.n_in = [c]*5,[2,4,8,16,32],1,3
        self.cells = nn.Parameter(torch.randn(n, c, CROP[0]//32, CROP[1]//32))
    def forward(self, x): return [self.cells]

class Frozen(nn.Module):
    "One grid of a trained body, which learns no more"
    def __init__(self, body, level):
        super().__init__()
        self.body,self.level = body.eval().requires_grad_(False),level
        self.channels,self.strides,self.minimum,self.n_in = body.channels[:level+1],body.strides[:level+1],32,3
    def forward(self, x): return self.body(x)[:self.level+1]
    def train(self, mode=True): return self # its statistics stay, too

def three_crops(side):
    "The middles of three pictures that have poles there: the first, the middle one and the last"
    x,y = (t[..., 48:144, 64:192] for t in streets()[side])
    pole = streets()[0].codes.index("Pole")
    has = [i for i in range(len(y)) if (y[i]==pole).sum() > 20]
    pick = [has[0], has[len(has)//2], has[-1]]
    return x[pick],y[pick]

def holds(head, seed):
    "A free grid, and a head, fitted to three crops"
    set_seed(seed, reproducible=True)
    pair,n = three_crops(1),streets()[0].n
    grid = Grid(3, 256)
    net = DensePredictor(grid, find_head(head)(grid, n))
    return scores(fit(net, lambda: pair, STEPS, lr=1e-2), pair, bs=3)

def one_label():
    "Three crops with one label a cell, the largest"
    data = streets()[0]
    _,y = three_crops(1)
    return ratios(sum(confusion(coarsen(m, 32, data.n), m, data.n) for m in y), data.codes)

def network(head, seed, out):
    "Trained from scratch, once"
    file = out/f"{head}-{seed}.pt"
    body = SmallBody()
    if file.exists():
        net = DensePredictor(body, find_head(head)(body, streets()[0].n))
        net.load_state_dict(torch.load(file))
        return net.eval()
    out.mkdir(parents=True, exist_ok=True)
    net = trained(head, seed, EPOCHS)
    torch.save(net.state_dict(), file)
    return net

def says(head, seed, out):
    "The head of a trained network, frozen: the best grid for three unseen crops"
    frozen = network(head, seed, out).head.requires_grad_(False)
    set_seed(seed, reproducible=True)
    grid,pair = Grid(3, 256),three_crops(2)
    with torch.no_grad(): grid.cells.abs_()
    net = DensePredictor(grid, frozen)
    frozen.train = lambda mode=True: frozen # its statistics are frozen too
    return scores(fit(net, lambda: pair, STEPS, lr=5e-2, parameters=grid.parameters()), pair, bs=3)

def knows(head, level, seed, out, of="subpixel"):
    "A new head on one grid of a trained and frozen body"
    body = Frozen(network(of, seed, out).body, level)
    set_seed(seed, reproducible=True)
    data,train,_,_ = streets()
    net = DensePredictor(body, find_head(head)(body, data.n))
    return scores(fit(net, lambda: batch(*train), EPOCHS//2*epoch(), parameters=net.head.parameters()))

def finds(head, seed, out): return scores(network(head, seed, out))

RUNS = {"finds, subpixel": partial(finds, "subpixel"), "finds, unet": partial(finds, "unet"),
        "holds, one label": lambda seed, out: one_label(),
        "holds, bilinear": lambda seed, out: holds("bilinear", seed),
        "holds, transposed": lambda seed, out: holds("transposed", seed),
        "holds, nearest": lambda seed, out: holds("nearest", seed),
        "holds, subpixel": lambda seed, out: holds("subpixel", seed),
        "says, subpixel": partial(says, "subpixel"),
        "knows, stride 32": partial(knows, "subpixel", 4), "knows, stride 4": partial(knows, "bilinear", 1),
        "knows, stride 4, of unet": partial(knows, "bilinear", 1, of="unet")}

def main():
    args = parser(__doc__, "capacity", RUNS, data=False).parse_args()
    def run(name, seed): return RUNS[name](seed=seed, out=args.out)
    record_runs("capacity", f"{WHAT}, {EPOCHS} epochs; fits of {STEPS} steps to three crops", args, run, words="",
                once=["holds, one label"])

if __name__=="__main__": main()
