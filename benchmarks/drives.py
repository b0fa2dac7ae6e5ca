"""What each ingredient of a recipe brings on a drive that nobody trained on, and what all of them bring together; writes
results/drives.json.

    TORCH_HOME=... python benchmarks/drives.py --data CAMVID --out FOLDER [--runs today crops ...] [--seeds 0 1 2]

Every run is trained once for each training drive of CamVid, which is held out of it (`holdout="0016E5"`), and counted there
at 360x480; the published validation and test images are not looked at. A run changes of "today" what its name says: the
recipe that `train --pretrained --augment --class-weights` has, with pictures of 192x256 and 12 epochs. The model that ships
is "streets-first-standardize" at 360x480 and with 40 epochs. Runs are compared by drive and seed.
Of each the flips and sizes at prediction are scored, too. "scratch" has no ImageNet weights; "streets-first" was trained on
2000 drawn streets before. What was counted is kept in FOLDER, drive by drive."""
from functools import partial
import torch
import torch.nn.functional as F
from fastai.callback.core import Callback, CancelValidException
from fastai.data.transforms import ItemTransform
from fastai.layers import ConvLayer
from fastai.losses import CrossEntropyLossFlat
from fastai.torch_core import set_seed
from torch import nn
from pixelladder.body import find_head
from pixelladder.cache import Augment, cached_dls
from pixelladder.codes import VOID
from pixelladder.data import open_data, split_for
from pixelladder.learner import MaskedDice, bf16_is_native, class_weights, dense_learner
from pixelladder.metrics import confusion
from pixelladder.predict import Segmenter, load_model, recipe, summarize
from pixelladder.unet import UnetHead
from drawn import streets_first
from record import kept, parser, record_runs, slug

TODAY = dict(arch="squeezenet1_1", pretrained=True, size=(192,256), crop=None, epochs=12, bs=8, lr=2e-3, body=.1, power=.5,
             weather=0, standardize=False, finest=4, convs=1, width=1, loss="cross-entropy", streets=0)
SIZES = (1,1.25,1.5) # of a picture, at prediction

RUNS = {"today": {},
        "weather": dict(weather=1),
        "standardize": dict(standardize=True),
        "weather-standardize": dict(weather=1, standardize=True),
        "crops": dict(size=(360,480), crop=(192,256)),
        "streets-first": dict(streets=2000),
        "scratch": dict(pretrained=False),
        "scratch-streets-first": dict(pretrained=False, streets=2000),
        "streets-first-standardize": dict(streets=2000, standardize=True),
        "360x480": dict(size=(360,480)),
        "streets-first-standardize-360x480": dict(size=(360,480), streets=2000, standardize=True),
        "stride-2": dict(finest=2),
        "two-convolutions": dict(convs=2),
        "twice-as-wide": dict(width=2),
        "dice": dict(loss="dice"),
        "lovasz": dict(loss="lovasz"),
        "hard-pixels": dict(loss="hard pixels"),
        "no-class-weights": dict(power=0),
        "median-frequency": dict(power=1),
        "24-epochs": dict(epochs=24),
        "standardize-44-epochs": dict(standardize=True, epochs=44), # as many steps as streets-first-standardize, in the mean
        "streets-first-standardize-44-epochs": dict(streets=2000, standardize=True, epochs=44),
        "scratch-44-epochs": dict(pretrained=False, epochs=44),
        "twice-the-rate": dict(lr=4e-3),
        "body-at-the-full-rate": dict(body=1)}

class Weather(ItemTransform):
    "Gamma, colour, saturation, blur and noise of each training picture, at random: another hour, another camera"
    split_idx,order = 0,6
    def encodes(self, batch):
        x,y = batch
        def between(low, high, channels=1): return torch.empty(len(x), channels, 1, 1).uniform_(low, high)
        x = 255*(x.float()/255)**(2**between(-1, 1))
        x = x*between(.8, 1.2, 3)
        x = torch.lerp(x.mean(1, keepdim=True), x, between(.4, 1.4))
        soft = F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
        x = torch.lerp(x, soft, between(-.5, 1)) + torch.randn_like(x)*between(0, 6)
        return x.clamp(0, 255),y

class Crop(ItemTransform):
    "The same part of all pictures of a training batch, at random"
    split_idx,order = 0,7
    def __init__(self, size): self.size = size
    def encodes(self, batch):
        (H,W),(h,w) = batch[1].shape[-2:],self.size
        top,left = torch.randint(H-h+1, ()),torch.randint(W-w+1, ())
        return tuple(t[..., top:top+h, left:left+w] for t in batch)

class WideHead(UnetHead):
    "`UnetHead` with more convolutions, or more channels, on its finest grid"
    def __init__(self, body, n_out, finest=4, convs=1, width=1):
        super().__init__(body, n_out, finest)
        c = self.classes.in_channels
        last = [ConvLayer(c if i==0 else c*width, c*width) for i in range(convs-1 if width==1 else convs)]
        scores = nn.Conv2d(c*width, n_out, 1)
        self.classes = nn.Sequential(*last, scores) if last else scores # named as in UnetHead, whose weights it may start from

def lovasz(scores, masks):
    "The Lovasz extension of one minus IoU, the mean over the classes in the batch (Berman et al. 2018, algorithm 1)"
    known = masks.flatten() != VOID
    probs = scores.softmax(1).transpose(0, 1).flatten(1)[:,known]
    truth = F.one_hot(masks.flatten()[known], scores.shape[1]).T.float()
    errors,order = (truth-probs).abs().sort(1, descending=True)
    hit = truth.gather(1, order)
    missed = hit.sum(1, keepdim=True)
    jaccard = 1-(missed-hit.cumsum(1))/(missed+(1-hit).cumsum(1))
    steps = torch.diff(jaccard, dim=1, prepend=torch.zeros_like(jaccard[:,:1]))
    return (errors*steps).sum(1)[missed[:,0] > 0].mean()

class Loss:
    "Cross-entropy without void, and what is added to it"
    def __init__(self, kind, weights):
        self.kind,self.weights = kind,weights
        self.entropy = CrossEntropyLossFlat(axis=1, ignore_index=VOID, weight=weights)
    def __call__(self, scores, masks):
        scores,masks = scores.as_subclass(torch.Tensor),masks.as_subclass(torch.Tensor).long()
        if self.kind=="hard pixels": # a quarter of them, those with the largest loss
            each = F.cross_entropy(scores, masks, self.weights, ignore_index=VOID, reduction="none").flatten()
            return each.topk(len(each)//4).values.mean()
        entropy = self.entropy(scores, masks)
        if self.kind=="dice": return entropy + MaskedDice()(scores, masks)
        return entropy + lovasz(scores, masks) if self.kind=="lovasz" else entropy

class NoValidation(Callback):
    "Nothing is chosen by the drive that is held out, so it isn't looked at in between"
    def before_validate(self): raise CancelValidException

def learner(dls, how, weights):
    "As `pixelladder train --pretrained` makes it, but for the ingredients"
    head = partial(WideHead, **{k: how[k] for k in ("finest","convs","width")})
    learn = dense_learner(dls, how["arch"], head, pretrained=how["pretrained"], standardize=how["standardize"],
                          loss_func=Loss(how["loss"], weights), bf16=bf16_is_native(), cbs=NoValidation())
    learn.metrics = []
    learn.model.to(memory_format=torch.channels_last) # a fifth faster on a CPU
    return learn

def fit(learn, how):
    "One epoch with the body frozen, if it is pretrained, then all"
    with learn.no_bar(), learn.no_logging():
        if how["pretrained"]: learn.fine_tune(how["epochs"]-1, how["lr"], lr_mult=1/how["body"])
        else: learn.fit_one_cycle(how["epochs"], how["lr"])

def on_streets(how, out):
    "The weights after a training on drawn streets of 192x256, by the same recipe"
    flags = [f"--{k}" for k in ("pretrained","standardize") if how[k]]
    words = " ".join(["--arch", how["arch"], *flags, "--augment", "--class-weights"])
    return load_model(streets_first(out, words, how["streets"])).model.state_dict()

def batches(data, how, holdout):
    tfms = [Augment(zoom=(.75,2), light=.25)]
    if how["weather"]: tfms.append(Weather())
    if how["crop"]: tfms.append(Crop(how["crop"]))
    return cached_dls(data, how["size"], how["bs"], holdout, tfms)

def train(data, how, drive, seed, out):
    "Train on the other drives, then count on this one"
    start = on_streets(how, out) if how["streets"] else None
    set_seed(seed, reproducible=True)
    learn = learner(batches(data, how, drive), how, class_weights(data, power=how["power"], holdout=drive))
    if start: learn.model.load_state_dict(start)
    fit(learn, how)
    head,learn.model.head = learn.model.head,find_head("unet")(learn.model.body, data.n) # a recipe wants a name
    spec = recipe(learn.model, data, how["size"])
    learn.model.head = head
    return looks(Segmenter(learn.model, spec), data, split_for(data, drive)[1])

def looks(model, data, images):
    "The scores of one look at each picture, with its mirror image, and at several sizes, too"
    ways = {"one look": {}, "flips": dict(flips=True), "flips and sizes": dict(flips=True, scales=SIZES)}
    counts = dict.fromkeys(ways, 0)
    for image in images:
        mask = data.mask(image)
        for way,how in ways.items():
            counts[way] += confusion(torch.from_numpy(model(image, mask.shape, **how)), torch.from_numpy(mask), data.n)
    return {way: summarize(c, data.codes) for way,c in counts.items()}

def mean(found, way="one look"): return sum(d[way]["mean_iou"] for d in found.values())/len(found)

def say(found):
    each = ", ".join(f"{d} {s['one look']['mean_iou']:.3f}" for d,s in found.items())
    return f"mean of the drives {mean(found):.3f} ({each}), flips and sizes {mean(found, 'flips and sizes'):.3f}"

def main():
    args = parser(__doc__, "drives", RUNS).parse_args()
    data = open_data(args.data)
    drives = sorted({data.sequence(p) for p in data.splits["train"]})

    def measure(name, seed):
        "The scores on each drive of a model that was trained on the others"
        files = {d: args.out/f"{slug(name)}-{d}-{seed}.json" for d in drives}
        return {d: kept(file, partial(train, data, TODAY|RUNS[name], d, seed, args.out)) for d,file in files.items()}

    record_runs("drives", "CamVid, 11 classes, each training drive held out in turn, counted at 360x480", args, measure,
                {name: {"how": TODAY|how} for name,how in RUNS.items()}, say=say)

if __name__=="__main__": main()
