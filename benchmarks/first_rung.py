"""The nearest head on CamVid, and the U-Net's beside it where both are pretrained, trained by the command line, three
seeds each; writes results/first_rung.json.

    python benchmarks/first_rung.py --data CAMVID --out FOLDER [--runs ...] [--seeds ...]

What is in FOLDER already is not trained again. Pretrained runs need squeezenet1_1's weights (see `TORCH_HOME`)."""
from record import parser, record_runs, scores, slug

OPTIONS = "--arch squeezenet1_1 --size 96x128 --epochs 4 --lr 0.002"
RUNS = {"nearest, squeezenet1_1, from scratch": f"--head nearest {OPTIONS} --no-bf16",
        "nearest, squeezenet1_1, pretrained": f"--head nearest {OPTIONS} --pretrained --no-bf16",
        "unet, squeezenet1_1, pretrained": f"--head unet {OPTIONS} --pretrained --no-bf16"}
COMMAND = "pixelladder train --data CAMVID {} --seed SEED --out DIR"

def main():
    args = parser(__doc__, "first_rung", RUNS).parse_args()
    def run(name, seed): return scores(args.out/f"{slug(name)}-{seed}", args.data, f"{RUNS[name]} --seed {seed}")
    record_runs("first_rung", "CamVid, 11 classes, published split, val, counted at 360x480", args, run,
                about={name: {"command": COMMAND.format(words)} for name,words in RUNS.items()})

if __name__=="__main__": main()
