"""Which destination token is each source token most similar to?"""

import torch
from torch import Tensor
from torch.nn import functional as F

from .compiling import is_tracing
from .dispatch import call_kernel, runs_kernel

# Rows of the source-by-destination matrix are worked off in chunks of about this many scores, so
# that the full matrix of a large map (3 GiB for the queries of stage 1 at 1024x1024) never exists.
_SCORES_PER_CHUNK = 2**23


@torch.no_grad()
def best_match(tokens: Tensor, src_index: Tensor, dst_index: Tensor) -> tuple[Tensor, Tensor]:
    """Find the destination token with the highest cosine similarity for every source token.

    Scores are formed and compared in fp32 whatever the dtype of the tokens and inside autocast,
    because scores rounded to 8 bits would turn most maps into ties. Decides without gradient.

    Args:
        tokens: All tokens, ``[B, N, C]``.
        src_index: Which of them are sources, ``[A]``.
        dst_index: Which of them are destinations, ``[D]`` with ``D >= 1``.

    Returns:
        The similarity of the best match, ``[B, A]`` in fp32 (fp64 for fp64 tokens), and its place
        in ``dst_index``, ``[B, A]``. A token of zeros has similarity 0 to all others.

    Source: Sec. III-B, Eq. 1; the cosine is tomesd's.
    """
    if runs_kernel(tokens):
        score, match = call_kernel('best_match', tokens, src_index, dst_index)
        return score, match
    with torch.autocast(tokens.device.type, enabled=False):
        dtype = torch.promote_types(tokens.dtype, torch.float32)
        tokens = F.normalize(tokens.to(dtype), dim=-1)
        src = tokens.index_select(1, src_index)
        dst = tokens.index_select(1, dst_index).transpose(1, 2)
        # The number of chunks would be that of the size that is traced or exported.
        if is_tracing() or isinstance(dst.shape[0], torch.SymInt):
            score, match = (src @ dst).max(dim=-1)
            return score, match
        rows = max(1, _SCORES_PER_CHUNK // (dst.shape[0] * dst.shape[2]))
        best = [(chunk @ dst).max(dim=-1) for chunk in src.split(rows, dim=1)]
    if len(best) == 1:
        return best[0].values, best[0].indices
    return torch.cat([b.values for b in best], 1), torch.cat([b.indices for b in best], 1)
