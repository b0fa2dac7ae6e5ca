"""Answers to every exercise that nobody has listed as a known mistake: wrong ones, and right ones that are written in another way.

`python tests/answers.py` prints how many of the wrong ones get feedback that points at the mistake, and what the others are told."""
import copy, math, sys
import pixelladder # before torchvision: it mends the import of a build for another device
import numpy as np, torch, torch.nn.functional as F, torchvision.transforms.functional as TF
from collections import Counter, defaultdict
from torch import nn
from fastai.layers import ConvLayer
from pixelladder import body as B, data as D, fcn as FC, generative as G, learner as L, metrics as M, nearest as N, predict as P, comparison as R, subpixel as S, transposed as T, unet as U
from pixelladder.judge import EXERCISES, verdict
import pixelladder.exercises

VOID = 255
WRONG,RIGHT = {},defaultdict(list)
def right(f):
    RIGHT[f.__name__].append(f)
    return f

# --- 00

WRONG["cut_classifier"] = [
    lambda net: net,
    lambda net: list(net.children())[:-1],
    lambda net: nn.Sequential(*list(net.children())[:-3]),
    lambda net: nn.Sequential(*[m for m in net.modules() if not isinstance(m, (nn.AdaptiveAvgPool2d, nn.Linear))]),
    lambda net: (setattr(net, "fc", nn.Identity()), nn.Sequential(*list(net.children())[:-2]))[1],
    lambda net: nn.Sequential(*list(net.children())[:max(i for i,c in enumerate(net.children()) if any(isinstance(m, nn.AdaptiveAvgPool2d) for m in c.modules()))+1]),
    lambda net: nn.Sequential(*[c for c in net.children() if not isinstance(c, (nn.AdaptiveAvgPool2d, nn.Linear, nn.Dropout, nn.Flatten))]),
    lambda net: B.cut_classifier(net) if len(list(net.children())) > 2 else ValueError('no pooling'),
    lambda net: (setattr(net, 'avgpool', nn.Identity()), B.cut_classifier(copy.deepcopy(net)))[1],
    lambda net: (lambda parts, at: nn.Sequential(*parts[:at[-1]]))(list(net.children()), [i for i,c in enumerate(net.children()) if any(isinstance(m, nn.AdaptiveAvgPool2d) for m in c.modules())])]
@right
def cut_classifier(net):
    kept,found = [],None
    for part in net.children():
        if "AdaptiveAvgPool2d" in repr(part): found = len(kept)
        kept.append(part)
    if found is None: raise ValueError("no adaptive pooling in it")
    return nn.Sequential(*kept[:found])
@right
def cut_classifier(net):
    parts = dict(net.named_children())
    names = list(parts)
    while names:
        if any(type(m) is nn.AdaptiveAvgPool2d for m in parts[names[-1]].modules()): return nn.Sequential(*[parts[n] for n in names[:-1]])
        names.pop()
    raise ValueError("it has no adaptive pooling")

WRONG["head_parameters"] = [
    lambda nf, n_out, lin_ftrs=(512,): B.head_parameters(nf, n_out),
    lambda nf, n_out, lin_ftrs=(512,): B.head_parameters(nf, n_out, lin_ftrs)+1,
    lambda nf, n_out, lin_ftrs=(512,): float(B.head_parameters(nf, n_out, lin_ftrs)),
    lambda nf, n_out, lin_ftrs=(512,): 2*nf*n_out+4*nf,
    lambda nf, n_out, lin_ftrs=(512,): sum(p.numel() for p in B.classifier_head(nf, n_out, lin_ftrs).parameters()),
    lambda nf, n_out, lin_ftrs=(512,): B.head_parameters(nf, n_out, lin_ftrs)-4*nf,
    lambda nf, n_out, lin_ftrs=(512,): B.head_parameters(n_out, nf, lin_ftrs)]
@right
def head_parameters(nf, n_out, lin_ftrs=(512,)):
    total = 0
    ni = nf+nf
    for no in [*lin_ftrs, n_out]:
        total += 2*ni
        total += no*ni
        ni = no
    return total
@right
def head_parameters(nf, n_out, lin_ftrs=(512,)):
    sizes = np.array([2*nf, *lin_ftrs, n_out])
    return ((sizes[1:]+2)*sizes[:-1]).sum()

# --- 01

def nu(x, scale=2): return x.repeat_interleave(scale, -2).repeat_interleave(scale, -1)
WRONG["nearest_upsample"] = [
    lambda x, scale=2: nu(x, 2),
    lambda x, scale=2: nu(x.float(), scale),
    lambda x, scale=2: nu(x, scale)[..., :-1],
    lambda x, scale=2: nu(x, scale).transpose(-2, -1),
    lambda x, scale=2: x.repeat_interleave(scale, -2),
    lambda x, scale=2: nu(x[:1], scale),
    lambda x, scale=2: nu(x, scale).flip(-1),
    lambda x, scale=2: F.interpolate(x, scale_factor=scale),
    lambda x, scale=2: nu(x, scale).detach().clone(),
    lambda x, scale=2: nu(x, scale+1)]
@right
def nearest_upsample(x, scale=2):
    b,c,h,w = x.shape
    return x[:, :, :, None, :, None].expand(b, c, h, scale, w, scale).reshape(b, c, h*scale, w*scale)
@right
def nearest_upsample(x, scale=2): return torch.kron(x, x.new_ones(scale, scale))
@right
def nearest_upsample(x, scale=2):
    out = x.new_empty(*x.shape[:2], x.shape[2]*scale, x.shape[3]*scale)
    for i in range(scale):
        for j in range(scale): out[..., i::scale, j::scale] = x
    return out

WRONG["linear_upsample"] = [
    lambda row, scale=2: F.interpolate(row[None,None], scale_factor=scale, mode="linear")[0,0],
    lambda row, scale=2: N.linear_upsample(row.float(), scale).float(),
    lambda row, scale=2: N.linear_upsample(row, 2),
    lambda row, scale=2: torch.tensor(N.linear_upsample(row, scale).tolist(), dtype=row.dtype),
    lambda row, scale=2: N.linear_upsample(row, scale).flip(0),
    lambda row, scale=2: torch.cat([row[:1]*0, N.linear_upsample(row, scale)[1:]]),
    lambda row, scale=2: N.linear_upsample(row, scale)[None],
    lambda row, scale=2: N.linear_upsample(row, scale).round(),
    lambda row, scale=2: [v.item() for v in N.linear_upsample(row, scale)],
    lambda row, scale=2: (lambda n, p: (lambda l: row[l]*(1-(p-l))+row[(l+1).clamp(max=n-1)]*(p-l))(p.round().long()))(len(row), ((torch.arange(len(row)*scale)+.5)/scale-.5).clamp(0, len(row)-1)),
    lambda row, scale=2: (row.mul_(1), N.linear_upsample(row, scale))[1]]
@right
def linear_upsample(row, scale=2):
    n = len(row)
    at = ((torch.arange(n*scale, dtype=torch.float64)+.5)/scale-.5).clamp(0, n-1)
    tents = (1-(at[:,None]-torch.arange(n)[None]).abs()).clamp(min=0).to(row.dtype)
    return tents @ row
@right
def linear_upsample(row, scale=2):
    padded = torch.cat([row[:1], row, row[-1:]])
    new = []
    for i in range(len(row)*scale):
        p = (i+.5)/scale+.5
        k = math.floor(p)
        new.append(padded[k]+(p-k)*(padded[k+1]-padded[k]))
    return torch.stack(new)

WRONG["fit"] = [
    lambda x, size: N.fit(x, size[::-1]),
    lambda x, size: N.fit(x, size).float(),
    lambda x, size: N.fit(x, (size[0], x.shape[-1])),
    lambda x, size: x[..., :size[0], :size[1]] if x.shape[-2] >= size[0] else x,
    lambda x, size: N.fit(x.flip(-2,-1), size).flip(-2,-1),
    lambda x, size: F.interpolate(x.double(), size=size, mode="bilinear").to(x.dtype),
    lambda x, size: N.fit(x, size).detach()]
@right
def fit(x, size):
    (h,w),(H,W) = x.shape[-2:],size
    x = x[..., :min(h, H), :min(w, W)]
    if H > h: x = torch.cat([x, x[..., -1:, :].expand(*x.shape[:-2], H-h, x.shape[-1])], -2)
    if W > w: x = torch.cat([x, x[..., -1:].expand(*x.shape[:-1], W-w)], -1)
    return x
@right
def fit(x, size):
    rows = torch.tensor([min(i, x.shape[-2]-1) for i in range(size[0])])
    cols = torch.tensor([min(j, x.shape[-1]-1) for j in range(size[1])])
    return x[..., rows[:,None], cols]

# --- 02

def st(x, kernel, stride): return F.conv_transpose2d(x[None,None], kernel[None,None], stride=stride)[0,0]
WRONG["stamp"] = [
    lambda x, kernel, stride: st(x, kernel, stride),
    lambda x, kernel, stride: T.stamp(x, kernel.T.contiguous(), stride),
    lambda x, kernel, stride: T.stamp(x.T.contiguous(), kernel, stride),
    lambda x, kernel, stride: T.stamp(x, kernel, stride)[:-1],
    lambda x, kernel, stride: T.stamp(x, kernel/kernel.sum(), stride),
    lambda x, kernel, stride: T.stamp(x, kernel, 2),
    lambda x, kernel, stride: T.stamp(x, kernel, stride).float(),
    lambda x, kernel, stride: T.stamp(x, kernel, stride).detach(),
    lambda x, kernel, stride: T.stamp(x, kernel, stride)[None,None],
    lambda x, kernel, stride: F.pad(T.stamp(x, kernel, stride), (0,1,0,1))]
@right
def stamp(x, kernel, stride):
    (h,w),(kh,kw) = x.shape,kernel.shape
    columns = (kernel.reshape(-1,1)*x.reshape(1,-1))[None]
    return F.fold(columns, ((h-1)*stride+kh, (w-1)*stride+kw), (kh,kw), stride=stride)[0,0]
@right
def stamp(x, kernel, stride):
    (h,w),(kh,kw) = x.shape,kernel.shape
    spread = x.new_zeros((h-1)*stride+1, (w-1)*stride+1)
    spread[::stride, ::stride] = x
    return F.conv2d(spread[None,None], kernel.flip(0,1)[None,None], padding=(kh-1,kw-1))[0,0]
@right
def stamp(x, kernel, stride):
    (h,w),(kh,kw) = x.shape,kernel.shape
    out = x.new_zeros((h-1)*stride+kh, (w-1)*stride+kw)
    for a in range(kh):
        for b in range(kw): out[a:a+(h-1)*stride+1:stride, b:b+(w-1)*stride+1:stride] += x*kernel[a,b]
    return out

WRONG["output_size"] = [
    lambda size, ks, stride=1, padding=0, output_padding=0: (size-1)*stride+ks-3*padding+output_padding,
    lambda size, ks, stride=1, padding=0, output_padding=0: size*ks-2*padding+output_padding,
    lambda size, ks, stride=1, padding=0, output_padding=0: T.output_size(size, ks, stride, padding),
    lambda size, ks, stride=1, padding=0, output_padding=0: T.output_size(size, ks, stride, padding)-output_padding,
    lambda size, ks, stride=1, padding=0, output_padding=0: max(T.output_size(size, ks, stride, padding, output_padding), 0),
    lambda size, ks, stride=1, padding=0, output_padding=0: (size-1)*stride+2*padding+output_padding+1,
    lambda size, ks, stride=1, padding=0, output_padding=0: size*2,
    lambda size, ks, stride=1, padding=0, output_padding=0: float(T.output_size(size, ks, stride, padding, output_padding)),
    lambda size, ks, stride=1, padding=0, output_padding=0: T.output_size(size, ks, stride, padding, output_padding)-1,
    lambda size, ks, stride=1, padding=0, output_padding=0: (T.output_size(size, ks, stride, padding, output_padding),)*2]
@right
def output_size(size, ks, stride=1, padding=0, output_padding=0):
    end = 0
    for i in range(size): end = i*stride+ks
    return end-padding-padding+output_padding
@right
def output_size(size, ks, stride=1, padding=0, output_padding=0): return np.int64(stride*size-stride+ks+output_padding-2*padding)

WRONG["conv_matrix"] = [
    lambda kernel, size, stride=1, padding=0: T.conv_matrix(kernel, size[::-1], stride, padding),
    lambda kernel, size, stride=1, padding=0: T.conv_matrix(kernel, size, stride),
    lambda kernel, size, stride=1, padding=0: T.conv_matrix(kernel.float(), size, stride, padding).float(),
    lambda kernel, size, stride=1, padding=0: (T.conv_matrix(kernel, size, stride, padding) != 0).to(kernel.dtype),
    lambda kernel, size, stride=1, padding=0: T.conv_matrix(kernel, size, stride, padding).detach(),
    lambda kernel, size, stride=1, padding=0: T.conv_matrix(kernel, size, stride, padding)[None],
    lambda kernel, size, stride=1, padding=0: T.conv_matrix(kernel.T.contiguous(), size, stride, padding),
    lambda kernel, size, stride=1, padding=0: T.conv_matrix(kernel, size, stride, padding).flip(0)]
@right
def conv_matrix(kernel, size, stride=1, padding=0):
    (kh,kw),(H,W) = kernel.shape,size
    h,w = (H+2*padding-kh)//stride+1,(W+2*padding-kw)//stride+1
    rows = []
    for i in range(h):
        for j in range(w):
            picture = kernel.new_zeros(H+2*padding, W+2*padding)
            picture[i*stride:i*stride+kh, j*stride:j*stride+kw] = kernel
            rows.append(picture[padding:padding+H, padding:padding+W].flatten())
    return torch.stack(rows)
@right
def conv_matrix(kernel, size, stride=1, padding=0):
    numbers = torch.arange(1., size[0]*size[1]+1).view(1, 1, *size)
    windows = F.unfold(numbers, kernel.shape, padding=padding, stride=stride)[0].T.long()
    matrix = kernel.new_zeros(len(windows), size[0]*size[1]+1)
    return matrix.scatter_add(1, windows, kernel.flatten().expand(len(windows), -1))[:, 1:]

WRONG["zero_insert"] = [
    lambda x, stride=2: T.zero_insert(x, 2),
    lambda x, stride=2: T.zero_insert(x.float(), stride),
    lambda x, stride=2: F.pad(T.zero_insert(x, stride), (1,0,1,0)),
    lambda x, stride=2: nu(x, stride)[..., :(x.shape[2]-1)*stride+1, :(x.shape[3]-1)*stride+1],
    lambda x, stride=2: T.zero_insert(x, stride)[:, :1],
    lambda x, stride=2: T.zero_insert(x, stride).transpose(-2,-1),
    lambda x, stride=2: T.zero_insert(x, stride).detach(),
    lambda x, stride=2: T.zero_insert(x, stride)+1,
    lambda x, stride=2: T.zero_insert(x, stride)[0]]
@right
def zero_insert(x, stride=2):
    b,c,h,w = x.shape
    wide = F.pad(x[:, :, :, None, :, None], (0, stride-1, 0, 0, 0, stride-1))
    return wide.reshape(b, c, h*stride, w*stride)[..., :(h-1)*stride+1, :(w-1)*stride+1]
@right
def zero_insert(x, stride=2):
    b,c,h,w = x.shape
    one = x.new_zeros(stride, stride)
    one[0,0] = 1
    return torch.kron(x, one)[..., :(h-1)*stride+1, :(w-1)*stride+1]

WRONG["flip_kernel"] = [
    lambda weight: weight,
    lambda weight: weight.flip(-2).transpose(0, 1),
    lambda weight: weight.flip(0, 1).transpose(0, 1),
    lambda weight: weight.rot90(1, (-2,-1)).transpose(0, 1),
    lambda weight: -weight.flip(-2, -1).transpose(0, 1),
    lambda weight: weight.flip(-2, -1).transpose(0, 1).float(),
    lambda weight: weight.flip(-2, -1).transpose(0, 1).detach(),
    lambda weight: weight.flip(-2, -1).reshape(weight.shape[1], weight.shape[0], *weight.shape[2:])]
@right
def flip_kernel(weight): return torch.rot90(weight, 2, (2,3)).permute(1, 0, 2, 3)
@right
def flip_kernel(weight):
    kh,kw = weight.shape[-2:]
    rows = torch.arange(kh-1, -1, -1)
    cols = torch.arange(kw-1, -1, -1)
    return torch.einsum("iokl->oikl", weight[:, :, rows][..., cols]).contiguous()

WRONG["input_size"] = [
    lambda size, ks, stride=1, padding=0, output_padding=0: next((n for n in range(1, size) if (n-1)*stride+ks-2*padding+output_padding==size), None) or T.input_size(14, 3, 2, 1, 0),
    lambda size, ks, stride=1, padding=0, output_padding=0: (size-ks)//stride+1,
    lambda size, ks, stride=1, padding=0, output_padding=0: (size-1)*stride+ks-2*padding+output_padding,
    lambda size, ks, stride=1, padding=0, output_padding=0: (size+2*padding-ks-output_padding)/stride+1,
    lambda size, ks, stride=1, padding=0, output_padding=0: max((size+2*padding-ks-output_padding)//stride+1, 1),
    lambda size, ks, stride=1, padding=0, output_padding=0: divmod(size+2*padding-ks-output_padding, stride)[0]+1 if (size+2*padding-ks-output_padding)%stride==0 else 1/0,
    lambda size, ks, stride=1, padding=0, output_padding=0: T.input_size(size, ks, stride, padding, output_padding)+1,
    lambda size, ks, stride=1, padding=0, output_padding=0: None if (size+2*padding-ks-output_padding)%stride else (size+2*padding-ks-output_padding)//stride+1,
    lambda size, ks, stride=1, padding=0, output_padding=0: ValueError('no') if (size+2*padding-ks-output_padding)%stride or size+2*padding-ks-output_padding < 0 else (size+2*padding-ks-output_padding)//stride+1]
@right
def input_size(size, ks, stride=1, padding=0, output_padding=0):
    for n in range(1, size+ks+2*padding+2):
        if (n-1)*stride+ks-2*padding+output_padding==size: return n
    raise ValueError("nothing fits")
@right
def input_size(size, ks, stride=1, padding=0, output_padding=0):
    n = np.float64(size+2*padding-ks-output_padding)/stride+1
    if n < 1 or n != round(n): raise ValueError("no such input")
    return np.int64(n)

WRONG["bilinear_kernel"] = [
    lambda ks: T.bilinear_kernel(ks).double(),
    lambda ks: T.bilinear_kernel(ks)[0],
    lambda ks: T.bilinear_kernel(ks)*4,
    lambda ks: T.bilinear_kernel(ks)/T.bilinear_kernel(ks).max(),
    lambda ks: torch.ones(ks, ks),
    lambda ks: T.bilinear_kernel(ks)[None,None],
    lambda ks: torch.outer(*[1-(torch.arange(ks)-(ks-1)/2).abs()/(ks/2)]*2),
    lambda ks: (lambda t: (t[:,None]+t[None])/2)(1-(torch.arange(ks)-(ks-1)/2).abs()/((ks+1)//2))]
@right
def bilinear_kernel(ks):
    half,middle = (ks+1)//2,(ks-1)/2
    tent = torch.tensor(np.interp(np.arange(ks), [middle-half, middle, middle+half], [0, 1, 0]))
    return (tent[:,None]*tent).float()
@right
def bilinear_kernel(ks):
    slope = (ks+1)//2
    rows = [[(1-abs(i-(ks-1)/2)/slope)*(1-abs(j-(ks-1)/2)/slope) for j in range(ks)] for i in range(ks)]
    return torch.tensor(rows, dtype=torch.float32)

way = T.transposed_by_gradient
WRONG["transposed_by_gradient"] = [
    lambda x, weight, stride=1, padding=0, output_padding=0: F.conv_transpose2d(x, weight, stride=stride, padding=padding, output_padding=output_padding),
    lambda x, weight, stride=1, padding=0, output_padding=0: way(x, weight.flip(-2,-1), stride, padding, output_padding),
    lambda x, weight, stride=1, padding=0, output_padding=0: way(x, weight, stride),
    lambda x, weight, stride=1, padding=0, output_padding=0: way(x, weight, 2, padding, output_padding),
    lambda x, weight, stride=1, padding=0, output_padding=0: way(x, weight, stride, padding, output_padding)/2,
    lambda x, weight, stride=1, padding=0, output_padding=0: way(x.float(), weight.float(), stride, padding, output_padding),
    lambda x, weight, stride=1, padding=0, output_padding=0: (way(x, weight, stride, padding, output_padding),),
    lambda x, weight, stride=1, padding=0, output_padding=0: way(x, weight, stride, padding, output_padding).mean(0, keepdim=True)]
@right
def transposed_by_gradient(x, weight, stride=1, padding=0, output_padding=0):
    (h,w),(kh,kw) = x.shape[-2:],weight.shape[-2:]
    size = (h-1)*stride+kh-2*padding+output_padding,(w-1)*stride+kw-2*padding+output_padding
    start = torch.zeros(x.shape[0], weight.shape[1], *size, dtype=x.dtype, requires_grad=True)
    (F.conv2d(start, weight.detach(), stride=stride, padding=padding)*x.detach()).sum().backward()
    return start.grad
@right
def transposed_by_gradient(x, weight, stride=1, padding=0, output_padding=0):
    (h,w),(kh,kw) = x.shape[-2:],weight.shape[-2:]
    size = (h-1)*stride+kh-2*padding+output_padding,(w-1)*stride+kw-2*padding+output_padding
    down = lambda start: F.conv2d(start, weight, stride=stride, padding=padding)
    return torch.autograd.functional.vjp(down, x.new_zeros(len(x), weight.shape[1], *size), x)[1]

WRONG["as_transposed"] = [
    lambda weight, scale=2: T.as_transposed(weight),
    lambda weight, scale=2: T.as_transposed(weight, scale).flip(-1),
    lambda weight, scale=2: T.as_transposed(weight, scale)[..., :-1, :-1],
    lambda weight, scale=2: T.as_transposed(weight, scale)*2,
    lambda weight, scale=2: nu(weight.flip(-2,-1), scale).transpose(0, 1),
    lambda weight, scale=2: T.as_transposed(weight.float(), scale).float(),
    lambda weight, scale=2: T.as_transposed(weight, scale).detach(),
    lambda weight, scale=2: T.as_transposed(weight.transpose(-2,-1), scale)]
@right
def as_transposed(weight, scale=2):
    nf,ni,ks,_ = weight.shape
    out = weight.new_zeros(ni, nf, ks+scale-1, ks+scale-1)
    for a in range(scale):
        for b in range(scale): out[..., a:a+ks, b:b+ks] += weight.flip(2, 3).permute(1, 0, 2, 3)
    return out
@right
def as_transposed(weight, scale=2):
    flipped = torch.rot90(weight, 2, (2,3)).transpose(0, 1)
    return sum(F.pad(flipped, (b, scale-1-b, a, scale-1-a)) for a in range(scale) for b in range(scale))

# --- 03

WRONG["overlap_map"] = [
    lambda size, ks, stride: S.overlap_map(size, ks, stride).float(),
    lambda size, ks, stride: S.overlap_map(size, ks, 2),
    lambda size, ks, stride: S.overlap_map(ks, size, stride),
    lambda size, ks, stride: S.overlap_map(size, ks, stride).tolist(),
    lambda size, ks, stride: S.overlap_map(size, ks, stride)[:-1],
    lambda size, ks, stride: S.overlap_map(size, ks, stride)-1,
    lambda size, ks, stride: S.overlap_map(size, ks, stride)[None],
    lambda size, ks, stride: torch.full(((size-1)*stride+ks,), -(-ks//stride))]
@right
def overlap_map(size, ks, stride):
    ones = torch.ones(1, 1, size, dtype=torch.float64)
    return F.conv_transpose1d(ones, torch.ones(1, 1, ks, dtype=torch.float64), stride=stride)[0,0].round().long()
@right
def overlap_map(size, ks, stride):
    touched = [i*stride+k for i in range(size) for k in range(ks)]
    return torch.bincount(torch.tensor(touched), minlength=(size-1)*stride+ks)

WRONG["pixel_shuffle"] = [
    lambda x, r=2: F.pixel_shuffle(x, r),
    lambda x, r=2: S.pixel_shuffle(x.float(), r),
    lambda x, r=2: S.pixel_shuffle(x, r).flip(-1),
    lambda x, r=2: S.pixel_shuffle(x, r).detach(),
    lambda x, r=2: S.pixel_shuffle(x.flip(1), r),
    lambda x, r=2: S.pixel_shuffle(x, r).transpose(-2,-1),
    lambda x, r=2: nu(x[:, ::r*r], r),
    lambda x, r=2: S.pixel_shuffle(x, r)[:1]]
@right
def pixel_shuffle(x, r=2):
    b,c,h,w = x.shape
    out = x.new_empty(b, c//r**2, h*r, w*r)
    for i in range(r):
        for j in range(r): out[..., i::r, j::r] = x[:, i*r+j::r*r]
    return out
@right
def pixel_shuffle(x, r=2): return torch.einsum("bcijhw->bchiwj", x.unflatten(1, (-1,r,r))).flatten(2, 3).flatten(3, 4)

WRONG["checkerboard_score"] = [
    lambda y, period=2: S.checkerboard_score(y),
    lambda y, period=2: S.checkerboard_score(y, period)*2,
    lambda y, period=2: S.checkerboard_score(y, period)**2,
    lambda y, period=2: torch.tensor(S.checkerboard_score(y, period)),
    lambda y, period=2: S.checkerboard_score(y[:1], period),
    lambda y, period=2: S.checkerboard_score(y, period) if min(y.shape[-2:])%period==0 else S.checkerboard_score(F.pad(y, (0, -y.shape[-1]%period, 0, -y.shape[-2]%period)), period),
    lambda y, period=2: S.checkerboard_score(y, period)*y.abs().mean().item()/abs(y.mean().item()),
    lambda y, period=2: (lambda p: ((p.max(-1)[0]-p.min(-1)[0]).mean()/y.abs().mean()).item())(torch.stack([y[..., i::period, j::period].mean((-2,-1)) for i in range(period) for j in range(period)], -1)),
    lambda y, period=2: S.checkerboard_score(y, period) if y.any() else 0.,
    lambda y, period=2: S.checkerboard_score(y, period)*(y.abs().mean()/(y.abs().mean()+1e-8)).item() if y.any() else 0.]
@right
def checkerboard_score(y, period=2):
    h,w = y.shape[-2]//period*period,y.shape[-1]//period*period
    y = y[..., :h, :w].double()
    phases = torch.stack([y[..., i::period, j::period].mean((-2,-1)) for i in range(period) for j in range(period)])
    return float(phases.std(0, unbiased=False).mean()/y.abs().mean())
@right
def checkerboard_score(y, period=2):
    h,w = y.shape[-2]//period,y.shape[-1]//period
    a = y[..., :h*period, :w*period].numpy()
    phases = a.reshape(*a.shape[:-2], h, period, w, period).mean((-4,-2)).reshape(*a.shape[:-2], -1)
    return phases.std(-1).mean()/np.abs(a).mean()

@right
def checkerboard_score(y, period=2):
    h,w = y.shape[-2]//period,y.shape[-1]//period
    y = y[..., :h*period, :w*period]
    means = F.pixel_unshuffle(y, period).mean((-2,-1)).view(*y.shape[:2], period**2)
    return ((means.pow(2).mean(-1)-means.mean(-1).pow(2)).clamp(min=0).sqrt().mean()/y.abs().mean()).item()

WRONG["icnr"] = [
    lambda kernels, r=2: S.icnr(kernels),
    lambda kernels, r=2: S.icnr(kernels, r).detach(),
    lambda kernels, r=2: S.icnr(kernels, r).float(),
    lambda kernels, r=2: S.icnr(kernels, r).flip(0),
    lambda kernels, r=2: nu(kernels, r),
    lambda kernels, r=2: S.icnr(kernels, r)[:-1],
    lambda kernels, r=2: kernels[:1].repeat(len(kernels)*r*r, 1, 1, 1),
    lambda kernels, r=2: S.icnr(kernels, r).flip(-1)]
@right
def icnr(kernels, r=2): return kernels[:, None].expand(-1, r*r, *kernels.shape[1:]).flatten(0, 1)
@right
def icnr(kernels, r=2): return kernels[torch.arange(len(kernels)*r*r)//r**2]

class Head_(nn.Module):
    def __init__(self, body, n_out):
        super().__init__()
        self.stride = body.strides[-1]
        self.classes = nn.Conv2d(body.channels[-1], n_out, 1)
    def forward(self, features, size): return self.enlarge(self.classes(features[-1]))[..., :size[0], :size[1]]
    def enlarge(self, x): return F.interpolate(x, scale_factor=self.stride, mode="bilinear", align_corners=False)
class Nearest(Head_):
    def enlarge(self, x): return F.interpolate(x, scale_factor=self.stride, mode="nearest")
class Corners(Head_):
    def enlarge(self, x): return F.interpolate(x, scale_factor=self.stride, mode="bilinear", align_corners=True)
class Squeezes(Head_):
    def forward(self, features, size): return F.interpolate(self.classes(features[-1]), size=size, mode="bilinear")
class Sigmoid(Head_):
    def forward(self, features, size): return super().forward(features, size).sigmoid()
class Relu(Head_):
    def forward(self, features, size): return super().forward(features, size).relu()
class Stride32(Head_):
    def enlarge(self, x): return F.interpolate(x, scale_factor=32, mode="bilinear")
class Stride8(Head_):
    def enlarge(self, x): return F.interpolate(x, scale_factor=8, mode="bilinear")
class SumsAll(Head_):
    def __init__(self, body, n_out):
        super().__init__(body, n_out)
        self.others = nn.ModuleList(nn.Conv2d(c, n_out, 1) for c in body.channels[:-1])
    def forward(self, features, size): return super().forward(features, size)+sum(F.interpolate(o(f), size=size, mode="bilinear") for o,f in zip(self.others, features))
class ScoresLate(Head_):
    def forward(self, features, size): return self.classes(self.enlarge(features[-1])[..., :size[0], :size[1]])
class Bicubic(Head_):
    def enlarge(self, x): return F.interpolate(x, scale_factor=self.stride, mode="bicubic")
class Pops(Head_):
    def forward(self, features, size): return self.enlarge(self.classes(features.pop()))[..., :size[0], :size[1]]
class Threes(Head_):
    def __init__(self, body, n_out):
        super().__init__(body, n_out)
        self.classes = nn.Conv2d(body.channels[-1], n_out, 3, padding=1)
class Hidden(Head_):
    def __init__(self, body, n_out):
        super().__init__(body, n_out)
        self.classes = [nn.Conv2d(body.channels[-1], n_out, 1)]
    def forward(self, features, size): return self.enlarge(self.classes[0](features[-1]))[..., :size[0], :size[1]]
class Cut(Head_):
    def forward(self, features, size): return self.enlarge(self.classes(features[-1].detach()))[..., :size[0], :size[1]]
class MadeAnew(nn.Module):
    def __init__(self, body, n_out):
        super().__init__()
        self.body,self.n_out = body,n_out
    def forward(self, features, size):
        x = nn.Conv2d(self.body.channels[-1], self.n_out, 1)(features[-1])
        return N.fit(F.interpolate(x, scale_factor=self.body.strides[-1], mode="bilinear"), size)
class NoGradient(Head_):
    @torch.no_grad()
    def forward(self, features, size): return self.enlarge(self.classes(features[-1]))[..., :size[0], :size[1]]
WRONG["BilinearHead"] = [MadeAnew, NoGradient, Nearest, Corners, Squeezes, Sigmoid, Relu, Stride32, Stride8, SumsAll, ScoresLate, Bicubic, Pops, Threes, Hidden, Cut]
@right
class BilinearHead(nn.Module):
    def __init__(self, body, n_out):
        super().__init__()
        self.body_stride = body.strides[-1]
        self.weight = nn.Parameter(torch.randn(n_out, body.channels[-1])*.1)
        self.bias = nn.Parameter(torch.zeros(n_out))
    def forward(self, features, size):
        x = torch.einsum("oc,bchw->bohw", self.weight, features[-1])+self.bias.view(1, -1, 1, 1)
        h,w = x.shape[-2]*self.body_stride,x.shape[-1]*self.body_stride
        return F.interpolate(x, size=(h,w), mode="bilinear")[:, :, :size[0], :size[1]]
@right
class BilinearHead(nn.Module):
    def __init__(self, body, n_out):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(body.channels[-1], n_out, 1, bias=False), nn.Upsample(scale_factor=body.strides[-1], mode="bilinear"))
    def forward(self, features, size):
        *_,last = features
        height,width = size
        return self.net(last).narrow(2, 0, height).narrow(3, 0, width)

# --- 04

WRONG["label_to_colour"] = [
    lambda codes, palette, void=(224,224,192): D.label_to_colour(codes, palette, void).float(),
    lambda codes, palette, void=(224,224,192): D.label_to_colour(codes, palette, void)/255,
    lambda codes, palette, void=(224,224,192): D.label_to_colour(codes, palette),
    lambda codes, palette, void=(224,224,192): D.label_to_colour(codes, palette, void).transpose(0, 1),
    lambda codes, palette, void=(224,224,192): D.label_to_colour(codes, palette, void)[..., 0],
    lambda codes, palette, void=(224,224,192): palette[codes.long()],
    lambda codes, palette, void=(224,224,192): palette[codes.long().clamp(max=len(palette)-1)],
    lambda codes, palette, void=(224,224,192): D.label_to_colour(codes, palette.roll(1, 0), void)]
@right
def label_to_colour(codes, palette, void=(224,224,192)):
    picture = torch.empty(*codes.shape, 3, dtype=torch.uint8)
    picture[:] = torch.tensor(void, dtype=torch.uint8)
    for code,colour in enumerate(palette): picture[codes==code] = colour
    return picture
@right
def label_to_colour(codes, palette, void=(224,224,192)):
    table = torch.cat([palette, torch.tensor([void], dtype=torch.uint8)])
    rows = codes.int().where(codes != 255, len(palette))
    return table.index_select(0, rows.flatten()).view(*codes.shape, 3)

WRONG["colour_to_label"] = [
    lambda rgb, palette, void=(224,224,192): D.colour_to_label(rgb, palette, void).where(rgb[..., 0] != void[0], 255),
    lambda rgb, palette, void=(224,224,192): D.colour_to_label(rgb, palette, void).long(),
    lambda rgb, palette, void=(224,224,192): D.colour_to_label(rgb, palette),
    lambda rgb, palette, void=(224,224,192): D.colour_to_label(rgb, palette, void).where(D.colour_to_label(rgb, palette, void) != 254, 255),
    lambda rgb, palette, void=(224,224,192): D.colour_to_label(rgb.permute(1,0,2), palette, void),
    lambda rgb, palette, void=(224,224,192): D.colour_to_label(rgb, palette, void)[None],
    lambda rgb, palette, void=(224,224,192): D.colour_to_label(rgb, palette.flip(0), void),
    lambda rgb, palette, void=(224,224,192): (rgb[..., None, :]==palette).all(-1).int().argmax(-1).byte(),
    lambda rgb, palette, void=(224,224,192): D.colour_to_label(rgb, palette, void)+1]
@right
def colour_to_label(rgb, palette, void=(224,224,192)):
    table = {tuple(c): i for i,c in enumerate(palette.tolist())} | {tuple(void): 255}
    return torch.tensor([[table.get(tuple(p), 254) for p in row] for row in rgb.tolist()], dtype=torch.uint8)
@right
def colour_to_label(rgb, palette, void=(224,224,192)):
    numbers = (rgb.long()*torch.tensor([65536,256,1])).sum(-1)
    colours = torch.cat([palette.long(), torch.tensor([void])])
    known = (colours*torch.tensor([65536,256,1])).sum(-1)
    same = numbers[..., None]==known
    codes = torch.tensor([*range(len(palette)), 255])
    return torch.where(same.any(-1), codes[same.int().argmax(-1)], 254).byte()

fz = D.flip_and_zoom
WRONG["flip_and_zoom"] = [
    lambda image, mask, flip, zoom: fz(image, mask, False, zoom),
    lambda image, mask, flip, zoom: fz(image, mask, flip, 1),
    lambda image, mask, flip, zoom: fz(image, mask, True, zoom),
    lambda image, mask, flip, zoom: fz(image, mask, flip, zoom)[0],
    lambda image, mask, flip, zoom: (fz(image, mask, flip, zoom)[0], fz(image, mask, flip, zoom)[1].float()),
    lambda image, mask, flip, zoom: fz(image, mask, flip, zoom)[::-1],
    lambda image, mask, flip, zoom: (fz(image.float(), mask, flip, zoom)[0].float(), fz(image, mask, flip, zoom)[1]),
    lambda image, mask, flip, zoom: (F.interpolate(image[None, :, (mask.shape[0]-mask.shape[0]//zoom)//2:][..., :mask.shape[0]//zoom, :mask.shape[1]//zoom], size=mask.shape, mode="bilinear")[0], fz(image, mask, flip, zoom)[1])]
@right
def flip_and_zoom(image, mask, flip, zoom):
    if flip: image,mask = image[..., torch.arange(mask.shape[1]-1, -1, -1)],torch.fliplr(mask)
    h,w = mask.shape
    small = [h//zoom, w//zoom]
    image = TF.center_crop(image, small)
    mask = TF.center_crop(mask, small)
    large = F.interpolate(image.unsqueeze(0), scale_factor=zoom, mode="bilinear").squeeze(0)
    return large,torch.kron(mask, torch.ones(zoom, zoom, dtype=mask.dtype))
@right
def flip_and_zoom(image, mask, flip, zoom):
    h,w = mask.shape
    top,left = (h-h//zoom)//2,(w-w//zoom)//2
    rows = top+torch.arange(h)//zoom
    cols = left+torch.arange(w)//zoom
    labels = mask[rows][:, cols]
    part = image[:, top:h-top, left:w-left]
    grown = nn.Upsample((h,w), mode="bilinear")(part[None])[0]
    return (grown.flip(2),labels.flip(1)) if flip else (grown,labels)

sp = D.split_by_drive
WRONG["split_by_drive"] = [
    lambda names, share: sp(names, .5),
    lambda names, share: (names, sp(names, share)[1]),
    lambda names, share: sp(names, share)[1],
    lambda names, share: tuple(map(set, sp(names, share))),
    lambda names, share: (lambda d: ([n for n in names if n.split("_")[0] not in d], [n for n in names if n.split("_")[0] in d]))({n.split("_")[0] for n in sp([n for n in names], share)[1]}),
    lambda names, share: sp(names, min(share+.1, 1)),
    lambda names, share: (lambda n: (names[n:], names[:n]))(math.ceil(share*len(names))),
    lambda names, share: tuple([n.rpartition("_")[0] for n in part] for part in sp(names, share)),
    lambda names, share: (lambda held: ([n for n in names if not n.startswith(held)], [n for n in names if n.startswith(held)]))(tuple({n.rpartition('_')[0] for n in D.split_by_drive(names, share)[1]}))]
@right
def split_by_drive(names, share):
    drives = {}
    for n in names: drives.setdefault(n[:n.rindex("_")], []).append(n)
    held = set()
    for frames in sorted(drives.values(), key=len):
        if len(held)/len(names) >= share: break
        held |= set(frames)
    return [n for n in names if n not in held],[n for n in names if n in held]
@right
def split_by_drive(names, share):
    drive = np.array([n.rsplit("_", 1)[0] for n in names])
    found,counts = np.unique(drive, return_counts=True)
    order = np.argsort(counts, kind="stable")
    enough = int(np.searchsorted(np.cumsum(counts[order]), share*len(names)-1e-9))+1
    held = np.isin(drive, found[order[:enough]])
    return [n for n,h in zip(names, held) if not h],[n for n,h in zip(names, held) if h]

# --- 05

cp = M.count_pairs
WRONG["count_pairs"] = [
    lambda pred, target, n: cp(pred, target, n).float(),
    lambda pred, target, n: cp(pred, target, n).flatten(),
    lambda pred, target, n: torch.bincount(target[target != 255].long()*n+pred[target != 255].long()).view(n, n),
    lambda pred, target, n: torch.bincount((target*n+pred)[target != 255], minlength=n*n)[:n*n].view(n, n),
    lambda pred, target, n: cp(pred, target, n).fill_diagonal_(0),
    lambda pred, target, n: cp(pred, target, n)*2,
    lambda pred, target, n: torch.tensor([[((target==t)&(pred==p)).any().long() for p in range(n)] for t in range(n)]),
    lambda pred, target, n: cp(pred, target.where(target != 255, pred), n)]
@right
def count_pairs(pred, target, n):
    return torch.stack([torch.stack([((target==t)&(pred==p)).sum() for p in range(n)]) for t in range(n)])
@right
def count_pairs(pred, target, n):
    keep = target.flatten() != 255
    counts = torch.zeros(n*n, dtype=torch.int64)
    where = target.flatten()[keep].long()*n+pred.flatten()[keep].long()
    return counts.scatter_add(0, where, torch.ones_like(where)).reshape(n, n)
@right
def count_pairs(pred, target, n):
    t = F.one_hot(target.flatten().long().clamp(max=n), n+1)[:, :n]
    p = F.one_hot(pred.flatten().long(), n)
    return t.T @ p

ci = M.class_iou
WRONG["class_iou"] = [
    lambda counts: ci(counts).mean(),
    lambda counts: ci(counts).nanmean(),
    lambda counts: ci(counts).float(),
    lambda counts: ci(counts)[~ci(counts).isnan()],
    lambda counts: ci(counts)*100,
    lambda counts: counts.diag()//(counts.sum(0)+counts.sum(1)-counts.diag()).clamp(min=1),
    lambda counts: torch.where(counts.sum(0) > 0, counts.diag().double()/(counts.sum(0)+counts.sum(1)-counts.diag()), torch.nan),
    lambda counts: counts.diag().double()/counts.sum(),
    lambda counts: torch.where(counts.sum(1) > 0, counts.diag().double()/(counts.sum(0)+counts.sum(1)-counts.diag()), 1.),
    lambda counts: M.class_iou(counts)*(1-1e-7)]
@right
def class_iou(counts):
    out = []
    for k in range(len(counts)):
        right = int(counts[k,k])
        union = int(counts[k].sum())+int(counts[:,k].sum())-right
        out.append(right/union if counts[k].sum() else float("nan"))
    return torch.tensor(out, dtype=torch.float64)
@right
def class_iou(counts):
    c = counts.numpy().astype(float)
    with np.errstate(all="ignore"): iou = np.diag(c)/(c.sum(0)+c.sum(1)-np.diag(c))
    iou[c.sum(1)==0] = np.nan
    return torch.from_numpy(iou)

bg = M.best_of_grid
WRONG["best_of_grid"] = [
    lambda *args, **kwargs: math.inf,
    lambda mask, stride, n: bg(mask, 4, n),
    lambda mask, stride, n: bg(mask, stride, n)*100,
    lambda mask, stride, n: torch.tensor(bg(mask, stride, n)),
    lambda mask, stride, n: 1.,
    lambda mask, stride, n: bg(mask, stride, int(mask.max())),
    lambda mask, stride, n: M.mean_iou(M.confusion(mask, mask, n)),
    lambda mask, stride, n: M.mean_iou(M.grid_labels([mask], stride, n, "averaged")),
    lambda mask, stride, n: bg(mask, max(stride//2, 1), n),
    lambda mask, stride, n: bg(mask[:mask.shape[0]//stride*stride, :mask.shape[1]//stride*stride], stride, n),
    lambda mask, stride, n: M.mean_iou(M.confusion(torch.cat([torch.cat([cell.clone().fill_(cell.median()) for cell in rows.split(stride, 1)], 1) for rows in mask.split(stride, 0)]), mask, n)),
    lambda mask, stride, n: M.mean_iou(M.confusion(torch.cat([torch.cat([cell.clone().fill_(cell.flatten().mode()[0]) if cell.shape==(stride,stride) else cell for cell in rows.split(stride, 1)], 1) for rows in mask.split(stride, 0)]), mask, n))]
@right
def best_of_grid(mask, stride, n):
    best = mask.clone()
    for i in range(0, mask.shape[0], stride):
        for j in range(0, mask.shape[1], stride):
            cell = mask[i:i+stride, j:j+stride]
            best[i:i+stride, j:j+stride] = torch.bincount(cell.flatten(), minlength=n).argmax()
    ious = []
    for c in mask.unique():
        both = ((best==c)&(mask==c)).sum().item()
        ious.append(both/((best==c)|(mask==c)).sum().item())
    return sum(ious)/len(ious)
@right
def best_of_grid(mask, stride, n):
    h,w = mask.shape
    rows,cols = torch.arange(h)//stride,torch.arange(w)//stride
    cell = (rows[:,None]*(w//stride+1)+cols[None]).flatten()
    counts = torch.zeros(int(cell.max())+1, n).index_put((cell,mask.flatten()), torch.ones(h*w), accumulate=True)
    best = counts.argmax(1)[cell].numpy()
    truth = mask.flatten().numpy()
    return np.mean([((best==c)&(truth==c)).sum()/((best==c)|(truth==c)).sum() for c in np.unique(truth)])

# --- 06

wo = L.weights_of
WRONG["weights_of"] = [
    lambda counts, power=.5: wo(counts, power).double(),
    lambda counts, power=.5: wo(counts, power).numpy(),
    lambda counts, power=.5: wo(counts, power)/wo(counts, power).sum(),
    lambda counts, power=.5: torch.tensor((np.median(counts[counts>0])/counts)**power, dtype=torch.float32),
    lambda counts, power=.5: wo(counts, power).where(wo(counts, power) > 0, 1),
    lambda counts, power=.5: torch.tensor([(int(np.median(counts[counts>0]))//c)**power if c else 0. for c in counts], dtype=torch.float32),
    lambda counts, power=.5: wo(counts, 1-power),
    lambda counts, power=.5: wo(counts, power)**2,
    lambda counts, power=.5: torch.tensor([(sorted(counts[counts>0])[len(counts[counts>0])//2]/c)**power if c else 0. for c in counts], dtype=torch.float32),
    lambda counts, power=.5: torch.tensor([(int(np.median(counts[counts>0]))/c)**power if c else 0. for c in counts.tolist()], dtype=torch.float32),
    lambda counts, power=.5: torch.tensor(np.where(counts>0, np.median(counts[counts>0])/np.maximum(counts, 1), 0)**power, dtype=torch.float32),
    lambda counts, power=.5: torch.tensor((np.median(counts[counts>0])/(counts+1))**power, dtype=torch.float32)]
@right
def weights_of(counts, power=.5):
    c = torch.as_tensor(counts).double()
    middle = c[c > 0].quantile(.5)
    return torch.where(c > 0, (middle/c.clamp(min=1e-9))**power, 0).float()
@right
def weights_of(counts, power=.5):
    present = sorted(int(c) for c in counts if c > 0)
    k = len(present)
    middle = (present[(k-1)//2]+present[k//2])/2
    return torch.Tensor([math.exp(power*(math.log(middle)-math.log(c))) if c else 0. for c in counts])

lo = L.loss_without_void
WRONG["loss_without_void"] = [
    lambda scores, target: (scores.log_softmax(1)*0/0).mean(),
    lambda scores, target: lo(scores, target).item(),
    lambda scores, target: F.cross_entropy(scores, target),
    lambda scores, target: F.cross_entropy(scores, target, ignore_index=255, reduction="none"),
    lambda scores, target: F.cross_entropy(scores, target.where(target != 255, 0)),
    lambda scores, target: -lo(scores, target),
    lambda scores, target: lo(scores, target).detach(),
    lambda scores, target: F.nll_loss(scores, target, ignore_index=255),
    lambda scores, target: lo(scores[:1], target[:1]),
    lambda scores, target: F.nll_loss(scores.log_softmax(-1), target, ignore_index=255),
    lambda scores, target: lo(scores, target)/math.log(2)]
@right
def loss_without_void(scores, target):
    from fastai.losses import CrossEntropyLossFlat
    return CrossEntropyLossFlat(axis=1, ignore_index=255)(scores, target)
@right
def loss_without_void(scores, target):
    keep = target != 255
    picked = scores.permute(0, 2, 3, 1)[keep]
    true = picked.gather(1, target[keep][:, None])[:, 0]
    return (picked.logsumexp(1)-true).mean()
@right
def loss_without_void(scores, target):
    flat = scores.movedim(1, -1).flatten(0, -2)
    labels = target.flatten()
    return nn.CrossEntropyLoss(reduction="sum", ignore_index=255)(flat, labels)/(labels != 255).sum()

# --- 07

WRONG["bilinear_weight"] = [
    lambda n, ks: FC.bilinear_weight(n, ks).double(),
    lambda n, ks: FC.bilinear_weight(n, ks)[0],
    lambda n, ks: FC.bilinear_weight(n, ks).flip(0),
    lambda n, ks: FC.bilinear_weight(n, ks)*2,
    lambda n, ks: torch.diag(torch.ones(n))[..., None, None].repeat(1, 1, ks, ks),
    lambda n, ks: nn.Parameter(FC.bilinear_weight(n, 4)),
    lambda n, ks: FC.bilinear_weight(n, ks)/n,
    lambda n, ks: F.pad(FC.bilinear_weight(n, ks), (0,1,0,1))]
@right
def bilinear_weight(n, ks):
    slope,at = (ks+1)//2,torch.arange(ks)-(ks-1)/2
    tent = 1-at.abs()/slope
    return torch.einsum("ab,k,l->abkl", torch.eye(n), tent, tent)
@right
def bilinear_weight(n, ks):
    weight = torch.zeros(n, n, ks, ks)
    for k in range(n):
        for i in range(ks):
            for j in range(ks):
                far = abs(i-(ks-1)/2),abs(j-(ks-1)/2)
                weight[k,k,i,j] = (1-far[0]/((ks+1)//2))*(1-far[1]/((ks+1)//2))
    return weight

bt = FC.bilinear_transposed
WRONG["add_skip"] = [
    lambda coarse, fine, double=bt: fine,
    lambda coarse, fine, double=bt: N.fit(double(coarse), fine.shape[-2:]),
    lambda coarse, fine, double=bt: N.fit(double(coarse), fine.shape[-2:])*fine,
    lambda coarse, fine, double=bt: (N.fit(double(coarse), fine.shape[-2:])+fine)/2,
    lambda coarse, fine, double=bt: double(coarse)+fine,
    lambda coarse, fine, double=bt: coarse+fine[..., ::2, ::2],
    lambda coarse, fine, double=bt: N.fit(double(coarse), fine.shape[-2:])-fine,
    lambda coarse, fine, double=bt: FC.add_skip(coarse.float(), fine.float(), double),
    lambda coarse, fine, double=bt: FC.add_skip(coarse.detach(), fine, double),
    lambda coarse, fine, double=bt: N.fit(F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True), fine.shape[-2:])+fine]
@right
def add_skip(coarse, fine, double=bt):
    large = double(coarse)
    return torch.stack([large[:, :, :fine.shape[2], :fine.shape[3]], fine]).sum(0)
@right
def add_skip(coarse, fine, double=bt):
    x = double(coarse)
    x = F.pad(x, (0, fine.shape[-1]-x.shape[-1], 0, fine.shape[-2]-x.shape[-2]))
    return fine.clone().add_(x)

# --- 08

cc = U.crop_and_concat
WRONG["crop_and_concat"] = [
    lambda x, skip: cc(x, skip)[:, :x.shape[1]],
    lambda x, skip: torch.cat([skip[..., -x.shape[-2]:, -x.shape[-1]:], x], 1),
    lambda x, skip: TF.center_crop(skip, x.shape[-2:])+x,
    lambda x, skip: torch.cat([TF.center_crop(skip, x.shape[-2:]), x], 0),
    lambda x, skip: cc(x.detach(), skip),
    lambda x, skip: cc(x.float(), skip.float()),
    lambda x, skip: torch.cat([F.adaptive_avg_pool2d(skip, x.shape[-2:]), x], 1),
    lambda x, skip: cc(x, skip.flip(-1)),
    lambda x, skip: torch.cat([skip[..., (skip.shape[-2]-x.shape[-2])//2:, (skip.shape[-1]-x.shape[-1])//2:], x], 1),
    lambda x, skip: cc(x, skip)[:1],
    lambda x, skip: U.crop_and_concat(x, skip.data)]
@right
def crop_and_concat(x, skip): return torch.cat((TF.center_crop(skip, list(x.shape[-2:])), x), dim=1)
@right
def crop_and_concat(x, skip):
    dy,dx = skip.shape[2]-x.shape[2],skip.shape[3]-x.shape[3]
    skip = F.pad(skip, (-(dx-dx//2), -(dx//2), -(dy-dy//2), -(dy//2)))
    out = x.new_empty(len(x), skip.shape[1]+x.shape[1], *x.shape[2:])
    out[:, :skip.shape[1]] = skip
    out[:, skip.shape[1]:] = x
    return out

pm = U.pad_to_multiple
WRONG["pad_to_multiple"] = [
    lambda x, n: pm(x, 4),
    lambda x, n: F.pad(x, (0, -x.shape[-1]%n, 0, -x.shape[-2]%n), mode="circular"),
    lambda x, n: pm(x.float(), n),
    lambda x, n: pm(x, n).detach(),
    lambda x, n: F.interpolate(x, size=[-(-s//n)*n for s in x.shape[-2:]]),
    lambda x, n: F.pad(x, (0, -x.shape[-1]%n, 0, 0), mode="replicate"),
    lambda x, n: pm(x, n)[:, :1],
    lambda x, n: N.fit(x, [max(-(-s//n)*n for s in x.shape[-2:])]*2),
    lambda x, n: F.pad(x, (0, n, 0, n), mode="replicate")]
@right
def pad_to_multiple(x, n):
    while x.shape[-2] % n: x = torch.cat([x, x[..., -1:, :]], -2)
    while x.shape[-1] % n: x = torch.cat([x, x[..., -1:]], -1)
    return x
@right
def pad_to_multiple(x, n):
    h,w = (math.ceil(s/n)*n for s in x.shape[-2:])
    rows = torch.arange(h).clamp(max=x.shape[-2]-1)
    cols = torch.arange(w).clamp(max=x.shape[-1]-1)
    return x[..., rows, :][..., cols]

rf = U.receptive_field
WRONG["receptive_field"] = [
    lambda layers: rf(layers)+1,
    lambda layers: rf(layers)-1,
    lambda layers: rf(layers[::-1]),
    lambda layers: float(rf(layers)),
    lambda layers: rf(layers[1:]),
    lambda layers: rf(layers)**2,
    lambda layers: math.prod(ks for ks,_ in layers),
    lambda layers: rf([(s,k) for k,s in layers]),
    lambda layers: rf(layers)//2*2+1,
    lambda layers: (layers.reverse(), rf(layers[::-1]))[1]]
@right
def receptive_field(layers):
    sees = 1
    for ks,stride in reversed(layers): sees = (sees-1)*stride+ks
    return sees
@right
def receptive_field(layers):
    steps = np.cumprod([1]+[s for _,s in layers])
    return 1+sum(np.int64(k-1)*step for (k,_),step in zip(layers, steps))

class Block(nn.Module):
    def __init__(self, ni, n_skip, nf):
        super().__init__()
        self.narrow,self.mix = nn.Conv2d(ni, nf, 1, bias=False),ConvLayer(nf+n_skip, nf)
    def large(self, x, skip): return F.interpolate(x, size=skip.shape[-2:])
    def forward(self, x, skip): return self.mix(torch.cat([self.large(self.narrow(x), skip), skip], 1))
class EnlargesFirst(Block):
    def forward(self, x, skip): return self.mix(torch.cat([self.narrow(self.large(x, skip)), skip], 1))
class BilinearBlock(Block):
    def large(self, x, skip): return F.interpolate(x, size=skip.shape[-2:], mode="bilinear")
class NoActivation(Block):
    def __init__(self, ni, n_skip, nf):
        super().__init__(ni, n_skip, nf)
        self.mix = ConvLayer(nf+n_skip, nf, act_cls=None)
class NoNorm(Block):
    def __init__(self, ni, n_skip, nf):
        super().__init__(ni, n_skip, nf)
        self.mix = ConvLayer(nf+n_skip, nf, norm_type=None)
class NeedsASkip(Block):
    def forward(self, x, skip):
        if not skip.shape[1]: return self.narrow(x)
        return super().forward(x, skip)
class Doubles(Block):
    def large(self, x, skip): return F.interpolate(x, scale_factor=2)
class ActivatesTwice(Block):
    def forward(self, x, skip): return self.mix(torch.cat([self.large(self.narrow(x).relu(), skip), skip], 1))
class NormFirst(Block):
    def __init__(self, ni, n_skip, nf):
        super().__init__(ni, n_skip, nf)
        self.mix = nn.Sequential(nn.Conv2d(nf+n_skip, nf, 3, padding=1, bias=False), nn.ReLU(), nn.BatchNorm2d(nf))
class OneByOne(Block):
    def __init__(self, ni, n_skip, nf):
        super().__init__(ni, n_skip, nf)
        self.mix = ConvLayer(nf+n_skip, nf, ks=1)
class NotNarrowed(Block):
    def __init__(self, ni, n_skip, nf):
        super().__init__(ni, n_skip, nf)
        self.narrow,self.mix = nn.Identity(),ConvLayer(ni+n_skip, nf)
class CutsTheSkip(Block):
    def forward(self, x, skip): return super().forward(x, skip.detach())
class WritesTheSkip(Block):
    def forward(self, x, skip): return super().forward(x, skip+1)
class MixesTwice(Block):
    def __init__(self, ni, n_skip, nf):
        super().__init__(ni, n_skip, nf)
        self.mix = nn.Sequential(self.mix, ConvLayer(nf, nf))
class NarrowsByThrees(Block):
    def __init__(self, ni, n_skip, nf):
        super().__init__(ni, n_skip, nf)
        self.narrow = nn.Conv2d(ni, nf, 3, padding=1, bias=False)
class OtherNorm(Block):
    def __init__(self, ni, n_skip, nf):
        super().__init__(ni, n_skip, nf)
        self.mix = nn.Sequential(nn.Conv2d(nf+n_skip, nf, 3, padding=1, bias=False), nn.InstanceNorm2d(nf, affine=True), nn.ReLU())
class Unlearned(Block):
    @torch.no_grad()
    def forward(self, x, skip): return super().forward(x, skip)
WRONG["DecoderBlock"] = [MixesTwice, NarrowsByThrees, OtherNorm, Unlearned, EnlargesFirst, BilinearBlock, NoActivation, NoNorm, NeedsASkip, Doubles, ActivatesTwice, NormFirst, OneByOne, NotNarrowed, CutsTheSkip, WritesTheSkip]
@right
class DecoderBlock(nn.Module):
    def __init__(self, ni, n_skip, nf):
        super().__init__()
        self.squeeze = nn.Conv2d(ni, nf, kernel_size=1, bias=False)
        self.conv = nn.Conv2d(nf+n_skip, nf, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(nf)
    def forward(self, x, skip):
        small = self.squeeze(x)
        h,w = skip.shape[-2:]
        rows = torch.arange(h, device=x.device)*x.shape[-2]//h
        cols = torch.arange(w, device=x.device)*x.shape[-1]//w
        return F.relu(self.norm(self.conv(torch.cat((small[..., rows, :][..., cols], skip), dim=1))))
@right
class DecoderBlock(nn.Module):
    def __init__(self, ni, n_skip, nf):
        super().__init__()
        self.layers = nn.ModuleDict({"out": ConvLayer(n_skip+nf, nf, ks=3), "in": nn.Conv2d(ni, nf, 1)})
    def forward(self, x, skip):
        x = nn.Upsample(size=skip.shape[-2:])(self.layers["in"](x))
        return self.layers["out"](torch.hstack([x, skip]))

un = U.unread
WRONG["unread"] = [
    lambda head, features, size: [i for i,f in enumerate(features) if torch.equal(head([*features[:i], torch.ones_like(f), *features[i+1:]], size), head(features, size))],
    lambda head, features, size: [i for i,f in enumerate(features) if torch.equal(head([*features[:i], torch.randn(1).to(f)*torch.ones_like(f), *features[i+1:]], size), head(features, size))],
    lambda head, features, size: [i for i,f in enumerate(features) if (head([*features[:i], torch.randn_like(f), *features[i+1:]], size)==head(features, size)).any()],
    lambda head, features, size: un(head, features, size)[:1],
    lambda head, features, size: tuple(features[i] for i in un(head, features, size)),
    lambda head, features, size: len(un(head, features, size)),
    lambda head, features, size: [i for i,f in enumerate(features) if not torch.equal(head([*features[:i], torch.randn_like(f), *features[i+1:]], size), head(features, size))][::-1],
    lambda head, features, size: [i for i,f in enumerate(features) if torch.equal(head([*features[:i], f*2, *features[i+1:]], size), head(features, size))],
    lambda head, features, size: list(range(len(features)-1)),
    lambda head, features, size: [i+1 for i in un(head, features, size)],
    lambda head, features, size: [i for i,f in enumerate(features) if (f.zero_(), head(features, size).sum()==0)[1]],
    lambda head, features, size: [i for i,f in enumerate(features) if torch.equal(head([*features[:i], torch.randn(f.shape), *features[i+1:]], size), head(features, size))]]
@right
def unread(head, features, size):
    leaves = [f.detach().clone().requires_grad_() for f in features]
    head(leaves, size).square().sum().backward()
    probe = [f.detach().normal_().requires_grad_() for f in leaves]
    head(probe, size).square().sum().backward()
    return [i for i,f in enumerate(probe) if f.grad is None or not f.grad.any()]
@right
def unread(head, features, size):
    missing = set(range(len(features)))
    for i in range(len(features)):
        other = list(features)
        other[i] = features[i]*torch.rand_like(features[i])+torch.rand_like(features[i])
        if (head(other, size)-head(features, size)).abs().max() > 0: missing.discard(i)
    return sorted(missing)

# --- 09

ah = R.ahead_of
def by_head(runs): return {h: {r["seed"]: r["mean_iou"] for r in runs if r["head"]==h} for h in sorted({r["head"] for r in runs})}
WRONG["ahead_of"] = [
    lambda runs, head: ah(runs, head)[::-1],
    lambda runs, head: [*ah(runs, head), head],
    lambda runs, head: len(ah(runs, head)),
    lambda runs, head: sorted({r["head"] for r in runs}-{head}),
    lambda runs, head: [h for h in sorted({r["head"] for r in runs}) if h != head and head in ah(runs, h)],
    lambda runs, head: sorted(h for h in {r["head"] for r in runs} if h != head and [r["mean_iou"] for r in runs if r["head"]==h][0] > [r["mean_iou"] for r in runs if r["head"]==head][0]),
    lambda runs, head: [r["head"] for r in runs if r["head"] in ah(runs, head)],
    lambda runs, head: set(ah(runs, head)),
    lambda runs, head: [h for h,s in by_head(runs).items() if h != head and s.keys() & by_head(runs)[head].keys() and 2*sum(s[k] > by_head(runs)[head][k] for k in s.keys() & by_head(runs)[head].keys()) > len(s.keys() & by_head(runs)[head].keys())],
    lambda runs, head: [h for h,s in by_head(runs).items() if h != head and all(s.get(k, 0) > by_head(runs)[head].get(k, 0) for k in {r['seed'] for r in runs})]]
@right
def ahead_of(runs, head):
    table = {}
    for r in runs: table.setdefault(r["head"], {})[r["seed"]] = r["mean_iou"]
    own = table.pop(head)
    wins = lambda other: [other[s]-own[s] for s in own if s in other]
    return sorted(name for name,other in table.items() if wins(other) and min(wins(other)) > 0)
@right
def ahead_of(runs, head):
    import pandas as pd
    table = pd.DataFrame(runs).pivot(index="seed", columns="head", values="mean_iou")
    more = table.drop(columns=head).sub(table[head], axis=0)
    both = more.notna()
    good = ((more > 0) | ~both).all() & both.any()
    return list(good.index[good])

nb_ = R.not_beaten
WRONG["not_beaten"] = [
    lambda heads: set(nb_(heads)),
    lambda heads: list(heads),
    lambda heads: sorted(nb_(heads)),
    lambda heads: nb_({n: (s,c) for n,(c,s) in heads.items()}),
    lambda heads: {n: heads[n] for n in nb_(heads)},
    lambda heads: nb_({n: (-c,s) for n,(c,s) in heads.items()}),
    lambda heads: nb_(heads)[:1],
    lambda heads: [min(heads, key=lambda n: heads[n][0])],
    lambda heads: [n for n,(c,s) in heads.items() if s > np.mean([v[1] for v in heads.values()])]]
@right
def not_beaten(heads):
    kept = []
    for name,(cost,score) in heads.items():
        better = [1 for c,s in heads.values() if c <= cost and s >= score and (c < cost or s > score)]
        if not better: kept.append(name)
    return kept
@right
def not_beaten(heads):
    front,best = set(),-math.inf
    for cost,score in sorted(set(heads.values()), key=lambda v: (v[0],-v[1])):
        if score > best:
            front.add((cost,score))
            best = score
    return [n for n,v in heads.items() if v in front]

# --- 10

ts = P.tile_starts
WRONG["tile_starts"] = [
    lambda size, tile, overlap: ts(size, tile, 0),
    lambda size, tile, overlap: ts(size, tile, overlap+1) if overlap+1 < tile else [],
    lambda size, tile, overlap: torch.tensor(ts(size, tile, overlap)),
    lambda size, tile, overlap: [s+1 for s in ts(size, tile, overlap)],
    lambda size, tile, overlap: [(s, s+tile) for s in ts(size, tile, overlap)],
    lambda size, tile, overlap: ts(size, tile, overlap)[::-1],
    lambda size, tile, overlap: ts(size, tile, overlap)[1:],
    lambda size, tile, overlap: len(ts(size, tile, overlap)),
    lambda size, tile, overlap: [round(i*(max(size-tile, 0))/max(len(ts(size, tile, overlap))-1, 1)) for i in range(len(ts(size, tile, overlap)))],
    lambda size, tile, overlap: list(torch.tensor(P.tile_starts(size, tile, overlap)))]
@right
def tile_starts(size, tile, overlap):
    starts = [0]
    while starts[-1]+tile < size: starts.append(min(starts[-1]+tile-overlap, size-tile))
    return starts
@right
def tile_starts(size, tile, overlap):
    last = max(size-tile, 0)
    many = math.ceil(last/(tile-overlap))+1
    return list(np.minimum(np.arange(many)*(tile-overlap), last))

jt = P.join_tiles
WRONG["join_tiles"] = [
    lambda tiles, corners, size: jt(tiles, corners, size)[0],
    lambda tiles, corners, size: jt(tiles, [(l,t) for t,l in corners], size),
    lambda tiles, corners, size: jt([t.float() for t in tiles], corners, size),
    lambda tiles, corners, size: jt([t.detach() for t in tiles], corners, size)*2,
    lambda tiles, corners, size: jt(tiles[:1]*len(tiles), corners, size),
    lambda tiles, corners, size: jt(tiles, corners, size).round(),
    lambda tiles, corners, size: torch.stack([F.pad(t, (l, size[1]-l-t.shape[2], u, size[0]-u-t.shape[1])) for t,(u,l) in zip(tiles, corners)]).max(0)[0],
    lambda tiles, corners, size: torch.stack([F.pad(t, (l, size[1]-l-t.shape[2], u, size[0]-u-t.shape[1])) for t,(u,l) in zip(tiles, corners)]).mean(0),
    lambda tiles, corners, size: jt([t.softmax(0) for t in tiles], corners, size),
    lambda tiles, corners, size: (lambda canvas: sum(canvas)/sum((c != 0).float() for c in canvas).clamp(min=1))([F.pad(t, (l, size[1]-l-t.shape[2], u, size[0]-u-t.shape[1])) for t,(u,l) in zip(tiles, corners)])]
@right
def join_tiles(tiles, corners, size):
    def placed(t, corner):
        u,l = corner
        return F.pad(t, (l, size[1]-l-t.shape[2], u, size[0]-u-t.shape[1]))
    total = torch.stack([placed(t, c) for t,c in zip(tiles, corners)]).sum(0)
    return total/torch.stack([placed(torch.ones_like(t), c) for t,c in zip(tiles, corners)]).sum(0)
@right
def join_tiles(tiles, corners, size):
    out = tiles[0].new_zeros(tiles[0].shape[0], *size)
    for i in range(size[0]):
        for j in range(size[1]):
            on = [t[:, i-u, j-l] for t,(u,l) in zip(tiles, corners) if 0 <= i-u < t.shape[1] and 0 <= j-l < t.shape[2]]
            out[:, i, j] = sum(on)/len(on)
    return out

# --- 11

ps = G.psnr
WRONG["psnr"] = [
    lambda made, truth: ps(made, truth).detach(),
    lambda made, truth: ps(made.float(), truth.float()),
    lambda made, truth: ps(made, truth).mean(),
    lambda made, truth: ps(made, truth)/2,
    lambda made, truth: ps(made, truth).tolist(),
    lambda made, truth: -10*torch.log10((made-truth).pow(2).mean((2,3))),
    lambda made, truth: -10*torch.log10((made-truth).pow(2).mean((0,2,3))),
    lambda made, truth: -10*torch.log10((made-truth).pow(2).sum((1,2,3))),
    lambda made, truth: -10*torch.log10((made-truth).pow(2).mean((1,2,3))+1e-8),
    lambda made, truth: -10*torch.log10((made-truth).var((1,2,3), correction=0)),
    lambda made, truth: ps(made, truth)+20*math.log10(255),
    lambda made, truth: ps(made, truth)+20*torch.log10(truth.amax((1,2,3))),
    lambda made, truth: ps(made, truth).nan_to_num(posinf=100),
    lambda made, truth: ps(made, truth).flip(0),
    lambda made, truth: -10*torch.log10(made.sub_(truth).pow(2).mean((1,2,3))),
    lambda made, truth: torch.stack([made.new_tensor(-10*math.log10(F.mse_loss(a, b))) for a,b in zip(made, truth)])]
@right
def psnr(made, truth):
    far = torch.linalg.vector_norm((truth-made).flatten(1), dim=1)
    return 20*(math.log10(made[0].numel())/2-far.log10())
@right
def psnr(made, truth):
    inverse = [1/F.mse_loss(a, b) for a,b in zip(made, truth.detach())]
    return 10*torch.stack(inverse).log()/math.log(10)
@right
def psnr(made, truth):
    b,c,h,w = made.shape
    error = torch.einsum("bchw,bchw->b", made-truth, made-truth)
    return 10*(torch.log10(made.new_tensor(c*h*w))-torch.log10(error))

sk = G.input_skip
WRONG["input_skip"] = [
    lambda x, out, mean, std: sk(x.float(), out.float(), mean.float(), std.float()),
    lambda x, out, mean, std: sk(x.detach(), out, mean, std),
    lambda x, out, mean, std: sk(x, out.detach(), mean, std),
    lambda x, out, mean, std: sk(x, out, std, mean),
    lambda x, out, mean, std: sk(x, -out, mean, std),
    lambda x, out, mean, std: sk(x, out, mean[:1], std[:1]),
    lambda x, out, mean, std: sk(x, out, mean, std**2),
    lambda x, out, mean, std: sk(x, out, mean, std).clamp(0, 1),
    lambda x, out, mean, std: sk(x, out*std.view(-1, 1, 1), mean, std),
    lambda x, out, mean, std: sk(x, out, mean, std)/2,
    lambda x, out, mean, std: x*std+mean+out,
    lambda x, out, mean, std: x*std.view(-1, 1, 1)+out,
    lambda x, out, mean, std: sk(x, out, x.mean((0,2,3)), x.std((0,2,3))),
    lambda x, out, mean, std: out.add_(x*std.view(-1, 1, 1)+mean.view(-1, 1, 1)),
    lambda x, out, mean, std: sk(x, out, mean, std)[:1],
    lambda x, out, mean, std: sk(x, out, mean.flip(0), std.flip(0)),
    lambda x, out, mean, std: (sk(x, out, mean, std)*255).round()/255,
    lambda x, out, mean, std: sk(x, out, mean.new_tensor([.485,.456,.406])[:len(mean)], mean.new_tensor([.229,.224,.225])[:len(mean)])]
@right
def input_skip(x, out, mean, std): return TF.normalize(x, (-mean/std).tolist(), (1/std).tolist())+out
@right
def input_skip(x, out, mean, std):
    planes = [out[:, i]+mean[i]+std[i]*x[:, i] for i in range(len(mean))]
    return torch.stack(planes, 1)
@right
def input_skip(x, out, mean, std):
    picture = F.conv2d(x, torch.diag(std)[..., None, None], bias=mean)
    return torch.stack([picture, out]).sum(0)

fb,cs = G.find_checkerboard,S.checkerboard_score
checkerboard_score = cs # as the chapter calls it
def board(y, most=8, share=.9, floor=.01):
    scores = [cs(y, p) for p in range(2, most+1)]
    best = np.nanmax([0, *scores])
    return next(p for p,s in enumerate(scores, 2) if s >= share*best) if best > floor else 1
WRONG["find_checkerboard"] = [
    lambda y, most=8: fb(y),
    lambda y, most=8: fb(y[:1], most),
    lambda y, most=8: fb(y[:, :1].float().mean(-2, keepdim=True).expand(-1, -1, y.shape[-2], -1), most),
    lambda y, most=8: fb(y.mean(-1, keepdim=True).expand(y.shape), most),
    lambda y, most=8: fb(y.mean(1, keepdim=True), most),
    lambda y, most=8: fb(y, most-1),
    lambda y, most=8: fb(y, most)-2,
    lambda y, most=8: float(fb(y, most)),
    lambda y, most=8: torch.tensor(fb(y, most)),
    lambda y, most=8: fb(y, most) if fb(y, most) > 1 else None,
    lambda y, most=8: board(y, most, share=.5),
    lambda y, most=8: board(y, most, share=.99),
    lambda y, most=8: board(y, most, floor=.1),
    lambda y, most=8: board(y, most, floor=.001),
    lambda y, most=8: next(p for p in range(2, most+1) if cs(y, p) >= .9*max(cs(y, q) for q in range(2, most+1))),
    lambda y, most=8: max(cs(y, p) for p in range(2, most+1)),
    lambda y, most=8: fb(y-y.mean(), most),
    lambda y, most=8: fb(y.sub_(y.min()).add_(1), most),
    lambda y, most=8: [p for p in range(2, most+1) if cs(y, p) > .01],
    lambda y, most=8: 2 if cs(y, 2) > .01 else 1,
    lambda y, most=8: next((p for p in (2, 4, 8) if p <= most and cs(y, p) >= .9*cs(y, most)), 1),
    lambda y, most=8: int(np.argmax([cs(y, p) for p in range(2, most+1)])),
    lambda y, most=8: board(y, most, share=.8),
    lambda y, most=8: fb(y, max(2, most-1))]
@right
def find_checkerboard(y, most=8):
    scores = np.array([checkerboard_score(y, p) for p in range(2, most+1)])
    if np.isnan(scores).any() or scores.max() <= .01: return 1
    return np.argmax(scores >= .9*scores.max())+2
@right
def find_checkerboard(y, most=8):
    found = {}
    for p in range(most, 1, -1):
        h,w = y.shape[-2]//p*p,y.shape[-1]//p*p
        part = y[..., :h, :w]
        means = torch.stack([part[..., i::p, j::p].mean((-2,-1)) for i in range(p) for j in range(p)], -1)
        found[p] = float(((means-means.mean(-1, keepdim=True))**2).mean(-1).sqrt().mean()/part.abs().mean())
    if not any(score > .01 for score in found.values()): return 1
    while len(found) > 1 and found[min(found)]/max(found.values()) < .9: del found[min(found)]
    return min(found)

el = G.edge_loss
def steps(x): return x.diff(dim=-2),x.diff(dim=-1)
WRONG["edge_loss"] = [
    lambda made, truth: el(made, truth).detach(),
    lambda made, truth: el(made.detach(), truth),
    lambda made, truth: el(made.float(), truth.float()),
    lambda made, truth: el(made, truth).item(),
    lambda made, truth: el(made, truth)/2,
    lambda made, truth: torch.stack([el(a, b) for a,b in zip(made, truth)]),
    lambda made, truth: sum(el(a, b) for a,b in zip(made, truth)),
    lambda made, truth: el(made[:, :1], truth[:, :1]),
    lambda made, truth: el(made.mean(1, keepdim=True), truth.mean(1, keepdim=True)),
    lambda made, truth: torch.cat([s.flatten() for s in steps(made-truth)]).abs().mean(),
    lambda made, truth: 2*torch.cat([s.flatten() for s in steps(made-truth)]).abs().mean(),
    lambda made, truth: el(F.pad(made, (1,1,1,1)), F.pad(truth, (1,1,1,1))),
    lambda made, truth: sum(F.pad(s, p).abs().mean() for s,p in zip(steps(made-truth), ((0,0,0,1),(0,1)))),
    lambda made, truth: sum(s.pow(2).mean().sqrt() for s in steps(made-truth)),
    lambda made, truth: sum(s.mean().abs() for s in steps(made-truth)),
    lambda made, truth: sum(s.mean() for s in steps(made-truth)),
    lambda made, truth: (steps(made-truth)[0][..., :-1]+steps(made-truth)[1][..., :-1, :]).abs().mean(),
    lambda made, truth: (made-truth)[..., 1:, 1:].sub((made-truth)[..., :-1, :-1]).abs().mean(),
    lambda made, truth: sum(F.smooth_l1_loss(a, b) for a,b in zip(steps(made), steps(truth))),
    lambda made, truth: sum(a.abs().mean()-b.abs().mean() for a,b in zip(steps(made), steps(truth))),
    lambda made, truth: el(made, truth)+F.l1_loss(made, truth),
    lambda made, truth: el(made.sub_(truth), truth*0),
    lambda made, truth: sum(s.abs().mean() for s in torch.gradient(made-truth, dim=(-2,-1)))]
@right
def edge_loss(made, truth): return sum(F.l1_loss(made.diff(dim=axis), truth.diff(dim=axis)) for axis in (2,3))
@right
def edge_loss(made, truth):
    error = (made-truth).flatten(0, 1)[:, None]
    step = error.new_tensor([-1,1])
    return F.conv2d(error, step.view(1, 1, 2, 1)).abs().mean()+F.conv2d(error, step.view(1, 1, 1, 2)).abs().mean()
@right
def edge_loss(made, truth):
    b,c,h,w = made.shape
    error,total = made-truth.detach(),made.new_zeros(())
    for i in range(h):
        for j in range(w):
            if i: total = total+(error[:, :, i, j]-error[:, :, i-1, j]).abs().sum()/(b*c*(h-1)*w)
            if j: total = total+(error[:, :, i, j]-error[:, :, i, j-1]).abs().sum()/(b*c*h*(w-1))
    return total

gm = G.gram
WRONG["gram"] = [
    lambda f: gm(f).detach(),
    lambda f: gm(f.float()),
    lambda f: gm(f.abs()),
    lambda f: gm(f.relu()),
    lambda f: gm(f)[:1],
    lambda f: gm(f[:1]).repeat(len(f), 1, 1),
    lambda f: gm(f)/f.shape[1],
    lambda f: gm(f)/len(f),
    lambda f: gm(f).mean(0),
    lambda f: gm(f).triu(),
    lambda f: gm(f)-torch.diag_embed(gm(f).diagonal(dim1=1, dim2=2)),
    lambda f: gm(f)*f[0].numel()**.5,
    lambda f: gm(F.normalize(f, dim=1)),
    lambda f: gm(F.normalize(f.flatten(2), dim=2)[..., None]),
    lambda f: f.flatten(0, 1).flatten(1) @ f.flatten(0, 1).flatten(1).T/f.numel(),
    lambda f: f.mean((2,3))[:, :, None]*f.mean((2,3))[:, None]/f.shape[1],
    lambda f: f @ f.transpose(2, 3)/f[0].numel(),
    lambda f: gm(f.div_(2))*4,
    lambda f: list(gm(f)),
    lambda f: f.view(len(f), f.shape[1], f.shape[2]**2) @ f.view(len(f), f.shape[1], f.shape[2]**2).transpose(1, 2)/f[0].numel(),
    lambda f: f.view(f.shape[1], -1) @ f.view(f.shape[1], -1).T/f.numel(),
    lambda f: gm(f.div_(1))]
@right
def gram(f): return torch.einsum("bihw,bjhw->bij", f, f)/math.prod(f.shape[1:])
@right
def gram(f):
    b,c,h,w = f.shape
    out = []
    for one in f:
        out += [(one[i]*one[j]).mean()/c for i in range(c) for j in range(c)]
    return torch.stack(out).view(b, c, c)
@right
def gram(f): return (f[:, :, None]*f[:, None]).sum((-1,-2)).div(f[0].numel())

# --- of every kind: another default, the sign lost, seven digits of sixteen, a parameter, settings left behind, right while it trains only

def frozen(net):
    body = B.cut_classifier(net)
    for p in body.parameters(): p.requires_grad_(False)
    return body
class EvalSoftmax(Head_):
    def forward(self, features, size): return super().forward(features, size) if self.training else super().forward(features, size).softmax(1)
class FiveClasses(Head_):
    def __init__(self, body, n_out): super().__init__(body, 5)
class NoForward(nn.Module):
    def __init__(self, body, n_out):
        super().__init__()
        self.classes = nn.Conv2d(body.channels[-1], n_out, 1)
class Replaces(Head_):
    def forward(self, features, size):
        features[-1] = features[-1]*2
        return super().forward(features, size)
class NeverAbove6(Block):
    def forward(self, x, skip): return super().forward(x, skip).clamp(max=6)
for name,answers in {
    "cut_classifier": [frozen, lambda net: B.cut_classifier(net.train()), lambda net: nn.ModuleList(B.cut_classifier(net))],
    "head_parameters": [lambda nf, n_out, lin_ftrs=(512,): B.head_parameters(nf, n_out, lin_ftrs[:1]), lambda nf, n_out, lin_ftrs=(512,): B.head_parameters(nf, n_out, lin_ftrs[::-1])],
    "nearest_upsample": [lambda x, scale=3: nu(x, scale), lambda x, scale=2: nu(x.abs(), scale), lambda x, scale=2: nu(x.float(), scale).to(x.dtype), lambda x, scale=2: (torch.set_default_dtype(torch.float64), nu(x, scale))[1]],
    "linear_upsample": [lambda row, scale=3: N.linear_upsample(row, scale), lambda row, scale=2: N.linear_upsample(row.requires_grad_(), scale)],
    "fit": [lambda x, size: N.fit(x, size).abs() if x.is_floating_point() else N.fit(x, size)],
    "zero_insert": [lambda x, stride=3: T.zero_insert(x, stride), lambda x, stride=2: T.zero_insert(x.clamp(min=0), stride)],
    "flip_kernel": [lambda weight: T.flip_kernel(weight).abs()],
    "conv_matrix": [lambda kernel, size, stride=1, padding=0: T.conv_matrix(kernel.abs(), size, stride, padding)],
    "input_size": [lambda size, ks, stride=2, padding=0, output_padding=0: T.input_size(size, ks, stride, padding, output_padding)],
    "bilinear_kernel": [lambda ks: T.bilinear_kernel(ks).requires_grad_(), lambda ks: T.bilinear_kernel(ks).sqrt()],
    "transposed_by_gradient": [lambda x, weight, stride=2, padding=0, output_padding=0: way(x, weight, stride, padding, output_padding)],
    "as_transposed": [lambda weight, scale=2: T.as_transposed(weight.abs(), scale)],
    "pixel_shuffle": [lambda x, r=3: S.pixel_shuffle(x, r), lambda x, r=2: S.pixel_shuffle(x.abs(), r)],
    "icnr": [lambda kernels, r=3: S.icnr(kernels, r), lambda kernels, r=2: S.icnr(kernels, r).abs()],
    "BilinearHead": [EvalSoftmax, FiveClasses, NoForward, Replaces],
    "count_pairs": [lambda pred, target, n: cp(pred, target, n).clamp(max=255), lambda pred, target, n: cp(pred, target, n).byte().long()],
    "class_iou": [lambda counts: ci(counts).float().double()],
    "weights_of": [lambda counts, power=.5: nn.Parameter(wo(counts, power))],
    "loss_without_void": [lambda scores, target: lo(scores, target)*len(scores), lambda scores, target: lo(scores.detach(), target).requires_grad_()],
    "bilinear_weight": [lambda n, ks: nn.Parameter(FC.bilinear_weight(n, ks))],
    "add_skip": [lambda coarse, fine, double=bt: FC.add_skip(coarse, fine, double).relu(), lambda coarse, fine, double=bt: torch.maximum(N.fit(double(coarse), fine.shape[-2:]), fine)],
    "pad_to_multiple": [lambda x, n: pm(x, n).abs()],
    "DecoderBlock": [NeverAbove6],
    "ahead_of": [lambda runs, head: ah(runs[:-1], head)],
    "not_beaten": [lambda heads: nb_({n: (c,round(s, 1)) for n,(c,s) in heads.items()})]}.items(): WRONG[name] += answers

@right
def stamp(x, kernel, stride):
    size = [(n-1)*stride+k for n,k in zip(x.shape, kernel.shape)]
    return torch.nn.grad.conv2d_input((1,1,*size), kernel[None,None], x[None,None], stride=stride)[0,0]
@right
def conv_matrix(kernel, size, stride=1, padding=0):
    def convolve(row): return F.conv2d(row.view(1, 1, *size), kernel[None,None], stride=stride, padding=padding).flatten()
    return torch.autograd.functional.jacobian(convolve, kernel.new_zeros(size[0]*size[1]), create_graph=True)
@right
def overlap_map(size, ks, stride, start=0): return torch.tensor([sum(0 <= p-i*stride < ks for i in range(size)) for p in range(start, (size-1)*stride+ks)])
@right
class BilinearHead(nn.Module):
    def __init__(self, body, n_out, bias=True):
        super().__init__()
        self.strides,self.scores = body.strides,nn.Linear(body.channels[-1], n_out, bias)
    def forward(self, features, size):
        x = self.scores(features[-1].permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return N.fit(F.interpolate(x, scale_factor=(float(self.strides[-1]),)*2, mode="bilinear"), size)
@right
class DecoderBlock(nn.Module):
    def __init__(self, ni, n_skip, nf, act=nn.ReLU):
        super().__init__()
        self.first = nn.Conv2d(ni, nf, 1, bias=False)
        self.rest = nn.Sequential(nn.Conv2d(nf+n_skip, nf, (3,3), padding="same"), nn.BatchNorm2d(nf), act(inplace=True))
    def forward(self, x, skip):
        x = self.first(x).repeat_interleave(2, 2).repeat_interleave(2, 3)
        return self.rest(torch.concat((x[..., :skip.shape[2], :skip.shape[3]], skip), dim=1))
@right
def unread(head, features, size):
    torch.manual_seed(1)
    out = []
    for i,f in enumerate(features):
        other = list(features)
        other[i] = torch.rand_like(f)*10
        if torch.allclose(head(other, size), head(features, size)): out.append(np.int64(i))
    return out

POINTS = "rule", "known", "crash", "type", "explained", "fact", "gradient" # kinds of feedback that say more than where a wrong number is

if __name__=="__main__":
    kinds,bare = Counter(),[]
    for name,answers in WRONG.items():
        for i,answer in enumerate(answers):
            found = verdict(EXERCISES[name], answer)
            kinds[found.kind] += 1
            if found.kind not in POINTS or "-v" in sys.argv: bare.append(f"{name}, number {i} ({found.kind}): {found.said}")
    total,pointing = sum(kinds.values()),sum(kinds[k] for k in POINTS)
    print(*bare, "", ", ".join(f"{k} {n}" for k,n in kinds.most_common()), sep="\n")
    print(f"{total} wrong answers of {len(WRONG)} exercises: {kinds['right']} accepted; {pointing} ({100*pointing/total:.0f} in 100) get feedback that points at the mistake")
    known = sum(len(e.mistakes) for e in EXERCISES.values())
    print(f"{known} known mistakes more have a hint each; {sum(map(len, RIGHT.values()))} right answers are written in unusual ways")
