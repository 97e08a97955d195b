"""What a training run needs to know."""

from typing import Literal, final

from pydantic import Field, SerializeAsAny

from auricle.losses import LossConfig
from auricle.model import AutoencoderConfig
from auricle.model.registry import Frozen
from auricle.training.engine.optimiser import OptimiserConfig
from auricle.training.objective.adversary import AdversaryConfig
from auricle.training.objective.label_head import LabelConfig

FrozenPart = Literal["nothing", "encoder", "codes"]


@final
class Term(Frozen):
    """A loss and its weight."""

    weight: float = Field(gt=0, description="factor of the loss in the objective")
    loss: SerializeAsAny[LossConfig] = Field(description="the loss")
    lowest: float = Field(
        default=1.0,
        gt=0,
        description="factor on the weight at quality 0, from which it comes to 1 in the middle of the dial",
    )
    spread: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="how much of the distance between two draws of the decoder's noise is taken off: with 1, noise "
        "of the right level is best where nothing better can be known",
    )


@final
class ObjectiveConfig(Frozen):
    """The sum that training minimises."""

    losses: tuple[Term, ...] = Field(min_length=1, description="distances between input and output")
    bottleneck: dict[str, float] = Field(default={}, description="weights of the bottleneck's terms by name")
    voice: float = Field(default=1.0, gt=0, description="weight of pitch and voicing, where a decoder has harmonics")
    voiced: float = Field(
        default=1 / 3, ge=0, le=1, description="lower share of the quality dial in which voices want harmonics"
    )
    labels: LabelConfig | None = Field(default=None, description="classes that the latents are asked for")
    quality_decay: float = Field(
        default=0.5, gt=0, le=1, description="factor on the bottleneck's weights for each level of quality"
    )
    ramp: float = Field(
        default=0.05, ge=0, le=1, description="share of the run in which these weights grow to full size"
    )


@final
class Phase(Frozen):
    """A part of a run: what learns in it, and from whom."""

    name: str = Field(default="reconstruction", min_length=1, max_length=32, description="its name in reports")
    share: float = Field(default=1.0, gt=0, description="share of the run's budget, relative to the other phases")
    optimiser: OptimiserConfig = Field(default=OptimiserConfig(), description="how the model learns")
    frozen: FrozenPart = Field(
        default="nothing",
        description="what does not learn: the encoder, so that latents stay as they are; or codes, that is encoder and "
        "bottleneck, so that files made before stay as they are",
    )
    adversary: AdversaryConfig | None = Field(default=None, description="discriminators that judge the output")


@final
class TrainConfig(Frozen):
    """A complete run but for its sounds and its budget."""

    model: AutoencoderConfig = Field(description="what is trained")
    objective: ObjectiveConfig = Field(description="what it is trained for")
    phases: tuple[Phase, ...] = Field(default=(Phase(),), min_length=1, description="its parts, one after the other")
    crop_frames: int = Field(default=60, ge=2, le=4096, description="length of a training crop in latent frames")
    batch: int = Field(default=16, ge=1, le=4096, description="crops per step, process and accumulated part")
    rarities: bool = Field(
        default=False,
        description="whether some crops begin suddenly, or are bursts of hiss or hits, if no classes are learned",
    )
    average: float = Field(default=0.999, ge=0, lt=1, description="memory of the averaged weights per step")
    seed: int = Field(default=0, ge=0, description="decides weights, crops and noise")
