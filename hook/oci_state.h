/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_OCI_STATE_H
#define OCI_VTPM_OCI_STATE_H

/*
 * The container's state as a runtime gives it to a hook on standard input:
 * OCI runtime specification 1.0, runtime.md, "State".
 */

#include <sys/types.h>

#include "json.h"

/* The most that is read.  States hold the annotations, and are a few KiB.  */
#define VTPM_OCI_STATE_MAX ((size_t) 1 << 20)

struct vtpm_oci_state
{
  const char *id;
  const char *bundle;       /* absolute path */
  pid_t pid;                /* of the container's init; 0 when it has none */
  json_object *annotations; /* NULL when there are none */

  json_object *document; /* owns all of the above */
};

/* Reads the state from FD to its end.  Unknown keys are allowed; wrong types,
   missing "id" or "bundle", and more than VTPM_OCI_STATE_MAX bytes are
   errors.  */
int vtpm_oci_state_read (int fd, struct vtpm_oci_state *state, struct vtpm_error **error);
int vtpm_oci_state_parse (const char *text, size_t length, struct vtpm_oci_state *state,
                          struct vtpm_error **error);

/* STATE may be zeroed.  */
void vtpm_oci_state_clear (struct vtpm_oci_state *state);

#define _cleanup_oci_state_ VTPM_CLEANUP (vtpm_oci_state_clear)

#endif
