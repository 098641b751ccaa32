"""A Debian kernel for the guests: its image, the modules the tests need, and gpio-sim, which Debian does not build.

Owns what is unpacked of the kernel's packages. gpio-sim is built out of tree from the sources of the same version, fetched
when it is needed; nothing of the kernel lies in the repository.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.packages import Packages, PackagesError

ROOT_MODULES = (
    "crc32c_generic", "crc32c_intel", "ext4", "virtio_pci", "virtio_blk",
    "mmc_block", "bcm2835", "sdhci_iproc", "bcm2835_dma",
)  # fmt: skip
"""What the first stage needs to see a disk; those that a kernel has built in are no files."""

MODULES = (
    *ROOT_MODULES,
    "virtio_net", "virtio_console", "virtio_rng", "af_packet", "autofs4", "configfs",
    "xhci_pci", "vhci_hcd", "usblp", "usbserial", "ftdi_sio", "cdc_acm",
    "dwc2", "bcm2835_wdt", "bcm2835_rng", "raspberrypi_hwmon", "usbnet", "cdc_ether", "rndis_host",
)  # fmt: skip

_TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
_KERNEL_NAMES = {"amd64": "x86", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel, unpacked.

    Attributes:
        release: As ``uname -r`` says.
        image: What a boot loader starts.
        modules: A tree with ``lib/modules/RELEASE``.
        device_trees: Where the device trees are, by vendor.
    """

    release: str
    image: Path
    modules: Path
    device_trees: Path

    def files(self, names: Sequence[str]) -> list[Path]:
        """Files of modules and of what they need, in the order to load them; what is built in has none."""
        directory = self.modules / "lib/modules" / self.release
        return [directory / path for path in _closure(directory, names)]


def prepare(cache: Path, packages: Packages, tools: Packages) -> Kernel:
    """Return the newest kernel of the release, from the cache where it is there.

    Args:
        cache: Where kernels are kept.
        packages: Of the guest's architecture.
        tools: Of this machine's, for what runs while modules are built.
    """
    architecture = packages.architecture
    image = packages.depends(f"linux-image-{architecture}", r"linux-image-[0-9]\S*")
    version = packages.version(image)
    release = image.removeprefix("linux-image-")
    home = cache / "kernel" / architecture / f"{release}_{version}"
    kernel = Kernel(
        release,
        home / f"boot/vmlinuz-{release}",
        home / "chosen",
        home / f"usr/lib/linux-image-{release}",
    )
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        _unpack(packages.fetch([f"{image}={version}"]), home)
        module = _build_gpio_sim(home / "build", release, version, packages, tools)
        _choose(home, release, kernel.modules, module)
        shutil.rmtree(home / "build")
        shutil.rmtree(home / "lib")
        (home / "complete").touch()
    return kernel


def _unpack(files: Sequence[Path], root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for file in files:
        subprocess.run(["dpkg-deb", "--extract", file, root], check=True)


def _choose(home: Path, release: str, chosen: Path, gpio_sim: Path) -> None:
    """Keep the modules of `MODULES` and what they need, and gpio-sim."""
    whole = home / "lib/modules" / release
    subprocess.run(["depmod", "--basedir", home, release], check=True, capture_output=True)
    kept = chosen / "lib/modules" / release
    kept.mkdir(parents=True)
    for path in whole.glob("modules.*"):
        if path.name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
            shutil.copy(path, kept)
    for name in _closure(whole, MODULES):
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(whole / name, kept / name)
    (kept / "extra").mkdir()
    shutil.copy(gpio_sim, kept / "extra")
    subprocess.run(["depmod", "--basedir", chosen, release], check=True, capture_output=True)


def _closure(directory: Path, names: Sequence[str]) -> list[str]:
    """Paths of modules below their directory, what is needed first."""
    needs: dict[str, list[str]] = {}
    for line in (directory / "modules.dep").read_text().splitlines():
        path, _, needed = line.partition(":")
        needs[path] = needed.split()
    by_name = {Path(path).name.partition(".")[0].replace("-", "_"): path for path in needs}
    wanted: list[str] = []
    for name in names:
        if path := by_name.get(name.replace("-", "_")):
            wanted += [other for other in (*reversed(needs[path]), path) if other not in wanted]
    return wanted


def _build_gpio_sim(build: Path, release: str, version: str, packages: Packages, tools: Packages) -> Path:
    architecture = packages.architecture
    headers = f"linux-headers-{release}"
    common = packages.depends(headers, r"linux-headers-\S*-common")
    kbuild = packages.depends(headers, r"linux-kbuild-\S*")
    source = kbuild.replace("kbuild", "source")
    _unpack(packages.fetch([f"{headers}={version}", f"{common}={version}"]), build)
    # The programs that build modules run here, whatever they build for.
    _unpack(tools.fetch([f"{kbuild}={version}"]), build)
    tree = build / "usr/src" / headers
    makefile = tree / "Makefile"
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{build}/usr/src/"))

    module = build / "gpio-sim"
    module.mkdir()
    (archive,) = tools.fetch([f"{source}={version}"])
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as package,
        subprocess.Popen(
            ["tar", "-xO", f"./usr/src/{source}.tar.xz"], stdin=package.stdout, stdout=subprocess.PIPE
        ) as inner,
    ):
        subprocess.run(
            ["tar", "-xJ", "--strip-components=3", "--wildcards", "*/drivers/gpio/gpio-sim.c", "*/drivers/gpio/gpiolib*.h", "*/kernel/irq/irq_sim.c"],
            cwd=module, stdin=inner.stdout, check=True,
        )  # fmt: skip
    interrupts = module / "irq_sim.c"
    # A module cannot look at a descriptor; this is what it would do with it.
    interrupts.write_text(
        interrupts.read_text().replace("handle_simple_irq(irq_to_desc(irqnum))", "generic_handle_irq(irqnum)")
    )
    (module / "gpio-sim.c").rename(module / "gpio-sim-main.c")
    (module / "Makefile").write_text("obj-m := gpio-sim.o\ngpio-sim-y := gpio-sim-main.o irq_sim.o\n")
    triplet = _TRIPLETS[architecture]
    done = subprocess.run(
        ["make", "-s", "-C", tree, f"M={module}", f"ARCH={_KERNEL_NAMES[architecture]}", f"CROSS_COMPILE={triplet}-", f"CC={triplet}-gcc", "modules"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode or not (module / "gpio-sim.ko").exists():
        raise PackagesError(f"gpio-sim cannot be built: {done.stderr or done.stdout}")
    subprocess.run([f"{triplet}-strip", "--strip-debug", module / "gpio-sim.ko"], check=True)
    return module / "gpio-sim.ko"
