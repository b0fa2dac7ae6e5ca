"""fastai's `unet_learner` and `dense_learner` side by side on CamVid, pretrained, and the head that chapter 15 of the
book calls "reasonable, but not as good" as the first; writes results/headline.json.

    TORCH_HOME=... python benchmarks/headline.py --data CAMVID --out FOLDER [--runs unet ...] [--seeds 0 1 2]

The same body (squeezenet1_1 with ImageNet's weights), pictures, budget and schedule: `fine_tune`, one epoch with a
frozen body, then all of it. fastai takes squeezenet's layers as one single child and then finds no grid to skip from:
its `unet_learner` gets them one by one here (`cut`), and so gets U-Net blocks. Accuracy without void is counted while
training, as fastai's course does (its `acc_camvid`); mean IoU afterwards, at 360x480."""
from functools import partial
import fastai.callback.schedule # `fine_tune`
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import foreground_acc
from fastai.torch_core import params, set_seed
from fastai.vision.learner import unet_learner
from fastai.vision.models.unet import UnetBlock
from torch import nn
from torchvision.models import squeezenet1_1
from pixelladder.body import Body, DensePredictor, find_head
from pixelladder.cache import cached_dls
from pixelladder.codes import VOID
from pixelladder.data import open_data
from pixelladder.learner import dense_learner
from pixelladder.metrics import MeanIoU
from pixelladder.predict import Segmenter, evaluate, recipe
from record import parser, record_runs

SIZE = (96,128)
BATCH = 8
EPOCHS = 3

def acc_camvid(pred, target):
    "The share of the pixels that are right, void left out"
    return foreground_acc(pred, target, bkg_idx=VOID)

def one_by_one(net): return nn.Sequential(*net.features)
def body_and_rest(model): return [params(model[0]), params(model[1:])]

RUNS = {"unet": dense_learner, "nearest": partial(dense_learner, head="nearest"),
        "unet_learner": partial(unet_learner, cut=one_by_one, splitter=body_and_rest)}

def learner(name, seed, data):
    set_seed(seed, reproducible=True)
    dls = cached_dls(data, SIZE, BATCH)
    loss = CrossEntropyLossFlat(axis=1, ignore_index=VOID)
    return RUNS[name](dls, squeezenet1_1, n_out=data.n, loss_func=loss, metrics=[acc_camvid, MeanIoU(data.n)])

def scored(data, name, seed):
    "What a training gives, as plain numbers"
    learn = learner(name, seed, data)
    learn.logger = lambda values: print(name, seed, values, flush=True)
    with learn.no_bar(): learn.fine_tune(EPOCHS, 2e-3)
    last = dict(zip(learn.recorder.metric_names[1:], learn.recorder.values[-1]))
    body = Body(squeezenet1_1)
    spec = recipe(DensePredictor(body, find_head("unet")(body, data.n)), data, SIZE) # all want their pictures alike
    full = evaluate(Segmenter(learn.model, spec), data)
    return {"parameters": sum(p.numel() for p in learn.model.parameters()),
            "fastai's blocks": sum(isinstance(m, UnetBlock) for m in learn.model.modules()),
            "acc_camvid": round(float(last["acc_camvid"]), 4), "mean_iou_small": round(float(last["mean_iou"]), 4),
            **{k: full[k] for k in ("mean_iou","pixel_accuracy","iou")}}

def main():
    args = parser(__doc__, "headline", RUNS).parse_args()
    data = open_data(args.data, classes=11)
    record_runs("headline", f"CamVid, 11 classes, published split, val; squeezenet1_1 pretrained, "
                f"{SIZE[0]}x{SIZE[1]}, 1 frozen epoch and {EPOCHS} more, batch {BATCH}, float32, no class weights; "
                "`acc_camvid` at that size, mean IoU at 360x480", args, partial(scored, data), once=["unet_learner"])

if __name__=="__main__": main()
