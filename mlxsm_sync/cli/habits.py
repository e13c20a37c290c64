"""What the words of other tools are answered with: Terraform, docker compose, git, chezmoi, brew, ollama.

A command of theirs is never run as one of ours; it is told in one line what does that here.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

WORDS: dict[str, str] = {
    # start and stop
    "start": "mlxsm up{names} starts servers and waits until they are ready",
    "serve": "mlxsm up{names} starts servers in the background, mlxsm run{name} one in the foreground",
    "load": "mlxsm up{names} starts servers and waits until their models are loaded",
    "launch": "mlxsm up{names} starts servers and waits until they are ready",
    "server": "mlxsm up starts servers, mlxsm ps shows them",
    "stop": "mlxsm down{names} stops {which}",
    "quit": "mlxsm down{names} stops {which}",
    "unload": "mlxsm down{names} stops {which}, which frees their memory",
    "kill": "mlxsm down{names} asks {which} to end; --force kills those that do not",
    "pause": "a server cannot be paused; mlxsm down{names} stops {which}",
    "unpause": "mlxsm up{names} starts servers again",
    "reload": "mlxsm up --recreate restarts servers whose options changed",
    "recreate": "mlxsm up --recreate restarts servers whose options changed",
    "taint": "mlxsm restart{name} stops a server and starts it again",
    "untaint": "nothing is ever marked here; mlxsm ps shows what runs with old options",
    "switch": "mlxsm down NAME stops the one server, then mlxsm up{name} starts the other",
    "use": "mlxsm up{name} starts a server, mlxsm connect{name} prints what a client needs",
    "services": "mlxsm service status shows the services, mlxsm service install{name} makes one",
    "enable": "mlxsm service install{name} starts it now and at every login",
    "disable": "mlxsm service uninstall{name} stops it, and takes its service away",
    "scale": "one profile is one server: write a second profile with a port of its own, then mlxsm apply",
    "wait": "mlxsm up{names} waits until the servers are ready",
    "exec": "clients talk to the server directly; mlxsm connect{name} prints what they need",
    "watch": "mlxsm ps --watch{names} shows the servers again and again",
    # look
    "ls": "mlxsm list shows the profiles of this machine, mlxsm ps its servers",
    "ll": "mlxsm list shows the profiles of this machine, mlxsm ps its servers",
    "get": "mlxsm list{names} shows the profiles of this machine, mlxsm ps{names} its servers",
    "show": "mlxsm list{names} shows profiles, mlxsm connect{name} what a client needs",
    "output": "mlxsm connect{name} prints what a client needs, mlxsm list --json all of a profile",
    "info": "mlxsm list{names} shows profiles, mlxsm ps{names} servers, mlxsm doctor what is in the way",
    "inspect": "mlxsm list{names} --json shows all of a profile, mlxsm ps{names} --json its server",
    "describe": "mlxsm list{names} --json shows all of a profile, mlxsm ps{names} --json its server",
    "cat": "mlxsm list{names} --json shows all of a profile",
    "managed": "mlxsm list shows the profiles of this machine, and which file owns each",
    "models": "mlxsm list shows the profiles with their models",
    "images": "mlxsm list shows the profiles with their models",
    "state": "mlxsm list shows the state, mlxsm history its earlier versions",
    "st": "mlxsm ps shows the servers, mlxsm plan what the profile file would change",
    "estimate": "mlxsm fit{names} shows how much memory profiles need",
    "memory": "mlxsm fit{names} shows how much memory profiles need, mlxsm ps what they use",
    "top": "mlxsm ps --watch{names} shows memory and CPU again and again",
    "htop": "mlxsm ps --watch{names} shows memory and CPU again and again",
    "stats": "mlxsm ps --watch{names} shows memory and CPU again and again",
    "log": "mlxsm logs{names} shows what servers write, mlxsm history what was applied",
    "tail": "mlxsm logs -f{names} follows what servers write",
    "attach": "mlxsm logs -f{names} follows what servers write",
    "events": "mlxsm logs -f{names} follows what servers write",
    "port": "mlxsm list{names} shows where each server listens",
    "url": "mlxsm connect{name} prints the base URL",
    "env": "mlxsm connect{name} prints the settings of a client",
    "chat": "mlxsm connect{name} prints what a chat client needs",
    "health": "mlxsm ps --check{names} says by its exit code whether the servers are ready",
    "check": "mlxsm validate checks the profile file, mlxsm doctor this machine",
    "lint": "mlxsm validate checks the profile file",
    "test": "mlxsm validate checks the profile file, mlxsm ps --check the servers",
    "verify": "mlxsm validate checks the profile file, mlxsm plan compares it with this machine",
    # plan and apply
    "diff": "mlxsm plan shows what the profile file would change",
    "preview": "mlxsm plan shows what the profile file would change",
    "dry-run": "mlxsm plan shows what the profile file would change",
    "sync": "mlxsm plan shows what differs, mlxsm apply brings this machine in line with the profile file",
    "deploy": "mlxsm apply brings this machine in line with the profile file, mlxsm up starts servers",
    "commit": "mlxsm apply brings this machine in line with the profile file; git commit keeps the file",
    "install": "a model is a profile: write it into the profile file, then mlxsm apply and mlxsm up",
    "setup": "mlxsm init writes a starter profile file, then mlxsm plan",
    "new": "mlxsm init writes a starter profile file, then mlxsm plan",
    "update": "edit the profile file, then mlxsm apply and mlxsm up --recreate",
    "upgrade": "upgrade it with what installed it, such as pip; mlxsm doctor tells the server's version",
    "add": (
        "a model is a profile: write it into the profile file, then mlxsm plan; "
        "mlxsm pull{name} takes one from this machine"
    ),
    "create": "a model is a profile: write it into the profile file, then mlxsm apply and mlxsm up",
    "edit": "$EDITOR {file}, then mlxsm plan",
    "set": "$EDITOR {file}, then mlxsm plan",
    "config": "mlxsm validate checks the profile file, mlxsm plan compares it with this machine",
    "fmt": "not needed: layout and comments of the profile file stay yours; mlxsm validate checks it",
    "format": "not needed: layout and comments of the profile file stay yours; mlxsm validate checks it",
    "refresh": "not needed: each mlxsm plan reads the profile file and the state anew",
    "login": "not needed: there is no account",
    "logout": "not needed: there is no account",
    "workspace": "--state PATH keeps another state, as in mlxsm plan --state other.json",
    "force-unlock": "not needed: the lock ends with the process that holds it",
    "unlock": "not needed: the lock ends with the process that holds it",
    # take away, go back
    "rm": "mlxsm remove{name} takes profiles out of the state; it shows them and asks first",
    "delete": "mlxsm remove{name} takes profiles out of the state; it shows them and asks first",
    "del": "mlxsm remove{name} takes profiles out of the state; it shows them and asks first",
    "uninstall": "mlxsm remove{name} takes profiles out of the state; it shows them and asks first",
    "destroy": "mlxsm down{names} stops {which}, then mlxsm remove{name} takes profiles out of the state",
    "prune": "mlxsm plan --prune shows what would be deleted because the file no longer lists it",
    "clean": "mlxsm plan --prune shows what would be deleted because the file no longer lists it",
    "cleanup": "mlxsm plan --prune shows what would be deleted because the file no longer lists it",
    "rename": "rename it in the profile file, or here only: mlxsm plan --rename{rename}",
    "mv": "rename it in the profile file, or here only: mlxsm plan --rename{rename}",
    "reset": "mlxsm history lists the earlier states, mlxsm plan what the profile file would change",
    "undo": "mlxsm history lists the earlier states, mlxsm rollback goes back to one; it asks first",
    "revert": "mlxsm history lists the earlier states, mlxsm rollback goes back to one; it asks first",
    "checkout": "mlxsm history lists the earlier states, mlxsm rollback goes back to one; it asks first",
    "backup": "not needed: each write keeps the state before it, mlxsm history lists them",
    # models, and other machines
    "download": "mlxsm up{names} starts servers, and a server downloads the model that it does not find",
    "build": "there is nothing to build; mlxsm up{names} starts servers",
    "search": "models are found at https://huggingface.co/mlx-community; mlxsm list shows the profiles",
    "fetch": "mlxsm up{names} starts servers, and a server downloads the model that it does not find",
    "push": "git push shares the profile file; mlxsm export writes a document for the Mac app",
    "clone": "git clone the repository with the profile file, then mlxsm plan -f FILE",
    "share": "git push shares the profile file; mlxsm export writes a document for the Mac app",
    "dump": "mlxsm export writes the profiles of this machine",
    "publish": "git push shares the profile file; mlxsm export writes a document for the Mac app",
    "re-add": "mlxsm pull{names} writes what was changed on this machine into the profile file",
    "save": "mlxsm pull{names} writes what was changed on this machine into the profile file",
    "man": "mlxsm --help shows the commands",
    "docs": "mlxsm --help shows the commands",
}
"""By word: `{names}` repeats the names that were typed, `{name}` stands where one is needed."""


def answer(word: str, rest: Sequence[str], *, file: str) -> str | None:
    """What does here what a word of another tool does there; None where nobody knows the word.

    `rest` is what was typed behind it: plain names are repeated, so that the command is the one that was
    meant. `file` is the profile file as it can be written in a command.
    """
    message = WORDS.get(word.lower())
    if message is None:
        return None
    names = _names(rest)
    one = f" {names[0]}" if len(names) == 1 else ""
    all_ = "".join(f" {name}" for name in names)
    return message.format(
        names=all_,
        name=all_ or " NAME",
        rename=f"{one or ' NAME'}=NEW",
        which=_which(names, rest),
        file=file,
    )


def _names(rest: Sequence[str]) -> list[str]:
    """The names in what was typed, for a shell; none where an option or something unseen is among them."""
    if any(word.startswith("-") or not word.isprintable() for word in rest):
        return []
    return [shlex.quote(word) for word in rest]


def _which(names: Sequence[str], rest: Sequence[str]) -> str:
    """Whose servers `down` stops: with no name it stops more than somebody may have meant."""
    if names:
        return "it" if len(names) == 1 else "them"
    return "all servers of the profile file, with NAME one" if rest else "the servers of the profile file"
