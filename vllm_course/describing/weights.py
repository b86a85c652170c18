"""Bytes of a model's weights: exact from the headers of its safetensors files, which hold each tensor's shape.

Source:
    The format of safetensors: 8 bytes with the length of a JSON header, the header, the numbers.
"""

import json
import math
import struct
from pathlib import Path
from typing import NamedTuple

from vllm_course.describing.shapes import DTYPES, Shape
from vllm_course.errors import UsageError
from vllm_course.files import read_json

INDEX = "model.safetensors.index.json"
STORED = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
BITS = {"F64": 64, "I64": 64, "U64": 64, "I32": 32, "U32": 32, "I16": 16, "U16": 16, "F32": 32, "BF16": 16, "F16": 16}
VOCABULARY = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "lm_head.weight")
NOT_LOADED = (".attn.bias", ".attn.masked_bias", "rotary_emb.inv_freq")  # masks and angles, which vLLM computes
PADDING = 64  # vLLM rounds the rows of a matrix of the vocabulary up to a multiple of this
LONGEST_HEADER = 100_000_000  # bytes, the limit of the format


class Tensor(NamedTuple):
    """What a header says of one tensor."""

    name: str
    dtype: str
    shape: tuple[int, ...]


def read_tensors(folder: Path) -> list[Tensor]:
    """Return the tensors of a folder's safetensors files, [] where there are none.

    Raises:
        UsageError: A file is damaged or missing.
    """
    index = folder / INDEX
    if index.is_file():
        names = read_json(index, name="model", what="an index of weights").get("weight_map", {}).values()
        files = [folder / name for name in sorted(set(names))]
    else:
        files = [file for file in sorted(folder.glob("*.safetensors")) if not file.name.startswith("consolidated")]
    return [tensor for file in files for tensor in _header(file)]


def stored_dtype(tensors: list[Tensor]) -> str | None:
    """Return the dtype of the weights as they are stored, the widest of several; None where it is none of `DTYPES`."""
    found = {STORED[tensor.dtype] for tensor in tensors if tensor.dtype in STORED}
    return "float32" if len(found) > 1 else next(iter(found), None)


def weight_bytes(tensors: list[Tensor], shape: Shape, dtype: str) -> int:
    """Return what the weights take once they are loaded in a dtype.

    Args:
        tensors: What `read_tensors` returns.
        shape: The model's shape.
        dtype: A key of `DTYPES`. Quantized weights keep the bits that they are stored with.

    Example:
        >>> from vllm_course.describing.reading import read_model
        >>> from vllm_course.describing.shapes import shape_of
        >>> model = read_model("pocket-base")
        >>> weight_bytes(read_tensors(model.folder), shape_of(model.config, name="pocket-base"), "float32")
        14689280
    """
    loaded = [tensor for tensor in tensors if _is_loaded(tensor.name, shape)]
    return sum(_padded(tensor, shape) * _bits(tensor, shape, dtype) // 8 for tensor in loaded)


def _is_loaded(name: str, shape: Shape) -> bool:
    return not name.endswith(NOT_LOADED) and not (shape.tied and name.endswith("lm_head.weight"))


def _padded(tensor: Tensor, shape: Shape) -> int:
    """Return the numbers of a tensor; that of a vocabulary has as many rows as vLLM makes of it."""
    if tensor.name.endswith(VOCABULARY) and tensor.shape[:1] == (shape.vocab,):
        return math.ceil(shape.vocab / PADDING) * PADDING * math.prod(tensor.shape[1:])
    return math.prod(tensor.shape)


def _bits(tensor: Tensor, shape: Shape, dtype: str) -> int:
    return BITS.get(tensor.dtype, 8) if shape.quantized or tensor.dtype not in STORED else 8 * DTYPES[dtype]


def _header(file: Path) -> list[Tensor]:
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > LONGEST_HEADER:
                raise ValueError("its header is too long")
            header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        last = max((entry["data_offsets"][1] for entry in header.values()), default=0)
        if file.stat().st_size != 8 + length + last:
            raise ValueError("it is shorter or longer than its header says")
        return [Tensor(name, entry["dtype"], tuple(entry["shape"])) for name, entry in header.items()]
    except (OSError, ValueError, TypeError, AttributeError, LookupError, struct.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"the weights of {file.parent} must be readable safetensors files, got a damaged or missing {file.name} "
            f"({reason}). Delete the file and get it again."
        ) from None
