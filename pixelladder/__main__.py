"`python -m pixelladder`: the command line, for `accelerate launch -m pixelladder train ...`."
from pixelladder.cli import main

main()
