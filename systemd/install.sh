#!/bin/sh
# `make install` and `make uninstall`: brings tympan into this system, or into a tree below DESTDIR, and takes it away again.
#
#   systemd/install.sh install     program, units, rules, user, configuration; starts it where systemd runs
#   systemd/install.sh units       the same without the program: the units, rules, user and configuration alone
#   systemd/install.sh uninstall   everything but configuration and state; PURGE=1: these too, and the user
#
# DESTDIR=…    a tree to install into; nothing of this system is touched, and nothing is started
# SYSTEMD=no   do not start or stop anything, as where systemd does not run (an image that is being built)
# PYTHON=…     the interpreter, 3.11 or newer; below DESTDIR it has to be of the same version
#
# It may be repeated: that is the upgrade. The new program is made beside the old one and takes its place by renaming.
set -eu

cd "$(dirname "$0")/.."
DESTDIR=${DESTDIR:-}
PYTHON=${PYTHON:-/usr/bin/python3}
PURGE=${PURGE:-}
PROGRAM=/opt/tympan
COMMAND=/usr/local/bin/tympan
LIBRARY=/usr/local/lib
CONFIG=/etc/tympan
STATE=/var/lib/tympan
UNITS='tympan.service tympan.socket'
RULES=60-tympan.rules

if [ -n "$DESTDIR" ] || [ ! -d /run/systemd/system ]; then
    SYSTEMD=no
fi
[ "${SYSTEMD:-}" = no ] || SYSTEMD=yes

say() { echo "tympan: $*"; }
fail() { echo "tympan: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

need_root() {
    [ "$(id -u)" = 0 ] || [ -n "$DESTDIR" ] || fail "this needs root; type: sudo make $1"
}

# --- the program -------------------------------------------------------------------------------------------------------

system_packages() {
    [ -z "$DESTDIR" ] || return 0
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
        || { have "$PYTHON" && fail "it needs Python 3.11 or newer; this is $("$PYTHON" --version)"; .ci/apt-install python3; }
    "$PYTHON" -c 'import ensurepip' 2>/dev/null || .ci/apt-install python3-venv
    ldconfig -p 2>/dev/null | grep -q 'libusb-1\.0\.so' || .ci/apt-install libusb-1.0-0
}

install_program() {
    system_packages
    new=$DESTDIR$PROGRAM.new
    rm -rf "$new"
    mkdir -p "$DESTDIR/opt"
    "$PYTHON" -m venv "$new"
    pip="$new/bin/python -m pip --disable-pip-version-check --quiet --no-cache-dir"
    say "installing what it is made of …"
    $pip install --require-hashes -r constraints.txt
    built=$(mktemp -d)
    $pip wheel --no-deps --no-build-isolation --wheel-dir "$built" .
    $pip install --no-deps "$built"/tympan-*.whl
    rm -rf "$built"
    find_lgpio "$new"
    mkdir -p "$new/share/doc/tympan"
    cp -R README.md CHANGELOG.md LICENSE docs/*.md docs/adr "$new/share/doc/tympan/"
    settle "$new"
    rm -rf "$DESTDIR$PROGRAM.old"
    [ ! -e "$DESTDIR$PROGRAM" ] || mv "$DESTDIR$PROGRAM" "$DESTDIR$PROGRAM.old"
    mv "$new" "$DESTDIR$PROGRAM"
    rm -rf "$DESTDIR$PROGRAM.old"
    mkdir -p "$DESTDIR$(dirname $COMMAND)"
    ln -sfn "$PROGRAM/bin/tympan" "$DESTDIR$COMMAND"
}

# GPIO's library has no wheel for some Pythons and machines; Raspberry Pi OS has a package of it, which a virtual environment does
# not see. Its two files are linked, not copied: so apt keeps them up to date, and nothing else of the system's Python comes in.
find_lgpio() {
    "$1/bin/python" -c 'import lgpio' 2>/dev/null && return 0
    [ -n "$DESTDIR" ] || .ci/apt-install python3-lgpio >/dev/null 2>&1 || true
    site=$("$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    for file in "$DESTDIR"/usr/lib/python3/dist-packages/lgpio.py "$DESTDIR"/usr/lib/python3/dist-packages/_lgpio*.so; do
        [ ! -e "$file" ] || ln -sfn "${file#"$DESTDIR"}" "$site/"
    done
    "$1/bin/python" -c 'import lgpio' 2>/dev/null \
        || say "lights and buttons need the package python3-lgpio of Raspberry Pi OS, which this system has not; all else works"
}

# A virtual environment knows where it was made: let it be where it will lie. What only making it took goes.
settle() {
    rm -f "$1"/bin/activate* "$1"/bin/Activate*
    for script in "$1"/bin/*; do
        [ ! -L "$script" ] || continue
        sed -i "1s|^#!$1/|#!$PROGRAM/|" "$script"
    done
    sed -i "s|$1|$PROGRAM|" "$1/pyvenv.cfg"
    chmod -R u+rwX,go+rX,go-w "$1"
}

# --- the system --------------------------------------------------------------------------------------------------------

put() { # FILE DIRECTORY [NAME]
    mkdir -p "$DESTDIR$2"
    install -m 0644 "systemd/$1" "$DESTDIR$2/${3:-$1}"
}

install_units() {
    is_upgrade=
    [ ! -e "$DESTDIR$LIBRARY/systemd/system/tympan.service" ] || is_upgrade=yes
    for unit in $UNITS; do put "$unit" $LIBRARY/systemd/system; done
    put tympan.sysusers $LIBRARY/sysusers.d tympan.conf
    put tympan.tmpfiles $LIBRARY/tmpfiles.d tympan.conf
    put $RULES $LIBRARY/udev/rules.d
    mkdir -p "$DESTDIR$CONFIG/conf.d"
    if [ ! -e "$DESTDIR$CONFIG/config.toml" ]; then
        put config.toml $CONFIG
        chmod 0600 "$DESTDIR$CONFIG/config.toml"
    fi
    [ -n "$is_upgrade" ] || start_with_system # an upgrade leaves it as it was wished to be
    if [ -e "$DESTDIR/etc/passwd" ] && [ "$(id -u)" = 0 ]; then
        have systemd-sysusers || fail "there is no systemd-sysusers here"
        systemd-sysusers --root="${DESTDIR:-/}" "$DESTDIR$LIBRARY/sysusers.d/tympan.conf"
        systemd-tmpfiles --root="${DESTDIR:-/}" --create "$DESTDIR$LIBRARY/tmpfiles.d/tympan.conf"
    fi
}

# As `systemctl enable` does, which is not everywhere where an image is built.
start_with_system() {
    for wants in multi-user.target.wants/tympan.service sockets.target.wants/tympan.socket; do
        link=$DESTDIR/etc/systemd/system/$wants
        [ ! -L "$DESTDIR/etc/systemd/system/${wants##*/}" ] || continue # masked: somebody does not want it
        mkdir -p "$(dirname "$link")"
        ln -sfn "$LIBRARY/systemd/system/${wants##*/}" "$link"
    done
}

start() {
    systemctl daemon-reload
    if have udevadm; then
        udevadm control --reload || true
        udevadm trigger --subsystem-match=usb --subsystem-match=tty --subsystem-match=gpio --subsystem-match=usbmisc || true
        udevadm settle --timeout=10 || true
    fi
    if systemctl is-enabled --quiet tympan.socket && ! systemctl start tympan.socket; then
        say "port 631 is taken by another program:"
        ss -ltnp 'sport = :631' 2>/dev/null || true
        fail "where it is CUPS: docs/install.md, \"CUPS on the same machine\""
    fi
    if ! systemctl is-enabled --quiet tympan.service; then
        say "installed; it does not start by itself, as it was"
        return
    fi
    if ! systemctl restart tympan.service; then
        systemctl --no-pager --lines=20 status tympan.service || true
        exit 1
    fi
    systemctl --no-pager --lines=0 status tympan.service || true
    say "it runs: http://$(hostname).local:631/"
}

# --- what is asked for -------------------------------------------------------------------------------------------------

uninstall() {
    if [ "$SYSTEMD" = yes ]; then
        systemctl stop tympan.socket tympan.service 2>/dev/null || true
    fi
    rm -f "$DESTDIR/etc/systemd/system/multi-user.target.wants/tympan.service" \
        "$DESTDIR/etc/systemd/system/sockets.target.wants/tympan.socket"
    for unit in $UNITS; do
        rm -f "$DESTDIR$LIBRARY/systemd/system/$unit"
    done
    rm -f "$DESTDIR$LIBRARY/udev/rules.d/$RULES" "$DESTDIR$LIBRARY/sysusers.d/tympan.conf" "$DESTDIR$LIBRARY/tmpfiles.d/tympan.conf"
    [ "$(readlink "$DESTDIR$COMMAND" 2>/dev/null)" != "$PROGRAM/bin/tympan" ] || rm -f "$DESTDIR$COMMAND"
    rm -rf "$DESTDIR$PROGRAM" "$DESTDIR$PROGRAM.new" "$DESTDIR$PROGRAM.old"
    if [ -n "$PURGE" ]; then
        rm -rf "$DESTDIR$CONFIG" "$DESTDIR$STATE" "$DESTDIR"/etc/systemd/system/tympan.service.d "$DESTDIR"/etc/systemd/system/tympan.socket.d
        if [ -z "$DESTDIR" ] && getent passwd tympan >/dev/null; then
            userdel tympan
        fi
    fi
    for directory in systemd/system systemd udev/rules.d udev sysusers.d tmpfiles.d; do
        rmdir "$DESTDIR$LIBRARY/$directory" 2>/dev/null || true
    done
    if [ "$SYSTEMD" = yes ]; then
        systemctl daemon-reload
        systemctl reset-failed tympan.service tympan.socket 2>/dev/null || true
        ! have udevadm || udevadm control --reload || true
    fi
    if [ -n "$PURGE" ]; then
        say "it is gone, with its configuration and its state"
    else
        say "it is gone; $DESTDIR$CONFIG and $DESTDIR$STATE stay (PURGE=1 takes them away too)"
    fi
}

case ${1:-} in
    install)
        need_root install
        install_program
        install_units
        if [ "$SYSTEMD" = yes ]; then start; else say "installed; it starts when the system does"; fi
        ;;
    units)
        need_root install-units
        install_units
        ;;
    uninstall)
        need_root uninstall
        uninstall
        ;;
    *) sed -n 's/^#   //p' "$0"; exit 2 ;;
esac
