"""Which sampler draws from which kind of prior."""

from functools import singledispatch

from auricle.errors import ModelError
from auricle.synth.priors.base import Prior
from auricle.synth.priors.flow import FlowPrior
from auricle.synth.priors.recurrent import RecurrentPrior
from auricle.synth.sampling.base import Sampler
from auricle.synth.sampling.flow import FlowSampler
from auricle.synth.sampling.recurrent import RecurrentSampler


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
