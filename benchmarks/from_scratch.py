"""How far chapter 9's recipe from scratch gets at 360x480 in so many epochs; writes results/from_scratch.json.

    python benchmarks/from_scratch.py --data CAMVID --out FOLDER [--epochs 16]

An epoch takes some five minutes of one core. A run that was stopped goes on. Nothing is chosen by `val`: the last epoch is
what counts, and the curve is shown whole."""
import pandas as pd
from record import mean_iou, parser, record, scores

OPTIONS = "--size 360x480 --augment --standardize --class-weights --seed 0"

def main():
    p = parser(__doc__, "from_scratch")
    p.add_argument("--epochs", type=int, default=16)
    args = p.parse_args()
    folder = args.out/f"{args.epochs}-epochs"
    val = scores(folder, args.data, f"{OPTIONS} --epochs {args.epochs}")
    curve = pd.read_csv(folder/"history.csv").drop(columns="time").to_dict("list")
    record("from_scratch", "CamVid, 11 classes, published split, counted at 360x480", f"--data CAMVID --epochs {args.epochs}",
           options=OPTIONS, epochs=args.epochs, val=val, curve=curve)
    print(mean_iou(val))

if __name__=="__main__": main()
