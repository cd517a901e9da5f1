"""The two laws, their wrong-order rivals, and their fits to many curves at once.

Alignment   B(r) = tanh(a·r + b0)                                  rival  b0 + c·r² or b0 + c·r·|r|
Helpfulness P(r) = f + (P0 - f) / (1 + k·(r - r0)²)                rival  f + (P0 - f)·(1 - s·|r - r0|)

`f` is the floor of pure chance. A law and its rival have the same number of parameters. With f = r0 = 0 the
relative loss is 1 - P/P0 = k·r²/(1 + k·r²), quadratic near 0 (the forms that the authors' code fits). Of
alignment's two quadratic rivals the better counts: the even one follows no curve that only rises or falls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

STEPS = 80
QUIET = 8
Model = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Fit:
    """`parameters`: name -> value per curve [curves]; `r2` and `aic` per curve."""

    parameters: dict[str, torch.Tensor]
    r2: torch.Tensor
    aic: torch.Tensor

    def first(self) -> dict[str, float]:
        return self.rows()[0]

    def rows(self) -> list[dict[str, float]]:
        """The parameters, curve by curve."""
        values = zip(*(value.tolist() for value in self.parameters.values()), strict=True)
        return [dict(zip(self.parameters, row, strict=True)) for row in values]


def fit_alignment(r: torch.Tensor, curves: torch.Tensor) -> Fit:
    """a and b0 of the tanh law. r: [g], curves: [curves, g] in [-1, 1]."""
    bent = torch.atanh(curves.clamp(-0.999, 0.999))
    slope = ((bent * (r - r.mean())).sum(1)) / ((r - r.mean()) ** 2).sum()
    start = torch.stack([slope, bent.mean(1) - slope * r.mean()], dim=1)

    def model(p: torch.Tensor, r: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        value = torch.tanh(p[:, :1] * r + p[:, 1:2])
        steep = 1 - value**2
        return value, torch.stack([steep * r, steep], dim=-1)

    found, value = _least_squares(model, [start], r, curves)
    return _fit({"a": found[:, 0], "b0": found[:, 1]}, value, curves)


def fit_alignment_rival(r: torch.Tensor, curves: torch.Tensor) -> Fit:
    """The better quadratic rival of each curve, by ordinary least squares; `odd` is 1 for b0 + c·r·|r|."""
    designs = [torch.stack([torch.ones_like(r), bend], dim=1) for bend in (r**2, r * r.abs())]
    found = [torch.linalg.lstsq(design, curves.T).solution.T for design in designs]
    values = [one @ design.T for one, design in zip(found, designs, strict=True)]
    left = torch.stack([((curves - value) ** 2).sum(1) for value in values])  # [2, curves]
    odd = left[1] < left[0]
    best = torch.where(odd[:, None], found[1], found[0])
    value = torch.where(odd[:, None], values[1], values[0])
    fit = _fit({"b0": best[:, 0], "c": best[:, 1]}, value, curves)
    return Fit({**fit.parameters, "odd": odd.to(curves.dtype)}, fit.r2, fit.aic)


def fit_helpfulness(r: torch.Tensor, curves: torch.Tensor, floor: float = 0.0) -> Fit:
    """P0, k and r0 of the quadratic law. curves: [curves, g] in [0, 1]."""

    def model(p: torch.Tensor, r: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        height, root, away = p[:, :1] - floor, p[:, 1:2], r - p[:, 2:3]
        below = 1 + root**2 * away**2  # k = root², so a loss can never be a gain
        slope = -height / below**2
        columns = [1 / below, slope * 2 * root * away**2, -slope * 2 * root**2 * away]
        return floor + height / below, torch.stack(columns, dim=-1)

    found, value = _least_squares(model, _peaks(r, curves, floor, power=2), r, curves)
    return _fit({"P0": found[:, 0], "k": found[:, 1] ** 2, "r0": found[:, 2]}, value, curves)


def fit_helpfulness_rival(r: torch.Tensor, curves: torch.Tensor, floor: float = 0.0) -> Fit:
    """The linear rival: a tent."""

    def model(p: torch.Tensor, r: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        height, slope, away = p[:, :1] - floor, p[:, 1:2], r - p[:, 2:3]
        columns = [1 - slope * away.abs(), -height * away.abs(), height * slope * away.sign()]
        return floor + height * (1 - slope * away.abs()), torch.stack(columns, dim=-1)

    found, value = _least_squares(model, _peaks(r, curves, floor, power=1), r, curves)
    return _fit({"P0": found[:, 0], "s": found[:, 1], "r0": found[:, 2]}, value, curves)


def alignment_at(parameters: dict[str, float], r: torch.Tensor) -> torch.Tensor:
    """The tanh law B(r), shape of `r`, in [-1, 1]. `r`: strengths in the units of the hidden states (a unit
    vector times r is added); `parameters`: "a" per unit of r, "b0". Raises KeyError where one is missing."""
    return torch.tanh(parameters["a"] * r + parameters["b0"])


def helpfulness_at(parameters: dict[str, float], r: torch.Tensor, floor: float) -> torch.Tensor:
    """The quadratic law P(r), shape of `r`: a probability in [floor, P0]. `r` as for `alignment_at`;
    `parameters`: "P0", "k" per unit of r squared, "r0" in units of r; `floor`: that of pure chance, 1/n with
    n options, else 0. Raises KeyError where a parameter is missing."""
    away = r - parameters["r0"]
    return floor + (parameters["P0"] - floor) / (1 + parameters["k"] * away**2)


def r_squared(value: torch.Tensor, data: torch.Tensor) -> torch.Tensor:
    """Per curve; 0 for data without any variation, which a fit explains nothing of."""
    total = ((data - data.mean(-1, keepdim=True)) ** 2).sum(-1)
    left = ((data - value) ** 2).sum(-1)
    return torch.where(total > 1e-14, 1 - left / total.clamp(min=1e-14), torch.zeros_like(total))


def _peaks(r: torch.Tensor, curves: torch.Tensor, floor: float, power: int) -> list[torch.Tensor]:
    """Starting points: the peak at 0, and at the highest grid point."""
    starts = []
    for peak in (torch.zeros(len(curves), dtype=r.dtype), r[curves.argmax(1)]):
        top = curves.max(1).values
        ends = torch.minimum(curves[:, 0], curves[:, -1])
        drop = ((top - ends) / (ends - floor).clamp(min=1e-6)).clamp(1e-3, 1e3)
        reach = r.abs().max()
        rate = drop.sqrt() / reach if power == 2 else (drop / (1 + drop)) / reach
        starts.append(torch.stack([top, rate, peak], dim=1))
    return starts


def _fit(parameters: dict[str, torch.Tensor], value: torch.Tensor, curves: torch.Tensor) -> Fit:
    count = curves.shape[1]
    left = ((curves - value) ** 2).sum(1).clamp(min=1e-14 * count)
    aic = count * torch.log(left / count) + 2 * (len(parameters) + 1)
    return Fit(parameters, r_squared(value, curves), aic)


def _least_squares(
    model: Model, starts: list[torch.Tensor], r: torch.Tensor, curves: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Levenberg and Marquardt's method for all curves at once, from each start; the best end is kept."""
    ends = [_descend(model, start, r, curves) for start in starts]
    losses = torch.stack([loss for _, loss in ends])  # [starts, curves]
    best = losses.argmin(0)
    found = torch.stack([point for point, _ in ends])[best, torch.arange(len(curves))]
    return found, model(found, r)[0]


def _descend(
    model: Model, point: torch.Tensor, r: torch.Tensor, curves: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    value, slope = model(point, r)
    loss = ((curves - value) ** 2).sum(1)
    damping = torch.full_like(loss, 1e-3)
    quiet = 0
    for _ in range(STEPS):
        square = slope.transpose(1, 2) @ slope  # [curves, p, p]
        scale = torch.diagonal(square, dim1=1, dim2=2).clamp(min=1e-12)
        pull = (slope.transpose(1, 2) @ (curves - value).unsqueeze(-1)).squeeze(-1)
        step = torch.linalg.solve(square + torch.diag_embed(scale * damping[:, None]), pull)
        tried, tried_slope = model(point + step, r)
        tried_loss = ((curves - tried) ** 2).sum(1)
        better = tried_loss < loss
        moved = bool((better & (loss - tried_loss > 1e-12 * loss + 1e-18)).any())
        quiet = 0 if moved else quiet + 1
        if quiet == QUIET:  # no curve has come closer for a while
            break
        point = torch.where(better[:, None], point + step, point)
        value = torch.where(better[:, None], tried, value)
        slope = torch.where(better[:, None, None], tried_slope, slope)
        loss = torch.where(better, tried_loss, loss)
        damping = torch.where(better, damping / 5, damping * 5).clamp(1e-12, 1e12)
    return point, loss
