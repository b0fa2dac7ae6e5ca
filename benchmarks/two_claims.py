"""Two sentences of the fastai book about `create_head`, tried in small; writes results/two_claims.json.

(a) Two linear layers are better than one when the new task is far from what the body was trained on. A small body learns four drawn shapes and is frozen;
    heads with one and with two linear layers are then trained on the same task, on other shapes (near), on gratings and on handwritten digits (far).
(b) `bn_final=True` helps a model to reach the scale of its targets. The target is the size of a drawn shape, stated in 0 to 1 and around 1000.

    python benchmarks/two_claims.py"""
import math, sys
import torch
import torch.nn.functional as F
from torch import nn
import pixelladder # before torchvision
from fastai.layers import ConvLayer
from fastai.vision.learner import create_head
from sklearn.datasets import load_digits
from record import record

SEEDS,SIDE,NF = range(5),32,64
RATES = (1e-3, 1e-2, 1e-1) # a head gets the one that is best on pictures of its own, neither trained nor tested on

def radius(u, v): return (u*u+v*v).sqrt()
def far_side(u, v): return torch.maximum(u.abs(), v.abs())
SHAPES = {
    "disc":     lambda u,v: radius(u, v) < .9,
    "square":   lambda u,v: far_side(u, v) < .8,
    "triangle": lambda u,v: (v > -.6) & (v < 1-1.7*u.abs()),
    "cross":    lambda u,v: (far_side(u, v) < 1) & (torch.minimum(u.abs(), v.abs()) < .3)}
OTHER_SHAPES = {
    "ring":      lambda u,v: (radius(u, v)-.75).abs() < .25,
    "half disc": lambda u,v: (radius(u, v) < 1) & (v > -.1),
    "bar":       lambda u,v: (u.abs() < .35) & (v.abs() < 1),
    "corner":    lambda u,v: (far_side(u, v) < .9) & ((u < -.3) | (v < -.3))}

def paint(inside):
    "Two colours that differ, `inside` in one and the rest in the other, with some noise"
    n = len(inside)
    front,back = torch.rand(2, n, 3, 1, 1)
    front = torch.where((front-back).abs().amax(1, keepdim=True) < .3, 1-back.round(), front)
    return torch.lerp(back, front, inside[:,None].float()) + .05*torch.randn(n, 3, SIDE, SIDE)

def draw_shapes(shapes, n):
    "Pictures `(n,3,32,32)` of shapes, turned, moved and of any size; which shape; how large, from 0 to 1"
    y,x = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
    kind,size,angle = torch.randint(len(shapes), (n,)),torch.rand(n),2*math.pi*torch.rand(n)
    scale = (.25+.45*size)[:,None,None]
    dx,dy = (1-scale)*(2*torch.rand(2, n, 1, 1)-1)
    c,s = angle.cos()[:,None,None],angle.sin()[:,None,None]
    u,v = (c*(x-dx)+s*(y-dy))/scale,(c*(y-dy)-s*(x-dx))/scale
    inside = torch.stack([shape(u, v) for shape in shapes.values()])[kind, torch.arange(n)]
    return paint(inside),kind,size

def gratings(n):
    "Stripes in 8 directions, of any width"
    y,x = torch.meshgrid(torch.arange(SIDE)/SIDE, torch.arange(SIDE)/SIDE, indexing="ij")
    kind = torch.randint(8, (n,))
    angle,cycles,phase = (math.pi*kind/8)[:,None,None],3+5*torch.rand(n,1,1),torch.rand(n,1,1)
    return paint((2*math.pi*(cycles*(x*angle.cos()+y*angle.sin())+phase)).sin() > 0),kind

def digits(n):
    "Handwritten digits of 8x8 pixels, made larger (scikit-learn's copy of the UCI data set)"
    data = load_digits()
    pick = torch.randperm(len(data.target))[:n]
    pictures = F.interpolate(torch.tensor(data.images[pick.numpy()]).float()[:,None]/16, size=(SIDE,SIDE), mode="bilinear")
    return pictures.expand(-1, 3, -1, -1),torch.tensor(data.target)[pick].long()

TASKS = {"the same shapes": (lambda n: draw_shapes(SHAPES, n)[:2], 4), "other shapes": (lambda n: draw_shapes(OTHER_SHAPES, n)[:2], 4),
         "gratings": (gratings, 8), "digits": (digits, 10)}

def train(net, x, y, loss, steps, rate, size=64):
    "AdamW with one cycle, as fastai's `fit_one_cycle`"
    opt = torch.optim.AdamW(net.parameters(), rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(opt, rate, total_steps=steps)
    net.train()
    for _ in range(steps):
        pick = torch.randint(len(x), (size,))
        opt.zero_grad(set_to_none=True)
        loss(net(x[pick]), y[pick]).backward()
        opt.step(); cycle.step()
    return net.eval()

@torch.no_grad()
def run(net, x): return torch.cat([net(b) for b in x.split(256)])

def trained_body():
    "Four halvings, trained on `SHAPES` with a head of one linear layer; frozen from here on"
    body = nn.Sequential(*(ConvLayer(ni, nf, stride=2) for ni,nf in [(3,16),(16,32),(32,NF)]), ConvLayer(NF, NF))
    x,kind,_ = draw_shapes(SHAPES, 4000)
    train(nn.Sequential(body, create_head(NF, len(SHAPES), lin_ftrs=[])), x, kind, F.cross_entropy, 500, 1e-2)
    return body.eval()

def best(make, x, y, loss, score, parts, steps):
    "Score on the test part of the head whose learning rate is best on the second part; `score` is an error, lower is better"
    (a,b,c),tried = parts,[]
    for rate in RATES:
        head = train(make(), x[a], y[a], loss, steps, rate)
        tried.append((score(run(head, x[b]), y[b]), rate, score(run(head, x[c]), y[c])))
    _,rate,error = min(tried, key=lambda t: (math.isnan(t[0]), t[0]))
    return {"rate": rate, "error": error}

def wrong(out, y): return (out.argmax(1) != y).float().mean().item()

def layers(body, seed):
    "(a): errors of heads with one and with two linear layers"
    for task,(draw,n_out) in TASKS.items():
        torch.manual_seed(seed)
        x,y = draw(1797)
        x = run(body, x)
        for n in 100,1000:
            parts = slice(n),slice(1000, 1300),slice(1300, None)
            for dropout in .5,0.:
                for count,lin_ftrs in (1,[]),(2,[512]):
                    torch.manual_seed(seed)
                    found = best(lambda: create_head(NF, n_out, lin_ftrs=lin_ftrs, ps=dropout), x, y, F.cross_entropy, wrong, parts, 200)
                    yield {"task": task, "pictures": n, "dropout": dropout, "layers": count, "seed": seed, **found}

def start_at(head, mean, std):
    "Start the last batch norm at the targets' mean and standard deviation"
    nn.init.constant_(head[-1].bias, mean); nn.init.constant_(head[-1].weight, std)
    return head

RANGES = {"0 to 1": (0., 1.), "950 to 1050": (950., 100.)}
def final(body, seed):
    "(b): the root of the mean squared error, as a share of the targets' standard deviation: 1 is what the mean alone gives"
    torch.manual_seed(seed)
    x,_,size = draw_shapes(SHAPES, 1800)
    x = run(body, x)
    for name,(low,width) in RANGES.items():
        y = (low+width*size)[:,None]
        spread,mean = y[:1000].std().item(),y[:1000].mean().item()
        y_range = (low-.1*width, low+1.1*width)
        heads = {"plain": lambda: create_head(NF, 1), "bn_final": lambda: create_head(NF, 1, bn_final=True), "y_range": lambda: create_head(NF, 1, y_range=y_range),
                 "both": lambda: create_head(NF, 1, bn_final=True, y_range=y_range), "bn_final, started": lambda: start_at(create_head(NF, 1, bn_final=True), mean, spread)}
        for head,make in heads.items():
            for steps in 100,400:
                torch.manual_seed(seed)
                yield {"target": name, "head": head, "steps": steps, "seed": seed,
                       **best(make, x, y, F.mse_loss, lambda out,t: (F.mse_loss(out, t).sqrt()/spread).item(), (slice(1000),slice(1000,1300),slice(1300,None)), steps)}

def main():
    torch.set_num_threads(1)
    found = {"layers": [], "final": []}
    for seed in SEEDS:
        torch.manual_seed(seed)
        body = trained_body()
        found["layers"] += layers(body, seed)
        found["final"] += final(body, seed)
        print("seed", seed, "done", flush=True)
    record("two_claims", "heads made by fastai's create_head on a small frozen body that was trained on four drawn shapes of 32x32 pixels; error on about 500 pictures neither trained on nor chosen by",
           "python benchmarks/two_claims.py", seeds=list(SEEDS), rates=RATES, **found)

if __name__=="__main__": main()
