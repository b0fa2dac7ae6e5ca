"""Seven ways to double a picture: their checkerboards before and after training, on drawn streets;
writes results/checkerboard.json.

    python benchmarks/checkerboard.py"""
import torch
import torch.nn.functional as F
from pixelladder.streets import SEQUENCES, draw_street, split_of_frame
from pixelladder.subpixel import DOUBLERS, Enlarger, checkerboard_score, train_enlarger
from record import record

STEPS = 200

def streets(split, every):
    "Pictures of a split, 96x128"
    frames = [(s,f) for s,drive in SEQUENCES.items() for f in range(0, drive.frames, every) if split_of_frame(s, f)==split]
    return torch.stack([torch.tensor(draw_street(s, f, (96,128))[0]).permute(2,0,1)/255 for s,f in frames])

@torch.no_grad()
def on_grey(net):
    "Mean over eight constant pictures, interior only"
    values = torch.linspace(.1, .9, 8).view(8, 1, 1, 1).expand(8, 3, 24, 24)
    return sum(checkerboard_score(net(v[None])[..., 16:-16, 16:-16], 4) for v in values)/8

@torch.no_grad()
def on_streets(net, pictures):
    made = net(F.avg_pool2d(pictures, 4))
    psnr = -10*torch.log10(F.mse_loss(made.clamp(0, 1), pictures)).item()
    return {"on streets": checkerboard_score(made[..., 8:-8, 8:-8], 4), "PSNR": psnr}

def main():
    train = streets("train", 2)
    test = streets("test", 4)
    runs = {}
    for name,double in DOUBLERS.items():
        runs[name] = []
        for seed in range(5):
            torch.manual_seed(seed)
            net = Enlarger(double)
            before = on_grey(net)
            train_enlarger(net, train, STEPS)
            runs[name].append({"seed": seed, "parameters": sum(p.numel() for p in net.parameters()),
                               "before": before, "after": on_grey(net), **on_streets(net, test)})
        print(name, [{k: round(v, 3) for k,v in run.items()} for run in runs[name]][:2], flush=True)
    record("checkerboard", f"x4 enlargement of drawn streets, {len(train)} training pictures of 96x128, {STEPS} "
           f"batches of 8; scores on constant pictures (period 4) and on {len(test)} pictures of test",
           streets_score=checkerboard_score(test[..., 8:-8, 8:-8], 4), runs=runs)

if __name__=="__main__": main()
