"From a coarse grid of activations to a prediction for every pixel."
from importlib.metadata import version as _version
from . import _torchvision # mends the import of torchvision beside a CPU build of torch

__version__ = _version(__name__)

def load(
    folder="camvid", # A folder that `save_model` or `pixelladder train` wrote; or "camvid", the model that ships with the package
):
    "A trained model, ready to predict: `pixelladder.load()(\"street.jpg\")` gives the class of every pixel. The same as `pixelladder.predict.load_model`."
    from pixelladder.predict import load_model # heavy: not before it is needed
    return load_model(folder)
