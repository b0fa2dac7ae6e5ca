"What `pixelladder.show` draws, read back from the figure."
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt, numpy as np, pytest, torch
from pixelladder.codes import CAMVID_CODES, VOID
from pixelladder.palette import palette_for
from pixelladder.show import best_median_worst, colour_mask, legend, show_grids, show_predictions

codes,palette = ["Road","Car","Pole"],np.array([[128,64,128], [64,0,128], [192,192,128]], dtype=np.uint8)
mask = np.array([[0,1,2], [2,VOID,0]])

@pytest.fixture(autouse=True)
def closed():
    plt.close("all")
    yield
    plt.close("all")

def texts(ax): return [t.get_text() for t in ax.texts]
def colours(ax): return np.asarray(ax.images[0].get_array())

def test_an_image_of_another_size_is_a_sentence():
    mask = np.zeros((4,6), np.uint8)
    for image in (np.zeros((8,12,3)), np.zeros((3,8,12)), np.zeros((8,12))):
        with pytest.raises(ValueError, match="an image has the shape .* and its mask"): show_predictions([image], [mask], None, ["a"], [[0,0,0]])

def test_grids_share_one_cell_size_and_print_their_numbers():
    show_grids(torch.tensor([[[[1.,0.],[-2.,.125]]]]), np.arange(5), np.eye(9), titles=["a","b","a much longer title"])
    fig = plt.gcf()
    cells = [ax.get_position().width*fig.get_figwidth()/n for ax,n in zip(fig.axes, [2,5,9])]
    heights = [ax.get_position().height*fig.get_figheight()/n for ax,n in zip(fig.axes, [2,1,9])]
    np.testing.assert_allclose(cells+heights, cells[0])
    assert texts(fig.axes[0])==["1","0","-2","0.125"] and texts(fig.axes[1])==list("01234") and texts(fig.axes[2])==[]
    assert fig.get_facecolor()==(1,1,1,1) and all(ax.images[0].get_interpolation()=="nearest" for ax in fig.axes)

def test_grid_colours_say_what_a_grid_is():
    show_grids([1.], [1.], [1.], [0.], kinds=["input","kernel","output","input"])
    blue,orange,green,zero = [colours(ax)[0,0] for ax in plt.gcf().axes]
    assert blue.argmax()==2 and orange.argmax()==0 and green.argmax()==1
    assert zero.min() > .95 and (zero < 1).any() # pale, but not the white of the page

@pytest.mark.parametrize("shape", [(2,3,4), (2,1,4,4)])
def test_grid_of_several_channels_is_refused(shape):
    with pytest.raises(ValueError, match="more: pick one"): show_grids(np.ones(shape))

def test_grids_that_are_too_wide_shrink():
    show_grids(np.ones((4,60)), np.ones((4,60)))
    assert plt.gcf().get_figwidth() <= 12

def test_mask_is_coloured_and_void_is_grey():
    out = colour_mask(torch.tensor(mask), palette)
    assert out.dtype==np.uint8 and out.shape==(2,3,3)
    assert (out[mask==2]==palette[2]).all() and len(set(out[1,1].tolist()))==1 # grey: three equal channels

@pytest.mark.parametrize("code", [3, 254, -1, 256])
def test_code_outside_the_palette_is_an_error(code):
    with pytest.raises(ValueError, match=rf"codes \[{code}\].*0 to 2"): colour_mask(np.array([[0,code]]), palette)

def test_legend_names_what_is_present():
    fig = plt.figure(layout="constrained")
    legend([np.array([[2,0]]), np.array([[VOID]])], codes, palette)
    assert [t.get_text() for t in fig.legends[0].texts]==["Road","Pole","void"]
    road,pole,void = fig.legends[0].get_patches()
    np.testing.assert_allclose(pole.get_facecolor()[:3], palette[2]/255)
    assert void.get_hatch() and not road.get_hatch()

def test_void_that_was_not_mapped_is_named():
    "A drawn file's void is one code above the classes, and its palette has a row for it: in memory it must be 255."
    with pytest.raises(ValueError, match=r"codes \[3\].*0 to 2"):
        show_predictions([np.zeros((2,3,3))], [np.where(mask==VOID, 3, mask)], None, codes, np.vstack([palette, [[0,0,0]]]))
    plt.figure()
    with pytest.raises(ValueError, match=r"codes \[3\].*0 to 2"): legend([np.array([[3]])], codes, np.vstack([palette, [[0,0,0]]]))

def test_mistakes_show_what_was_predicted_and_leave_void_out():
    pred = np.array([[0,2,2], [2,1,1]]) # wrong at (0,1) and (1,2); (1,1) is void
    show_predictions([np.zeros((2,3,3), np.uint8)], [mask], [torch.tensor(pred)], codes, palette, rows=["best 0.60"])
    fig = plt.gcf()
    assert [ax.get_title() for ax in fig.axes]==["image","truth","prediction","mistakes"] and fig.axes[0].get_ylabel()=="best 0.60"
    shown = colours(fig.axes[3])
    assert (shown[0,1]==palette[2]).all() and (shown[1,2]==palette[1]).all()
    assert (shown[1,1]==190).all() and shown[(mask==pred)].min() > 200
    assert len(fig.axes[1].collections)==len(fig.axes[3].collections)==1 and not fig.axes[2].collections # hatched where there is void

@pytest.mark.parametrize("image", [torch.rand(3,2,3), torch.rand(2,3,3), torch.rand(1,2,3), np.zeros((2,3), np.uint8)])
def test_images_come_with_channels_first_or_last(image):
    show_predictions([image], [mask], None, codes, palette)
    assert [ax.get_title() for ax in plt.gcf().axes]==["image","truth"] and colours(plt.gcf().axes[0]).shape[:2]==(2,3)

def test_prediction_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 3\).*\(2, 3\)"): show_predictions([np.zeros((2,3,3))], [mask], [mask[:1]], codes, palette)
    assert not plt.get_fignums() # nothing half drawn

@pytest.mark.parametrize("images,preds", [(1,None), (3,None), (2,1), (2,3)])
def test_a_row_needs_one_of_each(images, preds):
    preds = preds if preds is None else [mask]*preds
    with pytest.raises(ValueError, match="2 masks"): show_predictions([np.zeros((2,3,3))]*images, [mask]*2, preds, codes, palette)

def test_rows_are_chosen_by_rule():
    assert best_median_worst([.3, .1, np.nan, .9, .5])==[3, 0, 1]
    assert best_median_worst(torch.tensor([.2]))==[0, 0, 0]
    with pytest.raises(ValueError, match="none of the 2"): best_median_worst([np.nan]*2)

def test_no_two_classes_of_a_street_look_alike():
    "A strip of two pixels must be told apart: Car, Fence and Pavement most of all. 14 was too near"
    from skimage.color import deltaE_ciede2000, rgb2lab
    lab = rgb2lab(palette_for(CAMVID_CODES)[None]/255)[0]
    apart = deltaE_ciede2000(lab[:,None], lab[None])
    thin = [CAMVID_CODES.index(c) for c in ("Car","Fence","Pavement")]
    assert apart[~np.eye(11, dtype=bool)].min() > 17 and min(apart[a,b] for a in thin for b in thin if a!=b) > 30
