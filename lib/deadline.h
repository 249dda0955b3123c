/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_DEADLINE_H
#define OCI_VTPM_DEADLINE_H

/* A point in time on CLOCK_MONOTONIC, for waits that span several calls.  */

#include <stdint.h>

typedef int64_t vtpm_deadline; /* nanoseconds */

vtpm_deadline vtpm_deadline_after_seconds (unsigned int seconds);

/* What is left, in milliseconds rounded up, as poll(2) takes it; 0 when the
   deadline has passed.  */
int vtpm_deadline_left (vtpm_deadline deadline);

#endif
