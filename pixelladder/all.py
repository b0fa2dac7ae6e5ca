"Everything, for notebooks: `from pixelladder.all import *`."
from .body import *
from .data import *
from .learner import *
from .metrics import *
from .nearest import *
from .predict import *
from .show import *
from .streets import *
