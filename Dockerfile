# syntax=docker/dockerfile:1
# The service and its workers. What is installed stands in /venv; nothing but /app/data and /tmp is
# written to, so the root file system may be read-only.

FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /venv
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /venv/bin/pip install --no-cache-dir ".[server,mcp,postgres,redis,openai,anthropic]"

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CONTEXT_MANAGER_DB=/app/data/memory.db
RUN useradd --uid 1000 --no-create-home --home-dir /app appuser \
    && mkdir -p /app/data \
    && chown appuser /app/data
COPY --from=build /venv /venv
WORKDIR /app
USER 1000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=2)"]
ENTRYPOINT ["context-manager"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
