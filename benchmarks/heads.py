"""The heads that read only what a body hands them, on CamVid: same body, same budget, class weights, three seeds; writes results/heads.json.

    python benchmarks/heads.py --data CAMVID --out FOLDER [--heads nearest transposed ...]

A run whose model is in FOLDER already is scored, not trained again; runs of other heads that are in the file stay there."""
import argparse, json
from pathlib import Path
from record import ROOT, record, scores

HEADS,SEEDS = ["bilinear", "nearest", "transposed", "subpixel", "fcn32", "fcn16", "fcn8"],(0, 1, 2)
OPTIONS = "--arch resnet18 --size 192x256 --epochs 6 --lr 0.002 --class-weights --bf16"

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--data", required=True)
    p.add_argument("--out", type=Path, default=Path("_run/heads"))
    p.add_argument("--heads", nargs="+", default=HEADS)
    args = p.parse_args()
    file = ROOT/"results"/"heads.json"
    runs = json.loads(file.read_text())["runs"] if file.exists() else {}
    for seed in SEEDS:
        for head in args.heads:
            found = scores(args.out/f"{head}-{seed}", args.data, "--head", head, *OPTIONS.split(), "--seed", seed)
            runs.setdefault(head, {"command": f"pixelladder train --data CAMVID --head {head} {OPTIONS} --seed SEED --out DIR", "seeds": {}})["seeds"][str(seed)] = found
            print(f"{head}, seed {seed}: mean IoU {found['mean_iou']:.3f}", flush=True)
            record("heads", "CamVid, 11 classes, published split, val, counted at 360x480; resnet18 from scratch", "python benchmarks/heads.py --data CAMVID", runs=runs)

if __name__=="__main__": main()
