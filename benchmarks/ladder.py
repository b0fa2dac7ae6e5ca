"""Every head on CamVid at one budget, and some of them at others; writes results/ladder.json.

    python benchmarks/ladder.py --data CAMVID --out FOLDER [--budgets "192x256, 6 epochs" ...]
    python benchmarks/ladder.py --data CAMVID --yardsticks   # counts these anew, and trains nothing

The first budget is the ladder. The others ask when skips begin to pay: at a smaller size, after more epochs.
`pixelladder ladder` does the same, one budget at a time; a budget that was measured stays in the file."""
from pixelladder.body import HEADS
from pixelladder.data import open_data
from pixelladder.ladder import climb, ladder_table, measure, yardsticks # names all heads
from record import mean_iou, parser, record, recorded, slug

BUDGETS = {"192x256, 6 epochs": (list(HEADS), 3, {}), # heads, seeds, options
           "96x128, 6 epochs": ([h for h in HEADS if h!="dynamic_unet"], 3, {"size": (96,128)}),
           "192x256, 24 epochs": (["fcn32","fcn8","unet"], 2, {"epochs": 24})}

def write(budgets):
    record("ladder", "CamVid, 11 classes, published split, val, counted at 360x480; resnet18 from scratch",
           "--data CAMVID", budgets=budgets)

def count_yardsticks(data):
    "Of every budget that was measured"
    budgets = recorded("ladder", "budgets")
    for found in budgets.values():
        found["yardsticks"] = yardsticks(open_data(data), found["budget"]["holdout"], size=found["budget"]["size"])
    write(budgets)

def main():
    p = parser(__doc__, "ladders")
    p.add_argument("--budgets", nargs="+", choices=list(BUDGETS), default=list(BUDGETS), metavar="BUDGET")
    p.add_argument("--yardsticks", action="store_true")
    args = p.parse_args()
    if args.yardsticks: return count_yardsticks(args.data)
    for name in args.budgets:
        heads,seeds,options = BUDGETS[name]
        out = args.out/slug(name)
        for run in climb(args.data, out, heads, seeds, **options):
            print(f"{name}: {run['head']}, seed {run['seed']}: {mean_iou(run)}", flush=True)
        budgets = recorded("ladder", "budgets") | {name: measure(args.data, out, heads, seeds)}
        print(ladder_table(budgets[name]).to_string(), flush=True)
        write(budgets)

if __name__=="__main__": main()
