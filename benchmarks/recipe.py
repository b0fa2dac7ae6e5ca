"""Which ingredients of a recipe help on CamVid, on a drive that was not trained on; writes results/recipe.json.

    python benchmarks/recipe.py --data CAMVID --out FOLDER [--runs plain augment ...] [--seeds 0 1 2]

Each run changes of "plain" what its name says: the U-Net head on resnet18 from scratch, 192x256, flips alone, square root of median frequency. `holdout="sequence"`: a whole
training drive validates, and the published validation images are not looked at. Of every run an average of the weights is scored too (EMA), beside the weights themselves:
that pair differs in nothing else. The scores of each are kept in FOLDER, so that a stop costs one run."""
import argparse, json
from pathlib import Path
import torch
import pixelladder # before torchvision
from fastai.callback.core import Callback
from fastai.torch_core import get_model, set_seed
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from record import ROOT, record
from pixelladder.cache import Augment, cached_dls
from pixelladder.data import open_data
from pixelladder.learner import HEADS, class_weights, dense_learner
from pixelladder.predict import Segmenter, evaluate, recipe

PLAIN = dict(arch="resnet18", head="unet", size=(192,256), epochs=12, lr=2e-3, bs=8, power=.5, zoom=(1,1), light=0, pretrained=False, body=1)
SMALL = dict(arch="squeezenet1_1", epochs=6)
RUNS = {"plain": {}, "zoom and light": dict(zoom=(.75,2), light=.25), "no class weights": dict(power=0), "median frequency": dict(power=1), "twice the rate": dict(lr=4e-3),
        "squeezenet1_1": SMALL, "squeezenet1_1, pretrained": dict(**SMALL, pretrained=True), "squeezenet1_1, pretrained, body at a tenth": dict(**SMALL, pretrained=True, body=.1),
        "squeezenet1_1, pretrained, body at a hundredth": dict(**SMALL, pretrained=True, body=.01),
        "squeezenet1_1, pretrained, 24 epochs": dict(arch="squeezenet1_1", pretrained=True, body=.1, epochs=24),
        "squeezenet1_1, pretrained, 24 epochs, zoom and light": dict(arch="squeezenet1_1", pretrained=True, body=.1, epochs=24, zoom=(.75,2), light=.25)}

class Average(Callback):
    "Averages the weights as the training goes on"
    def __init__(self, decay): self.decay = decay
    def before_fit(self): self.mean = AveragedModel(get_model(self.model), multi_avg_fn=get_ema_multi_avg_fn(self.decay), use_buffers=True)
    def after_batch(self):
        if self.training: self.mean.update_parameters(get_model(self.model))

def run(data, seed, arch, head, size, epochs, lr, bs, power, zoom, light, pretrained, body):
    "Train, then count on the drive that was held out, with the weights and with their average"
    set_seed(seed, reproducible=True)
    dls = cached_dls(data, size, bs, "sequence", Augment(zoom=zoom, light=light))
    learn = dense_learner(dls, arch, HEADS[head], pretrained=pretrained, class_weights=class_weights(data, power=power), bf16=True)
    learn.unfreeze()
    spec,average = recipe(learn.model, data, size),Average(1-1/(len(dls.train)*max(1, epochs//8))) # remembers an eighth of the training
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(epochs, slice(lr*body, lr) if body<1 else lr, cbs=average)
    return {name: evaluate(Segmenter(model, spec), data, "val", "sequence") for name,model in (("weights", learn.model), ("average", average.mean.module))}

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--data", required=True)
    p.add_argument("--out", type=Path, default=Path("_run/recipe"))
    p.add_argument("--runs", nargs="+", default=list(RUNS))
    p.add_argument("--seeds", nargs="+", type=int, default=[0,1,2])
    args = p.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    data = open_data(args.data)
    for seed in args.seeds:
        for name in args.runs:
            kept,how = args.out/f"{name.replace(', ', '-').replace(' ', '-')}-{seed}.json",{**PLAIN, **RUNS[name]}
            if not kept.exists(): kept.write_text(json.dumps(run(data, seed, **how)))
            file = ROOT/"results"/"recipe.json"
            runs = json.loads(file.read_text())["runs"] if file.exists() else {}
            scores = runs.setdefault(name, {"how": how, "seeds": {}})["seeds"][str(seed)] = json.loads(kept.read_text())
            print(f"{name}, seed {seed}: mean IoU {scores['weights']['mean_iou']:.3f}, of the average {scores['average']['mean_iou']:.3f}", flush=True)
            record("recipe", "CamVid, 11 classes, one training drive held out, counted at 360x480", "python benchmarks/recipe.py --data CAMVID", runs=runs)

if __name__=="__main__": main()
