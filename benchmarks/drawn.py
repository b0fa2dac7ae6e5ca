"""Drawn streets to be trained on before photographs: as many drives as it takes, each with a sky, a light, a haze, trees and
a road of its own. The classes are CamVid's, and nobody had to label them. For `camvid_model.py` and `drives.py`."""
import zlib
import numpy as np
from PIL import Image
from pixelladder.codes import CAMVID_CODES
from pixelladder.streets import SEQUENCES, Drive, draw_street
from record import trained

FRAMES = 40 # of a drive
EPOCHS = 4 # of 2000 streets: as many steps as 22 epochs on CamVid

def drive(name):
    "A drive that nobody has seen: what it is like is drawn at random, by its name"
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    bright = rng.uniform(.6, 1.1)
    def colour(low, high): return tuple(int(min(255, bright*v)) for v in rng.uniform(low, high))
    light = tuple(bright*rng.uniform((.9,.9,.75), (1.1,1.05,1.1)))
    return Drive(FRAMES, colour((60,80,120), (200,210,230)), colour((170,160,120), (240,235,230)), light, rng.uniform(.004, .03),
                 rng.uniform(.2, .7), rng.uniform(3.2, 4.3), rng.uniform(2.8, 4.3), -rng.uniform(.4, 1), rng.uniform(.46, .55),
                 rng.uniform(0, 10))

def draw(folder, n, size):
    "`n` drawn streets in fastai's layout, every second frame of each drive; made once"
    if (folder/"codes.txt").exists(): return folder
    for name in ("images","labels"): (folder/name).mkdir(parents=True, exist_ok=True)
    names = []
    for i in range(n):
        name,frame = f"drive{i*2//FRAMES}",i*2%FRAMES
        SEQUENCES[name] = drive(name)
        names.append(f"{name}_{frame:04d}.png")
        for sub,end,picture in zip(("images","labels"), ("","_P"), draw_street(name, frame, size)):
            Image.fromarray(picture).save(folder/sub/f"{name}_{frame:04d}{end}.png")
    (folder/"valid.txt").write_text("\n".join(names[-FRAMES:])+"\n")
    (folder/"codes.txt").write_text("\n".join([*CAMVID_CODES, "Void"])+"\n")
    return folder

def streets_first(out, options, n=2000, size=(192,256)):
    "The folder in `out` of the model that was trained on `n` drawn streets with these options of `pixelladder train`"
    folder = out/("streets-first"+"".join(f"-{w}" for w in options.replace("--", "").split()))
    size_words = f"--size {size[0]}x{size[1]} --epochs {EPOCHS} --seed 0"
    trained(folder, str(draw(out/"streets", n, size)), f"{options} {size_words}")
    return folder
