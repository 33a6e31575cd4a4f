# syntax=docker/dockerfile:1
# One image for web, worker and beat. Nothing in it is written at run time: start it with a
# read-only root, a tmpfs on /tmp, and, where reports lie on a disk, a volume on /data.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/posture
WORKDIR /app
COPY requirements.txt .
RUN /opt/posture/bin/pip install --only-binary :all: -r requirements.txt
COPY manage.py ./
COPY posture posture
COPY accounts accounts
COPY assessments assessments
COPY reports reports
COPY templates templates
COPY static static
# Hashed and compressed once, here. The settings of a local machine are enough for that, and its
# key goes no further than this line.
RUN LOCAL=1 SECRET_KEY=only-to-collect-static-files-and-never-to-sign-anything \
    POSTURE_VAR=/tmp/var STATIC_ROOT=/app/collected \
    /opt/posture/bin/python manage.py collectstatic --no-input \
    # Files that the application writes are its own alone; these are for its user to read.
    && chmod -R a+rX /app \
    && /opt/posture/bin/python -m compileall -q /opt/posture /app

FROM python:3.11-slim-bookworm
# Pango lays out the PDF; the Noto fonts have every script that a name or a comment may be in.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 posture \
    && useradd --uid 10001 --gid posture --home-dir /tmp --shell /usr/sbin/nologin posture \
    && install --directory --owner posture --group posture --mode 0700 /data
COPY --from=build /opt/posture /opt/posture
COPY --from=build /app /app
ENV PATH=/opt/posture/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=posture.settings \
    POSTURE_VAR=/data STATIC_ROOT=/app/collected \
    HOME=/tmp XDG_CACHE_HOME=/tmp/cache PORT=8000
WORKDIR /app
USER 10001:10001
EXPOSE 8000
# For the web; a worker or beat of the same image turns it off (docs/deploy.md).
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/ready', timeout=4)"]
CMD ["sh", "-c", "exec granian --interface wsgi --host 0.0.0.0 --port $PORT --http 1 --no-ws --workers 2 --blocking-threads 8 --backlog 256 --respawn-failed-workers --workers-kill-timeout 30 posture.wsgi:application"]
