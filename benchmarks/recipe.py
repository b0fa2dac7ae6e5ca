"""Which ingredients of a recipe help on CamVid, on a drive that was not trained on; writes results/recipe.json.

    python benchmarks/recipe.py --data CAMVID --out FOLDER [--runs plain "zoom and light" ...] [--seeds 0 1 2]

Each run changes of "plain" what its name says: the U-Net head on resnet18 from scratch, 192x256, flips alone, square
root of median frequency. `holdout="sequence"`: a whole training drive validates, and the published validation images
are not looked at. Of every run an average of the weights is scored too (EMA), beside the weights themselves: that pair
differs in nothing else. The scores of each are kept in FOLDER, so that a stop costs one run."""
from functools import partial
from pixelladder.cache import Augment, cached_dls
from pixelladder.data import open_data
from pixelladder.learner import class_weights, dense_learner
from pixelladder.predict import Segmenter, evaluate, recipe
from fastai.callback.core import Callback
from fastai.torch_core import get_model, set_seed
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from record import mean_iou, parser, record_runs

PLAIN = dict(arch="resnet18", head="unet", size=(192,256), epochs=12, lr=2e-3, bs=8, power=.5, zoom=(1,1), light=0,
             pretrained=False, body=1)
ZOOM = dict(zoom=(.75,2), light=.25)
SMALL = dict(arch="squeezenet1_1", epochs=6)
TUNED = dict(arch="squeezenet1_1", epochs=24, pretrained=True, body=.1)
RUNS = {"plain": {}, "zoom and light": ZOOM, "no class weights": dict(power=0), "median frequency": dict(power=1),
        "twice the rate": dict(lr=4e-3), "squeezenet1_1": SMALL,
        "squeezenet1_1, pretrained": dict(SMALL, pretrained=True),
        "squeezenet1_1, pretrained, body at a tenth": dict(SMALL, pretrained=True, body=.1),
        "squeezenet1_1, pretrained, body at a hundredth": dict(SMALL, pretrained=True, body=.01),
        "squeezenet1_1, pretrained, 24 epochs": TUNED,
        "squeezenet1_1, pretrained, 24 epochs, zoom and light": TUNED|ZOOM}

class Average(Callback):
    "Averages the weights as the training goes on"
    def __init__(self, decay): self.update = get_ema_multi_avg_fn(decay)
    def before_fit(self):
        self.mean = AveragedModel(get_model(self.model), multi_avg_fn=self.update, use_buffers=True)
    def after_batch(self):
        if self.training: self.mean.update_parameters(get_model(self.model))

def train(data, seed, arch, head, size, epochs, lr, bs, power, zoom, light, pretrained, body):
    "Train, then count on the drive that was held out, with the weights and with their average"
    set_seed(seed, reproducible=True)
    dls = cached_dls(data, size, bs, "sequence", Augment(zoom=zoom, light=light))
    weights = class_weights(data, power=power, holdout="sequence")
    learn = dense_learner(dls, arch, head, pretrained=pretrained, class_weights=weights, bf16=True)
    learn.unfreeze()
    average = Average(1-1/(len(dls.train)*max(1, epochs//8))) # remembers an eighth of the training
    rate = slice(lr*body, lr) if body < 1 else lr
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(epochs, rate, cbs=average)
    spec = recipe(learn.model, data, size)
    models = {"weights": learn.model, "average": average.mean.module}
    return {name: evaluate(Segmenter(model, spec), data, "val", "sequence") for name,model in models.items()}

def run(data, name, seed): return train(data, seed, **{**PLAIN, **RUNS[name]})

def say(found): return f"{mean_iou(found['weights'])}, of the average {found['average']['mean_iou']:.3f}"

def main():
    args = parser(__doc__, "recipe", RUNS).parse_args()
    record_runs("recipe", "CamVid, 11 classes, one training drive held out, counted at 360x480", args,
                partial(run, open_data(args.data)), {name: {"how": PLAIN|how} for name,how in RUNS.items()}, say=say)

if __name__=="__main__": main()
