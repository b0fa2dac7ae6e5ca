"What a notebook on segmentation needs: `from pixelladder.all import *`."
# A chosen list. After `from fastai.vision.all import *` its `load_model`, `save_model`, `show_batch` and `show_results`
# stay what they are: ours are `pixelladder.load`, `pixelladder.save`, and in their modules.
from .codes import CAMVID_CODES, VOC_CODES, VOID
from .palette import palette_for
from .show import load_results, show_grids, show_predictions
from .streets import make_streets
from .body import HEADS, Body, DensePredictor, Head, find_head
from .nearest import NearestHead, fit, nearest_upsample, bilinear_upsample
from .transposed import TransposedHead, output_size, transposed_conv, zero_insert
from .subpixel import BilinearHead, SubpixelHead, pixel_shuffle
from .data import SegmentationData, check_data, class_shares, open_data, split_audit, split_for
from .metrics import MeanIoU, PixelAccuracy, class_iou, confusion, mean_iou, pixel_accuracy
from .learner import BFloat16, MaskedDice, MaskedFocal, class_weights, dense_learner
from .fcn import FCNHead
from .dynamic_unet import from_dynamic_unet
from .unet import UnetHead
from .predict import Segmenter, evaluate, export_onnx
from .generative import PictureHead, picture_learner
from .check import check, go_on, hint, mine, progress, show_task, solution
from .summary import draw_unet, summary
from .cache import Augment, cached_dls
from .train import resume, train
