"""docker-compose.yml and the Dockerfile, checked as far as can be without an engine.

That the commands work is shown by tests/peersupport/test_compose_commands.py, which runs them.
"""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

import peersupport
from bench.app import ROOT
from peersupport.jobs import registry
from tests.compose import FILE, compose, seconds

WHOLE = compose(ALLOWED_HOSTS="practice.example.org")
SERVICES = WHOLE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
# Settings that the services are not handed from .env, and why.
NOT_HANDED_ON = {
    "DATA_DIR": "the image sets it to its volume",
    "DEBUG": "refuses to start where others are served",
    "DATABASE_URL": "names the service beside",
    "CELERY_BROKER_URL": "names the service beside",
    "SECRET_KEY": "a file in secrets/",
    "DATABASE_PASSWORD": "a file in secrets/",
    "METRICS_TOKEN": "a file in secrets/",
    "WORKER_MEMORY_MB": "each worker has its own, below the memory of its container",
}
# Settings that reach some services alone; every other reaches all of ours.
ONLY = {
    "WEB_PROCESSES": {"web"},
    "COACH_DEVICE": {*OURS} - {"worker-gpu"},
}
LANES = {"worker-live": "live", "worker-coach": "coach", "worker-gpu": "coach", "worker-batch": "batch"}


def test_the_published_schema_of_compose_files_accepts_it():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_services_are_those_of_the_architecture():
    assert set(SERVICES) == {"database", "broker", "migrate", "web", "sweeper", *LANES}


def test_what_must_be_set_says_so():
    with pytest.raises(AssertionError, match="set ALLOWED_HOSTS in"):
        compose()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_locked_in_checked_and_bounded(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert any(str(place).startswith("/tmp") for place in service["tmpfs"])
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert not {"privileged", "cap_add", "pid", "ipc", "network_mode"} & set(service)
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["pids_limit"] > 0
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout"} <= set(service["healthcheck"])
    assert seconds(service["stop_grace_period"]) >= 10
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")


@pytest.mark.parametrize("name", SERVICES)
def test_versions_are_pinned_and_ours_is_this_one(name):
    image, _, tag = SERVICES[name]["image"].partition(":")
    if name in OURS:
        assert image == "peersupport"
        assert tag.removesuffix("-gpu") == peersupport.__version__
    else:
        assert re.match(r"\d+\.\d+(\.\d+)?-", tag), f"{image}:{tag} can change under our feet"


def test_only_the_web_process_meets_the_outside():
    assert WHOLE["networks"]["inside"] == {"internal": True}
    for name, service in SERVICES.items():
        assert service["networks"] == (["inside", "outside"] if name == "web" else ["inside"])
        assert bool(service.get("ports")) is (name == "web")
    assert SERVICES["web"]["ports"] == ["127.0.0.1:8000:8000"]


def read_from_the_environment() -> set[str]:
    reads = re.compile(r'\b(?:env[a-z]+\(|os\.environ\.get\(|os\.environ\[)\s*["\']([A-Z_]+)["\']')
    return {
        name
        for package in ("peersupport", "skills", "feedback")
        for path in (ROOT / package).rglob("*.py")
        for name in reads.findall(path.read_text(encoding="utf-8"))
    }


def reached(variable: str) -> set[str]:
    """The services where a value that .env gives the variable arrives, in any place."""
    value = f"value of {variable}"
    told = compose(**{"ALLOWED_HOSTS": "x", variable: value})["services"]
    return {name for name, service in told.items() if value in yaml.safe_dump(service, width=10_000)}


def test_every_setting_reaches_the_services_or_has_a_reason_not_to():
    names = read_from_the_environment()
    assert {"BACKUP_DAYS", "TAGGER_WEIGHTS", "DATA_DIR"} <= names
    found = {name: reached(name) for name in names}
    assert {name for name, where in found.items() if not where} == set(NOT_HANDED_ON)
    expected = {name: ONLY.get(name, {*OURS}) for name in names - set(NOT_HANDED_ON)}
    assert {name: where for name, where in found.items() if where} == expected
    plain = yaml.safe_load(FILE.read_text())["services"]
    for name in ("SECRET_KEY", "DATABASE_PASSWORD", "METRICS_TOKEN"):
        assert f"{name}_FILE" in plain["web"]["environment"]


def test_variables_of_compose_alone_do_what_they_say_and_stand_in_a_table():
    own = set(re.findall(r"\$\{(\w+)", FILE.read_text())) - read_from_the_environment()
    workers = {f"{lane}_MEMORY{unit}" for lane in ("LIVE", "COACH", "BATCH") for unit in ("", "_MB")}
    assert {*workers, "GPU_MEMORY"} <= own
    assert {name for name in own if not reached(name)} == set()
    assert own - in_a_table() == set()
    for lane in ("live", "coach", "batch"):
        given = {f"{lane.upper()}_MEMORY": "9g", f"{lane.upper()}_MEMORY_MB": "9000"}
        told = compose(ALLOWED_HOSTS="x", WORKER_MEMORY_MB="7", **given)["services"]
        name = f"worker-{lane}"
        assert told[name]["mem_limit"] == "9g"
        limits = {one: told[one]["environment"].get("WORKER_MEMORY_MB") for one in OURS}
        plain = {one: SERVICES[one]["environment"].get("WORKER_MEMORY_MB") for one in OURS}
        assert limits == {**plain, name: "9000"}


def test_what_env_says_is_passed_on_and_what_it_does_not_is_left_to_the_settings():
    assert not {"BACKUP_DAYS", "LOGIN_TRIES"} & set(SERVICES["web"]["environment"])
    told = compose(ALLOWED_HOSTS="x", BACKUP_DAYS="90")["services"]
    for name in OURS:
        assert told[name]["environment"]["BACKUP_DAYS"] == "90"


def in_a_table() -> set[str]:
    pages = "".join((ROOT / page).read_text() for page in ("README.md", "docs/operating.md"))
    rows = re.findall(r"(?m)^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|[^|]*\| [^|]{5,} \|$", pages)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_setting_stands_in_a_table_with_a_line():
    assert read_from_the_environment() - in_a_table() == set()


def test_secrets_come_from_files_and_stand_in_no_variable():
    assert set(WHOLE["secrets"]) == {"secret_key", "database_password", "metrics_token"}
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"KEY|PASSWORD|TOKEN", variable):
                assert variable.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
            assert not re.search(r"://[^/@]*:[^/@]+@", value), "a password in an address"
    for ignore in (".gitignore", ".dockerignore"):
        lines = {line.strip("/") for line in (ROOT / ignore).read_text().splitlines()}
        assert {"secrets", ".env", "backups"} <= lines


@pytest.mark.parametrize("name", LANES)
def test_workers_are_solo_serve_their_lane_and_have_time_to_drain(name):
    service, lane = SERVICES[name], LANES[name]
    command = " ".join(service["command"])
    assert f"-Q {lane} " in command
    assert "--pool=solo -c 1" in command
    assert service["healthcheck"]["test"][-2:] == ["--lane", lane]
    # A long batch job hands itself back at its next checkpoint; the others finish.
    limits = [kind.seconds for kind in registry.kinds() if kind.lane == lane and kind.seconds < 3600]
    assert seconds(service["stop_grace_period"]) > max(limits)
    if limit := service["environment"].get("WORKER_MEMORY_MB"):
        most = service["mem_limit"]
        assert int(limit) < int(most[:-1]) * (1024 if most.endswith("g") else 1)


def test_a_device_has_one_process():
    gpu = SERVICES["worker-gpu"]
    assert gpu["profiles"] == ["gpu"]
    assert gpu["environment"]["COACH_DEVICE"] == "cuda"
    [device] = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert (device["device_ids"], device["capabilities"]) == (["0"], ["gpu"])
    assert gpu["container_name"] == "peersupport-gpu-0"  # a second of that name cannot start


def test_everything_waits_for_the_migration_and_the_migration_for_the_database():
    for name in OURS:
        waits = {service: row["condition"] for service, row in SERVICES[name]["depends_on"].items()}
        assert waits.pop("migrate", None) == (None if name == "migrate" else "service_completed_successfully")
        assert waits == {"database": "service_healthy", "broker": "service_healthy"}


def test_volumes_and_networks_that_are_used_exist():
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in WHOLE["volumes"]
        assert set(service["networks"]) <= set(WHOLE["networks"])

    # The YAML has no key twice: the later one would win without a word.
    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader, node):
        keys = [key.value for key, _ in node.value if key.value != "<<"]
        assert len(keys) == len(set(keys)), f"line {node.start_mark.line}: a key twice"
        loader.flatten_mapping(node)
        return dict(loader.construct_pairs(node))

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    yaml.load(FILE.read_text(), Strict)


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / "Dockerfile").read_text()).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def test_the_image_is_built_from_a_pinned_base_for_an_ordinary_user():
    found = instructions()
    names = [name for name, _ in found]
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", found[0][1])
    assert names.count("FROM") == names.count("USER") == names.count("CMD") == 1
    assert names.index("USER") < names.index("CMD")
    assert names.index("USER") > max(place for place, name in enumerate(names) if name == "RUN")
    assert dict(found)["USER"] == SERVICES["web"]["user"]
    assert "ADD" not in names
    assert dict(found)["CMD"].startswith("[")  # without a shell, so that signals arrive
    torch = re.search(r"torch==[\d.]+", (ROOT / "pyproject.toml").read_text())[0]
    assert any(torch in rest for name, rest in found if name == "RUN")


def test_the_image_reads_and_writes_what_the_pages_offer():
    """Parquet tables and PDFs: both are extras, and WeasyPrint wants libraries of Debian."""
    runs = " ".join(rest for name, rest in instructions() if name == "RUN")
    extras = set(re.search(r'pip install "\.\[([\w,]+)\]"', runs)[1].split(","))
    assert extras == {"pdf", "parquet"}
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert extras <= set(known)
    page = (ROOT / "docs" / "operating.md").read_text()
    wanted = re.findall(r"lib(?:pango|pangoft2|harfbuzz)-[\w.-]+", page)
    assert len(set(wanted)) == 3
    assert [name for name in wanted if name not in runs] == []


def test_the_image_holds_no_secret_and_copies_what_exists():
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", "data", ".venv", "secrets"} <= set(ignored)
    assert {"tests", "tests/data"} & set(ignored)
    for name, rest in instructions():
        assert not re.search(r"(?i)(password|secret|token)\S*=", rest), name
        if name == "COPY":
            *sources, _ = rest.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert not any(fnmatch.fnmatch(source, pattern) for pattern in ignored), source
