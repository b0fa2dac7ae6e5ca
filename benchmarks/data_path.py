"""Images a second: batches from kept pixels (`cached_dls`) against fastai's `DataBlock`, both sides in turn; writes results/data_path.json.

The drawn streets at 360x480 on disk, one epoch of training batches at a time, its start and its augmentation included. The `DataBlock` has fastai's default, a worker process for each
core beside the main one; `cached_dls` has the main one alone, with one thread unless the machine is quiet. Augmentation: flips; or flips, zoom and light, on the `DataBlock`'s side once by
fastai's own `aug_transforms`, and once by the very transform that `cached_dls` uses.

    python benchmarks/data_path.py"""
import argparse, os, resource, statistics, time
from dataclasses import replace
from functools import partial
import torch
import pixelladder # before torchvision
from fastai.vision.augment import aug_transforms
from pixelladder.cache import Augment, cached_dls, cached_pixels, pixel_file
from pixelladder.data import from_fastai_layout
from pixelladder.streets import make_streets
from record import record

SIZES,TIMES = [(192,256),(360,480)],2 # TIMES: each image so often in an epoch
zoom_and_light = partial(Augment, zoom=(1,1.5), light=.2)
fastais = partial(aug_transforms, max_rotate=0, max_warp=0, min_zoom=1, max_zoom=1.5, p_affine=1, max_lighting=.2, p_lighting=1)

def plain(data, size, tfms=None):
    "`data.dls`; with `tfms` they come in the place of its flips"
    dls = data.dls(size)
    if tfms: # the transforms of one item: all but the last, `FlipItem`
        for dl in dls.loaders: dl.after_item.fs = type(dl.after_item.fs)(f for f in dl.after_item.fs if type(f).__name__!="FlipItem")
        dls.add_tfms(tfms, "after_batch", "train")
    return dls

def cpu_seconds(): return sum(u.ru_utime+u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF,resource.RUSAGE_CHILDREN)))

def rates(dls):
    "Images a second, and images a second of CPU time (all processes and threads), over one epoch of training batches"
    wall,cpu,n = time.perf_counter(),cpu_seconds(),0
    for xb,yb in dls.train: n += len(xb)
    if xb.is_cuda: torch.cuda.synchronize()
    return n/(time.perf_counter()-wall),n/(cpu_seconds()-cpu)

def compare(data, size, rounds):
    "How many times the images a second the kept pixels give, by the clock and by CPU time: the ratio of medians, and that of each round"
    sides = {"flips": plain(data, size), "flips, kept": cached_dls(data, size),
             "fastai's": plain(data, size, fastais()), "same": plain(data, size, [zoom_and_light()]), "kept": cached_dls(data, size, augment=zoom_and_light())}
    for dls in sides.values(): dls.train.one_batch()
    found = [{name: rates(dls) for name,dls in sides.items()} for _ in range(rounds)]
    def ratio(kept, other, k):
        middle = [statistics.median(r[name][k] for r in found) for name in (kept,other)]
        return {"of_medians": round(middle[0]/middle[1], 2), "by_round": [round(r[kept][k]/r[other][k], 2) for r in found]}
    pairs = {"flips": ("flips, kept","flips"), "zoom and light, against fastai's": ("kept","fastai's"), "zoom and light, the same transform": ("kept","same")}
    return {name: {clock: ratio(*pair, k) for k,clock in enumerate(("clock","cpu_time"))} for name,pair in pairs.items()}

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--quiet", action="store_true", help="nothing else runs on the machine: use a thread for each core")
    p.add_argument("--rounds", type=int, default=5)
    args,load = p.parse_args(),round(os.getloadavg()[0], 1)
    if not args.quiet: torch.set_num_threads(1) # the threads of one operation wait for each other by spinning: where anything else runs, that waiting would be measured
    folder = make_streets(size=(360,480))
    data = from_fastai_layout(folder, "drawn streets")
    data = replace(data, splits={**data.splits, "train": data.splits["train"]*TIMES})
    sizes,making = {},{}
    for size in SIZES:
        name = f"{size[0]}x{size[1]}"
        pixel_file(data, size).unlink(missing_ok=True)
        start = time.perf_counter()
        cached_pixels(data, size)
        made = time.perf_counter()-start
        start = time.perf_counter()
        for _ in data.dls(size).train: pass
        making[name] = round(made/(time.perf_counter()-start)*TIMES, 2)
        sizes[name] = compare(data, size, args.rounds)
        print(name, sizes[name], flush=True)
    record("data_path", f"ratios of images a second, kept pixels over DataBlock; {data}; batches of 8, {args.rounds} rounds in turn, each image {TIMES} times an epoch", "python benchmarks/data_path.py --quiet",
           quiet=args.quiet, load_before=load, cores=len(os.sched_getaffinity(0)), threads=torch.get_num_threads(), ratios=sizes, making_in_plain_epochs=making)

if __name__=="__main__": main()
