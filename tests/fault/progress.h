/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_PROGRESS_H
#define OCI_VTPM_FAULT_PROGRESS_H

/*
 * How many answers a client has had, in memory that a killer can look at: a file
 * of one number that both have mapped.
 */

#include <stdatomic.h>
#include <stdint.h>

#include "error.h"

typedef _Atomic uint64_t progress_counter;

/* The client's.  The file appears with its size already.  */
int progress_make (const char *path, progress_counter **counter, struct vtpm_error **error);

/* The killer's.  */
int progress_open (const char *path, const progress_counter **counter, struct vtpm_error **error);

#endif
