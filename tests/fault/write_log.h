/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_WRITE_LOG_H
#define OCI_VTPM_FAULT_WRITE_LOG_H

/*
 * A log of what was written to a disk, and when that was flushed, as `tests/vm/run
 * --disk-log` leaves it; the format is that of Linux's dm-log-writes
 * (drivers/md/dm-log-writes.c).  The log of a machine that was killed may end in the
 * midst of an entry.
 */

#include <stdint.h>

#include "dice.h"
#include "error.h"

/* In sectors.  */
struct write_log_cut
{
  uint64_t flushed;  /* written before the last flush */
  uint64_t survived; /* written after it, and there */
  uint64_t lost;     /* written after it */
};

/* Brings IMAGE, the disk as it was when LOG began, to a state in which a power cut
   may have left it: it has all that was written before the last flush, and of what
   was written later each sector or not, with a likelihood that is chosen too.  */
int write_log_cut_power (int image_fd, int log_fd, struct dice *dice, struct write_log_cut *cut,
                         struct vtpm_error **error);

#endif
