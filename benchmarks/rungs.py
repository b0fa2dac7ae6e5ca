"""Trains the rungs that the page to try offers beside the model that ships: the nearest head and FCN-16s, on the same body
and alike, for `pixelladder/models/`; writes results/rungs.json.

    TORCH_HOME=... python benchmarks/rungs.py --data CAMVID

The U-Net is the shipped model itself (`benchmarks/camvid_model.py`). Kept in half precision, as that one is."""
from pixelladder.predict import load_model, save_model
from camvid_model import OPTIONS
from record import ROOT, parser, record, recorded, scores

HEADS = {"nearest": "every second pixel copied, then a convolution, four times over: no skip",
         "fcn16": "scores on two grids, added up and enlarged: one skip, of scores"}
CARD = """# The model `camvid-{head}`

The {head} head on squeezenet1_1: {what}. Beside `camvid`, whose U-Net head has three skips of features, it shows what skips bring.

Trained as `camvid` was, `pixelladder train --data CAMVID --head {head} {options} --seed 0`; {parameters:,} parameters.
CamVid val, 101 images, counted at 360x480: mean IoU {mean_iou:.3f}, pixel accuracy {pixel_accuracy:.3f}. One run with one seed.
The limits and the licence of `camvid` hold for it too: see the card there; CamVid is CC BY-NC.

Made by `benchmarks/rungs.py`; the figures are those of `results/rungs.json`.
"""

def main():
    args = parser(__doc__, "rungs").parse_args()
    runs = recorded("rungs", "runs")
    for head,what in HEADS.items():
        val = scores(args.out/head, args.data, f"--head {head} {OPTIONS} --seed 0")
        model,folder = load_model(args.out/head),ROOT/"pixelladder"/"models"/f"camvid-{head}"
        model.recipe["trained"]["mean_iou"] = val["mean_iou"]
        save_model(model.model, folder, model.recipe, half=True)
        parameters = sum(p.numel() for p in model.model.parameters())
        runs[head] = {"val": val, "parameters": parameters, "bytes": (folder/"model.safetensors").stat().st_size}
        (folder/"README.md").write_text(CARD.format(head=head, what=what, options=OPTIONS, parameters=parameters, **val))
        record("rungs", "CamVid, 11 classes, published split, val, counted at 360x480; as the shipped model", "--data CAMVID", runs=runs)
        print(f"{head}: mean IoU {val['mean_iou']:.3f}, {runs[head]['bytes']:,} bytes")

if __name__=="__main__": main()
