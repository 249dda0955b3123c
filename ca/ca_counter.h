/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_COUNTER_H
#define OCI_VTPM_CA_COUNTER_H

/*
 * A number in a file of the authority's directory, one decimal line: the next one to be
 * used.  Taking one is durable before it is used, so that a crash wastes a number and
 * never gives one twice.  One process at a time: the caller has the directory's lock.
 */

#include <stdint.h>

#include "error.h"

#define VTPM_CA_COUNTER_MAX ((UINT64_C (1) << 56) - 1)

/* Makes the file NAME in DIR_FD, with FIRST; EEXIST.  WHAT is its path, in messages.  */
int vtpm_ca_counter_create (int dir_fd, const char *name, const char *what, uint64_t first,
                            struct vtpm_error **error);

/* Takes a number.  A file that is missing (ENOENT) or damaged (EBADMSG) is never begun
   again: the message says how the administrator can.  */
int vtpm_ca_counter_take (int dir_fd, const char *name, const char *what, uint64_t *number,
                          struct vtpm_error **error);

#endif
