"""What the small experiments share: drawn streets, a small body, one training, one count. `skips.py`, `transposed.py`,
`sweep.py` and `capacity.py` change one thing at a time in this."""

from functools import cache
import torch
import torch.nn.functional as F
from fastai.layers import ConvLayer
from fastai.torch_core import set_seed
from torch import nn
from pixelladder.body import DensePredictor, Stages, find_head
from pixelladder.cache import cached_pixels, pixel_images
from pixelladder.codes import VOID
from pixelladder.data import open_data
from pixelladder.learner import class_weights
from pixelladder.metrics import class_iou, confusion
from record import THIN

SIZE = (192,256) # of a drawn street, in pixels; a pole is one to three pixels wide
CROP = (96,128) # what a training step sees of it
BATCH = 8
WHAT = ("the drawn streets, 11 classes, counted on the 24 images of val at 192x256; a body of ten 3x3 convolutions from "
        "scratch (16 to 256 channels, strides 2 to 32), crops of 96x128, batch 8, class weights")

class SmallBody(nn.Module):
    "Ten 3x3 convolutions, two a stage; every other one halves"
    def __init__(self, n_in=3, width=16):
        super().__init__()
        self.n_in,self.minimum,self.strides = n_in,32,[2,4,8,16,32]
        self.channels = [width*2**i for i in range(5)]
        pairs = zip([n_in,*self.channels], self.channels)
        self.net = Stages(*(nn.Sequential(ConvLayer(ni, nf, stride=2), ConvLayer(nf, nf)) for ni,nf in pairs))
    def forward(self, x): return self.net(x)

@cache
def streets():
    "The data set; of `train` and `val` pictures, float about 0, and masks, int64; the classes' weights"
    data = open_data("streets")
    pixels,row = cached_pixels(data, SIZE),{p: i for i,p in enumerate(pixel_images(data))}
    def side(name):
        both = torch.from_numpy(pixels[[row[p] for p in data.splits[name]]]) # red, green, blue, class
        return both[:,:3].float()/255*4-2,both[:,3].long()
    return data,side("train"),side("val"),class_weights(data)

def batch(x, y, bs=BATCH):
    "Pictures at random, a crop of each, perhaps mirrored"
    pick = torch.randint(len(x), (bs,))
    top,left = (torch.randint(have-want+1, (bs,)).tolist() for have,want in zip(SIZE, CROP))
    mirrored = (torch.rand(bs) < .5).tolist()
    def cut(t):
        parts = [t[i, ..., a:a+CROP[0], b:b+CROP[1]] for i,a,b in zip(pick, top, left)]
        return torch.stack([p.flip(-1) if m else p for p,m in zip(parts, mirrored)])
    return cut(x),cut(y)

def loss(scores, y, weights=None): return F.cross_entropy(scores, y, weight=weights, ignore_index=VOID)

def fit(net, draw, steps, lr=2e-3, parameters=None, decay=.01):
    "AdamW with one cycle; `draw()` gives what goes in, and the truth"
    parameters = list(net.parameters()) if parameters is None else list(parameters)
    weights = streets()[3]
    opt = torch.optim.AdamW(parameters, lr, weight_decay=decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(opt, lr, total_steps=steps, pct_start=.25)
    net.train()
    for _ in range(steps):
        x,y = draw()
        opt.zero_grad()
        loss(net(x), y, weights).backward()
        opt.step()
        cycle.step()
    return net.eval()

def epoch(bs=BATCH): return len(streets()[1][0])//bs

def trained(head, seed, epochs, lr=2e-3, decay=.01, bs=BATCH):
    "A network from scratch; `head` is a name, or makes a head"
    set_seed(seed, reproducible=True)
    data,train,_,_ = streets()
    body = SmallBody()
    make_head = find_head(head) if isinstance(head, str) else head
    net = DensePredictor(body, make_head(body, data.n)).to(memory_format=torch.channels_last)
    return fit(net, lambda: batch(*train, bs), epochs*epoch(bs), lr, decay=decay)

@torch.no_grad()
def scores(net, pairs=None, bs=8):
    "Counted on `val`, or on those pictures and masks"
    data,_,val,_ = streets()
    x,y = val if pairs is None else pairs
    counts = sum(confusion(net(a), b, data.n) for a,b in zip(x.split(bs), y.split(bs)))
    return ratios(counts, data.codes)

def ratios(counts, codes):
    "Mean IoU, that of the thin classes, and of each"
    iou = {c: round(v, 4) for c,v in zip(codes, class_iou(counts).tolist()) if v==v}
    thin = [iou[c] for c in THIN if c in iou]
    return {"mean_iou": round(sum(iou.values())/len(iou), 4), "thin": round(sum(thin)/len(thin), 4), "iou": iou}
