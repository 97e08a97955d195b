"""Which sampler draws from which kind of prior."""

from functools import singledispatch

from auricle.errors import ModelError
from auricle.synth.flow import FlowPrior
from auricle.synth.frames import RecurrentSampler
from auricle.synth.prior import Prior
from auricle.synth.recurrent import RecurrentPrior
from auricle.synth.sampler import Sampler
from auricle.synth.windows import FlowSampler


@singledispatch
def sampler_for(prior: Prior) -> Sampler:
    """What draws from ``prior``.

    Raises:
        ModelError: nothing can.
    """
    raise ModelError(f"nothing samples from the prior {prior.info.name!r}")


@sampler_for.register
def _flow(prior: FlowPrior) -> Sampler:
    return FlowSampler(prior)


@sampler_for.register
def _recurrent(prior: RecurrentPrior) -> Sampler:
    return RecurrentSampler(prior)
