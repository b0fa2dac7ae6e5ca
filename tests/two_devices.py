"""A second device that needs no GPU: tensors that were moved there keep their numbers and get a mark, and an operation on marked and unmarked ones raises what PyTorch raises on a GPU.

    with TwoDevices():
        x = torch.zeros(2, device="cuda")
        x+torch.zeros(2) # RuntimeError: Expected all tensors to be on the same device ...

The mark is an attribute of the Python object, set by a `TorchFunctionMode`, through which all calls of PyTorch's API go. So it sees what the course and the library call.
It doesn't see memory, speed, a kernel's rounding, or what happens inside of C++ (a gradient has its mark when somebody reads it)."""
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

FAR = torch.device("cuda", 0)
AS_THEY_ARE = {"device","_parse_to"} # make a device out of its name
ACROSS = {"copy_","_has_compatible_shallow_copy_type","is_set_to","__hash__"} # may see tensors of both devices

def is_far(t): return isinstance(t, Tensor) and getattr(t, "_far", False)

def tensors(tree):
    "All of them, in nested lists and dicts"
    if isinstance(tree, Tensor): yield tree
    elif isinstance(tree, dict): yield from tensors(list(tree.values()))
    elif isinstance(tree, (list,tuple)):
        for v in tree: yield from tensors(v)

def marked(tree, far):
    for t in tensors(tree):
        if far != is_far(t): t._far = far
    return tree

def named_device(args, kwargs):
    "The device that a call names, or None"
    for v in (*args, *kwargs.values()):
        if isinstance(v, torch.device): return v.type
        if isinstance(v, str) and v.split(":")[0] in ("cuda","cpu","meta"): return v.split(":")[0]

def at_home(tree):
    "The same arguments, naming the CPU where they named the second device"
    if isinstance(tree, dict): return {k: at_home(v) for k,v in tree.items()}
    if type(tree) in (list,tuple): return type(tree)(map(at_home, tree))
    far = isinstance(tree, torch.device) and tree.type=="cuda" or isinstance(tree, str) and tree.split(":")[0]=="cuda"
    return torch.device("cpu") if far else tree

class TwoDevices(TorchFunctionMode):
    def __enter__(self):
        self.copied = torch.nn.Parameter.__deepcopy__ # makes its copy in C++, out of our sight
        torch.nn.Parameter.__deepcopy__ = lambda p, memo: marked(self.copied(p, memo), is_far(p))
        return super().__enter__()

    def __exit__(self, *args):
        torch.nn.Parameter.__deepcopy__ = self.copied
        return super().__exit__(*args)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs,name,owner = kwargs or {},getattr(func, "__name__", ""),getattr(func, "__self__", None)
        if name in AS_THEY_ARE: return func(*args, **kwargs)
        if name=="__deepcopy__": return marked(func(*args, **kwargs), is_far(args[0])) # its other argument holds all that was copied before
        given,named = list(tensors((args, kwargs))),named_device(args, kwargs)
        if owner is Tensor.device: return FAR if is_far(args[0]) else func(*args)
        if owner is Tensor.is_cuda: return is_far(args[0])
        if name in ("numpy","__array__","data_ptr") and is_far(args[0]):
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.")
        if owner is Tensor.data and name=="__set__":
            func(*args)
            marked(args[0], is_far(args[1]))
        elif name in ("to","cuda","cpu") and given: return self._move(func, name, args, kwargs, given, named)
        elif name in ACROSS or name=="__set__": return func(*args, **kwargs)
        else:
            far = named=="cuda" if named else is_far(given[0]) if name=="__getitem__" else any(map(is_far, given))
            if self._apart(name, given): raise RuntimeError("Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! (in "
                f"{name}: {', '.join(f'{tuple(t.shape)} on '+('cuda' if is_far(t) else 'cpu') for t in given)})")
            out = func(*at_home(args), **at_home(kwargs)) if named else func(*args, **kwargs)
            return marked(out, True) if far else out

    def _apart(self, name, given):
        "A single number of the CPU goes with everything, and so does an index of the CPU"
        if name in ("__getitem__","__setitem__"): return not is_far(given[0]) and any(is_far(t) for t in given[1:] if t.ndim)
        return any(map(is_far, given)) and any(t.ndim and not is_far(t) for t in given)

    def _move(self, func, name, args, kwargs, given, named):
        "To a device, to the device of another tensor, or to another dtype where it is"
        far = {"cuda": True, "cpu": False}.get(name, named=="cuda" if named else any(map(is_far, given[1:])) if len(given) > 1 else is_far(given[0]))
        out = given[0].view_as(given[0]) if name=="cuda" else func(*at_home(args), **at_home(kwargs))
        if out is given[0] and far != is_far(out): # a move makes a copy; the gradient finds its way back through it
            with torch._C.DisableTorchFunction() if type(out) in (Tensor,torch.nn.Parameter) else torch._C.DisableTorchFunctionSubclass(): out = out.clone()
        return marked(out, far)
