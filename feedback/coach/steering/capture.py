"""Hidden states at the last token, read by hooks of our own.

`output_hidden_states` would miss what is added to a block's output by a hook that runs after it is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from feedback.coach.steering.blocks import decoder_blocks, first_hidden, require_finite
from feedback.coach.steering.exchange import Row, batches


@torch.inference_mode()
def last_states(
    model: Any, rows: Sequence[Row], layers: Sequence[int], *, batch: int = 16
) -> dict[int, torch.Tensor]:
    """For each layer the block's output at each row's last token: float32 [rows, width], on the CPU.

    A hook that was installed earlier has already changed what is read here. Raises SteeringError for
    states that are not numbers.
    """
    blocks = decoder_blocks(model)
    seen: dict[int, torch.Tensor] = {}
    handles = [
        blocks[layer].register_forward_hook(
            lambda block, inputs, output, layer=layer: seen.__setitem__(layer, first_hidden(output))
        )
        for layer in layers
    ]
    states = {layer: [torch.empty(0)] * len(rows) for layer in layers}
    try:
        for part, ids, mask in batches(rows, batch):
            model(input_ids=ids.to(model.device), attention_mask=mask.to(model.device), use_cache=False)
            last = mask.sum(dim=1) - 1  # [b]
            for layer in layers:
                picked = seen[layer][torch.arange(len(part)), last.to(seen[layer].device)].float().cpu()
                for at, number in enumerate(part):
                    states[layer][number] = picked[at]
    finally:
        for handle in handles:
            handle.remove()
    joined = {layer: torch.stack(found) for layer, found in states.items()}
    require_finite(list(joined.values()), "hidden states")
    return joined
