# One image for the portal, the provisioner and the sample service; the command says which.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app

COPY requirements-runtime.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements-runtime.lock \
    && pip check

# It names the version.
COPY pyproject.toml ./

COPY directory directory
COPY provisioner provisioner
COPY sandbox sandbox
COPY webapp webapp
COPY keycloak keycloak
RUN pybabel compile --directory webapp/translations && useradd --system --uid 10001 attache

USER attache
EXPOSE 8000
CMD ["gunicorn", "--config", "webapp/gunicorn_conf.py", "webapp.wsgi:app"]
