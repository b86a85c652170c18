"""What of a configuration the memory depends on, for those kinds of models for which the formula holds.

The formula holds where every layer keeps key and value of every token, and for GPT-OSS, where every other layer keeps
those of a window. Other layers that keep less, other things (a latent vector, the state of a recurrent layer) or more
(those that look at an encoder) are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vllm_course.errors import UsageError

DTYPES = {"float32": 4, "bfloat16": 2, "float16": 2}  # bytes of one value
LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length", "seq_len")
SCALED_ALREADY = ("default", "su", "longrope", "llama3", "yarn", "deepseek_yarn", "deepseek_llama_scaling")
QUANTIZATION = ("quantization_config", "compression_config")
HEADS, KV_HEADS = "num_attention_heads", "num_key_value_heads"
EXPERTS, WINDOW = "num_local_experts", "sliding_window"
REQUIRED = object()


@dataclass(frozen=True)
class Kind:
    """How a kind of model names its sizes, and what its class in Transformers takes for a name that is missing.

    Attributes:
        names: Key in `config.json` of each size that this kind names otherwise.
        defaults: What is taken for a missing key; `REQUIRED` where the class takes a number of another model.
        gated: Whether a layer's MLP has three matrices, as Llama's has, or two.
        qkv_bias: Whether query, key and value have a bias.
        head_norms: Whether query and key are normalized with weights of their own.
        learned_positions: Rows of the table of positions beyond the context length; None where there is no table.
        experts: Whether it is built as GPT-OSS: experts with biases in place of one MLP, a number for each query head
            (its attention sink), and a window in every other layer.
    """

    names: Mapping[str, str]
    defaults: Mapping[str, Any]
    gated: bool = True
    qkv_bias: bool = False
    head_norms: bool = False
    learned_positions: int | None = None
    experts: bool = False


LLAMA = {"tie_word_embeddings": False}
GPT_OSS = {KV_HEADS: REQUIRED, "head_dim": 64, "attention_bias": True, WINDOW: 128}
GPT2 = {"num_hidden_layers": "n_layer", "hidden_size": "n_embd", HEADS: "n_head", "intermediate_size": "n_inner"}
KINDS = {
    "llama": Kind({}, LLAMA),
    "phi3": Kind({}, LLAMA),
    "mistral": Kind({}, LLAMA | {KV_HEADS: REQUIRED, WINDOW: 4096}),
    "qwen2": Kind({}, LLAMA | {KV_HEADS: REQUIRED}, qkv_bias=True),
    "qwen3": Kind({}, LLAMA | {KV_HEADS: REQUIRED, "head_dim": 128}, head_norms=True),
    "gemma": Kind({}, {"tie_word_embeddings": True, KV_HEADS: REQUIRED, "head_dim": 256}),
    "gpt_oss": Kind({}, LLAMA | GPT_OSS, qkv_bias=True, experts=True),
    "opt": Kind({"intermediate_size": "ffn_dim"}, {"tie_word_embeddings": True}, gated=False, learned_positions=2),
    "gpt2": Kind(GPT2, {"tie_word_embeddings": True}, gated=False, learned_positions=0),
    "falcon": Kind(
        {"intermediate_size": "ffn_hidden_size", KV_HEADS: "num_kv_heads"},
        {"tie_word_embeddings": True, "max_position_embeddings": 2048, "multi_query": True},
        gated=False,
    ),
}
SENTENCES = {
    "sliding": "a model whose layers keep every token, got one with a sliding window",
    "mla": "a model that keeps keys and values, got one with multi-head latent attention (MLA)",
    "recurrent": "a model of attention layers only, got one with Mamba or other recurrent layers",
    "encoder": "a decoder, got an encoder-decoder, whose decoder keeps a second cache",
    "parts": "a text model, got one of several parts (text_config)",
    "kv": "a model whose KV cache has the dtype of its weights, got one with a quantized KV cache",
    "layers": "a model whose layers are all alike, got one with a configuration per layer",
}
ALTERNATING = ("sliding_attention", "full_attention")
RECURRENT = ("mamba", "ssm_", "linear_attention", "state_size", "layers_block_type")
INSTEAD = "Load it with vLLM and ask measured(llm)."


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The numbers of a model that its memory depends on; all are whole numbers > 0 where nothing else is said.

    Attributes:
        layers: Layers, each with a KV cache of its own.
        hidden: Width of the values between the layers.
        inner: Width inside a layer's MLP.
        heads: Query heads.
        kv_heads: Heads whose keys and values are kept: all, fewer (GQA), or one (MQA).
        head_dim: Values of one key, and of one value.
        vocab: Tokens that the model knows.
        longest: The longest context that vLLM allows, in tokens: `max_position_embeddings`, and what changes it.
        dtype: Of the weights, as the configuration says it; None where it does not.
        tied: Whether input and output share one matrix of the vocabulary.
        quantized: Whether the weights are stored with fewer bits than `dtype` has.
        window: Tokens that every other layer looks back over and keeps; None where each layer keeps all.
        active: Experts of a layer that compute a token; 1 where there is one MLP.
        parameters: Numbers of the model, from the other sizes. An estimate, exact for the models of the table.
        packed: How many of them are stored as MXFP4: the matrices of the experts, where the configuration says so.
    """

    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    longest: int
    dtype: str | None
    tied: bool
    quantized: bool
    window: int | None
    active: int
    parameters: int
    packed: int


def shape_of(config: Mapping[str, Any], *, name: str) -> Shape:
    """Read a model's shape from its configuration.

    Args:
        config: What `config.json` holds.
        name: The model's name, for errors.

    Raises:
        UsageError: The formula does not hold for such a model, or a number is missing or wrong.

    Source:
        `vllm.transformers_utils.model_arch_config_convertor` and `vllm.config.model._get_and_verify_max_len`.
    """
    kind = _kind(config, name)
    read = _Reader(config, kind, name)
    hidden, heads = read.number("hidden_size"), read.number(HEADS)
    kv_heads = 1 if _one_kv_head(config) else read.number(KV_HEADS, heads)
    sizes = {
        "layers": read.number("num_hidden_layers"),
        "hidden": hidden,
        "inner": read.number("intermediate_size", REQUIRED if kind.gated else 4 * hidden),
        "heads": heads,
        "kv_heads": kv_heads,
        "head_dim": read.number("head_dim", hidden // heads or REQUIRED),
        "vocab": read.number("vocab_size"),
        "longest": _longest(read),
        "tied": bool(read.value("tie_word_embeddings")),
    }
    quantization, experts = _part(config, *QUANTIZATION), read.number(EXPERTS) if kind.experts else 0
    in_experts = 3 * experts * sizes["layers"] * hidden * sizes["inner"]
    return Shape(
        **sizes,
        dtype=config.get("dtype") or config.get("torch_dtype"),
        quantized=bool(quantization),
        window=read.window() if kind.experts else None,
        active=read.number("num_experts_per_tok") if kind.experts else 1,
        parameters=_parameters(kind, config, experts=experts, **sizes),
        packed=in_experts if quantization.get("quant_method") == "mxfp4" else 0,
    )


class _Reader:
    """Reads numbers of a configuration under the names that a kind of model has for them."""

    def __init__(self, config: Mapping[str, Any], kind: Kind, name: str) -> None:
        self.config, self.kind, self.name = config, kind, name

    def value(self, key: str, default: Any = REQUIRED) -> Any:
        """Return what the configuration holds, or else what this kind of model takes, or else a default."""
        default = self.kind.defaults.get(key, default)
        found = self.config.get(self.kind.names.get(key, key))
        if found is None:
            found = self.config.get(key)
        return default if found is None else found

    def number(self, key: str, default: Any = REQUIRED) -> int:
        """Return such a value, which must be a whole number above 0."""
        found = self.value(key, default)
        if type(found) is not int or found < 1:
            got = "nothing" if found is REQUIRED else f"{found!r:.40}"
            shown = self.kind.names.get(key, key)
            raise UsageError(f"{shown} of {self.name} must be a whole number > 0, got {got}. Correct its config.json.")
        return found

    def window(self) -> int | None:
        """Return the window of every other layer; None where the configuration switches it off."""
        return None if self.config.get(WINDOW, 0) is None else self.number(WINDOW)


def _kind(config: Mapping[str, Any], name: str) -> Kind:
    """Return the kind of a model; refuse one for which the formula would give a wrong number."""
    found = str(config.get("model_type"))
    if reason := _reason(config, found):
        raise UsageError(f"model must be {SENTENCES[reason]}: {name}. {INSTEAD}")
    if found not in KINDS:
        known = ", ".join(KINDS)
        raise UsageError(f"model_type of {name} must be one of {known}, got {found:.40}. {INSTEAD}")
    return KINDS[found]


def _reason(config: Mapping[str, Any], kind: str) -> str:
    """Return why the formula does not hold, as a key of `SENTENCES`, or ""."""
    types, quantization = config.get("layer_types") or [], _part(config, *QUANTIZATION)
    words = " ".join(map(str, [kind, types, *config]))
    window = config.get(WINDOW, KINDS[kind].defaults.get(WINDOW) if kind in KINDS else None)
    if kind in ("qwen2", "qwen3") and not config.get("use_sliding_window"):
        window = None
    if kind in KINDS and KINDS[kind].experts:
        window, types = not _alternates(config), []
    reasons = {
        "encoder": config.get("is_encoder_decoder"),
        "mla": config.get("kv_lora_rank"),
        "recurrent": any(word in words for word in RECURRENT),
        "sliding": window or set(map(str, types)) - {"full_attention"},
        "parts": "text_config" in config,
        "kv": quantization.get("kv_cache_scheme") or quantization.get("kv_cache_quant_algo"),
        "layers": config.get("block_configs") or config.get("per_layer_config"),
    }
    return next((name for name, applies in reasons.items() if applies), "")


def _alternates(config: Mapping[str, Any]) -> bool:
    """Return whether a window and no window take turns, as vLLM has it for GPT-OSS, and there are as many of both."""
    layers, types = config.get("num_hidden_layers"), config.get("layer_types")
    if type(layers) is not int:  # which is refused when the number is read
        return True
    return layers % 2 == 0 and types in (None, [], [*ALTERNATING] * (layers // 2))


def _one_kv_head(config: Mapping[str, Any]) -> bool:
    """Return whether it is Falcon's multi-query attention, which the newer architecture ignores."""
    is_falcon = config.get("model_type") == "falcon"
    return is_falcon and config.get("multi_query", True) and not config.get("new_decoder_architecture")


def _longest(read: _Reader) -> int:
    """Return the longest context, as vLLM derives it."""
    if read.value("model_max_length", None) is not None:
        return int(read.number("model_max_length") * _rope_factor(read.config))
    lengths = [read.number(key) for key in LENGTHS if read.value(key, None) is not None] or [read.number(LENGTHS[0])]
    return int(min(lengths) * _rope_factor(read.config))


def _rope_factor(config: Mapping[str, Any]) -> float:
    rope = _part(config, "rope_parameters", "rope_scaling")
    kind, factor = rope.get("rope_type", rope.get("type", "default")), rope.get("factor")
    return factor if kind not in SCALED_ALREADY and type(factor) in (int, float) and factor > 0 else 1.0


def _part(config: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return the first of some parts of a configuration that is there, or an empty one."""
    return next((config[key] for key in keys if config.get(key) and isinstance(config[key], Mapping)), {})


def _parameters(kind: Kind, config: Mapping[str, Any], *, experts: int, **sizes: Any) -> int:
    """Count the numbers of a model: the vocabulary's matrices, positions, and the matrices of each layer."""
    hidden, inner, vocab = sizes["hidden"], sizes["inner"], sizes["vocab"]
    query, key = sizes["heads"] * sizes["head_dim"], sizes["kv_heads"] * sizes["head_dim"]
    layer = hidden * (query + 2 * key) + query * hidden + (3 if kind.gated else 2) * hidden * inner
    norms = (4 if config.get("new_decoder_architecture") else 2) * hidden
    output_bias = config.get("attention_bias", kind.defaults.get("attention_bias"))
    if kind.qkv_bias or output_bias:
        layer += query + 2 * key + (hidden if output_bias else 0)
    if kind.experts:  # with a bias for each matrix, a router with a bias, and a sink for each head
        layer += (experts - 1) * 3 * hidden * inner + experts * (2 * inner + hidden) + experts * (hidden + 1)
        layer += sizes["heads"]
    if config.get("mlp_bias"):
        layer += 2 * inner + hidden
    if kind.head_norms:
        layer += 2 * sizes["head_dim"]
    if kind.learned_positions is not None:  # GPT-2 and OPT: every matrix and every norm has a bias
        layer += query + 2 * key + 2 * hidden + inner
        norms = 4 * hidden
    positions = 0 if kind.learned_positions is None else (sizes["longest"] + kind.learned_positions) * hidden
    last = hidden if kind.gated else 2 * hidden
    return vocab * hidden * (1 if sizes["tied"] else 2) + positions + sizes["layers"] * (layer + norms) + last
