"""The MoQ interop runner's plan, written again from its rules and from nothing of ours: what the plan of `interoper` is held against."""
import re

MODES_FIRST = ("at", "ahead", "behind")


def number(draft):
    return int(draft.removeprefix("draft-"))


def classify(draft, target):
    return "at" if number(draft) == number(target) else "ahead" if number(draft) > number(target) else "behind"


def endpoints(relay):
    """(mode, url) in the order in which the runner looks: the image first, then what is remote and not inactive."""
    found = []
    docker = relay.get("docker") or {}
    if docker.get("image"):
        found.append(("docker", docker.get("url")))
    for remote in relay.get("remote") or []:
        if remote.get("status", "active") != "inactive":
            found.append((f"remote-{remote.get('transport', 'unknown')}", remote["url"]))
    return found


def plan(registry, target=None):
    """[(client, relay, draft, class, mode, url)] in the order of its runs, and the pairs (client, relay) that have none."""
    target = target or registry.get("current_target") or "draft-16"
    entries = registry["implementations"]
    for name, entry in entries.items():
        for draft in entry.get("draft_versions", []):
            assert re.fullmatch(r"draft-\d+", draft), (name, draft)
    clients = [name for name, entry in entries.items() if entry["roles"].get("client") is not None]
    relays = [name for name, entry in entries.items() if entry["roles"].get("relay") is not None]
    runs = []
    for client in clients:
        for relay in relays:
            theirs = entries[relay].get("draft_versions") or []
            shared = [draft for draft in entries[client].get("draft_versions") or [] if draft in theirs]
            if not shared:
                continue
            draft = max(shared, key=number)
            for mode, url in endpoints(entries[relay]["roles"]["relay"]):
                runs.append((client, relay, draft, classify(draft, target), mode, url))
    ordered = [run for rank in MODES_FIRST for run in runs if run[3] == rank]
    met = {(run[0], run[1]) for run in runs}
    without = {(client, relay) for client in entries for relay in entries} - met
    return ordered, without
