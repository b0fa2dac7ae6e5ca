"""README's picture: a drawn street, the classes of resnet18's 6x8 cells, a U-Net's answer, the truth;
writes nbs/images/ladder.png.

    python benchmarks/picture.py

Both heads are trained alike, on drives that the street is not from. Which street? Of the drive that is never trained
on, the frame with the U-Net's median mean IoU. The trained models are kept in _run/picture, so that drawing anew takes
seconds; without them it takes some minutes."""
from io import BytesIO
import matplotlib.pyplot as plt
import torch
from PIL import Image
from pixelladder.codes import VOID
from pixelladder.data import open_data
from pixelladder.metrics import mean_iou
from pixelladder.predict import image_counts
from pixelladder.show import HATCH, best_median_worst, colour_mask, legend
from record import ROOT, trained

def model(head):
    return trained(ROOT/"_run"/"picture"/head, "streets", f"--head {head} --epochs 12 --class-weights")

@torch.no_grad()
def cells(fcn, image):
    "The class of each of the coarsest grid's cells"
    features = fcn.model.body(fcn.prepare(image))
    return fcn.model.head.scores[0](features[-1])[0].argmax(0).cpu().numpy()

def draw(image, grid, pred, truth, data):
    "Four pictures in a row, and a legend"
    fig,axs = plt.subplots(1, 4, figsize=(10,2.9), facecolor="white", layout="constrained")
    axs[0].imshow(image)
    for ax,mask in zip(axs[1:], (grid, pred, truth)):
        ax.imshow(colour_mask(mask, data.palette), interpolation="nearest")
    titles = ["a street", f"a CNN's {grid.shape[0]}x{grid.shape[1]} cells", "a U-Net's answer", "the truth"]
    for ax,title in zip(axs, titles):
        ax.set_title(title, fontsize=14)
        ax.set(xticks=[], yticks=[], frame_on=False)
    with plt.rc_context({"hatch.color": HATCH["edgecolor"], "hatch.linewidth": .6}): # void, as in the legend
        axs[3].contourf(truth==VOID, [.5,1.5], colors="none", hatches=["/////"])
    for i in range(1, grid.shape[0]): axs[1].axhline(i-.5, color="white", linewidth=.8)
    for j in range(1, grid.shape[1]): axs[1].axvline(j-.5, color="white", linewidth=.8)
    legend([grid, pred, truth], data.codes, data.palette)
    return fig

def write(fig, path):
    "As a PNG of 256 colours: a third of the size"
    path.parent.mkdir(exist_ok=True)
    file = BytesIO()
    fig.savefig(file, dpi=150)
    Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)

def main():
    data = open_data("streets")
    fcn,unet = map(model, ("fcn32","unet"))
    frames = [p for p in data.splits["test"] if data.sequence(p)=="morning"]
    frame = frames[best_median_worst([mean_iou(image_counts(unet, data, p)) for p in frames])[1]]
    fig = draw(Image.open(frame), cells(fcn, frame), unet(frame), data.mask(frame), data)
    write(fig, ROOT/"nbs"/"images"/"ladder.png")

if __name__=="__main__": main()
