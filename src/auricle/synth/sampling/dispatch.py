"""Which sampler draws from which kind of prior."""

from functools import singledispatch

from auricle.errors import ModelError
from auricle.options.synthesis import SamplingOptions
from auricle.synth.priors.base import Prior
from auricle.synth.priors.flow import FlowPrior
from auricle.synth.priors.recurrent import RecurrentPrior
from auricle.synth.sampling.base import Sampler
from auricle.synth.sampling.flow import FlowSampler
from auricle.synth.sampling.recurrent import RecurrentSampler


@singledispatch
def sampler_for(prior: Prior, options: SamplingOptions, label: int) -> Sampler:
    """What draws sounds of the class of number ``label``, -1 for none, from ``prior``.

    Raises:
        ModelError: nothing can.
    """
    raise ModelError(f"nothing samples from the prior {prior.info.name!r}")


@sampler_for.register
def _flow(prior: FlowPrior, options: SamplingOptions, label: int) -> Sampler:
    return FlowSampler(prior, prior.sampling(options), label)


@sampler_for.register
def _recurrent(prior: RecurrentPrior, options: SamplingOptions, label: int) -> Sampler:
    return RecurrentSampler(prior, prior.sampling(options), label)
