"""What a coarse grid costs on CamVid: perfect labels on it in two forms, and scores fitted to each mask;
writes results/coarse_grid.json.

    python benchmarks/coarse_grid.py --data CAMVID"""
import torch
import torch.nn.functional as F
from pixelladder.codes import VOID
from pixelladder.data import open_data
from pixelladder.metrics import (class_iou, coarsen, confusion, constant_baseline, grid_labels, mean_iou,
                                 pixel_accuracy)
from record import parser, record

def ratios(counts, codes):
    "Plain numbers of confusion counts"
    return {"mean_iou": round(mean_iou(counts), 4), "pixel_accuracy": round(pixel_accuracy(counts), 4),
            "iou": {c: round(v, 4) for c,v in zip(codes, class_iou(counts).tolist())}}

SEEN = (192,256) # what the heads of `results/ladder.json` see of a picture of 360x480: a cell of theirs has 60 pixels

def fitted(mask, n, cells, cell, steps=300):
    "The classes of scores on a grid of `cells`, fitted to `mask` by gradient descent through a bilinear step"
    h,w = mask.shape
    scores = torch.zeros(1, n, *cells, requires_grad=True)
    opt = torch.optim.Adam([scores], lr=.3)
    target = torch.where(mask==VOID, -100, mask.long())[None]
    for _ in range(steps):
        full = F.interpolate(scores, scale_factor=cell, mode="bilinear", align_corners=False)[..., :h, :w]
        opt.zero_grad()
        F.cross_entropy(full, target).backward()
        opt.step()
    return full.detach().argmax(1)[0]

def main():
    p = parser(__doc__)
    p.add_argument("--data", required=True)
    data = open_data(p.parse_args().data, classes=11)
    masks = [torch.from_numpy(data.mask(image)) for image in data.splits["val"]]
    def bound(form, stride): return ratios(grid_labels(masks, stride, data.n, form), data.codes)
    bounds = {form: {s: bound(form, s) for s in (2, 4, 8, 16, 32)} for form in ("hard","averaged")}
    few = masks[::9]
    def of_few(form): return ratios(sum(confusion(form(m), m, data.n) for m in few), data.codes)
    few_at_32 = {"averaged": of_few(lambda m: coarsen(m, 32, data.n, "averaged")),
                 "fitted": of_few(lambda m: fitted(m, data.n, (12,15), 32))}
    seen = {form: ratios(grid_labels(masks, 32, data.n, form, SEEN), data.codes) for form in ("hard","averaged")}
    seen["fitted"] = of_few(lambda m: fitted(m, data.n, (6,8), 60))
    record("coarse_grid", f"CamVid, 11 classes, {len(masks)} masks of val at 360x480; `fitted` on {len(few)} of them; "
           "cells of 2 to 32 pixels, and (`seen_at_192x256`) of the 60 that a network of stride 32 has at 192x256",
           "--data CAMVID", constant=ratios(constant_baseline(masks, data.n), data.codes), bounds=bounds,
           images_fitted=len(few), fitted_at_32=few_at_32, seen_at_192x256=seen)

if __name__=="__main__": main()
