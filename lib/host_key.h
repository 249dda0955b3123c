/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_HOST_KEY_H
#define OCI_VTPM_HOST_KEY_H

/*
 * The host's key, under which every instance's own key is derived.  Root
 * fetches it from a key source and hands it to a supervisor through a
 * descriptor; the supervisor derives its one instance's key and forgets it
 * before it starts an emulator.  No computation on keys is done here, so that
 * the hook needs no cryptographic library.
 *
 * There may be two: the current one, and the one before it while `vtpmctl rekey`
 * has instances left to encrypt anew.
 */

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define VTPM_HOST_KEY_SIZE 32
#define VTPM_HOST_KEYS_MAX 2

struct vtpm_host_keys
{
  size_t count; /* at least 1 */
  uint8_t key[VTPM_HOST_KEYS_MAX][VTPM_HOST_KEY_SIZE]; /* the current one first */
};

/* Where keys come from.  A source is one line of a table in host_key.c.  */
struct vtpm_host_key_source
{
  const char *name; /* "file", "credential" */

  /* Fetches the keys that LOCATION names.  */
  int (*fetch) (const char *location, struct vtpm_host_keys *keys, struct vtpm_error **error);

  /* Makes a key where LOCATION has none yet, durably and atomically: of two
     processes that do so at once both end with the same key.  NULL: the
     administrator makes it.  */
  int (*make) (const char *location, struct vtpm_error **error);
};

/* "file": LOCATION is a path; the file has exactly 32 bytes, belongs to root
   (or to the caller's own user, where that is not root) and is of no use to
   group and others.  A second file LOCATION.previous holds the key before it.
   "credential": LOCATION is a name below $CREDENTIALS_DIRECTORY (systemd.exec(5),
   LoadCredential=); likewise.  NULL when there is no such source.  */
const struct vtpm_host_key_source *vtpm_host_key_source_find (const char *name);

/* Fetches, and makes first what is missing where the source can.  */
int vtpm_host_keys_get (const struct vtpm_host_key_source *source, const char *location,
                        struct vtpm_host_keys *keys, struct vtpm_error **error);

/* A sealed memory file (memfd_create(2)) with the keys, to be inherited;
   close-on-exec until then.  */
int vtpm_host_keys_to_fd (const struct vtpm_host_keys *keys, int *fd, struct vtpm_error **error);

/* What the other process reads from it.  */
int vtpm_host_keys_from_fd (int fd, struct vtpm_host_keys *keys, struct vtpm_error **error);

/* Overwrites them; also a cleanup function.  */
void vtpm_host_keys_wipe (struct vtpm_host_keys *keys);

#define _cleanup_host_keys_ __attribute__ ((__cleanup__ (vtpm_host_keys_wipe)))

#endif
