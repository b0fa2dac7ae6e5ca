"""bfloat16, channels last and torch.compile beside plain float32, for the U-Net head and the nearest head; writes results/precision.json.

    python benchmarks/precision.py

A training step of batch 8 at 192x256, resnet18, on the GPU if there is one. All ways take turns; medians. On a CPU only the ratios mean anything."""
import argparse
from statistics import median
import torch
import pixelladder # before torchvision
from record import record
from pixelladder.body import Body, DensePredictor
from pixelladder.ladder import _step
from pixelladder.learner import HEADS

SIZE,BATCH,N_OUT = (192,256),8,11
WAYS = {"float32": (), "channels last": ("last",), "bfloat16": ("bf16",), "bfloat16, channels last": ("bf16","last"), "compiled": ("compile",), "compiled, bfloat16, channels last": ("bf16","last","compile")}
device = "cuda" if torch.cuda.is_available() else "cpu"

def make(head, way):
    torch.manual_seed(0)
    body = Body("resnet18")
    model = DensePredictor(body, HEADS[head](body, N_OUT)).to(device).train()
    if "last" in way: model.to(memory_format=torch.channels_last)
    if "compile" in way: model.compile()
    return model

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--heads", nargs="+", default=["unet","nearest"])
    args = p.parse_args()
    x,y = torch.randn(BATCH, 3, *SIZE, device=device),torch.randint(0, N_OUT, (BATCH, *SIZE), device=device)
    found = {}
    for head in args.heads:
        models,times,first = {name: make(head, way) for name,way in WAYS.items()},{name: [] for name in WAYS},{}
        for turn in range(args.rounds+2): # the first two are not counted
            for name,model in models.items():
                t = _step(model, x, y, "bf16" in WAYS[name])
                if turn==0: first[name] = t
                if turn > 1: times[name].append(t)
        plain = median(times["float32"])
        found[head] = {name: {"times as fast": round(plain/median(ts), 2), "steps that the first one costs": round(first[name]/plain, 1), "seconds": [round(t, 4) for t in ts]} for name,ts in times.items()}
        for name,f in found[head].items(): print(f"{head}, {name}: {f['times as fast']} times as fast, the first step costs {f['steps that the first one costs']}", flush=True)
    record("precision", f"training step, resnet18, batch {BATCH}, {SIZE[0]}x{SIZE[1]}", "python benchmarks/precision.py", threads=torch.get_num_threads(), heads=found)

if __name__=="__main__": main()
