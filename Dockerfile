# One image for every role; docker-compose.yml says which command each service runs.
FROM python:3.11.14-slim-bookworm

# pg_dump, pg_restore and psql for backups: bookworm's are of version 15, as the database is. The libraries
# are WeasyPrint's, which writes reports as PDF.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-15 \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*
# For worker-gpu an index with CUDA, e.g. https://download.pytorch.org/whl/cu126
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 OMP_NUM_THREADS=1 \
    DATA_DIR=/data HF_HOME=/data/huggingface
WORKDIR /app
COPY pyproject.toml ./
COPY peersupport/__init__.py peersupport/
RUN pip install torch==2.13.0 --index-url "$TORCH_INDEX" && pip install ".[pdf,parquet]"
COPY . .
# Compiled here, since the file system is read-only where it runs.
RUN python -m compileall -q . \
    && groupadd --system --gid 10001 peersupport \
    && useradd --system --uid 10001 --gid 10001 --no-create-home peersupport \
    && mkdir /data && chown 10001:10001 /data
USER 10001:10001
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "peersupport.serve", "--host", "0.0.0.0", "--port", "8000"]
