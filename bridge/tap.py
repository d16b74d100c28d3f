"""
twistd's door: options, ``--check``, ``--demo``, and the service for the rest.

Whatever can be wrong with a configuration is said here, before anything daemonizes,
binds or changes user; exit codes are sysexits(3)'s.
"""

from __future__ import annotations

import os
import pwd
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, cast

from twisted.application.service import IService, MultiService
from twisted.logger import ILogObserver
from twisted.python import usage

import twisted
from bridge import __version__, doctor
from bridge.config.model import Config
from bridge.config.problems import ConfigError
from bridge.config.reader import summary
from bridge.control.admin import Ask
from bridge.control.check_command import probed
from bridge.control.peer import Peer
from bridge.control.slices import Slices
from bridge.demo import Demo
from bridge.net.inherited import as_started, systemd_sockets
from bridge.net.pump import Reactor
from bridge.processes.generation import workers_of
from bridge.processes.host import watch_host
from bridge.processes.making import Making
from bridge.processes.numbers import Numbers
from bridge.processes.operator import Operator
from bridge.processes.parties import Reading
from bridge.processes.snapshot import LogPlan
from bridge.processes.started import EX_FAILED, Started, Told
from bridge.processes.supervisor import Supervisor
from bridge.service.admin import Admin
from bridge.service.aside import Aside
from bridge.service.log_places import Owner, journal, to_file, to_standard_output
from bridge.service.logs import Logs
from bridge.service.notify import Notify, manager
from bridge.service.path_told import PathTold
from bridge.service.signals import Stop, install, keep
from bridge.service.sockets import Sockets
from bridge.watch import log
from bridge.web.listening import Web
from bridge.web.looking import Sources
from bridge.web.page import Page
from bridge.web.plan import plan
from bridge.web.root import root_of

EX_USAGE = 2
EX_CONFIG = 78  # sysexits.h


class Options(usage.Options):
    """What stands behind ``twistd bridge``."""

    synopsis = "[options]"
    longdesc = "TCP gateway from IPv6 clients to IPv4 server farms."
    optParameters = [
        ["config", "c", None, "The configuration file (YAML)."],
    ]
    warned: Sequence[str] = ()
    """What was odd with the configuration when it was read last."""
    optFlags = [
        ["check", None, "Read and verify the configuration, say so, and exit."],
        ["probe", None, "With --check: ask the servers what the paths to them carry."],
        ["demo", None, "No file: a small farm on 127.0.0.1, fronted on [::1]:8080."],
    ]

    def parseOptions(self, options: Any = None) -> None:
        """As twistd has it, but a wrong command line exits with 2, not with 0."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            _leave(EX_USAGE, f"twistd bridge: {error}; see twistd bridge --help")

    def opt_version(self) -> NoReturn:
        """Display the versions of bridge and of Twisted, and exit."""
        print(f"bridge {__version__} (Twisted {twisted.__version__})")
        raise SystemExit(0)

    def parseArgs(self, *words: str) -> None:
        """There are options only; a file's name alone is what people try first."""
        if words:
            right = f"write --config {words[0]}"
            raise usage.UsageError(f"{words[0]!r} is no option: {right}")

    def postOptions(self) -> None:
        if self["demo"] and self["config"]:
            raise usage.UsageError("--demo needs no --config: give one, not both")
        if not self["demo"] and not self["config"]:
            raise usage.UsageError("one of --config FILE and --demo is needed")
        if self["probe"] and not self["check"]:
            raise usage.UsageError("--probe is for --check: a start does it by itself")
        self.demo = Demo() if self["demo"] else None
        uid = self.parent.get("uid") if self.parent is not None else None
        host = doctor.Host.read(uid=uid, looks=bool(self["check"]))
        try:
            if self.demo is not None:
                self.document = self.demo.document()
            else:
                file = Path(self["config"])
                self.document = doctor.read(file, os.environ, host)
        except ConfigError as error:
            _leave(EX_CONFIG, str(error))
        self._warn(host)
        if self["check"]:
            print(f"{self['config'] or 'demo'}: ok ({summary(self.document)})")
            if self["probe"]:
                print("\n".join(probed(self.document.config)))
            raise SystemExit(0)
        _refuse_places(self.parent or {})
        try:
            self._choose_log()
        except OSError as error:
            _leave(EX_FAILED, f"twistd bridge: log {error.filename}: {error.strerror}")

    def _warn(self, host: doctor.Host) -> None:
        self.warned = doctor.warnings(self.document, host)
        for warning in self.warned:
            print(f"warning: {warning}", file=sys.stderr)

    def _choose_log(self) -> None:
        """Log in our own form, unless twistd was told of another."""
        twistd = self.parent
        if twistd is None or twistd.get("logger") or twistd.get("syslog"):
            return
        foreground = twistd.get("nodaemon") or twistd.get("debug")
        if twistd.get("logfile") == "-" and not foreground:
            right = "leave --logfile out, name a file, or give -n"
            raise usage.UsageError(f"a daemon has no standard output: {right}")
        name = _log_name(twistd)
        if name is None:
            _log.open(to_standard_output(), journal())
        else:
            _log.open(to_file(name, "log", _owner(twistd)))
        _log.path = None if name is None else os.path.abspath(name)
        _log.level = self.document.config.log.level
        _log.form = self.document.config.log.format
        # twistd takes a factory by its name only.
        twistd["logger"] = f"{__name__}.{log_observer.__name__}"


_log = log.Log()


def log_observer() -> ILogObserver:
    """What twistd is told to log to."""
    return _log.observer()


def _leave(status: int, message: str) -> NoReturn:
    # The real one: once twistd logs, sys.stderr is part of the log.
    print(message, file=sys.__stderr__)
    raise SystemExit(status)


def _refuse_places(twistd: Any) -> None:
    """Where twistd could not go or write: it would say so by a traceback in the log."""
    if twistd.get("chroot"):  # all others are within
        return
    where, right = f"rundir {twistd.get('rundir')}", "make it, or name another"
    try:
        if twistd.get("rundir"):
            os.stat(os.path.join(twistd["rundir"], "."))
        file = twistd.get("pidfile")
        if file:
            where = f"pidfile {file}"
            right = "name another (--pidfile=FILE) or none (--pidfile=)"
            there = os.path.lexists(file)
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            if not there:
                os.unlink(file)
    except OSError as error:
        _leave(EX_FAILED, f"twistd bridge: {where}: {error.strerror}: {right}")


def _log_name(twistd: usage.Options) -> str | None:
    """Where twistd's own options want the log; None is standard output."""
    name: str | None = twistd.get("logfile")
    if name == "-" or (twistd.get("nodaemon") and not name):
        return None
    return name or "twistd.log"


def _owner(twistd: Any) -> Owner:
    """Whom twistd changes to once the listeners are bound; None: nobody else."""
    uid, gid = twistd.get("uid"), twistd.get("gid")
    if (uid is None and gid is None) or os.geteuid():
        return None
    if gid is None:
        with suppress(KeyError):  # as twistd has it
            gid = pwd.getpwuid(uid).pw_gid
    gid = -1 if gid is None else gid
    return -1 if uid is None else uid, gid


def _user(twistd: Any) -> int | None:
    """The user that twistd changes to; None: nobody else."""
    owner = _owner(twistd)
    return owner[0] if owner is not None and owner[0] >= 0 else None


def makeService(options: Options) -> IService:
    """Called by twistd once the options are good."""
    from twisted.internet import reactor  # one of two imports of the global reactor

    # Its timers would follow the wall clock, and a step back would stop them all
    # (twisted#2424).
    reactor.seconds = time.monotonic  # type: ignore[method-assign]
    twistd: Any = options.parent or {}
    ours = cast(Reactor, reactor)
    foreground = bool(twistd.get("nodaemon"))
    notify = Notify(manager(os.environ, os.getpid()), ours)
    document, logs = options.document, Logs(_log)
    if workers_of(document.config) == 1:  # else it is theirs
        _open_access(logs, document.config, ours, twistd)
    logs.begin(ours)
    started = Started(twistd)
    if options.demo is not None:
        options.demo.service(ours).setServiceParent(started)
    inherited = systemd_sockets(as_started(os.environ), os.getpid())
    sockets = Sockets(inherited, _user(twistd))
    making = Making(reactor, sockets, logs, partial(_log_plan, foreground))
    gateway = Supervisor(
        document,
        reactor,
        sockets,
        making,
        Told(notify, started),
        Aside(ours),
        read=_reading(options),
        failed=partial(started.give_up, reactor),
    )
    gateway.setServiceParent(started)
    watch_host(ours, options, gateway).setServiceParent(started)
    PathTold(reactor, document.config).setServiceParent(started)
    _ask_and_watch(options, gateway, making, logs).setServiceParent(started)
    started.keep_signals = _obey_signals(gateway, logs, reactor)
    reactor.addSystemEventTrigger("after", "shutdown", notify.close)
    reactor.addSystemEventTrigger("after", "shutdown", logs.finish)
    return started


def _ask_and_watch(
    options: Options, gateway: Supervisor, making: Making, logs: Logs
) -> IService:
    """What answers bridgectl, browsers and Prometheus, for as long as there is one."""
    from twisted.internet import reactor

    config, ours = options.document.config.admin, cast(Reactor, reactor)
    numbers = Numbers(gateway, making, ours.seconds)
    asked = Operator(gateway, logs, making.past, lambda: options.warned).ask
    page = _page(options, gateway, numbers, asked)
    root = root_of(numbers, Slices(ours))
    page.add(root)
    web = Web(config, ours, root, Aside(ours))
    web.changed = page.ask_again
    gateway.read_again = web.reload
    numbers.besides = web.told
    admin = Admin(config, ours, asked, _owner(options.parent or {}))
    both = MultiService()
    for each in (admin, web, page) if config.web is not None else (admin, web):
        each.setServiceParent(both)
        # It answers until the last session has ended.
        cast(Any, reactor).addSystemEventTrigger("after", "shutdown", each.close)
    return both


def _page(options: Options, gateway: Supervisor, numbers: Numbers, asked: Ask) -> Page:
    from twisted.internet import reactor

    us = Peer(os.getuid(), os.getpid())  # who has ordered it the page's log says
    sources = Sources(
        numbers.steps,
        lambda: plan(gateway.current.document.config),
        lambda: options.warned,
        lambda command, args: asked(command, args, us),
        options.document.config.admin.allow_changes,
    )
    return Page(cast(Reactor, reactor), sources)


def _open_access(logs: Logs, config: Config, reactor: Reactor, twistd: Any) -> None:
    foreground, owner = bool(twistd.get("nodaemon")), _owner(twistd)
    try:
        logs.open_access(config, reactor, foreground=foreground, owner=owner)
    except OSError as error:
        _leave(
            EX_FAILED, f"twistd bridge: access log {error.filename}: {error.strerror}"
        )


def _log_plan(foreground: bool, level: str) -> LogPlan:
    """Where workers log: where this process does, if that is a place for several."""
    own = None
    if _log.outlet is not None:
        own = _log.path or "-"
    return LogPlan(own, foreground, level)


def _reading(options: Options) -> Callable[[], Reading] | None:
    """What reads the configuration again, in a thread; None: there is no file."""
    if options["config"] is None:
        return None
    file = Path(options["config"]).absolute()  # a daemon changes its directory

    def read() -> Reading:
        host = doctor.Host.read()
        document = doctor.read(file, os.environ, host)
        options.warned = doctor.warnings(document, host)
        return Reading(document, tuple(options.warned))

    return read


def _obey_signals(gateway: Supervisor, logs: Logs, reactor: Any) -> Callable[[], None]:
    """
    From the moment the reactor runs: it installs its own handlers as it starts.  What
    is returned keeps signals for then.
    """
    stop = Stop(reactor.stop, gateway.hurry)

    def reopen() -> None:
        logs.reopen()
        gateway.reopen_logs()

    actions: dict[signal.Signals, Callable[[], None]] = {
        signal.SIGTERM: stop,
        signal.SIGINT: stop,
        signal.SIGHUP: gateway.reload_by_signal,
        signal.SIGUSR1: reopen,
        signal.SIGUSR2: gateway.tell_state,
    }
    reactor.callWhenRunning(install, actions, reactor.callFromThread)
    return lambda: keep(actions, reactor.callFromThread)
