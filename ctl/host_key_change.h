/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_HOST_KEY_CHANGE_H
#define OCI_VTPM_HOST_KEY_CHANGE_H

/*
 * Changing a host key that is in a file (host_key.h): the file PATH gets a new key,
 * and PATH.previous is the one before it until no instance needs that any more.
 *
 * Whenever it is interrupted, every key that an instance may need is in one of the
 * two files, and doing the same again comes to the same end.
 */

#include <stdbool.h>

#include "error.h"
#include "host_key.h"

/* Fetches the keys.  *CHANGING: there are two, and instances may be left that need the
   previous one.  */
int vtpm_host_key_change_look (const char *path, struct vtpm_host_keys *keys, bool *changing,
                               struct vtpm_error **error);

/* Makes a new key.  Before that waits for all who have fetched the present one and
   are about to use it (host_key_access.h).  Only while nothing is changing: EBUSY.  */
int vtpm_host_key_change_begin (const char *path, struct vtpm_error **error);

/* Removes the previous key.  */
int vtpm_host_key_change_end (const char *path, struct vtpm_error **error);

#endif
