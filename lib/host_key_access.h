/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_HOST_KEY_ACCESS_H
#define OCI_VTPM_HOST_KEY_ACCESS_H

/*
 * Getting at the configured host keys, so that none is lost that an instance
 * needs, neither by making one nor by taking one away.
 */

#include "host_config.h"
#include "host_key.h"

/* Fetches the host keys.  The first one is made where the configured source can and
   where there is no instance yet: where there are some, the missing key is the only
   one that is of any use to them.

   Until *HOLD_FD is closed, `vtpmctl rekey` makes no new key.  The caller keeps it
   until the instance that it wants the keys for is locked: from then on the instance
   is seen to need them.  It may be -1 afterwards.  */
int vtpm_host_key_access (const struct vtpm_host_config *config, struct vtpm_host_keys *keys,
                          int *hold_fd, struct vtpm_error **error);

/* Keeps everybody else out of vtpm_host_key_access, where PATH is that of the current
   key, and waits until all that were in it have closed their *HOLD_FD.  *LOCK_FD is
   good until the key is replaced.  */
int vtpm_host_key_lock (const char *path, int *lock_fd, struct vtpm_error **error);

#endif
