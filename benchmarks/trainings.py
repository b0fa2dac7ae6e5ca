"""Does the trainings that `results/` still wants, one at a time, hour after hour, beside other work.

    TORCH_HOME=... nohup nice python benchmarks/trainings.py --data CAMVID --out FOLDER &

Stop it whenever you like, and start it again: what was counted is kept in FOLDER and what was half trained is gone on with,
by the scripts themselves. A script that fails is named, and the next one begins; it is tried again at the next start.
A second queue in the same FOLDER is refused. FOLDER/log.txt has what the scripts said."""
import subprocess, sys
from pixelladder.files import lock_folder, replacing
from record import ROOT, parser, slug

QUEUE = [ # the shortest way to an answer first; a later seed after the first of all
    "drives --seeds 0 --runs today crops weather",
    "drives --seeds 0 --runs standardize weather-standardize",
    "headline",
    "rungs",
    "drives --seeds 0 --runs streets-first-standardize streets-first scratch scratch-streets-first scratch-44-epochs lovasz stride-2",
    "drives --seeds 0 --runs standardize-44-epochs streets-first-standardize-44-epochs dice two-convolutions twice-as-wide 24-epochs hard-pixels",
    "drives --seeds 0 1 --runs today standardize streets-first-standardize streets-first weather crops",
    "drives --seeds 0 --runs no-class-weights median-frequency twice-the-rate body-at-the-full-rate",
    "drives --seeds 0 1 2",
    "camvid_model"]

def run(job, args):
    "Did it end well?"
    script,*words = job.split()
    command = [sys.executable, ROOT/"benchmarks"/f"{script}.py", "--data", args.data, "--out", args.out/script, *words]
    with open(args.out/"log.txt", "a") as log:
        print(f"\n$ {job}", file=log, flush=True)
        return subprocess.run(command, stdout=log, stderr=subprocess.STDOUT).returncode==0

def main():
    args = parser(__doc__, "trainings").parse_args()
    failed = []
    with lock_folder(args.out, "training into"):
        for job in QUEUE:
            done = args.out/f"{slug(job.replace(' --', '-'))}.done"
            if done.exists(): continue
            print(job, flush=True)
            if not run(job, args):
                failed.append(job)
                print(f"failed: see {args.out/'log.txt'}", flush=True)
                continue
            with replacing(done) as draft: draft.touch()
    sys.exit(f"{len(failed)} of {len(QUEUE)} failed: {'; '.join(failed)}" if failed else None)

if __name__=="__main__": main()
