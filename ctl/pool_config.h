/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_POOL_CONFIG_H
#define OCI_VTPM_POOL_CONFIG_H

/*
 * "pool" in the host's configuration file: an array of objects, each for one kind of TPM that
 * is to be there before anybody wants it:
 *
 *   "ek"        as io.oci-vtpm.ek: "rsa2048,ecc-p384"
 *   "pcrBanks"  as io.oci-vtpm.pcr-banks; absent where that annotation is
 *   "count"     how many: 1 to 10000
 */

#include "host_config.h"
#include "pool_list.h"

#define VTPM_POOL_COUNT_MAX 10000

struct vtpm_pool_wish
{
  struct vtpm_pool_kind kind;
  unsigned int count;
};

struct vtpm_pool_config
{
  struct vtpm_pool_wish *wishes;
  size_t count;
};

/* HOST is what vtpm_host_config_load has made of the file at PATH.  Absent, it is empty.  The
   same kind twice is an error, and so is a TPM that needs no pool.  */
int vtpm_pool_config_load (const char *path, const struct vtpm_host_config *host,
                           struct vtpm_pool_config *config, struct vtpm_error **error);
void vtpm_pool_config_clear (struct vtpm_pool_config *config);

#define _cleanup_pool_config_ VTPM_CLEANUP (vtpm_pool_config_clear)

#endif
