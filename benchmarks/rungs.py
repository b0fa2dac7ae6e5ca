"""Trains the rungs that the page to try offers beside the model that ships: the nearest head, FCN-8s and the U-Net, on one
body and all three alike, for `pixelladder/models/`; writes results/rungs.json.

    TORCH_HOME=... python benchmarks/rungs.py --data CAMVID --out FOLDER

They are smaller and trained for less long than the model that ships, so compare them with each other. Kept in half
precision, as that one is. A rung that is in FOLDER is not trained again."""
from functools import partial
from fastai.torch_core import set_seed
from pixelladder.body import find_head
from pixelladder.cache import Augment, cached_dls
from pixelladder.data import open_data
from pixelladder.learner import class_weights, dense_learner
from pixelladder.predict import evaluate, load_model, recipe, save_model
from record import ROOT, parser, record, recorded

SIZE,EPOCHS,BATCH,RATE = (192,256),24,8,2e-3
HOW = f"{SIZE[0]}x{SIZE[1]}, {EPOCHS} epochs, pictures by their own mean and deviation, zoom and light, class weights, the body at a tenth of the head's rate, float32, seed 0"
HEADS = {"nearest": (dict(most=64), "each doubling copies, then a 3x3 convolution, at most 64 channels; no skip"),
         "fcn8": ({}, "scores on two grids, of strides 16 and 8, added up and enlarged; one skip, of scores"),
         "unet": ({}, "three skips, of features")}
CARD = """# The model `camvid-{head}`

The {head} head on squeezenet1_1: {what}. One of three rungs that were trained alike, `camvid-nearest`, `camvid-fcn8` and
`camvid-unet`: beside each other they show what skips bring. For the best classes take `camvid`, trained on larger pictures
and for longer.

Trained on the 367 training images of CamVid's published split, the body from ImageNet's weights: {how}.
{parameters:,} parameters, kernels in half precision.
CamVid val, 101 images, counted at 360x480: mean IoU {mean_iou:.3f}, pixel accuracy {pixel_accuracy:.3f}. One run with one seed.
The limits and the licence of `camvid` hold for it too: see the card there; CamVid is CC BY-NC.

Made by `benchmarks/rungs.py`; the figures are those of `results/rungs.json`.
"""

def train(data, head, options, folder):
    "The model in `folder`, trained unless it is there"
    if not (folder/"model.json").exists():
        set_seed(0, reproducible=True)
        dls = cached_dls(data, SIZE, BATCH, augment=Augment(zoom=(.75,2), light=.25))
        learn = dense_learner(dls, "squeezenet1_1", partial(find_head(head), **options), standardize=True,
                              class_weights=class_weights(data))
        with learn.no_bar(): learn.fine_tune(EPOCHS-1, RATE, lr_mult=10)
        save_model(learn.model, folder, recipe(learn.model, data, SIZE, {"data": data.name, "epochs": EPOCHS}))
    return load_model(folder)

def main():
    args = parser(__doc__, "rungs").parse_args()
    data = open_data(args.data)
    runs = recorded("rungs", "runs")
    for head,(options,what) in HEADS.items():
        model,folder = train(data, head, options, args.out/head),ROOT/"pixelladder"/"models"/f"camvid-{head}"
        model.recipe["trained"]["mean_iou"] = evaluate(model, data)["mean_iou"]
        save_model(model.model, folder, model.recipe, half=True)
        val = evaluate(load_model(folder), data) # what was written is what is scored
        parameters = sum(p.numel() for p in model.model.parameters())
        runs[head] = {"val": val, "parameters": parameters, "bytes": (folder/"model.safetensors").stat().st_size}
        (folder/"README.md").write_text(CARD.format(head=head, what=what, how=HOW, parameters=parameters, **val))
        record("rungs", f"CamVid, 11 classes, published split, val, counted at 360x480; squeezenet1_1 pretrained, {HOW}",
               "--data CAMVID", runs=runs)
        print(f"{head}: mean IoU {val['mean_iou']:.3f}, {runs[head]['bytes']:,} bytes", flush=True)

if __name__=="__main__": main()
