"""UnetHead beside fastai's DynamicUnet and segmentation_models_pytorch's Unet: time and memory on a CPU; writes results/speed.json.

    pip install segmentation-models-pytorch
    python benchmarks/speed.py

Body resnet18, 12 classes, 352x480, untrained. All models take turns, so that what else the machine does hits all of them; medians. Only the ratios mean anything."""
import argparse, resource, subprocess, sys, time
from statistics import median
import torch
import torch.nn.functional as F
import pixelladder # before torchvision
from record import record
from pixelladder.body import Body, DensePredictor
from pixelladder.unet import DynamicUnetHead, UnetHead

SIZE,N_OUT,BATCH = (352,480),12,4

def dense(head):
    body = Body("resnet18")
    return DensePredictor(body, head(body, N_OUT))

def dynamic_unet():
    from fastai.vision.learner import create_unet_model
    from torchvision.models import resnet18
    return create_unet_model(resnet18, N_OUT, SIZE, pretrained=False)

def smp():
    import segmentation_models_pytorch
    return segmentation_models_pytorch.Unet("resnet18", encoder_weights=None, classes=N_OUT)

MODELS = {"unet": lambda: dense(UnetHead), "unet, bf16": lambda: dense(UnetHead).to(memory_format=torch.channels_last), "unet, finest 2": lambda: dense(lambda b,n: UnetHead(b, n, finest=2)),
          "dynamic_unet": dynamic_unet, "dynamic_unet without hooks": lambda: dense(DynamicUnetHead), "smp": smp}
def autocast(name): return torch.autocast("cpu", torch.bfloat16, enabled="bf16" in name)

def step(name, model, x, y):
    "Seconds of one training step: forward, loss, backward, SGD"
    model.train()
    began = time.perf_counter()
    with autocast(name): scores = model(x)
    F.cross_entropy(scores.float(), y).backward()
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None: p.sub_(1e-3*p.grad)
    for p in model.parameters(): p.grad = None
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
    model,(x,y) = MODELS[name](),batch()
    def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024
    with open("/proc/self/statm") as f: before = int(f.read().split()[1])*resource.getpagesize()/2**20
    step(name, model, x, y)
    print(peak()-before)

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--memory-of", choices=MODELS, help=argparse.SUPPRESS)
    args = p.parse_args()
    torch.manual_seed(0)
    if args.memory_of: return memory(args.memory_of)
    found = {name: {"MiB": round(float(subprocess.run([sys.executable, __file__, "--memory-of", name], check=True, capture_output=True, text=True).stdout))} for name in MODELS}
    models,(x,y) = {name: make() for name,make in MODELS.items()},batch()
    times = {name: {"step": [], "image": []} for name in MODELS}
    for turn in range(args.rounds+1): # the first is not counted
        for name,model in models.items():
            t = {"step": step(name, model, x, y), "image": median(predict(name, model, x[:1]) for _ in range(3))}
            if turn: [times[name][k].append(v) for k,v in t.items()]
        print("round", turn, flush=True)
    for name in MODELS: found[name] |= {"parameters": sum(p.numel() for p in models[name].parameters()), **{k: [round(v, 4) for v in ts] for k,ts in times[name].items()}}
    ratios = {f"{ours} against {theirs}": {k: round(median(found[theirs][k])/median(found[ours][k]), 2) for k in ("step","image")} | {"MiB": round(found[ours]["MiB"]/found[theirs]["MiB"], 3)}
              for ours in ("unet","unet, bf16","unet, finest 2","dynamic_unet without hooks") for theirs in ("dynamic_unet","smp")}
    for pair,r in ratios.items(): print(f"{pair}: step {r['step']} times as fast, image {r['image']}, memory {r['MiB']}")
    record("speed", f"resnet18, {N_OUT} classes, {SIZE[0]}x{SIZE[1]}; training step at batch {BATCH}, one image, peak memory of a step; float32 but where bf16 is said", "python benchmarks/speed.py",
           threads=torch.get_num_threads(), models=found, ratios=ratios)

if __name__=="__main__": main()
