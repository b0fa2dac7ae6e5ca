"""What tiles cost, and what flips and scales bring, with the model that ships; writes results/tiles.json.

    python benchmarks/tiles.py --data CAMVID

Every tenth image of val at its own size, 360x480, which is also the size that the model was trained at: so the whole
picture in one pass is what tiles are compared with. With MONAI installed, our tiles are compared with its, too."""
import numpy as np, torch
import pixelladder, pixelladder.segmenter as segmenter
from pixelladder.data import open_data
from pixelladder.metrics import confusion, mean_iou
from record import parser, record

TILE = (192,256)
WAYS = {"whole": dict(how="whole"), "whole, with flips": dict(how="whole", flips=True),
        "whole, at three scales": dict(how="whole", scales=(.75,1,1.25)),
        **{f"tiles, overlap {o:g}": dict(how="tiled", tile=TILE, overlap=o) for o in (0,.25,.5)},
        "tiles, overlap 0.25, no fading": dict(how="tiled", tile=TILE, overlap=.25)}

def answer(model, image, name, how):
    fading = segmenter.fading_window
    if "no fading" in name: segmenter.fading_window = lambda h, w: torch.ones(h, w)
    try: return model(image, **how)
    finally: segmenter.fading_window = fading

def against_monai(model, image):
    "The largest difference to MONAI's scores where both cut the same tiles; None without MONAI"
    try: from monai.inferers import sliding_window_inference
    except ImportError: return None
    x = model.prepare(image)[:, :, :352]
    with torch.no_grad():
        theirs = sliding_window_inference(x, (128,256), 1, model.model, overlap=.25, mode="gaussian", sigma_scale=.125)[0]
        def score(top, bottom, left, right): return model.model(x[..., top:bottom, left:right])[0]
        ours = torch.empty_like(theirs)
        for rows,columns,scores in segmenter.tiled_scores(score, (352,480), (128,256), .25): ours[:, rows, columns] = scores
    return float((ours-theirs).abs().max())

def main():
    args = parser(__doc__, "tiles").parse_args()
    model,data = pixelladder.load("camvid"),open_data(args.data, classes=11)
    images = data.splits["val"][::10]
    counts,alike = {k: 0 for k in WAYS},{k: [] for k in WAYS}
    for image in images:
        mask,whole = torch.from_numpy(data.mask(image)),None
        for name,how in WAYS.items():
            found = answer(model, image, name, how)
            whole = found if whole is None else whole
            alike[name].append(float((found==whole).mean()))
            counts[name] = counts[name]+confusion(torch.from_numpy(found), mask, data.n)
    out = {k: {"mean_iou": round(mean_iou(counts[k]), 4), "agrees_with_whole": round(float(np.mean(alike[k])), 4)} for k in WAYS}
    for k,v in out.items(): print(f"{k:34} {v}")
    difference = against_monai(model, images[0])
    print("largest difference to MONAI's scores:", difference)
    record("tiles", f"CamVid val, every tenth of its images ({len(images)}), 360x480; tiles of 192x256", "--data CAMVID",
           ways=out, difference_to_monai=difference)

if __name__=="__main__": main()
