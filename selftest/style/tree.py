"""What the style checks share: which files a tree holds, and how a fault is told."""
import os
import subprocess
import sys

SKIPPED = 77  # what ctest reads as "not run"


def git(root, *arguments):
    """The lines that git prints, or None when this is no clone (or git is not there)."""
    # Who runs the tests need not be who made the clone.
    command = ["git", "-c", "safe.directory=*", "-C", root, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.splitlines()


def files_of(root):
    """Tracked files, relative to root: what somebody has lying about is nobody's fault. Outside of a clone, every file."""
    tracked = git(root, "ls-files")
    if tracked is not None and git(root, "rev-parse", "--show-prefix") in ([], [""]):
        return sorted(name for name in tracked if os.path.isfile(os.path.join(root, name)))
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in ("build", ".git", "node_modules")]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def text_of(root, name):
    """The file's text, or None when it is no text."""
    with open(os.path.join(root, name), "rb") as file:
        content = file.read()
    if b"\0" in content:
        return None
    return content.decode("utf-8", errors="replace")


def end(what, faults, looked_at):
    """Tells the faults and leaves. A check that looked at nothing has shown nothing."""
    for fault in faults:
        print(fault)
    if looked_at == 0:
        print(f"{what}: no file to look at")
        sys.exit(2)
    print(f"{what}: {looked_at} files, {len(faults)} faults")
    sys.exit(1 if faults else 0)
