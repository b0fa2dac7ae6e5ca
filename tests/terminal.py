"""`pixelladder` as in a terminal, without the seconds that its imports take each time.

Run as a script it is a process that has imported all and has computed nothing. It forks a child for each command."""
import json, os, subprocess, sys, tempfile
from functools import cache
from pathlib import Path

def child(words, env, out, err):
    "Be that command, and end"
    os.environ.clear(); os.environ.update(env)
    for fd,file in ((0,os.devnull), (1,out), (2,err)): os.dup2(os.open(file, os.O_RDWR), fd)
    from pixelladder.cli import main
    sys.argv,status = ["pixelladder",*words],0
    try: main(words)
    except SystemExit as e:
        if isinstance(e.code, str): print(e.code, file=sys.stderr)
        status = e.code if isinstance(e.code, int) else e.code is not None
    except BaseException: import traceback; traceback.print_exc(); status = 1
    for f in (sys.stdout, sys.stderr): f.flush()
    os._exit(status)

def serve():
    import pixelladder.all, pixelladder.cli, pixelladder.train
    for line in sys.stdin:
        job = json.loads(line)
        if not (pid := os.fork()): child(**job)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)

if __name__=="__main__": serve(); sys.exit()

@cache
def server(): return subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

def run(*words, **env):
    "What the command with these words gave: `returncode`, `stdout`, `stderr`"
    words,p = [*map(str, words)],server()
    with tempfile.TemporaryDirectory() as folder:
        out,err = (Path(folder)/name for name in ("out","err"))
        for file in (out,err): file.touch()
        print(json.dumps(dict(words=words, env={**os.environ, **env}, out=str(out), err=str(err))), file=p.stdin, flush=True)
        return subprocess.CompletedProcess(words, int(p.stdout.readline()), out.read_text(), err.read_text())
