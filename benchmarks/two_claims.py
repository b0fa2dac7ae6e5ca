"""Two sentences of the fastai book about `create_head`, tried in small; writes results/two_claims.json.

(a) One linear layer is unlikely to be enough when the new task is far from what the body was trained on; two do better.
    A small body learns four drawn shapes and is frozen. Heads with one and with two linear layers then learn four other
    shapes (near), stripes in eight directions and handwritten digits (far).
(b) `bn_final=True` helps a model to reach the scale of its targets. The target is how large a drawn shape is, stated in
    three ranges.

A head is trained at each rate; one set of pictures chooses the rate, another one gives the error that is written down.
No dropout and no weight decay, so that nothing else differs.

    python benchmarks/two_claims.py"""
import math
from functools import partial
import torch
import torch.nn.functional as F
from torch import nn
import pixelladder # before torchvision
from fastai.layers import ConvLayer
from fastai.vision.learner import create_head
from sklearn.datasets import load_digits # fastai brings scikit-learn
from record import record

SEEDS = range(5)
SIDE = 32 # of a picture, in pixels
NF = 64 # channels of the body's grid
STEPS = 400
BATCH = 64
RATES = (1e-3, 1e-2, 1e-1, 1.)

def radius(u, v): return (u*u+v*v).sqrt()
def far_side(u, v): return torch.maximum(u.abs(), v.abs())
def near_side(u, v): return torch.minimum(u.abs(), v.abs())
SHAPES = [lambda u,v: radius(u, v) < .9, lambda u,v: far_side(u, v) < .8, # disc, square, triangle, cross
          lambda u,v: (v > -.6) & (v < 1-1.7*u.abs()), lambda u,v: (far_side(u, v) < 1) & (near_side(u, v) < .3)]
OTHERS = [lambda u,v: (radius(u, v)-.75).abs() < .25, lambda u,v: (radius(u, v) < 1) & (v > -.1), # ring, half disc,
          lambda u,v: (u.abs() < .35) & (v.abs() < 1), # bar, corner
          lambda u,v: (far_side(u, v) < .9) & ((u < -.3) | (v < -.3))]

def paint(inside):
    "Bright inside, dark outside, some noise: `(n,1,32,32)`"
    dark = .4*torch.rand(len(inside), 1, 1)
    bright = .6+.4*torch.rand(len(inside), 1, 1)
    return (torch.where(inside, bright, dark)+.05*torch.randn(inside.shape))[:,None]

def shapes(n, kinds=SHAPES):
    "Shapes, turned, moved, of any size; which, and how large from 0 to 1"
    y,x = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
    kind = torch.randint(len(kinds), (n,))
    size = torch.rand(n)
    angle = 2*math.pi*torch.rand(n, 1, 1)
    scale = (.3+.4*size)[:,None,None]
    dx,dy = (1-scale)*(2*torch.rand(2, n, 1, 1)-1)
    u = (angle.cos()*(x-dx)+angle.sin()*(y-dy))/scale
    v = (angle.cos()*(y-dy)-angle.sin()*(x-dx))/scale
    return paint(torch.stack([f(u, v) for f in kinds])[kind, torch.arange(n)]),kind,size

def stripes(n):
    "Stripes of any width; which of 8 directions"
    y,x = torch.meshgrid(torch.arange(SIDE)/SIDE, torch.arange(SIDE)/SIDE, indexing="ij")
    kind = torch.randint(8, (n,))
    angle = (math.pi*kind/8)[:,None,None]
    phase = (3+5*torch.rand(n, 1, 1))*(x*angle.cos()+y*angle.sin())+torch.rand(n, 1, 1)
    return paint((2*math.pi*phase).sin() > 0),kind

def digits(n):
    "Handwritten digits, 8x8 made 32x32 (scikit-learn's copy of the UCI data set)"
    data = load_digits()
    pick = torch.randperm(len(data.target))[:n]
    pictures = torch.tensor(data.images).float()[pick,None]/16
    return F.interpolate(pictures, size=(SIDE,SIDE), mode="bilinear"),torch.tensor(data.target)[pick]

TASKS = {"other shapes": (lambda n: shapes(n, OTHERS)[:2], 4), "stripes": (stripes, 8), "digits": (digits, 10)}
RANGES = {"0 to 1": (0,1), "-50 to 50": (-50,50), "950 to 1050": (950,1050)}

def train(net, batch, loss, rate, steps=STEPS):
    "Adam with one cycle, as fastai's `fit_one_cycle`, without weight decay"
    opt = torch.optim.Adam(net.parameters(), rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(opt, rate, total_steps=steps)
    net.train()
    for _ in range(steps):
        x,y = batch()
        opt.zero_grad()
        loss(net(x), y).backward()
        opt.step()
        cycle.step()
    return net.eval()

def trained_body():
    "Four halvings, trained on a new batch of `SHAPES` at each step; also the share of new shapes it gets wrong"
    body = nn.Sequential(*(ConvLayer(ni, nf, stride=2) for ni,nf in [(1,16),(16,32),(32,NF),(NF,NF)]))
    net = nn.Sequential(body, create_head(NF, len(SHAPES), lin_ftrs=[], ps=0.))
    train(net, lambda: shapes(BATCH)[:2], F.cross_entropy, 1e-2, 1000)
    x,kind,_ = shapes(1000)
    with torch.no_grad(): return net[0],wrong(net(x), kind)

def wrong(out, y): return (out.argmax(1)!=y).float().mean().item()
def off(out, y): return (F.mse_loss(out, y).sqrt()/y.std()).item() # 1: no better than the mean alone

def best(make, x, y, n, loss, error, seed):
    "The test error of the head whose rate is best on pictures 1000 to 1299; trained on the first `n`"
    tried = []
    for rate in RATES:
        torch.manual_seed(seed)
        def batch():
            pick = torch.randint(n, (BATCH,))
            return x[pick],y[pick]
        head = train(make(), batch, loss, rate)
        with torch.no_grad(): chosen,test = (error(head(x[s]), y[s]) for s in (slice(1000, 1300), slice(1300, None)))
        tried.append((math.inf if math.isnan(chosen) else chosen, rate, test))
    return {"seed": seed, "rate": min(tried)[1], "error": min(tried)[2]}

def layers(body, seed):
    "(a): the share of pictures that heads with one and two linear layers get wrong"
    for task,(draw,n_out) in TASKS.items():
        torch.manual_seed(seed)
        x,y = draw(1797)
        with torch.no_grad(): x = body(x)
        for n in 100,1000:
            for count,lin_ftrs in (1,[]),(2,[512]):
                def make(): return create_head(NF, n_out, lin_ftrs, ps=0.)
                found = best(make, x, y, n, F.cross_entropy, wrong, seed)
                yield {"task": task, "pictures": n, "layers": count, **found}

def started(head, y):
    "Start the last batch normalization at the targets' mean and standard deviation"
    nn.init.constant_(head[-1].bias, y.mean().item())
    nn.init.constant_(head[-1].weight, y.std().item())
    return head

def final(body, seed):
    "(b): the root of the mean squared error, in standard deviations of the targets"
    torch.manual_seed(seed)
    x,_,size = shapes(1797)
    with torch.no_grad(): x = body(x)
    for name,(low,high) in RANGES.items():
        y = (low+(high-low)*size)[:,None]
        more = .1*(high-low)
        plain = partial(create_head, NF, 1, ps=0.)
        heads = {"plain": plain, "bn_final": partial(plain, bn_final=True),
                 "bn_final, started": lambda: started(plain(bn_final=True), y[:1000]),
                 "y_range": partial(plain, y_range=(low-more,high+more))}
        for head,make in heads.items():
            yield {"target": name, "head": head, **best(make, x, y, 1000, F.mse_loss, off, seed)}

def main():
    torch.set_num_threads(1)
    found = {"body": [], "layers": [], "final": []}
    for seed in SEEDS:
        torch.manual_seed(seed)
        body,error = trained_body()
        found["body"].append(error)
        found["layers"] += layers(body, seed)
        found["final"] += final(body, seed)
        print(f"seed {seed} done: the body gets {error:.3f} of its own shapes wrong", flush=True)
    record("two_claims", "heads of fastai's create_head on a small frozen body that was trained on four drawn shapes "
           "of 32x32 pixels; errors on 497 pictures", seeds=list(SEEDS), rates=RATES, steps=STEPS, **found)

if __name__=="__main__": main()
