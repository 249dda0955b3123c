# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The oci-vtpm authors

# Ways to make a device pair.

noinst_LIBRARIES += driver/libdriver.a
driver_libdriver_a_SOURCES = \
	driver/driver.c driver/driver.h \
	driver/uevent.c driver/uevent.h \
	driver/vtpmx.c

tests_unit_unit_tests_SOURCES += \
	tests/unit/driver_test.c
