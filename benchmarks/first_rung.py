"""The nearest head on CamVid, trained and scored through the command line, three seeds each; writes results/first_rung.json.

    python benchmarks/first_rung.py --data CAMVID --out FOLDER

A run whose model is in FOLDER already is scored, not trained again. Pretrained runs need squeezenet1_1's weights (see `TORCH_HOME`)."""
import argparse
from pathlib import Path
from record import record, scores

SEEDS = 0, 1, 2
RUNS = {
    "nearest, squeezenet1_1, from scratch": "--arch squeezenet1_1 --size 96x128 --epochs 4 --lr 0.002 --no-bf16",
    "nearest, squeezenet1_1, pretrained": "--arch squeezenet1_1 --size 96x128 --epochs 4 --lr 0.002 --pretrained --no-bf16",
}

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--data", required=True)
    p.add_argument("--out", type=Path, default=Path("_run/first_rung"))
    args = p.parse_args()
    runs = {}
    for name,options in RUNS.items():
        runs[name] = {"command": f"pixelladder train --data CAMVID --head nearest {options} --seed SEED --out DIR", "seeds": {}}
        for seed in SEEDS:
            folder = args.out/f"{name.replace(', ', '-').replace(' ', '-')}-{seed}"
            runs[name]["seeds"][seed] = found = scores(folder, args.data, "--head", "nearest", *options.split(), "--seed", seed)
            print(f"{name}, seed {seed}: mean IoU {found['mean_iou']:.3f}", flush=True)
            record("first_rung", "CamVid, 11 classes, published split, val, counted at 360x480", "python benchmarks/first_rung.py --data CAMVID", runs=runs)

if __name__=="__main__": main()
