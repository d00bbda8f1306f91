# One image for every role. Build: docker build -t zhike .   Run: see compose.yaml.

FROM python:3.11-slim AS packages
RUN python -m venv /opt/zhike
COPY requirements/run.txt /tmp/run.txt
RUN /opt/zhike/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/run.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/zhike --create-home --shell /usr/sbin/nologin zhike
COPY --from=packages /opt/zhike /opt/zhike
WORKDIR /app
COPY .ci/install_command.py .ci/install_command.py
COPY content content
COPY storage storage
COPY handlers handlers
COPY bot bot
COPY LICENSE README.md ./
RUN /opt/zhike/bin/python .ci/install_command.py && /opt/zhike/bin/python -m compileall -q bot handlers storage content
ENV PATH=/opt/zhike/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ZHIKE_HOME=/var/lib/zhike
USER zhike
VOLUME /var/lib/zhike
EXPOSE 9800
# Every role answers this: the database answers and has this program's schema.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9800/health/ready', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["zhike"]
CMD ["serve"]
