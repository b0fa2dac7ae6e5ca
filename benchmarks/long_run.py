"""Does a long training grow? 300 epochs of a tiny one with two loading processes; after each: memory, open files and processes left.

Reads Linux's /proc of the training process, right after it has printed an epoch's line."""
import os, re, subprocess, sys, tempfile
from pathlib import Path
from record import ROOT, parser, record

sys.path.insert(0, str(ROOT/"tests"))
from conftest import segnet_folder

def look(pid):
    "Resident memory in MiB, open files, and children of the process"
    status = Path(f"/proc/{pid}/status").read_text()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])/1024,len(os.listdir(f"/proc/{pid}/fd")),len(children)

def main():
    p = parser(__doc__)
    p.add_argument("--epochs", type=int, default=300)
    epochs = p.parse_args().epochs
    folder = Path(tempfile.mkdtemp())
    segnet_folder(folder/"data", dict(train=16, val=4), size=(48,64))
    words = f"train --data {folder/'data'} --crop 32x32 --arch squeezenet1_1 --batch-size 4 --epochs {epochs} --out {folder/'out'}"
    run = subprocess.Popen([sys.executable, "-m", "pixelladder", *words.split()], stdout=subprocess.PIPE, text=True)
    seen = [look(run.pid) for line in run.stdout if line.startswith("epoch ")]
    if run.wait() or len(seen)!=epochs: sys.exit(f"the training ended after {len(seen)} epochs, with status {run.returncode}")
    at = [e for e in (10, 50, 100, 150, 200, 250, 300) if e<=epochs]
    found = {str(e): dict(zip(("memory_mib","open_files","children"), (round(seen[e-1][0], 1), *seen[e-1][1:]))) for e in at}
    for e,f in found.items(): print(e, f)
    record("long_run", "memory, open files and children of a training process with two loading processes, after so many epochs", f"--epochs {epochs}", after_epoch=found)

if __name__=="__main__": main()
