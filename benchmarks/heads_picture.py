"""One drawn street through every head, side by side; writes nbs/images/heads.png
and results/heads_picture.json.

    python benchmarks/heads_picture.py --out FOLDER [--epochs 8]

The same small body and the same training for each head (`benchmarks/small.py`), one seed. Which street? Of the 24 of
`val`, the one with the U-Net's median mean IoU. Each head's answers are kept in FOLDER, so that a stop costs one
training, and drawing anew takes seconds."""
import matplotlib.pyplot as plt
import numpy as np
import torch
from pixelladder.metrics import confusion, mean_iou
from pixelladder.show import best_median_worst, colour_mask, legend
from picture import write
from record import ROOT, parser, record
from small import WHAT, streets, trained

HEADS = ["nearest","transposed","transposed4","subpixel","bilinear","fcn32","fcn16","fcn8","unet"]

def answers(head, epochs, folder):
    "The classes of every pixel of `val`, uint8 `(24,H,W)`"
    file = folder/f"{head}-{epochs}.npy"
    if not file.exists():
        net = trained(head, seed=0, epochs=epochs)
        folder.mkdir(exist_ok=True, parents=True)
        with torch.no_grad(): masks = torch.cat([net(x).argmax(1) for x in streets()[2][0].split(4)])
        np.save(file, masks.byte().numpy())
    return torch.from_numpy(np.load(file))

def draw(picture, truth, found, data):
    "The picture, every head's answer with its mean IoU over `val`, and the truth"
    fig,axs = plt.subplots(3, 4, figsize=(10,6.6), facecolor="white", layout="constrained")
    panels = [("a street", picture), ("the truth", colour_mask(truth, data.palette)),
              *((f"{h}, {iou:.2f}", colour_mask(m, data.palette)) for h,(m,iou) in found.items())]
    for ax in axs.flat: ax.set_axis_off()
    for ax,(title,shown) in zip(axs.flat, panels):
        ax.imshow(shown, interpolation="nearest")
        ax.set_title(title, fontsize=13)
    legend([truth, *(m for m,_ in found.values())], data.codes, data.palette)
    return fig

def main():
    p = parser(__doc__, "heads", data=False)
    p.add_argument("--epochs", type=int, default=8)
    args = p.parse_args()
    data,_,(x,y),_ = streets()
    found = {}
    for head in HEADS:
        masks = answers(head, args.epochs, args.out)
        counts = [confusion(m, t, data.n) for m,t in zip(masks, y)]
        found[head] = masks,mean_iou(sum(counts))
        print(f"{head}: mean IoU {found[head][1]:.3f}", flush=True)
    street = best_median_worst([mean_iou(c) for c in counts])[1] # the last head's: the U-Net's
    record("heads_picture", f"{WHAT}; {args.epochs} epochs, seed 0", street=street,
           mean_iou={h: round(iou, 4) for h,(_,iou) in found.items()})
    picture = ((x[street]+2)/4).permute(1, 2, 0).numpy()
    fig = draw(picture, y[street], {h: (m[street],iou) for h,(m,iou) in found.items()}, data)
    write(fig, ROOT/"nbs"/"images"/"heads.png")

if __name__=="__main__": main()
