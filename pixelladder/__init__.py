"From a coarse grid of activations to a prediction for every pixel."
import sys
from importlib.metadata import version as _version
from importlib.machinery import PathFinder as _PathFinder

__version__ = _version(__name__)

class _TorchvisionGuard:
    """Lets a CPU build of torch import a torchvision that was built for CUDA.

    Such a torchvision cannot load its C++ operators, and its import stops at `torchvision::nms`. At the first
    `import torchvision` this finder removes itself and, only if the operators cannot be loaded, declares the two
    names that the import asks for. Nothing here calls them: calling one still raises PyTorch's own error."""
    schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "torchvision": return None
        sys.meta_path.remove(cls)
        spec = _PathFinder.find_spec(name)
        if spec and spec.submodule_search_locations and not cls.loads(spec.submodule_search_locations):
            import torch
            for op in "nms", "qnms": torch.library.define(f"torchvision::{op}", cls.schema)
        return None # the usual finders go on from here

    @staticmethod
    def loads(folders):
        "Whether torchvision's compiled operators in `folders` can be loaded by this torch"
        spec = _PathFinder.find_spec("_C", folders)
        if spec is None: return False
        import torch
        try: torch.ops.load_library(spec.origin)
        except OSError: return False
        return True

if "torchvision" not in sys.modules: sys.meta_path.insert(0, _TorchvisionGuard)

def load(
    folder="camvid", # A folder that `save_model` or `pixelladder train` wrote; or "camvid", the model that ships with the package
):
    "A trained model, ready to predict: `pixelladder.load()(\"street.jpg\")` gives the class of every pixel. The same as `pixelladder.predict.load_model`."
    from pixelladder.predict import load_model # heavy: not before it is needed
    return load_model(folder)
