"""What a training run needs to know."""

from typing import final

from pydantic import Field, SerializeAsAny

from auricle.losses import LossConfig
from auricle.model import AutoencoderConfig
from auricle.model.choice import Frozen


@final
class Term(Frozen):
    """A loss and its weight."""

    weight: float = Field(gt=0, description="factor of the loss in the objective")
    loss: SerializeAsAny[LossConfig] = Field(description="the loss")


@final
class ObjectiveConfig(Frozen):
    """The sum that training minimises."""

    losses: tuple[Term, ...] = Field(min_length=1, description="distances between input and output")
    bottleneck: dict[str, float] = Field(default={}, description="weights of the bottleneck's terms by name")
    quality_decay: float = Field(
        default=0.5, gt=0, le=1, description="factor on the bottleneck's weights for each level of quality"
    )
    ramp: float = Field(
        default=0.05, ge=0, le=1, description="share of the run in which these weights grow to full size"
    )


@final
class OptimiserConfig(Frozen):
    """AdamW (Loshchilov and Hutter, 2019), warm-up, constant rate, then cosine to zero."""

    rate: float = Field(default=1e-3, gt=0, description="learning rate")
    betas: tuple[float, float] = Field(default=(0.8, 0.99), description="decay of the moments")
    weight_decay: float = Field(default=0.01, ge=0, description="decoupled weight decay")
    warmup: int = Field(default=200, ge=0, description="steps of linear warm-up")
    decay: float = Field(default=0.6, ge=0, le=1, description="last share of the run in which the rate falls to zero")
    clip: float = Field(default=1.0, gt=0, description="largest norm of the gradient")


@final
class TrainConfig(Frozen):
    """A complete run but for its sounds and its budget."""

    model: AutoencoderConfig = Field(description="what is trained")
    objective: ObjectiveConfig = Field(description="what it is trained for")
    optimiser: OptimiserConfig = Field(default=OptimiserConfig(), description="how")
    crop_frames: int = Field(default=60, ge=2, le=4096, description="length of a training crop in latent frames")
    batch: int = Field(default=16, ge=1, le=4096, description="crops per step")
    seed: int = Field(default=0, ge=0, description="decides weights, crops and noise")
