# The sandbox (what it does by default), the command line, and the outbox's worker:
#   docker build --tag devino .
#   docker run --read-only --tmpfs /tmp --publish 8080:8080 devino
#   docker run --read-only --tmpfs /tmp --no-healthcheck devino outbox run
FROM python:3.13-slim AS build
# Another image of this project may need more, such as fastapi.
ARG EXTRAS=all
COPY . /src
RUN python -m venv /opt/devino
RUN /opt/devino/bin/pip install --no-cache-dir "/src[${EXTRAS}]"

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/devino --shell /usr/sbin/nologin devino
# Where an outbox may stand. All else may be read-only.
RUN install --directory --owner devino --group devino --mode 700 /var/lib/devino
COPY --from=build /opt/devino /opt/devino
ENV PATH=/opt/devino/bin:/usr/local/bin:/usr/bin:/bin
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# In a container loopback is for nobody else.
ENV DEVINO_SANDBOX_HOST=0.0.0.0
ENV DEVINO_SANDBOX_HTTP_PORT=8080 DEVINO_SANDBOX_SMPP_PORT=2775
ENV DEVINO_SANDBOX_SMTP_PORT=2525 DEVINO_SANDBOX_EMAIL_SMTP_PORT=2526
EXPOSE 8080 2775 2525 2526
WORKDIR /var/lib/devino
USER 10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["devino", "sandbox", "ready"]
ENTRYPOINT ["devino"]
CMD ["sandbox"]
