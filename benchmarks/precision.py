"""bfloat16, channels last and torch.compile beside plain float32, for the U-Net head and the nearest head;
writes results/precision.json.

    python benchmarks/precision.py

A training step of batch 8 at 192x256, resnet18, on the GPU if there is one. All ways take turns; medians. On a CPU only
the ratios mean anything."""
from statistics import median
import torch
from pixelladder.body import Body, DensePredictor, find_head
from pixelladder.ladder import time_step
from record import parser, record

SIZE = (192,256)
BATCH = 8
N_OUT = 11
WAYS = {"float32": (), "channels last": ("last",), "bfloat16": ("bf16",), "bfloat16, channels last": ("bf16","last"),
        "compiled": ("compile",), "compiled, bfloat16, channels last": ("bf16","last","compile")}
device = "cuda" if torch.cuda.is_available() else "cpu"

def make(head, way):
    torch.manual_seed(0)
    body = Body("resnet18")
    model = DensePredictor(body, find_head(head)(body, N_OUT)).to(device).train()
    if "last" in way: model.to(memory_format=torch.channels_last)
    if "compile" in way: model.compile()
    return model

def main():
    p = parser(__doc__)
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--heads", nargs="+", default=["unet","nearest"])
    args = p.parse_args()
    x = torch.randn(BATCH, 3, *SIZE, device=device)
    y = torch.randint(0, N_OUT, (BATCH, *SIZE), device=device)
    found = {}
    for head in args.heads:
        models = {name: make(head, way) for name,way in WAYS.items()}
        times = {name: [] for name in WAYS}
        for _ in range(args.rounds+2): # the first two are not counted
            for name,model in models.items(): times[name].append(time_step(model, x, y, "bf16" in WAYS[name]))
        plain = median(times["float32"][2:])
        found[head] = {name: {"times as fast": round(plain/median(ts[2:]), 2),
                              "steps that the first one costs": round(ts[0]/plain, 1),
                              "seconds": [round(t, 4) for t in ts[2:]]} for name,ts in times.items()}
        for name,f in found[head].items(): print(f"{head}, {name}: {f}", flush=True)
    record("precision", f"training step, resnet18, batch {BATCH}, {SIZE[0]}x{SIZE[1]}",
           threads=torch.get_num_threads(), heads=found)

if __name__=="__main__": main()
