"Everything, for notebooks: `from pixelladder.all import *`."
from .body import *
from .cache import *
from .check import *
from .data import *
from .fcn import *
from .ladder import *
from .learner import *
from .metrics import *
from .nearest import *
from .predict import *
from .runs import *
from .show import *
from .streets import *
from .subpixel import *
from .transposed import *
from .unet import *
