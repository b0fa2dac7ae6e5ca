"""Trains the model that ships, writes it with its card, and scores what was written in a fresh process;
writes results/camvid_model.json.

    TORCH_HOME=... python benchmarks/camvid_model.py --data CAMVID --out FOLDER

It begins with 2000 drawn streets, 980 steps; 1800 on CamVid come after. A run that was stopped goes on, and a model that is
in FOLDER is not trained again. The body starts from torchvision's ImageNet weights of squeezenet1_1 (see `TORCH_HOME`)."""
import json, subprocess, sys
from pixelladder.predict import load_model, save_model
from drawn import EPOCHS, streets_first
from record import ROOT, mean_iou, parser, record, recorded, scores

FIRST = "--arch squeezenet1_1 --pretrained --standardize --augment --class-weights"
OPTIONS = "--arch squeezenet1_1 --size 360x480 --epochs 40 --standardize --augment --class-weights"
SHIPPED = ROOT/"pixelladder"/"models"/"camvid"
CARD = """# The model `camvid`

Says for every pixel of a street scene, seen from a car, which of eleven things it shows: {codes}.

```python
import pixelladder
model = pixelladder.load("camvid")
classes = model("street.jpg")        # uint8, one class code a pixel, at the picture's own size
```

| | |
|---|---|
| network | squeezenet1_1 and `UnetHead`: {parameters:,} parameters, kernels in half precision, {mib:.1f} MiB |
| trained | on ImageNet (torchvision's weights `{weights}`, 1.2 million photographs), \
then on 2000 drawn streets of 192x256 (`{first}`, {first_epochs} epochs), \
then on the 367 training images of CamVid's published split: {epochs} epochs, in {precision}, \
`pixelladder train --data CAMVID --start STREETS {options} --seed 0` |
| scored | CamVid val, 101 images, counted at 360x480: mean IoU {mean_iou:.3f}, pixel accuracy {pixel_accuracy:.3f} |

| class | IoU on val |
|---|---|
{rows}

## Limits

One run with one seed: the next one differs. The published `val` is a clip from a drive that is trained on, \
so the scores flatter: the same network, trained for {short} epochs
without one of the three training drives, had {low:.2f} to {high:.2f} on that drive (`results/drives.json`). \
The 233 test images were not looked at. \
The network knows Cambridge by day and at dusk, from behind a windscreen, at 360x480;
other cities, night, rain, other cameras are unknown to it. Pictures are squeezed to 360x480, whatever their shape. \
Nothing that could hurt somebody should depend on it.

## Licence

CamVid (Brostow, Shotton, Fauqueur & Cipolla 2008) is CC BY-NC, so take these weights for non-commercial use alone, \
and name CamVid. The code around them is Apache-2.0. No picture of CamVid is in this folder.

Made by `benchmarks/camvid_model.py`, which also writes this card; \
the figures are those of `results/camvid_model.json`.
"""

def write_card(found):
    same = recorded("drives", "runs")["streets-first-standardize-360x480"]
    unseen = [drive["one look"]["mean_iou"] for seed in same["seeds"].values() for drive in seed.values()]
    val = found["val"]
    rows = "\n".join(f"| {c} | {v:.3f} |" for c,v in val["iou"].items())
    return CARD.format(codes=", ".join(val["iou"]), options=OPTIONS, epochs=found["epochs"], weights=found["weights"],
                       first=FIRST, first_epochs=EPOCHS, precision="bfloat16" if found["bf16"] else "float32",
                       parameters=found["parameters"], mib=found["bytes"]/2**20, mean_iou=val["mean_iou"],
                       pixel_accuracy=val["pixel_accuracy"], rows=rows, low=min(unseen), high=max(unseen),
                       short=same["how"]["epochs"])

def shipped_scores(data):
    words = [sys.executable, "-m", "pixelladder", "evaluate", "camvid", "--data", data, "--json"]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)

def main():
    args = parser(__doc__, "camvid_model").parse_args()
    start,folder = streets_first(args.out, FIRST),args.out/"camvid"
    full = scores(folder, args.data, f"{OPTIONS} --start {start} --seed 0")
    model = load_model(folder)
    save_model(model.model, SHIPPED, model.recipe, half=True)
    found = {"val": shipped_scores(args.data), "val before half precision": full,
             "epochs": model.recipe["trained"]["epochs_done"], "bf16": model.recipe["trained"]["bf16"],
             "weights": "SqueezeNet1_1_Weights.IMAGENET1K_V1",
             "parameters": sum(p.numel() for p in model.model.parameters()),
             "bytes": (SHIPPED/"model.safetensors").stat().st_size}
    (SHIPPED/"README.md").write_text(write_card(found))
    record("camvid_model", "CamVid, 11 classes, published split, counted at 360x480", "--data CAMVID",
           first=FIRST, options=OPTIONS, **found)
    print(f"{mean_iou(found['val'])}, before half precision {mean_iou(full)}; {found['bytes']:,} bytes")

if __name__=="__main__": main()
