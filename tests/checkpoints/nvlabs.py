"""SegFormer in the order of layers, and under the names, of NVlabs' published models.

Only what a checkpoint of theirs determines, in plain PyTorch: names and epsilons of the layers,
queries apart from keys and values, bare linears per level, levels concatenated from the coarsest.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DEPTHS = {'b0': (2, 2, 2, 2), 'b2': (3, 4, 6, 3)}
WIDTHS = {'b0': (32, 64, 160, 256), 'b2': (64, 128, 320, 512)}
HEAD_CHANNELS = {'b0': 256, 'b2': 768}
HEADS, RATIOS = (1, 2, 5, 8), (8, 4, 2, 1)


def to_map(tokens: Tensor, hw: tuple[int, int]) -> Tensor:
    return tokens.transpose(1, 2).unflatten(2, hw)


class PatchEmbed(nn.Module):
    def __init__(self, channels: int, width: int, kernel: int, stride: int):
        super().__init__()
        self.proj = nn.Conv2d(channels, width, kernel, stride, kernel // 2)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor):
        x = self.proj(x)
        return self.norm(x.flatten(2).transpose(1, 2)), x.shape[2:]


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, ratio: int):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)
        if ratio > 1:
            self.sr = nn.Conv2d(width, width, ratio, ratio)
            self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, hw):
        reduced = x
        if hasattr(self, 'sr'):
            reduced = self.norm(self.sr(to_map(x, hw)).flatten(2).transpose(1, 2))
        k, v = self.kv(reduced).chunk(2, dim=-1)
        q, k, v = (
            each.unflatten(-1, (self.heads, -1)).transpose(1, 2) for each in (self.q(x), k, v)
        )
        weights = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).flatten(2))


class DepthWise(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 3, padding=1, groups=width)


class Mlp(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.dwconv = DepthWise(4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor, hw):
        hidden = self.dwconv.dwconv(to_map(self.fc1(x), hw))
        return self.fc2(F.gelu(hidden.flatten(2).transpose(1, 2)))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, ratio: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads, ratio)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor, hw):
        x = x + self.attn(self.norm1(x), hw)
        return x + self.mlp(self.norm2(x), hw)


class MixTransformer(nn.Module):
    def __init__(self, variant: str, channels: int = 3, classifier: bool = False):
        super().__init__()
        for i, width in enumerate(WIDTHS[variant]):
            n = i + 1
            embed = PatchEmbed(channels, width, *((3, 2) if i else (7, 4)))
            blocks = [Block(width, HEADS[i], RATIOS[i]) for _ in range(DEPTHS[variant][i])]
            self.add_module(f'patch_embed{n}', embed)
            self.add_module(f'block{n}', nn.ModuleList(blocks))
            self.add_module(f'norm{n}', nn.LayerNorm(width, eps=1e-6))
            channels = width
        if classifier:
            self.head = nn.Linear(width, 1000)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for n in range(1, 5):
            tokens, hw = getattr(self, f'patch_embed{n}')(x)
            for block in getattr(self, f'block{n}'):
                tokens = block(tokens, hw)
            x = to_map(getattr(self, f'norm{n}')(tokens), hw)
            maps.append(x)
        return maps


class Projection(nn.Module):
    def __init__(self, width: int, channels: int):
        super().__init__()
        self.proj = nn.Linear(width, channels)


class Fuse(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(4 * channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels)


class Head(nn.Module):
    def __init__(self, variant: str, classes: int):
        super().__init__()
        channels = HEAD_CHANNELS[variant]
        self.conv_seg = nn.Conv2d(128, classes, 1)  # of the base class, never called
        for n, width in enumerate(WIDTHS[variant], 1):
            self.add_module(f'linear_c{n}', Projection(width, channels))
        self.linear_fuse = Fuse(channels)
        self.linear_pred = nn.Conv2d(channels, classes, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        levels = []
        for n, level in enumerate(maps, 1):
            hidden = getattr(self, f'linear_c{n}').proj(level.flatten(2).transpose(1, 2))
            hidden = to_map(hidden, level.shape[2:])
            levels.append(F.interpolate(hidden, maps[0].shape[2:], mode='bilinear'))
        fused = self.linear_fuse.bn(self.linear_fuse.conv(torch.cat(levels[::-1], dim=1)))
        return self.linear_pred(fused.relu())


class Segformer(nn.Module):
    def __init__(self, variant: str, classes: int = 19):
        super().__init__()
        self.backbone = MixTransformer(variant)
        self.decode_head = Head(variant, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode_head(self.backbone(x))
