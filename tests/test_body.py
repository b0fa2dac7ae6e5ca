"Bodies: what they state about their grids is what they give; any size in, the same out."
import pytest, torch
import pixelladder
from pixelladder.body import BODIES, Body, DensePredictor
from pixelladder.nearest import NearestHead

SMALL = ["resnet18", "squeezenet1_1", "mobilenet_v3_small", "vgg16_bn"]

@pytest.mark.parametrize("arch", BODIES)
def test_states_what_it_gives(arch):
    body = Body(arch).eval()
    with torch.no_grad(): features = body(torch.randn(1, 3, 96, 128))
    assert [f.shape[1] for f in features] == body.channels
    for f,stride in zip(features, body.strides): assert abs(f.shape[2]-96/stride) <= 1 and abs(f.shape[3]-128/stride) <= 1
    assert body.strides == sorted(set(body.strides))
    with torch.no_grad():
        body(torch.randn(1, 3, body.minimum, body.minimum))
        if body.minimum > 1:
            with pytest.raises(RuntimeError): body(torch.randn(1, 3, body.minimum-1, body.minimum-1))

@pytest.mark.parametrize("arch", [*SMALL, "mobilenetv4_conv_small"])
@pytest.mark.parametrize("size", [(1,1), (31,33), (97,130)])
def test_same_size_out(arch, size):
    body = Body(arch)
    model = DensePredictor(body, NearestHead(body, 5)).eval()
    with torch.no_grad(): assert model(torch.randn(1, 3, *size)).shape == (1, 5, *size)

def test_timm_states_its_own_normalization():
    assert Body("mobilenetv4_conv_small").stats[0] is not None
    with pytest.raises(ValueError, match="at least 3"): Body("vit_tiny_patch16_224")

def test_refused_by_name():
    import torchvision
    for arch in (torchvision.models.mobilenet_v2, torchvision.models.shufflenet_v2_x1_0):
        with pytest.raises(ValueError, match="timm"): Body(arch)

def test_missing_weights_are_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    def refuse(*args, **kwargs): raise OSError("no network")
    monkeypatch.setattr("torch.hub.download_url_to_file", refuse)
    with pytest.raises(OSError, match="pretrained=False.*") as e: Body("squeezenet1_1", pretrained=True)
    assert "squeezenet1_1" in str(e.value) and "TORCH_HOME" in str(e.value)
