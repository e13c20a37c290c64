"""What the layers of a model keep of a conversation, from its config.json alone.

Read from `mlx_lm/models/*.py` of mlx-lm 0.32.2; tests build small models with mlx-lm itself, and
compare. What is in no table here is counted by the formula of plain attention, and said to be a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from mlxsm_sync.servers.layer_caches import Fixed, Growing, Layer, Window

_MOST = 10**9
_MOST_LAYERS = 10_000


def _words(*lines: str) -> list[str]:
    return " ".join(lines).split()


_SPELLED = _words(
    "dots1 ernie4_5 ernie4_5_moe gemma gemma2 glm glm4 glm4_moe hunyuan_v1_dense llama mistral mistral3",
    "minimax minimax_m2 nemotron olmo2 olmoe pixtral qwen3 qwen3_moe qwen3_vl qwen3_vl_moe seed_oss",
    "smollm3 solar_open telechat3 iquestcoder xverse",
)
"""Plain attention, with heads as wide as `head_dim` says."""
_SPLIT = _words(
    "Klear apertus bailing_moe cohere deepseek granite granitemoe helium internlm2 internlm3 mimo",
    "minicpm mixtral nanochat phi phi3 phimoe qwen2 qwen2_moe qwen2_vl qwen2_5_vl stablelm starcoder2",
)
"""Plain attention, with a part of the hidden size for each head, whatever `head_dim` says."""
_LATENT = _words(
    "deepseek_v3 kimi_k2 joyai_llm_flash kimi_k25 kimi_vl glm4_moe_lite mistral4 deepseek_v32 glm_moe_dsa"
)
"""Latent attention: keys and values of all heads in one compressed row."""
_SLIDING = _words("gpt_oss olmo3 afmoe exaone4 exaone_moe ministral3 mellum muse_glimmer")
_DELTA = _words("qwen3_next qwen3_5 qwen3_5_text qwen3_5_moe qwen3_5_moe_text")
_ALL_HEADS = ("talkie",)
"""Those that keep keys of every head that asks, whatever the file says of fewer."""
_RECURRENT = (
    "mamba",
    "ssm",
    "linear_",
    "time_",
    "conv_",
    "state_size",
    "rwkv",
    "lru_",
    "attn_layer_",
    "kda_",
)
"""What keys begin with of models that keep a state; without a table no formula holds for them."""
_GEMMA3: Mapping[str, int] = {
    "num_hidden_layers": 26,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "sliding_window": 512,
    "sliding_window_pattern": 6,
}
"""What its files leave out (`gemma3_text.ModelArgs`)."""


class Unknown(ValueError):
    """It cannot be told what a model keeps."""


class Kept(NamedTuple):
    """What the layers of a model keep."""

    layers: tuple[Layer, ...]
    exact: bool
    """Whether it is the very number, and not a bound."""


class Config:
    """The numbers of a config.json; those of the language model, where it is one part of several."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.model_type = str(told.get("model_type"))
        inner = told.get("text_config", told.get("llm_config"))
        self.told = {**told, **inner} if isinstance(inner, Mapping) else told

    def number(self, *names: str, default: int | None = None) -> int:
        """The first of these that is there; Unknown where none is, or it is no count of anything."""
        for name in names:
            if (value := self.told.get(name)) is not None:
                if type(value) is not int or not 0 < value <= _MOST:
                    raise Unknown(f"its config.json has no usable {name}")
                return value
        if default is None:
            raise Unknown(f"its config.json has no {names[0]}")
        return default

    @property
    def layers(self) -> int:
        """How many layers there are."""
        count = self.number("num_hidden_layers", "n_layer", "n_layers", "num_layers")
        if count > _MOST_LAYERS:
            raise Unknown("its config.json has no usable num_hidden_layers")
        return count

    @property
    def heads(self) -> int:
        """How many heads ask."""
        return self.number("num_attention_heads", "n_head", "n_heads", "num_heads")

    @property
    def part(self) -> int:
        """The part of the hidden size that is one head's."""
        return self.number("hidden_size", "n_embd", "d_model") // self.heads

    @property
    def head_width(self) -> int:
        """How wide one head is."""
        return self.number("head_dim", default=0) or self.part

    @property
    def numbers(self) -> int:
        """What a layer of plain attention keeps of a token."""
        return self._plain(self.head_width)

    @property
    def split_numbers(self) -> int:
        """The same where `head_dim` is not looked at."""
        return self._plain(self.part)

    def _plain(self, width: int) -> int:
        names = ("num_key_value_heads", "num_kv_heads", "n_kv_heads", "num_attention_groups")
        return 2 * self.number(*names, default=self.heads) * width

    def kinds(self) -> list[str] | None:
        """What each layer is called, where the file has a list of it."""
        kinds = self.told.get("layer_types")
        return [str(one) for one in kinds[:_MOST_LAYERS]] if isinstance(kinds, list) and kinds else None


def kept(told: Mapping[str, Any]) -> Kept:
    """What a model keeps; Unknown where its config.json does not tell."""
    config = Config(told)
    return _FAMILIES.get(config.model_type, _unlisted)(config)


def _spelled(config: Config) -> Kept:
    if "sliding_attention" in (config.kinds() or ()) and config.told.get("sliding_window") is not None:
        return _sliding(config)  # llama and mistral: only where the file has a list of layers
    return Kept((Growing(config.numbers),) * config.layers, exact=True)


def _split(config: Config) -> Kept:
    return Kept((Growing(config.split_numbers),) * config.layers, exact=True)


def _latent(config: Config) -> Kept:
    numbers = config.number("kv_lora_rank") + config.number("qk_rope_head_dim")
    # The keys of the index are kept twice, as keys and as values.
    numbers += 2 * config.number("index_head_dim", default=0)
    return Kept((Growing(numbers),) * config.layers, exact=True)


def _gemma3(config: Config) -> Kept:
    config.told = {**_GEMMA3, **config.told}
    pattern = config.number("sliding_window_pattern")
    return _windows(config, [place % pattern == pattern - 1 for place in range(config.layers)])


def _cohere2(config: Config) -> Kept:
    pattern = config.number("sliding_window_pattern", default=4)
    return _windows(config, [place % pattern == pattern - 1 for place in range(config.layers)])


def _sliding(config: Config) -> Kept:
    kinds = config.kinds()
    if kinds is None:
        # gpt_oss alternates; of others all layers are taken for full ones, which is never below.
        is_full = [config.model_type != "gpt_oss" or place % 2 == 1 for place in range(config.layers)]
    else:
        is_full = [kind != "sliding_attention" for kind in kinds]
    return _windows(config, is_full)


def _windows(config: Config, is_full: Iterable[bool]) -> Kept:
    window = Window(config.numbers, config.number("sliding_window"))
    layers = [Growing(config.numbers) if full else window for full in is_full]
    return Kept((*layers,), exact=window not in layers)


def _delta(config: Config) -> Kept:
    """Linear layers hold the last inputs of a convolution, and a state in float32."""
    key_heads, heads = config.number("linear_num_key_heads"), config.number("linear_num_value_heads")
    keys, values = config.number("linear_key_head_dim"), config.number("linear_value_head_dim")
    inputs = (config.number("linear_conv_kernel_dim") - 1) * (2 * key_heads * keys + heads * values)
    state = Fixed(inputs, heads * keys * values)
    every = config.number("full_attention_interval", default=4)
    layers = [state if (place + 1) % every else Growing(config.numbers) for place in range(config.layers)]
    return Kept((*layers,), exact=True)


def _lfm2(config: Config) -> Kept:
    """Some layers are short convolutions (`lfm2.ModelArgs`)."""
    full = config.told.get("full_attn_idxs")
    if not isinstance(full, list):
        full = [place for place, kind in enumerate(config.kinds() or ()) if kind == "full_attention"]
    if not full:
        raise Unknown("its config.json does not tell which layers are attention")
    state = Fixed((config.number("conv_L_cache") - 1) * config.number("hidden_size"))
    layers = [Growing(config.split_numbers) if place in full else state for place in range(config.layers)]
    return Kept((*layers,), exact=True)


def _unlisted(config: Config) -> Kept:
    """Plain attention as wide as anything in the file says."""
    if strange := next((key for key in config.told if key.startswith(_RECURRENT)), None):
        raise Unknown(f"what a {config.model_type} with {strange} keeps is not known")
    width = max(config.part, *(config.number(one, default=1) for one in ("head_dim", "global_head_dim")))
    heads = config.heads if config.model_type in _ALL_HEADS else config.numbers // config.head_width // 2
    numbers = 2 * (heads * width + config.number("index_head_dim", default=0))
    if "kv_lora_rank" in config.told:
        wide = config.number("qk_nope_head_dim") + config.number("qk_rope_head_dim")
        numbers = max(numbers, config.heads * (wide + config.number("v_head_dim")))
    loops = config.number("num_loops", default=2 if "loop_window_size" in config.told else 1)
    return Kept((Growing(numbers),) * min(loops * config.layers, _MOST_LAYERS), exact=False)


_FAMILIES: Mapping[str, Callable[[Config], Kept]] = {
    **dict.fromkeys(_SPELLED, _spelled),
    **dict.fromkeys(_SPLIT, _split),
    **dict.fromkeys(_LATENT, _latent),
    **dict.fromkeys(_SLIDING, _sliding),
    **dict.fromkeys(("gemma3", "gemma3_text"), _gemma3),
    **dict.fromkeys(_DELTA, _delta),
    **dict.fromkeys(("lfm2", "lfm2_moe"), _lfm2),
    "cohere2": _cohere2,
}
