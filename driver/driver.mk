# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# Ways to make a device pair.

noinst_LIBRARIES += driver/libdriver.a
driver_libdriver_a_SOURCES = \
	driver/driver.c driver/driver.h \
	driver/driver_internal.h \
	driver/kernel_module.c driver/kernel_module.h \
	driver/sysfs_device.c driver/sysfs_device.h \
	driver/uevent.c driver/uevent.h \
	driver/vtpmx.c
if HAVE_FUSE
driver_libdriver_a_SOURCES += driver/cuse.c driver/fuse.c
endif

## The supervisor's half of those whose client side is in user space.
noinst_LIBRARIES += driver/libdevice.a
driver_libdevice_a_SOURCES = \
	driver/client_device.c driver/client_device.h \
	driver/device_server.h \
	driver/device_server_internal.h
if HAVE_FUSE
driver_libdevice_a_SOURCES += \
	driver/cuse_server.c driver/device_server.c driver/fuse_server.c
else
driver_libdevice_a_SOURCES += driver/no_device_server.c
endif
driver_libdevice_a_CPPFLAGS = $(AM_CPPFLAGS) $(FUSE_CFLAGS) -DFUSE_USE_VERSION=35

tests_unit_unit_tests_SOURCES += \
	tests/unit/client_device_test.c \
	tests/unit/driver_test.c

## The kernel module has its own Makefile, and needs the headers of a kernel.
EXTRA_DIST += \
	driver/linux/COPYING driver/linux/Kbuild driver/linux/Makefile driver/linux/dkms.conf \
	driver/linux/vtpm_chip.c \
	driver/linux/vtpm_control.c \
	driver/linux/vtpm_exchange.c driver/linux/vtpm_exchange.h \
	driver/linux/vtpm_proxy_compat.h driver/linux/vtpm_proxy_device.h \
	driver/linux/vtpm_server.c
