"""Images a second: batches from kept pixels (`cached_dls`) against fastai's `DataBlock`, both sides in turn;
writes results/data_path.json.

The drawn streets at 360x480 on disk, one epoch of training batches at a time, its start and its augmentation included.
The `DataBlock` has fastai's default, a worker process for each core beside the main one; `cached_dls` has the main one
alone, with one thread unless the machine is quiet. Augmentation: flips; or flips, zoom and light, on the `DataBlock`'s
side once by fastai's own `aug_transforms`, and once by the very transform that `cached_dls` uses.

    python benchmarks/data_path.py"""
import os, resource, time
from dataclasses import replace
from functools import partial
from statistics import median
import torch
from pixelladder.cache import Augment, cached_dls, cached_pixels, pixel_file
from pixelladder.data import open_data
from pixelladder.streets import make_streets
from fastai.vision.augment import aug_transforms
from record import parser, record

TIMES = 2 # each image so often in an epoch
zoom_and_light = partial(Augment, zoom=(1,1.5), light=.2)
fastais = partial(aug_transforms, max_rotate=0, max_warp=0, min_zoom=1, max_zoom=1.5, p_affine=1, max_lighting=.2,
                  p_lighting=1)

def plain(data, size, tfms=None):
    "`data.dls`; with `tfms` they come in the place of its flips"
    dls = data.dls(size)
    if not tfms: return dls
    for dl in dls.loaders:
        fs = dl.after_item.fs
        dl.after_item.fs = type(fs)(f for f in fs if type(f).__name__!="FlipItem")
    dls.add_tfms(tfms, "after_batch", "train")
    return dls

def cpu_seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF,resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime+u.ru_stime for u in used)

def rates(dls):
    "Images a second by the clock and by CPU time (all processes and threads), over one epoch of training batches"
    wall = time.perf_counter()
    cpu = cpu_seconds()
    n = 0
    for xb,yb in dls.train: n += len(xb)
    if xb.is_cuda: torch.cuda.synchronize()
    return {"clock": n/(time.perf_counter()-wall), "cpu_time": n/(cpu_seconds()-cpu)}

def compare(data, size, rounds):
    ("How many times the images a second the kept pixels give, by the clock and by CPU time: "
     "the ratio of medians, and that of each round")
    sides = {"flips": plain(data, size), "flips, kept": cached_dls(data, size),
             "fastai's": plain(data, size, fastais()), "same": plain(data, size, [zoom_and_light()]),
             "kept": cached_dls(data, size, augment=zoom_and_light())}
    for dls in sides.values(): dls.train.one_batch()
    found = [{name: rates(dls) for name,dls in sides.items()} for _ in range(rounds)]
    def ratio(kept, other, clock):
        middle = {name: median(r[name][clock] for r in found) for name in (kept,other)}
        return {"of_medians": round(middle[kept]/middle[other], 2),
                "by_round": [round(r[kept][clock]/r[other][clock], 2) for r in found]}
    pairs = {"flips": ("flips, kept","flips"), "zoom and light, against fastai's": ("kept","fastai's"),
             "zoom and light, the same transform": ("kept","same")}
    return {name: {clock: ratio(*pair, clock) for clock in ("clock","cpu_time")} for name,pair in pairs.items()}

def main():
    p = parser(__doc__)
    p.add_argument("--quiet", action="store_true", help="nothing else runs on the machine: use a thread for each core")
    p.add_argument("--rounds", type=int, default=5)
    args = p.parse_args()
    load = round(os.getloadavg()[0], 1)
    # the threads of one operation wait for each other by spinning: where anything else runs, that would be measured
    if not args.quiet: torch.set_num_threads(1)
    data = open_data(make_streets(size=(360,480)), name="drawn streets")
    data = replace(data, splits={**data.splits, "train": data.splits["train"]*TIMES})
    sizes = {}
    making = {}
    for size in (192,256),(360,480):
        name = f"{size[0]}x{size[1]}"
        pixel_file(data, size).unlink(missing_ok=True)
        began = time.perf_counter()
        cached_pixels(data, size)
        made = time.perf_counter()
        for _ in data.dls(size).train: pass
        making[name] = round((made-began)/(time.perf_counter()-made)*TIMES, 2)
        sizes[name] = compare(data, size, args.rounds)
        print(name, sizes[name], flush=True)
    record("data_path", f"ratios of images a second, kept pixels over DataBlock; {data}; batches of 8, {args.rounds} "
           f"rounds in turn, each image {TIMES} times an epoch", "--quiet", quiet=args.quiet, load_before=load,
           cores=len(os.sched_getaffinity(0)), threads=torch.get_num_threads(), ratios=sizes,
           making_in_plain_epochs=making)

if __name__=="__main__": main()
