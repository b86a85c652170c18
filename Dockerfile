# JupyterLab with the course, on the CPU:
#   docker build --tag vllm-course .
#   docker run --rm --publish 127.0.0.1:8888:8888 --volume vllm-course:/home/learner/data vllm-course
FROM python:3.11-slim-bookworm

# lscpu is what vLLM calls, g++ what its own commands compile with, git and make what the course's commands need.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ git make util-linux \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 learner \
    && mkdir /home/learner/data /home/learner/course \
    && chown learner:learner /home/learner/data /home/learner/course
USER learner
WORKDIR /home/learner/course

# An environment of the learner's own, which the set-up may fill.
RUN python -m venv /home/learner/env
ENV PATH=/home/learner/env/bin:$PATH BUILD=cpu VLLM_COURSE_HOME=/home/learner/data
COPY --chown=learner:learner . .
RUN python -m tools.bootstrap learner --here && rm -rf /home/learner/.cache/uv

EXPOSE 8888
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8888/api', timeout=5)"]
# JupyterLab prints an address with a token as it starts; whoever has it may run code in this container.
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "--LabApp.default_url=/lab/tree/lessons/01-basic-inference/basic_inference.ipynb"]
