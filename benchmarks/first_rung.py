"""The nearest head on CamVid, trained and scored through the command line; writes results/first_rung.json.

    python benchmarks/first_rung.py --data CAMVID --out FOLDER

A run whose model is in FOLDER already is scored, not trained again. Pretrained runs need squeezenet1_1's weights (see `TORCH_HOME`)."""
import argparse, json, platform, subprocess, sys
from importlib.metadata import version
from pathlib import Path

RUNS = {
    "nearest-resnet18": "--arch resnet18 --size 192x256 --epochs 6 --lr 0.002 --seed 0",
    "nearest-squeezenet1_1": "--arch squeezenet1_1 --size 96x128 --epochs 4 --lr 0.002 --seed 0",
    "nearest-squeezenet1_1-pretrained": "--arch squeezenet1_1 --size 96x128 --epochs 4 --lr 0.002 --seed 0 --pretrained",
}

def cli(*words): return subprocess.run([sys.executable, "-m", "pixelladder.cli", *words], check=True, stdout=subprocess.PIPE, text=True).stdout

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--data", required=True)
    p.add_argument("--out", type=Path, default=Path("_run/first_rung"))
    args = p.parse_args()
    root = Path(__file__).parent.parent
    runs = {}
    for name,options in RUNS.items():
        folder = args.out/name
        if not (folder/"model.json").exists(): cli("train", "--data", args.data, "--head", "nearest", *options.split(), "--out", str(folder))
        recipe = json.loads((folder/"model.json").read_text())
        scores = json.loads(cli("evaluate", str(folder), "--data", args.data, "--split", "val", "--json"))
        runs[name] = {"command": f"pixelladder train --data CAMVID --head nearest {options} --out DIR", "epochs_done": recipe["trained"]["epochs_done"], "scores": scores}
        print(f"{name}: mean IoU {scores['mean_iou']:.3f}", flush=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True).stdout.strip()
    result = {"what": "CamVid, 11 classes, published split, val, counted at 360x480", "commit": commit, "device": f"CPU, {platform.machine()}",
              "versions": {k: version(k) for k in ("pixelladder","torch","fastai","torchvision")}, "runs": runs}
    (root/"results"/"first_rung.json").write_text(json.dumps(result, indent=1)+"\n")

if __name__=="__main__": main()
