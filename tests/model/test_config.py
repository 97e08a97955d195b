"""Configs: strict, immutable, and told apart by kind."""

import json

import pytest

from auricle.errors import ConfigError
from auricle.model import AutoencoderConfig, parse_config
from auricle.model.bottleneck import BottleneckConfig, EntropyConfig, RvqConfig
from auricle.training import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name):
    config = PRESETS[name]()
    assert type(config).model_validate_json(config.model_dump_json()) == config


def test_kind_chooses_the_component():
    assert BottleneckConfig.model_validate({"kind": "rvq", "codebooks": 4}) == RvqConfig(codebooks=4)
    assert EntropyConfig().model_dump()["kind"] == "entropy"


def _edited(**changes) -> str:
    plain = json.loads(PRESETS["speech"]().model.model_dump_json())
    plain.update(changes)
    return json.dumps(plain)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sample_rate": 10}, "sample_rate.*4000.*10"),
        ({"flavour": 1}, "flavour"),
        ({"bottleneck": {"kind": "magic"}}, "'magic' is not one of entropy, fsq, identity, rvq, vae"),
        ({"bottleneck": {"kind": "rvq", "codebook": 4}}, "codebook"),
        ({"encoder": []}, "encoder"),
        ({"transform": {"kind": "mdct", "hop_length": 3}}, "even, got 3"),
    ],
)
def test_a_wrong_config_names_field_and_value(changes, said):
    with pytest.raises(ConfigError, match=said):
        parse_config(_edited(**changes))


def test_configs_do_not_change():
    config = PRESETS["speech"]().model
    assert isinstance(config, AutoencoderConfig)
    with pytest.raises(ValueError, match="frozen"):
        config.sample_rate = 8000
