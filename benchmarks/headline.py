"""fastai's `unet_learner` and `dense_learner` side by side on CamVid, pretrained, as the course's headline has it;
writes results/headline.json.

    TORCH_HOME=... python benchmarks/headline.py --data CAMVID --out FOLDER

The same body (squeezenet1_1 with ImageNet's weights), pictures, budget and schedule: `fine_tune`, one epoch with a
frozen body, then all of it. Accuracy without void is counted while training, by fastai's `foreground_acc` (its course
calls the same `acc_camvid`); mean IoU afterwards, at 360x480. What is in FOLDER is not trained again."""
from functools import partial
from pixelladder.body import Body, DensePredictor, find_head
from pixelladder.cache import cached_dls
from pixelladder.codes import VOID
from pixelladder.data import open_data
from pixelladder.learner import BFloat16, bf16_is_native, dense_learner
from pixelladder.metrics import MeanIoU
from pixelladder.predict import Segmenter, evaluate, recipe
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import foreground_acc
from fastai.torch_core import set_seed
from fastai.vision.learner import unet_learner
from torchvision.models import squeezenet1_1
from record import kept, parser, record

SIZE = (192,256)
BATCH = 8
EPOCHS = 9
RUNS = [("dense_learner",0), ("unet_learner",0), ("dense_learner",1), ("dense_learner",2)]

def acc_camvid(pred, target):
    "The share of the pixels that are right, void left out"
    return foreground_acc(pred, target, bkg_idx=VOID)

def trained(name, seed, data):
    "A learner after its training"
    set_seed(seed, reproducible=True)
    dls = cached_dls(data, SIZE, BATCH)
    loss = CrossEntropyLossFlat(axis=1, ignore_index=VOID)
    make = partial(unet_learner, n_out=data.n) if name=="unet_learner" else dense_learner
    learn = make(dls, squeezenet1_1, loss_func=loss, metrics=[acc_camvid, MeanIoU(data.n)])
    if bf16_is_native(): learn.add_cb(BFloat16())
    learn.logger = lambda values: print(name, seed, values, flush=True)
    with learn.no_bar(): learn.fine_tune(EPOCHS, 2e-3)
    return learn

def scored(name, seed, data):
    "What a training gives, as plain numbers"
    learn = trained(name, seed, data)
    last = dict(zip(learn.recorder.metric_names[1:], learn.recorder.values[-1]))
    body = Body(squeezenet1_1)
    spec = recipe(DensePredictor(body, find_head("unet")(body, data.n)), data, SIZE) # both want their pictures alike
    full = evaluate(Segmenter(learn.model, spec), data)
    return {"learner": name, "seed": seed, "parameters": sum(p.numel() for p in learn.model.parameters()),
            "acc_camvid": float(last["acc_camvid"]), "mean_iou_small": float(last["mean_iou"]),
            **{k: full[k] for k in ("mean_iou","pixel_accuracy","iou")}}

def main():
    args = parser(__doc__, "headline").parse_args()
    data = open_data(args.data, classes=11)
    runs = [kept(args.out/f"{name}-{seed}.json", partial(scored, name, seed, data)) for name,seed in RUNS]
    record("headline", f"CamVid, 11 classes, published val; squeezenet1_1 pretrained, {SIZE[0]}x{SIZE[1]}, "
           f"1 frozen epoch and {EPOCHS} more, batch {BATCH}", "--data CAMVID", bf16=bf16_is_native(), runs=runs)

if __name__=="__main__": main()
