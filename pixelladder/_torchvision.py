"""Lets a CPU build of torch import a torchvision that was built for CUDA.

Such a torchvision cannot load its C++ operators, and its import stops at `torchvision::nms`. At the first
`import torchvision` this finder removes itself and, only if the operators cannot be loaded, declares the two
names that the import asks for. Nothing here calls them: calling one still raises PyTorch's own error."""
import sys
from importlib.machinery import PathFinder

class TorchvisionGuard:
    "Stands in front of the finders until torchvision is imported"
    schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "torchvision": return None
        sys.meta_path.remove(cls)
        spec = PathFinder.find_spec(name)
        if spec and spec.submodule_search_locations and not cls.loads(spec.submodule_search_locations):
            import torch
            for op in "nms", "qnms": torch.library.define(f"torchvision::{op}", cls.schema)
        return None # the usual finders go on from here

    @staticmethod
    def loads(folders):
        "Whether torchvision's compiled operators in `folders` can be loaded by this torch"
        found = [spec for name in ("_C","_C_stable") if (spec := PathFinder.find_spec(name, folders))]
        import torch
        try:
            for spec in found: torch.ops.load_library(spec.origin)
        except OSError: return False
        return True # also if they have another name: to declare a name twice would end the process

if "torchvision" not in sys.modules: sys.meta_path.insert(0, TorchvisionGuard)
