"""What can be said of a server before seconds are spent on its start: security, port, model, memory."""

import ipaddress
import os
import socket

from vllm_course.configuring.config import ServeConfig, refuse_tokens
from vllm_course.errors import CourseError
from vllm_course.loading_errors import GIB, PROCESS_MEMORY
from vllm_course.memory.planning import UTILIZATION, Plan, plan
from vllm_course.memory.sizes import shown_bytes
from vllm_course.models import find_model, refuse_damaged
from vllm_course.runtime import environment, gpus, limits, threads
from vllm_course.serving import command

TRUST = (
    "warning: model.trust_remote_code runs code that comes with the model, with your rights. Use it only where you "
    "trust the model's authors."
)
OPEN = "warning: everybody who reaches {} may use this server without a key (open_to_all)."


def preflight(config: ServeConfig) -> list[str]:
    """Examine a server's settings on this machine.

    Args:
        config: A complete configuration.

    Returns:
        Warnings, a line each.

    Raises:
        CourseError: The server would not start, or would be open to others by mistake.
    """
    config.require_complete()
    environment.require(environment.broken())
    warnings = [TRUST] if config.model.trust_remote_code else []
    warnings += _closed(config)
    require_free_port(config.server.host, config.server.port)
    return warnings + _present(config) + _fitting(config)


def require_free_port(host: str, port: int) -> None:
    """Refuse a port on which somebody listens, and an address that this machine does not have.

    Args:
        host: The address, or a name of this machine.
        port: The port; 0 asks about the address only.

    Raises:
        CourseError: Which of the two it is.
    """
    for address in _addresses(host):
        with socket.socket(address[0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as vLLM does, or the last server would count
            try:
                probe.bind((address[1], port))
            except OSError as error:
                raise _refused_address(host, port, error) from None


def is_exposed(host: str) -> bool:
    """Return whether other machines reach a server that listens at this address.

    Example:
        >>> [is_exposed(host) for host in ("127.0.0.1", "::1", "0.0.0.0", "::", "0")]
        [False, False, True, True, True]
    """
    return not all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for _, address in _addresses(host))


def _closed(config: ServeConfig) -> list[str]:
    """Refuse a server that others reach and that asks for no key, unless it is asked for."""
    host, key = config.server.host, command.api_key(config)
    if key or not is_exposed(host):
        return []
    if config.server.open_to_all:
        return [OPEN.format(host)]
    raise CourseError(
        f"server.host must be an address of this machine only, or the server must have an API key, got {host} without "
        f"a key. Set {config.server.api_key_env}, use --host 127.0.0.1, or pass --open-to-all if you mean it."
    )


def _addresses(host: str) -> list[tuple[int, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no name of a machine"
        raise CourseError(
            f"server.host must be an address of this machine, got {host!r} ({reason}). Use 127.0.0.1."
        ) from None
    return [(family, address[0]) for family, _, _, _, address in found]


def _refused_address(host: str, port: int, error: OSError) -> CourseError:
    if error.errno in (98, 48):  # EADDRINUSE on Linux and on macOS
        free = f"Stop the other program, or use another port: --port {min(port + 1, 65535)}"
        return CourseError(f"server.port must be free, got {port}, where another program listens. {free}")
    got = f"{host}, port {port}" if port else host
    return CourseError(f"server.host must be an address of this machine, got {got} ({error.strerror}). Use 127.0.0.1.")


def _present(config: ServeConfig) -> list[str]:
    """Refuse a model that is damaged, or that cannot be fetched."""
    place = find_model(config.model.name)
    refuse_damaged(place)
    if os.path.isdir(place):
        return []
    from huggingface_hub import constants, try_to_load_from_cache

    if isinstance(try_to_load_from_cache(place, "config.json"), str):
        return []
    if constants.HF_HUB_OFFLINE:
        raise CourseError(
            f"model.name must be on this machine while HF_HUB_OFFLINE is set, got {place}. Unset it, or fetch the "
            f"model where there is a network: hf download {place}"
        )
    return [f"note: {place} is not on this machine yet. It is downloaded first, which may take long."]


def _fitting(config: ServeConfig) -> list[str]:
    """Refuse what does not fit into the memory, as far as the planner of lesson 07 knows the model."""
    cards = [size * 2**20 for _, size in gpus.memory()]
    _require_gpus(config, len(cards))
    if not (cards or command.on_cpu()):
        return ["note: whether it fits is not known before the start, since nvidia-smi shows no GPU."]
    total = limits.total_memory() if command.on_cpu() else min(cards)
    try:
        found = planned(config, total)
    except CourseError as error:
        return [f"note: whether it fits is not known before the start. {error}"]
    tokens = config.generation.max_tokens
    if tokens and tokens > found.max_position_embeddings:
        refuse_tokens(tokens, found.max_position_embeddings)
    if command.on_cpu():
        _require_free(found)
    if not found.fits:
        got = f"got the limit {found.limit!r}"
        raise CourseError(f"{config.model.name} must fit into {shown_bytes(total)}, {got}. {found.advice}")
    return []


def _require_gpus(config: ServeConfig, there: int) -> None:
    """Refuse more GPUs than there are. vLLM's CPU build shares layers out only between cores that the user names."""
    wanted = config.inference.gpus
    most = max(1, there) if not command.on_cpu() else wanted if threads.binding() else 1
    if wanted > most:
        where = "where vLLM runs on the CPU" if command.on_cpu() else "on this machine"
        raise CourseError(f"inference.gpus must be <= {most} {where}, got {wanted}. Use --gpus {most}.")


def _require_free(found: Plan) -> None:
    """Refuse a server for which the machine has too little memory left: Linux would kill it without a word."""
    needed, free = found.weights_bytes + found.kv_cache_bytes + PROCESS_MEMORY, limits.free_memory()
    if free < needed:
        got = f"got {free / GIB:.1f} GiB{limits.of_the_limit()}"
        remedy = "Close other programs, or use less: --kv-cache-memory 64MiB."
        raise CourseError(
            f"free memory must be at least {needed / GIB:.1f} GiB to serve {found.model}, {got}. {remedy}"
        )


def planned(config: ServeConfig, memory: int, *, card: bool | None = None) -> Plan:
    """Return the plan of lesson 07 for a configuration.

    Args:
        config: A configuration with a model.
        memory: Bytes of a card, or of the machine where vLLM runs on its processor.
        card: Whether it is a card; None for what this machine has.

    Raises:
        UsageError: The planner does not know the model, or its kind.
    """
    inference, cache = config.inference, command.kv_cache_bytes(config)
    is_card = not command.on_cpu() if card is None else card
    rough = plan(config.model.name, max_model_len=-1, kv_cache_memory_bytes=GIB)
    if cache is None and not is_card:  # vLLM takes this share of the machine's memory, and wants it to be free
        cache = max(1, int(memory * inference.gpu_memory - rough.weights_bytes - PROCESS_MEMORY))
    # The planner takes vLLM's own share of a card.
    share = {"memory": int(memory * inference.gpu_memory / UTILIZATION)}
    return plan(
        config.model.name,
        max_model_len=inference.max_model_len or rough.max_position_embeddings,
        max_num_seqs=inference.max_num_seqs,
        dtype=inference.dtype,
        tensor_parallel_size=inference.gpus,
        **(share if cache is None else {"kv_cache_memory_bytes": cache}),
    )
