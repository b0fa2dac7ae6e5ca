"""Writes the tables of README.md from results/, between the marks `<!-- NAME -->` and `<!-- end of NAME -->`, and draws
its plot, nbs/images/cost.png.

    python benchmarks/tables.py"""
import hashlib, json
from record import ROOT, THIN, recorded

def spread(values):
    "The median of the seeds, and their range; one seed alone as it is"
    values = sorted(values)
    if len(values)==1: return f"{values[0]:.3f}"
    return f"{values[len(values)//2]:.3f} ({values[0]:.3f} to {values[-1]:.3f})"

BUDGET = "192x256, 6 epochs"
def thin(iou): return sum(iou[c] for c in THIN)/len(THIN)

def ladder():
    "Every head at one budget, cheapest first, beside its cost; then the yardsticks"
    found = recorded("ladder", "budgets")[BUDGET]
    fastest = min(c["seconds"] for c in found["cost"].values())
    rows = ["| head | mean IoU | mean IoU of the five thin classes | parameters | a training step |",
            "|---|---|---|---|---|"]
    for head,c in sorted(found["cost"].items(), key=lambda hc: hc[1]["seconds"]):
        runs = [run for run in found["runs"] if run["head"]==head]
        rows.append(f"| {head} | {spread([r['mean_iou'] for r in runs])} | {spread([thin(r['iou']) for r in runs])} | "
                    f"{c['parameters']/1e6:.1f} M | {c['seconds']/fastest:.1f} |")
    for name,y in found["yardsticks"].items():
        if name.startswith("averaged") and not name.endswith(" 32"): continue
        rows.append(f"| *{name}* | {y['mean_iou']:.3f} | {thin(y['iou']):.3f} | | |")
    return "\n".join(rows)

def longer():
    "Without skips, with two, with three: at other budgets"
    budgets = recorded("ladder", "budgets")
    def scores(found, head):
        values = [run["mean_iou"] for run in found["runs"] if run["head"]==head]
        return spread(values) if len(values)>2 else " and ".join(f"{v:.3f}" for v in values)
    names = sorted(budgets, key=lambda n: (int(n.split()[1]), int(n.split("x")[0])))
    rows = ["| head | " + " | ".join(names) + " |", "|---"*(len(names)+1) + "|"]
    for head in ("fcn32","fcn8","unet"):
        rows.append(f"| {head} | " + " | ".join(scores(budgets[n], head) for n in names) + " |")
    return "\n".join(rows)

def speed():
    "How many times as fast as the others the U-Net head is, and its share of their memory"
    names = {"unet, bf16": "unet in bfloat16", "dynamic_unet": "fastai DynamicUnet", "smp": "segmentation_models_pytorch Unet"}
    rows = ["| U-Net head, on a CPU | training step | one image | memory of a step |", "|---|---|---|---|"]
    for pair,r in recorded("speed", "ratios").items():
        if not pair.startswith(("unet against","unet, bf16 against")): continue
        for word,name in names.items(): pair = pair.replace(word, name)
        if "bfloat16" in pair: pair += " in float32"
        step,image = (f"{r[k]:.1f} times as fast" for k in ("step","image"))
        rows.append(f"| {pair} | {step} | {image} | {r['MiB']:.2f} of it |")
    return "\n".join(rows)

TABLES = {"ladder": ladder, "longer": longer, "speed": speed}

def filled(text):
    "`text` with each table between its marks"
    for name,make in TABLES.items():
        begin = f"<!-- {name} -->"
        end = f"<!-- end of {name} -->"
        if not text.count(begin)==text.count(end)==1:
            raise ValueError(f"README.md needs the marks {begin} and {end}, once each")
        before,rest = text.split(begin)
        text = f"{before}{begin}\n{make()}\n{end}{rest.split(end)[1]}"
    return text

PLOT = ROOT/"nbs"/"images"/"cost.png"
def plotted():
    "What the plot shows, as a digest that is kept in the picture itself"
    found = recorded("ladder", "budgets")[BUDGET]
    return hashlib.sha256(json.dumps([found["runs"], found["cost"], found["yardsticks"]]).encode()).hexdigest()

def plot():
    from pixelladder.ladder import plot_ladder
    import matplotlib.pyplot as plt
    plot_ladder(recorded("ladder", "budgets")[BUDGET])
    plt.savefig(PLOT, dpi=110, metadata={"results": plotted()})

if __name__=="__main__":
    (ROOT/"README.md").write_text(filled((ROOT/"README.md").read_text()))
    plot()
