#!/usr/bin/python3 -B
"""The roles of sandbox_test.py: a th-test whose scenes look at the sandbox from inside and tell what they see as events."""
import ctypes
import json
import os
import resource
import signal
import socket
import sys
import time

TEST, ROLE = sys.argv[1], sys.argv[2]
PORT = 4433


def tell(kind, **what):
    os.write(1, (json.dumps({"ty": kind, "in": what} if what else {"ty": kind}) + "\n").encode())


def wait_for_done():
    for line in sys.stdin:
        if json.loads(line)["ty"] == "done":
            return


def attempt(function, *arguments):
    """The error's name, or what the function returned."""
    try:
        return function(*arguments)
    except OSError as error:
        return type(error).__name__ if error.errno is None else os.strerror(error.errno)


# ---- both roles bind one port, and every family and transport works between them -----------------


def serve():
    """Answers every datagram and connection with this attempt's name, on IPv4 and IPv6."""
    sockets = []
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            one = socket.socket(family, kind)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(("", PORT))
            if kind == socket.SOCK_STREAM:
                one.listen()
            sockets.append(one)
    return sockets


def answer(sockets):
    import select

    while True:
        for one in select.select(sockets, [], [])[0]:
            if one.type == socket.SOCK_DGRAM:
                _, peer = one.recvfrom(100)
                one.sendto(TEST.encode(), peer)
            else:
                connection, _ = one.accept()
                connection.sendall(TEST.encode())
                connection.close()


def ask(other):
    seen = {}
    for name, family in (("4", socket.AF_INET), ("6", socket.AF_INET6)):
        address = socket.getaddrinfo(other, PORT, family, socket.SOCK_STREAM)[0][4]
        with socket.socket(family, socket.SOCK_DGRAM) as udp:
            udp.settimeout(20)
            udp.sendto(b"who", address)
            seen["udp" + name] = udp.recv(100).decode()
        with socket.create_connection(address[:2], timeout=20) as tcp:
            seen["tcp" + name] = tcp.recv(100).decode()
    return seen


def meet():
    sockets = serve()
    tell("ready")
    if ROLE == "driver":
        others = [role for role in ("worker", "relay") if role in os.environ.get("OTHERS", "worker").split()]
        tell("met", others={other: ask(other) for other in others}, test=TEST)
        tell("done")
    elif os.fork() == 0:
        answer(sockets)
    else:
        wait_for_done()


# ---- what the sandbox looks like from inside ------------------------------------------------------


def connects(host, port, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(5)
        one.connect((host, port))
    return "connected"


def writes(path):
    with open(path, "w") as file:
        file.write("x")
    return "written"


def look():
    tell("ready")
    if ROLE == "driver":
        status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
        port = int(os.environ["HOST_PORT"])
        tell(
            "seen",
            pid=os.getpid(),
            first=open("/proc/1/comm").read().strip(),
            processes=sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
            hostname=socket.gethostname(),
            interfaces=sorted(name for _, name in socket.if_nameindex()),
            capabilities=[status[key] for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
            no_new_privileges=status["NoNewPrivs"],
            uid=os.getuid(),
            directory=os.getcwd(),
            tmp=os.listdir("/tmp"),
            shared=os.listdir("/shared"),
            network={
                "loopback": attempt(connects, "127.0.0.1", port),
                "loopback6": attempt(connects, "::1", port, socket.AF_INET6),
                "outside": attempt(connects, "192.0.2.1", 80),
                "outside6": attempt(connects, "2001:db8::1", 80, socket.AF_INET6),
                **{address: attempt(connects, address, port) for address in os.environ["HOST_ADDRESSES"].split()},
            },
            writes={
                path: attempt(writes, path)
                for path in ("/tmp/x", "/dev/shm/x", "/run/x", "/shared/x", "/dev/null", "/x", "/etc/x", "/usr/x", "/var/tmp/x", "./x", "/etc/hosts",
                             "/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/.interoper/x")
            },
            sockets=attempt(lambda: socket.socket(socket.AF_UNIX).connect(os.environ["HOST_SOCKET"])),
            hidden=attempt(os.listdir, "/.interoper"),
            mount=ctypes.CDLL(None).mount(b"none", b"/tmp", b"tmpfs", 0, None),
            port_80=attempt(lambda: socket.socket().bind(("", 80))),
            environment=sorted(os.environ),
            core=resource.getrlimit(resource.RLIMIT_CORE)[0],
        )
        tell("done")
    else:
        wait_for_done()


# ---- what outlives its role ---------------------------------------------------------------------------


def linger():
    """Leaves behind, in another session and deaf to signals, who holds stdout open for ever."""
    tell("ready")
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
                signal.signal(number, signal.SIG_IGN)
            while True:
                time.sleep(1000)
        os._exit(0)
    if ROLE == "driver":
        tell("done")
    else:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(1000)


def orphans():
    """Processes that nobody waits for are reaped by somebody else."""
    tell("ready")
    if ROLE == "driver":
        for _ in range(100):
            if os.fork() == 0:
                os.fork()
                os._exit(0)
            os.wait()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            left = [name for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())]
            if not left:
                break
            time.sleep(0.01)
        tell("left", processes=left)
        tell("done")
    else:
        wait_for_done()


# ---- limits and ends ----------------------------------------------------------------------------------


def hog():
    tell("ready")
    if ROLE == "driver":
        held = []
        try:
            while True:
                held.append(bytearray(os.urandom(1 << 20)))
        except MemoryError:
            tell("refused", megabytes=len(held))
            os._exit(9)
    wait_for_done()


def fork_bomb():
    tell("ready")
    if ROLE == "driver":
        made = 0
        why = ""
        try:
            while made < 500:
                if os.fork() == 0:
                    time.sleep(1000)
                made += 1
        except OSError as error:
            why = os.strerror(error.errno)
        tell("made", processes=made, why=why)
        tell("done")
    else:
        wait_for_done()


def abort():
    tell("ready")
    if ROLE == "driver":
        os.kill(os.getpid(), signal.SIGABRT)
    wait_for_done()


def big_file():
    tell("ready")
    if ROLE == "driver":
        seen = {}
        for directory in ("/shared", "/tmp"):
            with open(directory + "/big", "wb", buffering=0) as file:
                size = 0
                try:
                    while size < 1 << 30:
                        os.posix_fallocate(file.fileno(), size, 64 << 20)
                        size += 64 << 20
                except OSError as error:
                    seen[directory] = [size, os.strerror(error.errno)]
            os.remove(directory + "/big")
        tell("seen", **seen)
        tell("done")
    else:
        wait_for_done()


def keep():
    tell("ready")
    if ROLE == "driver":
        os.makedirs("/shared/a/b")
        with open("/shared/a/b/file", "w") as file:
            file.write("kept\n")
        os.symlink("/etc/passwd", "/shared/link")
        os.mkfifo("/shared/fifo")
        tell("done")
    else:
        wait_for_done()


def hang():
    """Never ready, and deaf to what is asked of it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell("hanging")
    while True:
        time.sleep(1000)


def outside():
    tell("ready")
    if ROLE == "driver":
        tell(
            "seen",
            worker=socket.gethostbyname("worker"),
            loopback=attempt(connects, "10.0.2.2", int(os.environ["HOST_PORT"])),
            host=[attempt(connects, address, int(os.environ["HOST_PORT"])) for address in os.environ["HOST_ADDRESSES"].split()],
        )
        tell("done")
    else:
        wait_for_done()


{
    "meet": meet, "look": look, "linger": linger, "orphans": orphans, "hog": hog, "bomb": fork_bomb, "abort": abort, "big": big_file, "keep": keep,
    "outside": outside, "hang": hang,
}[TEST.split("-")[0]]()
