"""Every argument of every command in which a secret could stand; T stands for it."""

from __future__ import annotations

WITH_A_SECRET = """
T
help T
--T
validate T
validate profiles.yaml T.json --json
validate --json-out T.json
plan T
plan --T
plan -f T
plan --file=T/profiles.yaml --json
plan --state T
plan --state app:T
plan --rename T
plan --rename A=T
plan --replace T
plan --replace A=T
plan --skip T --verbose
plan --only T
plan --take-from T
plan --out T
plan --format T
plan --color T
plan --json-out T
plan --json-out=/nonexistent/T
plan --json --T=1
apply T
apply --yes --state T/state.json
apply --yes --expect T
apply --yes --lock-timeout T
apply --yes --take-from T --json
apply --yes --only A --rename T=B -v
apply --yes --skip A=T --json-out out.json
import T --yes
import T.json --yes --json
import doc.json --yes --only T
import doc.json --yes --rename A=T --json
export T
export -o T
export -o out/T.json --yes
export --exported-at T
export --format T
pull T
pull --all --yes -f T
init -f T
init --from-state --state T
remove T --yes
remove A T --yes -v
list T --json
list --state T
history --state app:T --json
rollback T --yes
rollback --state T --yes
connect T
connect A --client T --json
schema T
completion T
up T --json
up --server-command T
up --server-command /bin/T --dry-run
up --allow-host T
up --allow-arg T
up --allow-arg --api-key=T --json
up --timeout T
down T --json
down --grace T
restart T
restart A --server-command 'T' --json-out out.json
ps T
ps --server-command T --json
ps --state T
logs T
logs A -n T
adopt T
adopt A --state T
forget T
doctor --server-command T --json
doctor -f T
""".strip().splitlines()
