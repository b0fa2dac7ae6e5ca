"From a coarse grid of activations to a prediction for every pixel."
from importlib.metadata import version as _version
from ._torchvision import TorchvisionGuard as _TorchvisionGuard # mends torchvision beside a CPU build of torch

__version__ = _version(__name__)

def load(
    folder="camvid", # A folder that `save_model` or `pixelladder train` wrote; or "camvid", the model that ships
):
    "`pixelladder.predict.load_model`: then `pixelladder.load()(\"street.jpg\")` gives the class of every pixel."
    from pixelladder.predict import load_model # heavy: not before it is needed
    return load_model(folder)
