#!/usr/bin/env bash
# Deploy the flows and work for them; `make up` runs it. Safe to run again.
set -euo pipefail

for _ in $(seq 120); do # the server's first start takes some 20 s
  python -c "import httpx, sys; httpx.get(sys.argv[1]).raise_for_status()" "$PREFECT_API_URL/health" 2>/dev/null && break
  sleep 0.5
done

prefect --no-prompt work-pool create sends --type process --overwrite
prefect --no-prompt deploy --all
exec prefect worker start --pool sends --type process
