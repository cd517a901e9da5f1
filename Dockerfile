# One image for every role; docker-compose.yml says which command each service runs.
FROM python:3.11-slim-bookworm

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 OMP_NUM_THREADS=1 DATA_DIR=/data
WORKDIR /app
COPY pyproject.toml ./
COPY peersupport/__init__.py peersupport/
RUN pip install torch==2.13.0 --index-url "$TORCH_INDEX" && pip install .
COPY . .
RUN useradd --system --uid 10001 peersupport && mkdir /data && chown peersupport /data
USER peersupport
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "peersupport.serve", "--host", "0.0.0.0", "--port", "8000"]
