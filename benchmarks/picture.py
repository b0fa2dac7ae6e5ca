"""README's picture: a drawn street, the classes of resnet18's 6x8 cells, a U-Net's answer, the truth; writes nbs/images/ladder.png.

    python benchmarks/picture.py

Both heads are trained alike, on drives that the street is not from. Which street? Of the drive that is never trained on, the frame with the U-Net's
median mean IoU. The trained models are kept in _run/picture, so that drawing anew takes seconds; without them it takes some minutes."""
from io import BytesIO
import numpy as np, torch
import matplotlib.pyplot as plt
from PIL import Image
import pixelladder # before torchvision
from fastai.torch_core import set_seed
from record import ROOT
from pixelladder.data import open_data
from pixelladder.fcn import FCN32Head
from pixelladder.learner import class_weights, dense_learner
from pixelladder.metrics import VOID, confusion, mean_iou
from pixelladder.predict import load_model, recipe, save_model
from pixelladder.show import _show_mask, best_median_worst, colour_mask, legend
from pixelladder.unet import UnetHead

SIZE,EPOCHS,LR = (192,256),12,2e-3

def trained(name, head, data):
    "A model from `_run/picture`, trained first if it isn't there"
    folder = ROOT/"_run"/"picture"/name
    if not (folder/"model.json").exists():
        set_seed(0, reproducible=True)
        learn = dense_learner(data.dls(SIZE, num_workers=0), "resnet18", head, pretrained=False, class_weights=class_weights(data), bf16=True)
        with learn.no_bar(): learn.fit_one_cycle(EPOCHS, LR)
        save_model(learn.model, folder, recipe(learn.model, data, SIZE))
    return load_model(folder)

@torch.no_grad()
def cells(fcn, image):
    "The class of each of the coarsest grid's cells"
    features = fcn.model.body(fcn.prepare(image))
    return fcn.model.head.scores[0](features[-1])[0].argmax(0).numpy()

def score(unet, data, image):
    truth,pred = (torch.from_numpy(np.asarray(a)).long()[None] for a in (data.mask(image), unet(image)))
    return mean_iou(confusion(pred, truth, data.n))

def draw(image, grid, pred, truth, data):
    "Four pictures in a row, and a legend"
    fig,axs = plt.subplots(1, 4, figsize=(10,2.9), facecolor="white", layout="constrained")
    axs[0].imshow(image)
    for ax,mask in zip(axs[1:], (grid, pred, truth)): _show_mask(ax, colour_mask(mask, data.palette), mask==VOID)
    for ax,title in zip(axs, ["a street", f"a CNN's {grid.shape[0]}x{grid.shape[1]} cells", "a U-Net's answer", "the truth"]):
        ax.set_title(title, fontsize=14)
        ax.set(xticks=[], yticks=[], frame_on=False)
    for i in range(1, grid.shape[0]): axs[1].axhline(i-.5, color="white", linewidth=.8)
    for j in range(1, grid.shape[1]): axs[1].axvline(j-.5, color="white", linewidth=.8)
    legend([grid, pred, truth], data.codes, data.palette)
    return fig

def write(fig, path):
    "As a PNG of 256 colours: a third of the size"
    path.parent.mkdir(exist_ok=True)
    fig.savefig(file := BytesIO(), dpi=150)
    Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)

if __name__=="__main__":
    data = open_data()
    fcn,unet = (trained(name, head, data) for name,head in (("fcn32",FCN32Head), ("unet",UnetHead)))
    frames = [p for p in data.splits["test"] if data.sequence(p)=="morning"]
    frame = frames[best_median_worst([score(unet, data, p) for p in frames])[1]]
    write(draw(Image.open(frame), cells(fcn, frame), unet(frame), data.mask(frame), data), ROOT/"nbs"/"images"/"ladder.png")
