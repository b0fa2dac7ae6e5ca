"""What a body's grids say of spoilt pictures, and how it paints: three random starts and ImageNet's weights of
squeezenet1_1; writes results/style.json and nbs/images/style.png.

    python benchmarks/style.py

It needs the weights (torchvision downloads them). The street and the styles are drawn by the package."""
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from picture import write
from pixelladder.body import Body
from pixelladder.generative import FeatureLoss, StyleLoss, paint_pixels
from pixelladder.streets import draw_street
from pixelladder.styles import STYLES, style_picture
from record import ROOT, record

def streets(frames):
    return torch.stack([torch.tensor(draw_street("morning", f)[0]).permute(2,0,1) for f in frames]).float()/255

def body(seed=None):
    "Random from a seed, or pretrained"
    if seed is not None: torch.manual_seed(seed)
    return Body("squeezenet1_1", pretrained=seed is None)

@torch.no_grad()
def verdicts(body, truth):
    "The feature loss alone, without the pixels"
    spoilt = {"blurred": F.avg_pool2d(truth, 3, 1, 1, count_include_pad=False), "moved": truth.roll(1, -1),
              "darker": truth-.05}
    loss = FeatureLoss(body, weight=1.)
    return {name: (loss(y, truth)-(y-truth).abs().mean()).item() for name,y in spoilt.items()}

def draw(street, bodies, steps=150):
    "A row for each body, a column for each style"
    fig,axs = plt.subplots(len(bodies), 1+len(STYLES), figsize=(10,4.1), facecolor="white", layout="constrained")
    for row,(name,eye) in zip(axs, bodies.items()):
        row[0].set_ylabel(name)
        painted = {kind: paint_pixels(StyleLoss(eye, style_picture(kind), content=.1), street, steps) for kind in STYLES}
        for ax,(title,y) in zip(row, {"street": street, **painted}.items()):
            ax.imshow(y[0].permute(1,2,0), interpolation="nearest")
            ax.set(xticks=[], yticks=[], frame_on=False)
            if name==next(iter(bodies)): ax.set_title(title)
    return fig

def main():
    bodies = {**{f"random, start {seed}": body(seed) for seed in range(3)}, "ImageNet's weights": body()}
    truth = streets(range(0, 12, 3))
    record("style", "the feature loss of spoilt streets from the drive \"morning\", without its pixels",
           features={name: verdicts(b, truth) for name,b in bodies.items()})
    two = {"random": bodies["random, start 0"], "ImageNet": bodies["ImageNet's weights"]}
    write(draw(F.avg_pool2d(streets([0]), 2), two), ROOT/"nbs"/"images"/"style.png")

if __name__=="__main__": main()
