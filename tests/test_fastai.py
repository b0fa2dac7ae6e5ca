"""fastai's own habits on a `dense_learner`: each is tried on loaders that fastai makes."""
import pixelladder # mends torchvision's import beside a CPU build of torch
import matplotlib, numpy as np, pytest, torch
matplotlib.use("Agg")
from fastai.vision.all import (DataBlock, DataLoaders, ImageBlock, Interpretation, MaskBlock, RandomSplitter, Resize, SegmentationDataLoaders, SegmentationInterpretation, get_image_files,
                               load_learner, squeezenet1_1)
from conftest import segnet_folder
from pixelladder.learner import dense_learner

SIZE,CODES = (32,48),[f"class {i}" for i in range(12)]

@pytest.fixture(scope="module")
def files(tmp_path_factory): return get_image_files(segnet_folder(tmp_path_factory.mktemp("d"), dict(train=8), size=SIZE)/"train").sorted()
def mask_of(file): return file.parent.parent/"trainannot"/file.name

def from_label_func(files): return SegmentationDataLoaders.from_label_func(files[0].parent, files, mask_of, codes=CODES, bs=2, item_tfms=Resize(SIZE), num_workers=0, valid_pct=.25, seed=0)
def data_block(files):
    return DataBlock((ImageBlock,MaskBlock(CODES)), get_y=mask_of, splitter=RandomSplitter(.25, seed=0), item_tfms=Resize(SIZE)).dataloaders(files, bs=2, num_workers=0)

@pytest.fixture(scope="module", params=[from_label_func, data_block], ids=lambda f: f.__name__)
def learn(request, files):
    torch.manual_seed(0)
    learn = dense_learner(request.param(files), squeezenet1_1, pretrained=False)
    learn.remove_cb(learn.progress)
    return learn

def test_it_is_where_its_data_is(learn):
    xb,yb = learn.dls.one_batch()
    assert learn.loss_func(learn.model(xb), yb).item()==pytest.approx(np.log(12), abs=.7) # as surprised as by a guess among twelve

def test_trains(learn):
    with learn.no_logging():
        assert learn.lr_find(num_it=4, show_plot=False).valley > 0
        learn.fine_tune(1, 1e-3)
        learn.fit_one_cycle(1, 1e-3)
        learn.to_fp16().fit(1)
        learn.to_fp32()
    assert len(learn.recorder.values[-1])==4 # two losses, two metrics
    learn.freeze()
    assert not any(p.requires_grad for m in learn.model.body.modules() if not isinstance(m, torch.nn.BatchNorm2d) for p in m.parameters(recurse=False))
    learn.unfreeze()

def test_shows_and_predicts(learn, files):
    learn.show_results(max_n=2)
    preds,targets = learn.get_preds()
    assert preds.shape==(2,12,*SIZE) and targets.shape==(2,*SIZE)
    mask,codes,scores = learn.predict(files[0])
    assert mask.shape==SIZE and (codes==scores.argmax(0)).all()
    assert learn.tta(n=1)[0].shape==(2,12,*SIZE) and len(learn.validate())==3

@pytest.mark.parametrize("kind", [SegmentationInterpretation, Interpretation])
def test_interpretation(learn, kind):
    losses,places = kind.from_learner(learn).top_losses(2)
    assert losses[0] >= losses[1] and sorted(places)==[0,1]

def test_keeps(learn, files, tmp_path):
    want = learn.predict(files[0])[1]
    learn.export(tmp_path/"m.pkl")
    with pytest.warns(UserWarning, match="pickle"): again = load_learner(tmp_path/"m.pkl")
    assert (again.predict(files[0])[1]==want).all()
    learn.save(tmp_path/"w")
    with torch.no_grad():
        for p in learn.model.parameters(): p.zero_()
    learn.load(tmp_path/"w")
    assert (learn.predict(files[0])[1]==want).all()

def test_pytorchs_own_loaders_do():
    "They have no device, no transforms and no chance of their own"
    pairs = torch.utils.data.TensorDataset(torch.rand(6, 3, *SIZE), torch.randint(0, 12, (6,*SIZE)))
    dls = DataLoaders(*(torch.utils.data.DataLoader(pairs, 2) for _ in range(2)))
    with pytest.raises(ValueError, match="normalize=False"): dense_learner(dls, squeezenet1_1, n_out=12, pretrained=False)
    learn = dense_learner(dls, squeezenet1_1, n_out=12, pretrained=False, normalize=False)
    before = learn.loss_func(learn.model(pairs[:6][0]), pairs[:6][1]).item()
    with learn.no_bar(), learn.no_logging(): learn.fit(2, 1e-3)
    assert learn.recorder.values[-1][0] < before
    void = torch.utils.data.TensorDataset(pairs.tensors[0], torch.full((6,*SIZE), 255))
    with pytest.raises(ValueError, match="void everywhere"):
        dense_learner(DataLoaders(*(torch.utils.data.DataLoader(void, 2) for _ in range(2))), squeezenet1_1, n_out=12, pretrained=False, normalize=False)
