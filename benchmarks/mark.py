"""The site's mark and the picture that is shown where somebody links to it: nbs/images/mark.svg and nbs/images/card.png.

    python benchmarks/mark.py

A square that gets finer in three steps, from two cells a side to eight; the card is the last step of a drawn street."""
import matplotlib.pyplot as plt
import torch
from pixelladder.codes import CAMVID_CODES, VOID
from pixelladder.palette import palette_for
from pixelladder.metrics import coarsen
from pixelladder.show import colour_mask
from pixelladder.streets import draw_street
from record import ROOT

IMAGES = ROOT/"nbs"/"images"
BLUE,GREEN,ORANGE = "#5b9bd5","#62b36a","#f28e2b"

def mark():
    "Three steps up, each with cells half as large: coarse and blue below, fine and green above"
    cells = [(0,32,32,BLUE), (32,32,16,ORANGE), (48,32,16,ORANGE), (32,48,16,ORANGE), (48,48,16,ORANGE)]
    cells += [(x,y,8,GREEN) for x in range(32, 64, 8) for y in range(0, 32, 8)]
    rects = "".join(f'<rect x="{x+.75}" y="{y+.75}" width="{s-1.5}" height="{s-1.5}" rx="{s/10:g}" fill="{c}"/>' for x,y,s,c in cells)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="pixelladder"><title>pixelladder</title>{rects}</svg>\n'

def card(file):
    "The mask of a drawn street, in cells of 32, 16, 8 and 1 pixels, from left to right"
    mask = draw_street("dusk", 30, size=(352,480))[1]
    mask[mask==len(CAMVID_CODES)] = VOID
    palette = palette_for(CAMVID_CODES)
    fig,axs = plt.subplots(1, 4, figsize=(12,6.3), dpi=100, facecolor="#1d2733")
    for ax,cell in zip(axs, (32,16,8,1)):
        grid = mask if cell==1 else coarsen(torch.from_numpy(mask), cell, len(CAMVID_CODES)).byte().numpy()
        ax.imshow(colour_mask(grid, palette), interpolation="nearest")
        ax.set(xticks=[], yticks=[], frame_on=False)
    fig.text(.05, .86, "pixelladder", color="white", fontsize=44, weight="bold")
    fig.text(.05, .1, "From a coarse grid of activations to a prediction for every pixel", color="#c9d6e2", fontsize=24)
    fig.subplots_adjust(left=.05, right=.95, top=.82, bottom=.2, wspace=.03)
    fig.savefig(file, facecolor=fig.get_facecolor())

if __name__=="__main__":
    (IMAGES/"mark.svg").write_text(mark(), encoding="utf-8")
    card(IMAGES/"card.png")
