"""Pictures out: super-resolution, colour, noise; the layer that doubles, the skip, the loss; writes results/generative.json.

    pip install scikit-image PyWavelets
    python benchmarks/generative.py --data CAMVID --out FOLDER [--runs super2 colour ...]

On the drawn streets the published training images train, and the drive "morning" is scored, which is in no other split.
On CamVid it is every fourth frame of `val`. mobilenet_v3_small from scratch, batches of 8; one thread is enough. Baselines with a parameter got
the best of a few for the training images. `super4, features` needs ImageNet's weights of squeezenet1_1."""
from functools import partial
import numpy as np
import torch
import torch.nn.functional as F
from skimage import restoration
from scipy.ndimage import median_filter
from fastai.torch_core import set_seed
from pixelladder.body import Body
from pixelladder.data import open_data
from pixelladder.lab import ab_error, colourfulness, painted, rgb_to_lab
from pixelladder.generative import (TASKS, ColourClasses, FeatureLoss, PictureHead, edge_loss, give_back,
                                    picture_learner, psnr)
from pixelladder.pieces import picture_dls
from pixelladder.subpixel import checkerboard_score
from torchmetrics.functional.image import structural_similarity_index_measure
from record import kept, parser, record_runs

NOISE = .1
def no_skip(grow): return partial(PictureHead, skip=False, y_range=(0,1), grow=grow)
GROW = ("nearest, then 3x3","transposed, ks 3","sub-pixel","sub-pixel, ICNR")

# Task, steps, and what else `picture_learner` is told
CALM = {"lr": 1e-3} # at 3e-3 no training on CamVid came to anything: "super2, CamVid, lr 3e-3"
RUNS = {"super2": ("super2", 480, {}), "denoise": ("denoise", 960, {}), "super2, CamVid": ("super2", 480, CALM),
        "super2, CamVid, lr 3e-3": ("super2", 480, {}),
        "colour": ("colour", 120, {}), "colour classes": ("classes", 120, {}), "super4": ("super4", 150, {}),
        **{f"super4, no skip, {grow}": ("super4", 150, {"head": no_skip(grow)}) for grow in GROW},
        "super4, features": ("super4", 150, {"eye": True}),
        "super4, random features": ("super4", 150, {"eye": False}),
        "denoise, CamVid": ("denoise", 960, CALM), "deblock": ("deblock", 150, {})}

def pictures(data, images, quarter):
    "uint8 tensors `(3,H,W)`"
    found = [torch.tensor(data.image(p)).permute(2,0,1) for p in images]
    if not quarter: return found
    return [F.interpolate(p[None].float()/255, scale_factor=.25, mode="area")[0].mul(255).round().byte() for p in found]

def sides(name, camvid):
    "What trains, and what is scored"
    data = camvid if "CamVid" in name else open_data("streets")
    score = data.splits["val"] if data is camvid else [p for p in data.splits["test"] if data.sequence(p)=="morning"]
    if data is camvid: score = score[::4] # its frames are neighbours
    quarter = name.startswith("colour")
    return pictures(data, data.splits["train"], quarter),pictures(data, score, quarter)

@torch.no_grad()
def on_grey(model):
    "The checkerboard that the last layer draws where nothing happens: mean over four greys, period 2"
    greys = torch.tensor([.2,.4,.6,.8]).view(4,1,1,1).expand(4,3,160,160)
    mean,std = (torch.tensor(s).view(3,1,1) for s in model.body.stats)
    made = model.eval()((greys-mean)/std)
    return sum(checkerboard_score(y[None, :, 48:-48, 48:-48], 2) for y in made)/4

def filters():
    "The baselines against noise, each with the values to choose from"
    told = dict(channel_axis=-1)
    yield "median", lambda x,k: median_filter(x, (k,k,1)), (3,5)
    yield "bilateral", lambda x,k: restoration.denoise_bilateral(x, win_size=5, sigma_color=k, sigma_spatial=2, **told), (.05,.1,.2,.3)
    yield "wavelet", lambda x,k: restoration.denoise_wavelet(x, sigma=NOISE, method=k, convert2ycbcr=True,
                                                             rescale_sigma=True, **told), ("BayesShrink","VisuShrink")
    yield "total variation", lambda x,k: restoration.denoise_tv_chambolle(x, weight=k, **told), (.05,.1,.15)
    yield "non-local means", lambda x,k: restoration.denoise_nl_means(x, h=k*NOISE, sigma=NOISE, patch_size=5,
                                                                     patch_distance=6, fast_mode=True, **told), (.2,.4,.6,.8,1.)

def as_array(x): return x.permute(1,2,0).numpy().astype(np.float64)
def as_tensor(a): return torch.tensor(np.asarray(a)).float().permute(2,0,1).clamp(0, 1)[None]

def ssim(made, truth): return structural_similarity_index_measure(made, truth, data_range=1.).item()

def filtered(f, k, left, truth):
    "Mean PSNR of a filter"
    return torch.cat([psnr(as_tensor(f(as_array(x), k)), y[None]) for x,y in zip(left, truth)]).mean().item()

def baselines(task, left, truth, train):
    "Mean PSNR of what needs no training"
    def mean(made): return psnr(made, truth).mean().item()
    if task.scale > 1:
        found = {mode: F.interpolate(left, scale_factor=task.scale, mode=mode).clamp(0, 1) for mode in ("nearest","bilinear","bicubic")}
        return {mode: mean(y) for mode,y in found.items()} | {"SSIM bicubic": ssim(found["bicubic"], truth)}
    found = {"before": mean(left)}
    if task is not TASKS["denoise"]: return found
    few = torch.stack(train[::len(train)//4]).float()/255
    few_left = task.lose(few)
    for name,f,values in filters():
        best = max(values, key=lambda k: filtered(f, k, few_left, few))
        found |= {name: filtered(f, best, left, truth), f"{name} with": best}
    return found

def colours(model, task, left, truth, train):
    "How far off, and how colourful; beside grey, and the mean colour of the training pictures"
    mean = torch.stack([rgb_to_lab(p[None].float()/255)[0,1:].mean((1,2)) for p in train]).mean(0).view(1, 2, 1, 1)
    made = {"": give_back(model, task, left), ", grey": left, ", truth": truth,
            ", mean colour": painted(left, mean.expand(len(left), -1, *truth.shape[-2:]))}
    return {f"{what}{name}": f(y) for name,y in made.items()
            for what,f in (("ab error", lambda y: ab_error(y, truth).mean().item()),
                           ("colourfulness", lambda y: colourfulness(y).mean().item()))}

def sharpness(made, truth):
    "The mean step between neighbours, over the truth's"
    return (edge_loss(made, torch.zeros_like(made))/edge_loss(truth, torch.zeros_like(truth))).item()

def learner(name, train, valid, seed):
    "Trained, and its task"
    kind,steps,more = RUNS[name]
    set_seed(seed, reproducible=True)
    task = ColourClasses(train) if kind=="classes" else TASKS[kind]
    crop = tuple(train[0].shape[-2:]) if name.startswith("colour") else (64,64)
    dls = picture_dls(train, valid[:8], task, crop)
    more = dict(more)
    lr = more.pop("lr", 3e-3)
    if "eye" in more: more["loss_func"] = FeatureLoss(Body("squeezenet1_1", pretrained=more.pop("eye")))
    learn = picture_learner(dls, task, **more)
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(-(-steps//len(dls.train)), lr)
    return learn.model,task

def run(camvid, out, name, seed):
    "Train, then score whole pictures"
    train,valid = sides(name, camvid)
    truth = torch.stack(valid).float()/255
    model,task = learner(name, train, valid, seed)
    torch.manual_seed(0) # the same noise for all
    left = task.lose(truth)
    if name.startswith("colour"): return colours(model, task, left, truth, train)
    made = give_back(model, task, left)
    data = "camvid" if "CamVid" in name else "streets"
    base = kept(out/f"baselines-{RUNS[name][0]}-{data}.json", partial(baselines, task, left, truth, train))
    score = psnr(made, truth).mean().item()
    start = base.get("bicubic", base.get("before"))
    return {"PSNR": score, "gain": score-start, "SSIM": ssim(made, truth),
            "sharpness": sharpness(made, truth), "checkerboard": on_grey(model), **base}

def say(found): return "  ".join(f"{k} {v:.3f}" for k,v in found.items() if isinstance(v, float))

def main():
    args = parser(__doc__, "generative", RUNS).parse_args()
    record_runs("generative", "the drawn streets, the drive \"morning\"; every fourth frame of CamVid's val; mobilenet_v3_small from scratch",
                args, partial(run, open_data(args.data), args.out), say=say)

if __name__=="__main__": main()
