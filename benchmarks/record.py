"""What the scripts share: options, trainings that are kept, and `results/NAME.json` with what it takes to repeat it."""
import argparse, json, os, platform, subprocess
from functools import partial
from importlib.metadata import version
from pathlib import Path
from pixelladder.files import replacing

ROOT = Path(__file__).parent.parent
THIN = ["Pole", "SignSymbol", "Fence", "Pedestrian", "Bicyclist"] # classes of things that are thin or small

def parser(doc, out=None, runs=(), data=True):
    "For the script with this docstring: `--out`, and `--data`, if it trains, `--runs` and `--seeds` if it has `runs`"
    p = argparse.ArgumentParser(description=doc.split("\n\n")[0])
    if out and data: p.add_argument("--data", required=True)
    if out: p.add_argument("--out", type=Path, default=Path("_run")/out)
    if runs:
        p.add_argument("--runs", nargs="+", choices=list(runs), metavar="RUN", default=list(runs))
        p.add_argument("--seeds", nargs="+", type=int, metavar="SEED", default=[0,1,2])
    return p

def trained(folder, data, words):
    "The model in `folder`: trained with these words of `pixelladder train`, or gone on with, unless that was done"
    from fastai.torch_core import default_device
    from pixelladder.cli import main
    from pixelladder.predict import load_model
    from pixelladder.checkpoints import CHECKPOINT
    if (folder/CHECKPOINT).exists(): main(["train", "--resume", str(folder)])
    elif not (folder/"model.json").exists(): main(["train", "--data", data, *words.split(), "--out", str(folder)])
    return load_model(folder).to(default_device())

def scores(folder, data, words):
    "The scores on val of the model that is `trained` so"
    from pixelladder.data import open_data
    from pixelladder.predict import evaluate
    model = trained(folder, data, words)
    return evaluate(model, open_data(data, classes=model.recipe["trained"]["classes"]))

def smp(n_out):
    "segmentation_models_pytorch's Unet on resnet18, from scratch"
    import segmentation_models_pytorch
    return segmentation_models_pytorch.Unet("resnet18", encoder_weights=None, classes=n_out)

def slug(name): return name.replace(", ", "-").replace(" ", "-")

def kept(file, make):
    "What `make` gives, from `file` if it was made before: a stop costs one run"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        found = make()
        with replacing(file) as draft: draft.write_text(json.dumps(found))
    return json.loads(file.read_text())

def device():
    "The GPU's name, or the CPU's and how many of its cores there are."
    import torch
    if torch.cuda.is_available(): return torch.cuda.get_device_name()
    return f"CPU, {platform.machine()}, {os.cpu_count()} cores"

def _git(*words): return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()

def result(name): return ROOT/"results"/f"{name}.json"

def recorded(name, part):
    "That part of `results/NAME.json`; empty if it isn't there yet"
    return json.loads(result(name).read_text())[part] if result(name).exists() else {}

def record(name, what, words="", **found):
    "Write `results/NAME.json` in one step. A commit that ends in `+` had changes that weren't committed."
    changed = "+" if _git("status", "--porcelain", "pixelladder/*.py") else ""
    made = {"what": what, "command": f"python benchmarks/{name}.py {words}".strip(),
            "commit": _git("rev-parse", "HEAD")+changed, "device": device(),
            "versions": {k: version(k) for k in ("pixelladder","torch","fastai","torchvision")}}
    result(name).parent.mkdir(exist_ok=True)
    with replacing(result(name)) as draft: draft.write_text(json.dumps({**made, **found}, indent=1)+"\n")

def mean_iou(found): return f"mean IoU {found['mean_iou']:.3f}"

def record_runs(name, what, args, measure, about=None, once=(), say=mean_iou, words="--data CAMVID"):
    ("`measure(run, seed)` for all of `args.runs` and `args.seeds`: kept in `args.out`, and among the `runs` of "
     "`results/NAME.json`, where `about[run]` stands beside the seeds. A run in `once` has the first seed alone.")
    for seed in args.seeds:
        for run in args.runs:
            if seed and run in once: continue
            found = kept(args.out/f"{slug(run)}-{seed}.json", partial(measure, run, seed))
            print(f"{run}, seed {seed}: {say(found)}", flush=True)
            runs = recorded(name, "runs")
            place = runs.setdefault(run, {**about[run], "seeds": {}})["seeds"] if about else runs.setdefault(run, {})
            place[str(seed)] = found
            record(name, what, words, runs=runs)
