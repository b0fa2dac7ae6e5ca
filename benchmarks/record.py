"""Where a measurement goes: `results/NAME.json`, with what it takes to repeat it."""
import json, os, platform, subprocess, sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent

def _git(*words): return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()

def cli(*words):
    "What `pixelladder` with these words prints"
    return subprocess.run([Path(sys.executable).with_name("pixelladder"), *map(str, words)], check=True, stdout=subprocess.PIPE, text=True).stdout

def scores(folder, data, *words):
    "Train with these words into `folder`, or go on there, unless that was done; then score on val"
    if (folder/"checkpoint.safetensors").exists(): cli("train", "--resume", folder)
    elif not (folder/"model.json").exists(): cli("train", "--data", data, *words, "--out", folder)
    return json.loads(cli("evaluate", folder, "--data", data, "--split", "val", "--json"))

def device():
    "The GPU's name, or the CPU's and how many of its cores there are."
    import torch
    if torch.cuda.is_available(): return torch.cuda.get_device_name()
    return f"CPU, {platform.machine()}, {os.cpu_count()} cores"

def record(name, what, command, **found):
    "Write `results/NAME.json` in one step. A commit that ends in `+` had changes that weren't committed."
    made = {"what": what, "command": command, "commit": _git("rev-parse", "HEAD")+("+" if _git("status", "--porcelain", "pixelladder") else ""), "device": device(),
            "versions": {k: version(k) for k in ("pixelladder","torch","fastai","torchvision")}}
    path = ROOT/"results"/f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps({**made, **found}, indent=1)+"\n")
    os.replace(draft, path)
    return path
