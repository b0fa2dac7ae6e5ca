"""What skip connections bring, on CamVid and on the drawn streets; UnetHead beside segmentation_models_pytorch's Unet;
writes results/unet.json.

    pip install segmentation-models-pytorch
    python benchmarks/unet.py --data CAMVID --out FOLDER [--runs unet smp ...]

Every run has the budget of `benchmarks/ladder.py`: resnet18 from scratch, 192x256, six epochs, class weights (twelve on
the streets, which are fewer). The scores of each are kept in FOLDER, so that a stop costs one run."""
from functools import partial
from pixelladder.data import open_data
from pixelladder.ladder import ONCE
from pixelladder.learner import BFloat16, class_weights, dense_learner
from pixelladder.predict import Segmenter, evaluate, recipe
from pixelladder.unet import UnetHead
from fastai.learner import Learner
from fastai.torch_core import set_seed
from record import parser, record_runs, smp

SIZE = (192,256)

def random_skips(body, n_out):
    "A head that reads its skips from the start"
    head = UnetHead(body, n_out)
    for block in head.blocks: block.mix = type(block.mix)(block.mix[0].in_channels, block.mix[0].out_channels)
    return head

def without(*strides): return partial(UnetHead, without=strides)

CAMVID = {"unet": "unet", "random start": random_skips, "smp": "unet", "finest 2": partial(UnetHead, finest=2),
          "no skip": without(16, 8, 4), "without 16": without(16), "without 8": without(8), "without 4": without(4),
          "dynamic_unet": "dynamic_unet"}
STREETS = {"streets, nearest": "nearest", "streets, unet": "unet"}
RUNS = CAMVID|STREETS

def run(camvid, name, seed):
    "Train, then count on the validation images; on the streets these are sequences that were not trained on"
    data,holdout,epochs = (open_data("streets"),"sequence",12) if name in STREETS else (camvid,"published",6)
    set_seed(seed, reproducible=True)
    dls = data.dls(SIZE, holdout=holdout)
    weights = class_weights(data, holdout=holdout)
    learn = dense_learner(dls, "resnet18", RUNS[name], pretrained=False, class_weights=weights, bf16=True)
    spec = recipe(learn.model, data, SIZE)
    if name=="smp": # all but the model is as for "unet"
        set_seed(seed, reproducible=True)
        learn = Learner(dls, smp(data.n), loss_func=learn.loss_func, metrics=learn.metrics, cbs=[BFloat16()])
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(epochs, 2e-3)
    scores = evaluate(Segmenter(learn.model, spec), data, "val", holdout)
    return scores | {"train_loss": round(float(learn.recorder.losses[-1]), 4)}

def main():
    args = parser(__doc__, "unet", RUNS).parse_args()
    record_runs("unet", "CamVid, 11 classes, published split, val, counted at 360x480; the drawn streets by sequence; "
                "resnet18 from scratch, 192x256", args, partial(run, open_data(args.data)), once=ONCE)

if __name__=="__main__": main()
