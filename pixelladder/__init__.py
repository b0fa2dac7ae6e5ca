"From a coarse grid of activations to a prediction for every pixel."
from importlib.metadata import version as _version
from ._torchvision import TorchvisionGuard as _TorchvisionGuard # mends torchvision beside a CPU build of torch
from . import _moved # modules under the names that they had

__version__ = _version(__name__)

def load(
    folder="camvid", # A folder that `save_model` or `pixelladder train` wrote; or "camvid", the model that ships
):
    "`pixelladder.store.load_model`: then `pixelladder.load()(\"street.jpg\")` gives the class of every pixel."
    from pixelladder.store import load_model # heavy: not before it is needed
    return load_model(folder)

def save(
    learn, # A `Learner` from `dense_learner`
    folder, # Made if it isn't there
):
    "`pixelladder.store.save_model`: a folder that `pixelladder.load` opens."
    from pixelladder.store import save_model
    return save_model(learn, folder)
