"""UnetHead beside fastai's DynamicUnet and segmentation_models_pytorch's Unet: time and memory on a CPU;
writes results/speed.json.

    pip install segmentation-models-pytorch
    python benchmarks/speed.py

Body resnet18, 12 classes, 352x480, untrained. All models take turns, so that what else the machine does hits all of
them; medians. Only the ratios mean anything."""
import argparse, resource, subprocess, sys, time
from statistics import median
import torch
import torch.nn.functional as F
from pixelladder.body import Body, DensePredictor
from pixelladder.dynamic_unet import DynamicUnetHead
from pixelladder.unet import UnetHead
from record import parser, record, smp

SIZE = (352,480)
N_OUT = 12
BATCH = 4

def dense(head, **options):
    body = Body("resnet18")
    return DensePredictor(body, head(body, N_OUT, **options))

def dynamic_unet():
    from fastai.vision.learner import create_unet_model
    from torchvision.models import resnet18
    return create_unet_model(resnet18, N_OUT, SIZE, pretrained=False)

MODELS = {"unet": lambda: dense(UnetHead), "unet, bf16": lambda: dense(UnetHead).to(memory_format=torch.channels_last),
          "unet, finest 2": lambda: dense(UnetHead, finest=2), "dynamic_unet": dynamic_unet,
          "dynamic_unet without hooks": lambda: dense(DynamicUnetHead), "smp": lambda: smp(N_OUT)}

def autocast(name): return torch.autocast("cpu", torch.bfloat16, enabled="bf16" in name)

def step(name, model, x, y):
    "Seconds of forward, loss, backward and SGD, which `time_step` leaves out: the nets differ in parameters too"
    model.train()
    began = time.perf_counter()
    with autocast(name): scores = model(x)
    F.cross_entropy(scores.float(), y).backward()
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None: p.sub_(1e-3*p.grad)
    model.zero_grad()
    return time.perf_counter()-began

@torch.inference_mode()
def predict(name, model, x):
    "Seconds for one image"
    model.eval()
    began = time.perf_counter()
    with autocast(name): model(x)
    return time.perf_counter()-began

def batch(): return torch.randn(BATCH, 3, *SIZE),torch.randint(0, N_OUT, (BATCH, *SIZE))

def memory(name):
    "MiB that a training step needs above the model and the batch: the peak of a process of its own"
    model = MODELS[name]()
    x,y = batch()
    with open("/proc/self/statm") as f: before = int(f.read().split()[1])*resource.getpagesize()/2**20
    step(name, model, x, y)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024-before)

def memory_of(name):
    words = [sys.executable, __file__, "--memory-of", name]
    return round(float(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout))

def main():
    p = parser(__doc__)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--memory-of", choices=MODELS, help=argparse.SUPPRESS)
    args = p.parse_args()
    torch.manual_seed(0)
    if args.memory_of: return memory(args.memory_of)
    found = {name: {"MiB": memory_of(name)} for name in MODELS}
    models = {name: make() for name,make in MODELS.items()}
    for name,model in models.items():
        found[name] |= {"parameters": sum(p.numel() for p in model.parameters()), "step": [], "image": []}
    x,y = batch()
    for turn in range(args.rounds+1): # the first is not counted
        for name,model in models.items():
            seconds = step(name, model, x, y)
            image = median(predict(name, model, x[:1]) for _ in range(3))
            if not turn: continue
            found[name]["step"].append(round(seconds, 4))
            found[name]["image"].append(round(image, 4))
        print("round", turn, flush=True)
    def ratio(a, b): # `a` and `b` of `found`
        times = {k: round(median(b[k])/median(a[k]), 2) for k in ("step","image")}
        return times | {"MiB": round(a["MiB"]/b["MiB"], 3)}
    ratios = {f"{ours} against {theirs}": ratio(found[ours], found[theirs])
              for ours in ("unet","unet, bf16","unet, finest 2","dynamic_unet without hooks")
              for theirs in ("dynamic_unet","smp")}
    for pair,r in ratios.items():
        print(f"{pair}: step {r['step']} times as fast, image {r['image']}, memory {r['MiB']}")
    record("speed", f"resnet18, {N_OUT} classes, {SIZE[0]}x{SIZE[1]}; training step at batch {BATCH}, one image, peak "
           "memory of a step; float32 but where bf16 is said", threads=torch.get_num_threads(), models=found,
           ratios=ratios)

if __name__=="__main__": main()
