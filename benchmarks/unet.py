"""What skip connections bring, on CamVid and on the drawn streets; UnetHead beside segmentation_models_pytorch's Unet; writes results/unet.json.

    pip install segmentation-models-pytorch
    python benchmarks/unet.py --data CAMVID --out FOLDER [--runs unet smp ...]

Every run has the budget of `benchmarks/ladder.py`: resnet18 from scratch, 192x256, six epochs, class weights (twelve on the streets, which are fewer).
The scores of each are kept in FOLDER, so that a stop costs one run."""
import argparse, json
from functools import partial
from pathlib import Path
import pixelladder # before torchvision
from fastai.learner import Learner
from fastai.torch_core import set_seed
from record import ROOT, record
from pixelladder.data import open_data
from pixelladder.learner import BFloat16, class_weights, dense_learner
from pixelladder.nearest import NearestHead
from pixelladder.predict import Segmenter, evaluate, recipe
from pixelladder.unet import DynamicUnetHead, UnetHead

SIZE,LR,SEEDS = (192,256),2e-3,(0,1,2)
def smp(n_out):
    import segmentation_models_pytorch
    return segmentation_models_pytorch.Unet("resnet18", encoder_weights=None, classes=n_out)

def random_skips(body, n_out):
    "A head that reads its skips from the start"
    head = UnetHead(body, n_out)
    for block in head.blocks: block.mix = type(block.mix)(block.mix[0].in_channels, block.mix[0].out_channels)
    return head

CAMVID = {"unet": UnetHead, "random start": random_skips, "smp": None, "finest 2": partial(UnetHead, finest=2), "no skip": partial(UnetHead, without=(16,8,4)),
          "without 16": partial(UnetHead, without=(16,)), "without 8": partial(UnetHead, without=(8,)), "without 4": partial(UnetHead, without=(4,)),
          "dynamic_unet": DynamicUnetHead}
STREETS = {"streets, nearest": NearestHead, "streets, unet": UnetHead}

def run(name, data, seed):
    "Train, then count on the validation images; on the streets these are sequences that were not trained on"
    drawn = name in STREETS
    holdout = "sequence" if drawn else "published"
    set_seed(seed, reproducible=True)
    dls,weights = data.dls(SIZE, holdout=holdout),class_weights(data)
    learn = dense_learner(dls, "resnet18", {**CAMVID, **STREETS}[name] or UnetHead, pretrained=False, class_weights=weights, bf16=True)
    spec = recipe(learn.model, data, SIZE)
    if name == "smp":
        set_seed(seed, reproducible=True)
        learn = Learner(dls, smp(data.n), loss_func=learn.loss_func, metrics=learn.metrics, cbs=[BFloat16()])
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(12 if drawn else 6, LR)
    return evaluate(Segmenter(learn.model, spec), data, "val", holdout) | {"train_loss": round(float(learn.recorder.losses[-1]), 4)}

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--data", required=True)
    p.add_argument("--out", type=Path, default=Path("_run/unet"))
    p.add_argument("--runs", nargs="+", default=[*CAMVID, *STREETS])
    p.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    args = p.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    camvid,streets = open_data(args.data),open_data()
    for seed in args.seeds:
        for name in args.runs:
            if name == "dynamic_unet" and seed: continue # ten times the seconds: one seed
            kept = args.out/f"{name.replace(', ', '-').replace(' ', '-')}-{seed}.json"
            if not kept.exists(): kept.write_text(json.dumps(run(name, streets if name in STREETS else camvid, seed)))
            file = ROOT/"results"/"unet.json"
            runs = json.loads(file.read_text())["runs"] if file.exists() else {}
            scores = runs.setdefault(name, {})[str(seed)] = json.loads(kept.read_text())
            print(f"{name}, seed {seed}: mean IoU {scores['mean_iou']:.3f}", flush=True)
            record("unet", "CamVid, 11 classes, published split, val, counted at 360x480; the drawn streets by sequence; resnet18 from scratch, 192x256",
                   "python benchmarks/unet.py --data CAMVID", runs=runs)

if __name__=="__main__": main()
