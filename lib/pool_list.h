/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_POOL_LIST_H
#define OCI_VTPM_POOL_LIST_H

/*
 * The warm pool: TPMs that are made before anybody wants them, each an instance (store.h) in
 * the scope VTPM_SCOPE_POOL.  Its name says what it is:
 *
 *   ekE-pcrP-caA-UUID    E, P and A hexadecimal, 2, 1 and 8 digits (struct vtpm_pool_kind)
 *
 * Whoever takes one removes it before he uses it (vtpm_store_consume).
 */

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "uuid.h"

/* All that has to fit.  TPM 2.0 only.  */
struct vtpm_pool_kind
{
  unsigned int eks;       /* manufacture_spec.h */
  unsigned int pcr_banks; /* likewise */
  uint32_t authority;     /* host_config.h: certified under these settings */
};

#define VTPM_POOL_NAME_SIZE 64

struct vtpm_pool_entry
{
  char name[VTPM_POOL_NAME_SIZE];
  struct vtpm_pool_kind kind;
  char uuid[VTPM_UUID_TEXT_SIZE];
};

struct vtpm_pool_list
{
  struct vtpm_pool_entry *entries;
  size_t count;
};

/* Fills *ENTRY.  UUID is text.  */
void vtpm_pool_entry_make (const struct vtpm_pool_kind *kind, const char *uuid,
                           struct vtpm_pool_entry *entry);

/* Takes exactly such names.  */
bool vtpm_pool_entry_parse (const char *name, struct vtpm_pool_entry *entry);

bool vtpm_pool_kind_equal (const struct vtpm_pool_kind *one, const struct vtpm_pool_kind *other);

/* Those that are complete.  Just names are looked at: their owner may have put anything
   there.  No pool is an empty one.  */
int vtpm_pool_list_read (const char *state_dir, struct vtpm_pool_list *list,
                         struct vtpm_error **error);
void vtpm_pool_list_clear (struct vtpm_pool_list *list);

#define _cleanup_pool_list_ VTPM_CLEANUP (vtpm_pool_list_clear)

/* One of KIND, any, so that two who look at the same time rarely take the same; or NULL.  */
const struct vtpm_pool_entry *vtpm_pool_list_choose (const struct vtpm_pool_list *list,
                                                     const struct vtpm_pool_kind *kind);

#endif
