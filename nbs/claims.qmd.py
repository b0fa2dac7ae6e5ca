"""
---
title: "Claims, and what became of them"
subtitle: What the sources of this course say, tried by running it.
pagetitle: Claims, pixelladder
toc: true
---
"""
from collections import Counter
from pixelladder.docs import VERDICTS, claim_tables, claims

rows = claims()
count = Counter(row["verdict"] for row in rows)
total = ", ".join(f"{count[v]} {v.replace('holds', 'hold', 1).replace('does not hold', 'do not hold')}" for v in VERDICTS)
questions = [ # The questionnaire of the book's chapter 15, in our words: where it is answered
    ("What is the head of a network, and what the body?", "[the cut](00_body_and_head.ipynb#cut_classifier)"),
    ("What is cutting, and why is it done?", "[the cut](00_body_and_head.ipynb#cut_classifier)"),
    ("What is in `model_meta`?", "[body and head](00_body_and_head.ipynb), where its entry for a network makes the same cut as ours"),
    ("What does each line of `create_head` do, and why is each layer there?", "[the head, built again](00_body_and_head.ipynb#classifier_head)"),
    ("How are dropout, layer sizes and the number of layers changed?", "[the head's size](00_body_and_head.ipynb#head_parameters)"),
    ("What does `AdaptiveConcatPool2d` do?", "[the two poolings](00_body_and_head.ipynb#concatpool)"),
    ("What is nearest neighbour interpolation, and what is it for?", "[nearest neighbour](01_nearest.ipynb#nearest_upsample)"),
    ("What is a transposed convolution, and what else is it called?", "[stamps](02_transposed.ipynb#stamp); *deconvolution* is the name that promises too much"),
    ("What comes out of a layer with `transpose=True`?", "[transposed convolution](02_transposed.ipynb#output_size): 9 of 7, with fastai's defaults"),
    ("Draw a U-Net.", "[U-Net](08_unet.ipynb#unethead), where code draws it"),
    ("How does back-propagation through time go for texts, and how are lengths handled?", "not in this course: it has no texts"),
    ("What does each line of `TabularModel` do?", "not in this course: it has no tables"),
    ("Which steps are taken against overfitting, and why is a smaller model the last of them?", "not in this course as a list; [the ladder](09_ladder.ipynb) measures at one budget"),
]
print(f"""
A textbook sentence is worth what its test is worth. Each claim below is in our words, with the source and its section;
the link leads to the cell that asserts the verdict, every time the notebook runs. Of {len(rows)} claims {total}.

{claim_tables(rows)}

## The book's questionnaire

Chapter 15 of *Deep Learning for Coders* ends with questions. In our words, and where each is answered:

""" + "\n".join(f"{i}. {q} {where}." for i,(q,where) in enumerate(questions, 1)))
