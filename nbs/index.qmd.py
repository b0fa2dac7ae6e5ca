"""
---
title: pixelladder
subtitle: From a coarse grid of activations to a prediction for every pixel
pagetitle: "pixelladder: a prediction for every pixel"
toc: false
---
"""
from pixelladder.docs import chapter_card, chapters, repository, score_table

clone = repository()
cards = "\n\n".join(chapter_card(stem, number) for stem,number in chapters().items())
print(f"""
A CNN turns a picture of 224x224 pixels into a grid of 7x7, and a classifier averages even that away. This course keeps
the grid and climbs back to the pixels, one rung at a time. Each claim is followed by the code that proves it.
[The repository]({clone}) is the course; `pip install` makes it a library.

![One drawn street, four times: as a picture, as 6x8 coarse cells, as a U-Net's answer, and the truth](images/ladder.png)

**Start here:** [read chapter 0](00_body_and_head.ipynb), [drag a kernel](explorer.qmd) and watch the stamps land, or
[segment a photo of yours](try.qmd) in the page, without sending it anywhere.

## Run it

Python 3.11 or 3.12 and `make`. No GPU, no data, no network once it is installed: a program draws the streets.

```sh
git clone {clone} && cd pixelladder
make lab
```

Only the library:

```sh
pip install git+{clone}
```

Beside the chapters, [`exercises/`]({repository("exercises", "tree")}) holds them with empty functions and checks that say
what is wrong and where; [`benchmarks/`]({repository("benchmarks", "tree")}) has the script behind every number, and
[`results/`]({repository("results", "tree")}) what it measured.

## The chapters

:::: {{.cards}}

{cards}

::::

## What each rung brings

CamVid, 11 classes, resnet18 from scratch, six epochs at 192x256, scored on `val` at 360x480: the median of three seeds.
[The ladder, measured](09_ladder.ipynb) says what a rung costs, when skips begin to pay, and what these numbers hide.

{score_table()}

What the sources claim, each with a verdict and a link to the cell that tests it: [the claims](claims.qmd).
""")
